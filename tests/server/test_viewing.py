"""What is kept of `/view`: shared among those who see the same, and bounded in bytes."""

from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.errors import TooBusy
from binder_registry.offering import Offering
from binder_registry.options import EveryGroup, visible
from binder_registry.server import Chosen, HubRules, Limits
from binder_registry.server.live import runs
from binder_registry.server.live.entries import Entry
from binder_registry.server.live.kept import OVERHEAD, Recent
from binder_registry.server.live.read_model import ReadModel
from binder_registry.server.live.runs import Piece, shown_of
from binder_registry.server.live.viewing import Viewer, Views
from binder_registry.view import on_any_hub, place_of
from binder_registry.wire import decode_template, encode
from tests.view_cases import GROUPS, Json, held, templates

FEW = settings(max_examples=20)
SMALL = Limits(seen_bytes=2000, view_bytes=2000)


def model_of(given: Sequence[Json]) -> ReadModel:
    store = InMemoryStore()
    for template in given:
        store.register_template(decode_template(encode(template), 0))
    model = ReadModel()
    model.load(*Registry(store, TokenAuthStore("k")).state())
    return model


def offered(views: Views, model: ReadModel, viewer: Viewer) -> list[Json]:
    shown = views.offered(model.position, Chosen(), (model.snapshot(), ()), viewer, (), "look")
    found: list[Json] = msgspec.json.decode(bytes(shown.body(b"[", b"]")))
    return found


def viewer_of(views: Views, groups: frozenset[str]) -> Viewer:
    return views.viewer("u", frozenset(groups), admin=isinstance(groups, EveryGroup))


@FEW
@given(st.lists(templates(), max_size=4), st.lists(held, min_size=1, max_size=4))
def test_whoever_asked_before_everybody_is_offered_what_is_theirs(
    given: list[Json], groups: list[frozenset[str]]
) -> None:
    model = model_of([{**template, "name": f"t{number}"} for number, template in enumerate(given)])
    views = Views(HubRules(), SMALL)

    for one in groups:
        left = [on_any_hub(msgspec.json.decode(entry.full)).template for entry in entries_of(model)]
        theirs = [visible(template, one) for template in sorted(filter(None, left), key=place_of)]
        assert offered(views, model, viewer_of(views, one)) == [template for template in theirs if template]


@FEW
@given(st.lists(templates(), max_size=4), held)
def test_an_explanation_leaves_nothing_out(given: list[Json], groups: frozenset[str]) -> None:
    model = model_of([{**template, "name": f"t{number}"} for number, template in enumerate(given)])
    views = Views(HubRules(), Limits())
    viewer = viewer_of(views, groups)

    pieces, hidden = views.explained([(entry, None) for entry in entries_of(model)], Chosen(), viewer, ())

    shown = {msgspec.json.decode(piece)["name"] for piece in pieces}
    whole = {row.name for row in hidden if not row.choice}
    assert (shown | whole, shown & whole) == ({entry.name for entry in entries_of(model)}, set())
    assert [msgspec.json.decode(piece)["name"] for piece in pieces] == [
        template["name"] for template in offered(views, model, viewer)
    ]


def entries_of(model: ReadModel) -> list[Entry]:
    return [entry for entry in model.entries.values() if isinstance(entry, Entry)]


def test_what_is_kept_is_bounded_in_bytes_however_many_groups_there_are() -> None:
    choices = [{"name": "any"}, *({"name": group, "allowed-groups": [group]} for group in GROUPS)]
    options = [{"name": "o", "choices": choices}]
    model = model_of([{"name": f"t{number}", "image-name": "i", "options": options} for number in range(20)])
    views = Views(HubRules(), SMALL)

    for groups in chain.from_iterable(combinations(GROUPS, size) for size in range(4)):
        offered(views, model, viewer_of(views, frozenset(groups)))

    kept = [piece for slot in views._listed[Chosen()].slots for piece in slot.pieces.values()]
    assert 0 < sum(map(len, kept)) <= views._size <= 2000
    assert views.kept.size <= 2000
    shown = [one for one, _ in views.kept._values.values()]
    held = {id(text): len(text) for one in shown for run in one.runs for text in run.texts}
    assert sum((held | {id(piece.text): len(piece) for piece in kept}).values()) <= 4000


