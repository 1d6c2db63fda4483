"""Which channel a reader asks for."""

from ...channels import LATEST, channel_problem
from ...errors import InvalidRequest
from ..http.requests import single


def channel_of(text: str | None) -> str:
    """ "" where it is none, or the newest revisions. Raises `InvalidRequest`."""
    if text is None or text == LATEST:
        return ""
    if problem := channel_problem(text):
        raise InvalidRequest.parameter("channel", problem)
    return text


def asked_channel(query: dict[str, list[str]]) -> tuple[str, bool]:
    """The channel, and whether the newest content stands in where a template is not in it. Raises `InvalidRequest`."""
    channel, fallback = single(query, "channel"), single(query, "fallback")
    if fallback not in (None, LATEST):
        raise InvalidRequest.parameter("fallback", f"must be {LATEST}")
    return channel_of(channel), bool(fallback)
