"""What the registry keeps at the end of a template's stored JSON, and what people are shown of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from binder_registry.channels import Channel, Promotion
from binder_registry.kept_members import (
    channels_of,
    content_revision_of,
    one_behind,
    promotion_of,
    shown,
    with_kept,
    without_promotion,
)
from binder_registry.lengths import LARGEST_INTEGER, MOST_CHANNELS
from binder_registry.template import Template
from binder_registry.wire import encode_template, parse, template_from_members

PLAIN = encode_template(Template(name="a", image_name="i"))
STABLE = {"stable": Channel(41, 3)}
PROMOTION = Promotion("stable", 38, 41)
MOST = {f"c{number:062}": Channel(LARGEST_INTEGER, LARGEST_INTEGER) for number in range(MOST_CHANNELS)}
NAMES = st.sampled_from(["channels", "promoted", "content-revision", "stable", "deleted", "a-1"])
REVISIONS = st.integers(0, LARGEST_INTEGER)
# Overrides are other people's: they may look like what the registry keeps.
LOOKALIKES = [
    b'{"k":{"channels":{"stable":{"revision":1,"behind":2}}}}',
    b'{"k":{"a":1,"channels":{"stable":{"revision":1,"behind":2}},"content-revision":7}}',
    b'{"a":{},"channels":{"stable":{"revision":1,"behind":2}}}',
    b'{"k":{"a":1,"content-revision":7,"promoted":{"channel":"stable","from":1,"to":2}}}',
    b'{"k":{"a":",\\"channels\\":{\\"stable\\":{\\"revision\\":1,\\"behind\\":2}}}"}}',
]


def template_with(overrides: bytes) -> bytes:
    body = b'{"name":"a","image-name":"i","overrides":%b}' % overrides
    return encode_template(template_from_members(parse(body)))


def test_what_is_kept_stands_at_the_end_in_one_order() -> None:
    content = with_kept(PLAIN, {"testing": Channel(42, 0), **STABLE}, 41, PROMOTION)

    assert content == PLAIN[:-1] + (
        b',"channels":{"stable":{"revision":41,"behind":3},"testing":{"revision":42,"behind":0}}'
        b',"content-revision":41,"promoted":{"channel":"stable","from":38,"to":41}}'
    )


@given(
    content=st.sampled_from([PLAIN, *map(template_with, LOOKALIKES)]),
    channels=st.dictionaries(NAMES, st.builds(Channel, REVISIONS, REVISIONS), max_size=4) | st.just(MOST),
    revision=st.integers(0, LARGEST_INTEGER),
    promotion=st.none() | st.builds(Promotion, NAMES, REVISIONS, REVISIONS),
)
def test_all_that_is_kept_is_read_again_and_can_be_taken_off(
    content: bytes, channels: dict[str, Channel], revision: int, promotion: Promotion | None
) -> None:
    if not revision:
        promotion = None  # which always says whose content it left

    kept = with_kept(content, channels, revision, promotion)

    assert (channels_of(kept), content_revision_of(kept), promotion_of(kept)) == (channels, revision, promotion)
    assert shown(kept) == content
    assert without_promotion(kept) == with_kept(content, channels, revision)


@pytest.mark.parametrize("overrides", LOOKALIKES)
def test_overrides_that_look_so_are_left_alone(overrides: bytes) -> None:
    content = template_with(overrides)

    assert shown(content) == without_promotion(content) == content
    assert (channels_of(content), content_revision_of(content), promotion_of(content)) == ({}, 0, None)


@pytest.mark.parametrize("overrides", LOOKALIKES)
def test_overrides_that_look_like_a_promotion_beside_channels_are_none(overrides: bytes) -> None:
    kept = with_kept(template_with(overrides), STABLE)

    assert (promotion_of(kept), without_promotion(kept), channels_of(kept)) == (None, kept, STABLE)


def test_a_newer_content_leaves_every_channel_one_more_behind() -> None:
    assert one_behind({**STABLE, "testing": Channel(44, 0)}) == {"stable": Channel(41, 4), "testing": Channel(44, 1)}


def test_what_a_template_says_of_its_channels_is_not_written() -> None:
    template = replace(Template(name="a", image_name="i"), channels=STABLE, content_revision=41, promoted=PROMOTION)

    assert encode_template(template) == PLAIN
