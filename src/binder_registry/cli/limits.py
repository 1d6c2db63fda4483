"""`--limit NAME=VALUE`: bytes as people write sizes, all else as whole numbers."""

from ..quantities import parse_size
from .options import Quantity, whole


def limit() -> Quantity:
    """Which names there are, and what they may be, is the server's to say."""

    def read(text: str) -> tuple[str, int]:
        name, _, value = text.partition("=")
        try:
            return name, parse_size(value) if name.endswith("-bytes") else whole().read(value)
        except ValueError as error:
            raise ValueError(f"{name[:100]}: {error}; it is written like waiting-writes=5000") from None

    return Quantity("limit", read)
