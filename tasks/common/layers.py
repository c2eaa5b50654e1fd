"""Which hidden layers a setting means; asked by the check before a run, and by the methods."""

from tasks.common.errors import UserError


def chosen_layers(hidden: list[str], layers: str | int | list[str]) -> list[str]:
    """Names of the hidden layers that fine-tuning may move: ``all``, the last so many, or those named.

    Raises:
        UserError: If a name is no hidden layer, or there are fewer than asked for.
    """
    if isinstance(layers, str):
        return hidden
    if isinstance(layers, int):
        if layers > len(hidden):
            raise UserError(f"fine-tuning.layers is {layers}; the network has {len(hidden)} hidden layers.")
        return hidden[-layers:]
    unknown = [name for name in layers if name not in hidden]
    if unknown:
        raise UserError(f"fine-tuning.layers has {', '.join(unknown)}; the network has {', '.join(hidden)}.")
    return layers


def unfrozen(hidden: list[str], steps: str | int) -> list[list[str]]:
    """The hidden layers that move after each unfreezing, the last layer's group first; sizes differ by one at most.

    Raises:
        UserError: If there are more steps than layers.
    """
    count = len(hidden) if isinstance(steps, str) else steps
    if count > len(hidden):
        raise UserError(f"progressive-unfreezing.steps is {count}; the network has {len(hidden)} hidden layers.")
    return [hidden[len(hidden) - len(hidden) * step // count :] for step in range(1, count + 1)]
