"""What a template's stored JSON holds beside the template: its channels, whose content it is, and what was promoted.

These stand at its end; a tombstone has none. All else of it is byte for byte what people are shown.
"""

import re
from collections.abc import Mapping

import msgspec

from .channels import Channel, Promotion

# The longest that they can be: sixteen channels are 2.2 kB. What stands further from the end is not looked at.
_WITHIN = 4096
# Their first bytes. No text can hold them, but the overrides of a template may.
_CHANNELS, _CONTENT_REVISION, _PROMOTED = b',"channels":{', b',"content-revision":', b',"promoted":{'
_DIGITS, _BRACE = frozenset(b"0123456789"), ord("}")
_KEPT = re.compile(
    rb',"c(?:hannels":(?P<channels>\{(?:"[a-z0-9-]+":\{"revision":\d+,"behind":\d+\},?)+\})'
    rb'(?:,"content-revision":(?P<with_channels>\d+))?|ontent-revision":(?P<alone>\d+))'
    rb'(?P<promoted>,"promoted":(?P<promotion>\{"channel":"[a-z0-9-]+","from":\d+,"to":\d+\}))?'
    rb"(?=\}\Z)"
)
_DELETED = b',"deleted":true}'
_encode = msgspec.json.Encoder().encode
_channels = msgspec.json.Decoder(dict[str, Channel]).decode
_promotion = msgspec.json.Decoder(Promotion).decode


def shown(content: bytes) -> bytes:
    """Without them: what answers and lists show, unless they are asked for all."""
    found = _found(content)
    return content[: found.start()] + content[found.end() :] if found else content


def has_kept(content: bytes) -> bool:
    """A quick look, which may say yes where it could say no."""
    last = content[-2]
    if last == _BRACE:  # they end with a number, in as many objects
        last = content[-3] if content[-3] != _BRACE else content[-4]
    if last not in _DIGITS:  # as most do not, which takes no time
        return False
    return content.rfind(_CONTENT_REVISION, -_WITHIN) >= 0 or content.rfind(_CHANNELS, -_WITHIN) >= 0


def channels_of(content: bytes) -> dict[str, Channel]:
    found = _found(content)
    return _channels(found["channels"]) if found and found["channels"] else {}


def content_revision_of(content: bytes) -> int:
    """The change that wrote it; 0: the one that holds it."""
    found = _found(content)
    return int(found["with_channels"] or found["alone"] or 0) if found else 0


def promotion_of(content: bytes) -> Promotion | None:
    found = _found(content) if _may_be_promoted(content) else None
    return _promotion(found["promotion"]) if found and found["promotion"] else None


def without_promotion(content: bytes) -> bytes:
    found = _found(content) if _may_be_promoted(content) else None
    return content[: found.start("promoted")] + content[found.end() :] if found and found["promoted"] else content


def with_kept(
    content: bytes, channels: Mapping[str, Channel], content_revision: int = 0, promotion: Promotion | None = None
) -> bytes:
    """`content` without any, and with these."""
    kept = b',"channels":%b' % _encode(dict(sorted(channels.items()))) if channels else b""
    if content_revision:
        kept += b"%b%d" % (_CONTENT_REVISION, content_revision)
    if promotion is not None:
        kept += b',"promoted":%b' % _encode(promotion)
    return put_in(content, kept) if kept else content


def put_in(content: bytes, members: bytes) -> bytes:
    """More members of a template, each with its comma, where the registry's own stand."""
    at = len(content) - len(_DELETED if content.endswith(_DELETED) else b"}")
    return content[:at] + members + content[at:]


def one_behind(channels: Mapping[str, Channel]) -> dict[str, Channel]:
    """As they are once there is a newer content."""
    return {name: Channel(channel.revision, channel.behind + 1) for name, channel in channels.items()}


def _found(content: bytes) -> re.Match[bytes] | None:
    return _KEPT.search(content, max(0, len(content) - _WITHIN)) if has_kept(content) else None


def _may_be_promoted(content: bytes) -> bool:
    return content.endswith(b"}}") and content.rfind(_PROMOTED, -_WITHIN) >= 0
