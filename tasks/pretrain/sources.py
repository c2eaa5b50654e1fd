"""Save the source models of a study: one a repeat, or one for all (pretrain.repeats)."""

from collections.abc import Callable, Sequence

from tasks.common import stages
from tasks.common.errors import UserError
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import Params
from tasks.common.schema.base import Section


def train(
    settings: Params,
    study: str,
    method: str,
    block: Section,
    classes: Sequence[str],
    run: Callable[[int, int], Trained | Failed],
) -> None:
    """Run a method, ``run(repeat, seed)``, and save its models.

    Args:
        block: The method's settings.
        classes: What the models' logits stand for; none where they end with their features.

    Raises:
        UserError: If one diverges: all else needs it.
    """

    def once(repeat: int, seed: int) -> Trained | Failed:
        result = run(repeat, seed)
        if isinstance(result, Failed):
            raise UserError(f"the source model diverged: {result.reason}. Lower pretrain.{method}.rates.")
        return result

    about = {"family": "pretrain", "settings": block.model_dump(), "classes": list(classes)}
    repeats = min(settings.pretrain.repeats, settings.caps.repeats)
    stages.train(settings, stages.source_folder(study, method), once, about, repeats)
