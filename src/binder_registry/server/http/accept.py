"""Which of two media types a client would rather have (RFC 9110, 12.5.1)."""


def prefers(accept: str, media: str, other: str) -> bool:
    """Whether `media` is wanted more than `other`, or as much and by its name."""
    quality, exactness = _wanted(accept, media)
    against, _ = _wanted(accept, other)
    return quality > against or (quality == against > 0 and exactness == 2)


def _wanted(accept: str, media: str) -> tuple[float, int]:
    """From 0 (not at all) to 1, and how exactly it is named: as `*/*` 0, as `type/*` 1, by its name 2."""
    ranges = ("*/*", f"{media.partition('/')[0]}/*", media)
    found = (0.0, -1)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) > found[1]:
            found = _quality(parameters), ranges.index(name)
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