def test_those_of_the_same_groups_share_what_is_made_for_them() -> None:
    model = model_of([{"name": "t", "image-name": "i", "allowed-groups": ["staff"]}])
    views = Views(HubRules(), Limits())
    one, other = views.viewer("a", frozenset({"staff"})), views.viewer("b", frozenset({"staff", "x"}))

    first = views.offered(model.position, Chosen(), (model.snapshot(), ()), one, (), "start")

    assert views.known(model.position, Chosen(), other, (), "start") is first


@FEW
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.booleans()), max_size=9), st.integers(1, 9))
def test_runs_hold_all_pieces_and_say_by_their_digests_whether_these_are_the_same(
    pieces: list[tuple[bytes, bool]], least: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "LEAST", least)
        patched.setattr(runs, "SLICE", 12)
        shown, again = (shown_of((Piece.of(text), ends) for text, ends in pieces) for _ in range(2))
        other = shown_of((Piece.of(text + b"?" * (not number)), ends) for number, (text, ends) in enumerate(pieces))

    joined = b"[" + b",".join(text for text, _ in pieces) + b"]"
    assert (bytes(shown.body(b"[", b"]")), bytes(shown.between(b"[", b"]"))) == (joined, joined)
    assert len(shown.between(b"[", b"]")) == len(joined)
    assert shown.digest == again.digest
    assert (shown.digest != other.digest) == bool(pieces)


def test_a_piece_that_changes_leaves_all_runs_but_its_own_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "LEAST", 100)
    texts = [b"%d" % number * 20 for number in range(100)]
    changed = [*texts[:50], b"much longer than before" * 9, *texts[51:]]

    before, after = (
        [run.digest for run in shown_of((Piece.of(text), number % 7 == 0) for number, text in enumerate(some)).runs]
        for some in (texts, changed)
    )

    assert len(set(after) - set(before)) <= 2
    assert len(before) > 9


def test_runs_end_where_they_are_large_whatever_stands_there() -> None:
    shown = shown_of((Piece.of(b"x" * 100_000), False) for _ in range(9))

    assert [len(run.texts) for run in shown.runs] == [3, 3, 3]


def test_no_answer_holds_what_was_made_anew() -> None:
    options = [{"name": "o", "choices": [{"name": "any"}, {"name": "more", "allowed-groups": ["staff"]}]}]
    model = model_of([{"name": f"t{number}", "image-name": "i", "options": options} for number in range(9)])
    views = Views(HubRules(), Limits(seen_bytes=8000))
    nobody, staff = viewer_of(views, frozenset()), viewer_of(views, frozenset({"staff"}))

    offered(views, model, nobody)
    before = views.known(model.position, Chosen(), nobody, (), "look")
    offered(views, model, staff)  # for which there is no room beside

    assert (before is not None, views._cleared) == (True, 1)
    assert views.known(model.position, Chosen(), nobody, (), "look") is None


def test_what_was_asked_for_last_stays() -> None:
    kept = Recent[bytes](2 * (OVERHEAD + 10))
    kept.keep("a", b"a", 10)
    kept.keep("b", b"b", 10)

    found = kept.get("a")
    kept.keep("c", b"c", 10)

    assert (found, kept.get("a"), kept.get("b"), kept.get("c")) == (b"a", b"a", None, b"c")


def test_what_was_found_out_before_it_took_too_long_is_not_asked_again() -> None:
    model = model_of([{"name": name, "image-name": "i"} for name in "abc"])
    asked, late = list[str](), [False, True]

    def offer(template: Mapping[str, Any]) -> Offering:
        if template["name"] == "c" and late.pop():
            raise TooBusy
        asked.append(template["name"])
        return on_any_hub(template)

    views = Views(HubRules(offers=lambda channel: offer), Limits())

    with pytest.raises(TooBusy):
        offered(views, model, viewer_of(views, frozenset()))
    offered(views, model, viewer_of(views, frozenset()))

    assert asked == ["a", "b", "c"]
