"""Numbers as a reader sees them: percent, points of accuracy, intervals."""

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"  # stands where there is no number


def number(value: float | None, digits: int = 2) -> str:
    """A plain number; a negative one has a real minus sign, and zero has none."""
    if value is None:
        return NOTHING
    text = f"{value:,.{digits}f}"
    return text.replace("-", MINUS) if text.strip("-0.,") else text.lstrip("-")


def compact(value: float | None) -> str:
    """A count with two or three digits and a letter, such as ``12.6k`` or ``1M``; small ones as they are."""
    if value is None:
        return NOTHING
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.{0 if value >= 99.95 * size else 1}f}".removesuffix(".0") + letter
    return f"{value:.0f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign, except zero."""
    text = number(value, digits)
    is_zero = not text.strip("0.")
    return text if value is None or value < 0 or is_zero else f"+{text}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share from 0 to 1 as percent, without the sign for it."""
    return number(None if share is None else 100 * share, digits)


def points(share: float | None, digits: int = 2) -> str:
    """A difference of two shares in percentage points, with its sign."""
    return signed(None if share is None else 100 * share, digits)


def spread(mean: float | None, sd: float | None, scale: float = 1.0, digits: int = 2) -> str:
    """``mean ± sd``, or the mean alone where one repeat has no spread."""
    if mean is None:
        return NOTHING
    shown = number(scale * mean, digits)
    return shown if sd is None else f"{shown} ± {number(scale * sd, digits)}"


def interval(limits: tuple[float, float] | None, *, sign: bool = True) -> str:
    """Both ends of an interval of differences, in percentage points."""
    if limits is None:
        return NOTHING
    low, high = (signed(100 * end) if sign else number(100 * end) for end in limits)
    return f"{low} to {high}"


def listed(words: list[str], conjunction: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def counted(count: int, noun: str) -> str:
    """``1 repeat``, ``2 repeats``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sentence(text: str) -> str:
    """The text with a capital first letter and one full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "."
