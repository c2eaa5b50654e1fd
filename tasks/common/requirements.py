"""What a method needs of a study: one that cannot work there is refused by the check, with what would work."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tasks.common.catalogue import PIECES, Facts
from tasks.common.schema.study import Study

Test = Callable[[Study, Facts], bool]


@dataclass(frozen=True)
class Requirement:
    """Whether it holds for a study and the facts of its target's data set, and what to say if not."""

    holds: Test
    reason: str
    advice: str


IMAGES = Requirement(
    lambda study, facts: facts.images,
    "needs images, and these are none",
    "'masked' and 'denoising' learn from tables without labels",
)
NUMBERS = Requirement(
    lambda study, facts: not facts.tokens,
    "changes or gives back the numbers of a sample, and these are words by their numbers",
    "'masked-tokens' learns from texts without labels, and 'unlabelled' teaches with them",
)
DECODED = Requirement(
    lambda study, facts: study.network.kind in ("dense", "convolutional"),
    "mirrors a dense or a convolutional network, and the network is another",
    "'contrastive' learns without labels with every network for images and tables",
)
TOKENS = Requirement(
    lambda study, facts: facts.tokens,
    "counts words, and these are no texts",
    "'scratch-tuned' is the control where there are none",
)
ENCODER = Requirement(
    lambda study, facts: study.network.kind == "transformer" and study.network.vocabulary == PIECES,
    "hides word pieces from a transformer, and the network is none or takes other tokens",
    f"make network.kind transformer with vocabulary {PIECES}, and the data set's tokens pieces",
)
CONVOLUTIONS = Requirement(
    lambda study, facts: study.network.kind == study.student.kind == "convolutional",
    "compares where two convolutional networks look, and a dense network looks nowhere",
    "'features' and 'relations' work with dense networks; or make network and student convolutional",
)
BATCH_NORM = Requirement(
    lambda study, facts: study.network.batch_norm,
    "adapts the statistics of batch normalisation, and the network has none",
    "set network.batch_norm to true where a network has that setting (dense, convolutional, embedding); all backbones "
    "have it but VGG and ConvNeXt",
)
AUXILIARY = Requirement(
    lambda study, facts: bool(study.data.auxiliary),
    "learns a second task, and data.auxiliary names none",
    "name a quantity there; 'joint' and 'single-task' need none",
)
UNLABELLED = Requirement(
    lambda study, facts: study.data.target.unlabelled > 0,
    "learns from unlabelled target samples, and data.target.unlabelled is 0",
    "ask for some there",
)
SHARED_LABELS = Requirement(
    lambda study, facts: study.data.shared_labels,
    "adapts a classifier to another domain with the same classes, and source and target share no labels",
    "transfer and distillation need none; if the k-th classes do mean the same, set data.shared_labels to true",
)

BY_METHOD: Mapping[str, tuple[Requirement, ...]] = {
    "rotation": (IMAGES,),
    **dict.fromkeys(("autoencoder", "denoising", "greedy", "masked"), (NUMBERS, DECODED)),
    "augmented": (NUMBERS,),
    "masked-tokens": (TOKENS, ENCODER),
    "tf-idf": (TOKENS,),
    "auxiliary": (AUXILIARY,),
    "attention": (CONVOLUTIONS,),
    "unlabelled": (UNLABELLED,),
    **dict.fromkeys(("hard-sharing", "equal-weights", "uncertainty", "gradnorm", "pcgrad", "dwa"), (AUXILIARY,)),
    "adabn": (SHARED_LABELS, UNLABELLED, BATCH_NORM),
    **dict.fromkeys(
        ("source-only", "target-oracle", "dann", "mmd", "coral", "adda", "self-training"), (SHARED_LABELS, UNLABELLED)
    ),
}


def unmet(method: str, study: Study, facts: Facts) -> Iterator[str]:
    """Why a method cannot work on a study: reason and advice, one text for each unmet requirement."""
    for requirement in BY_METHOD.get(method, ()):
        if not requirement.holds(study, facts):
            yield f"{requirement.reason}. Leave it out of this study's suite, or: {requirement.advice}."
