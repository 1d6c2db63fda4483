"""What may be started of channels, and of what some try out, is what the form of a hub with the same rules shows."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binder_registry import InMemoryStore, Registry, TokenAuthStore
from binder_registry.auth import ANYONE
from binder_registry.cli.hub_rules import beside_of, offers_of
from binder_registry.hub.catalogue import Catalogue
from binder_registry.hub.channels import tried_out
from binder_registry.hub.groups import Standing
from binder_registry.hub.rules import Rules
from binder_registry.hub.rules_read import FiledRules
from binder_registry.options import EveryGroup
from binder_registry.server import Chosen, HubRules, Limits
from binder_registry.server.handlers.view import _rows
from binder_registry.server.live import viewing
from binder_registry.server.live.blocks import Block
from binder_registry.server.live.entries import Entry
from binder_registry.server.live.read_model import ReadModel
from binder_registry.server.live.viewing import Views
from binder_registry.wire import decode_template, encode
from tests.view_cases import Json, held, parts_of, templates

FEW = settings(max_examples=25)
TRY_OUT = ("testing", "staff")
Given = list[tuple[list[Json], dict[str, int]]]


@st.composite
def histories(draw: st.DrawFn) -> Given:
    """Of some templates: each one's contents, and to which of them its channels point."""
    found = []
    for name in ("a", "b"):
        contents = [draw(templates(name)) for _ in range(draw(st.integers(1, 3)))]
        places = st.integers(0, len(contents) - 1)
        found.append((contents, draw(st.dictionaries(st.sampled_from(("stable", "testing")), places))))
    return found


hub_rules = st.builds(
    lambda channel, try_out: Rules(channel=channel, try_out=try_out),
    st.sampled_from(("", "stable")),
    st.sampled_from(((), TRY_OUT)),
)


class Looked:
    """A registry with these templates, and what its server says by the rules of a hub."""

    def __init__(self, given: Given, rules: Rules, limits: Limits | None = None) -> None:
        self.store, self.rules = InMemoryStore(), rules
        for contents, channels in given:
            rows = [self.publish(content, first=not place) for place, content in enumerate(contents)]
            for channel, place in channels.items():
                self.store.promote_template(contents[0]["name"], channel, rows[place])
        self.registry = Registry(self.store, TokenAuthStore("k"))
        filed = FiledRules(rules, "", "", "hub", frozenset())
        own = Chosen(rules.channel, beside_of(filed))
        self.views = Views(HubRules(offers_of(filed), own, "known"), limits or Limits())
        self.load()

    def publish(self, content: Json, *, first: bool) -> int:
        """The revision that has it; the same content again has none of its own."""
        template = decode_template(encode(content), 0)
        (self.store.register_template if first else self.store.replace_template)(template)
        return self.store.head().revision

    def load(self) -> None:
        self.model = ReadModel(read_each=self.store.log.read_each)
        self.model.load_present(*self.registry.present())

    def listed(self, channel: str) -> list[Block[Entry]]:
        blocks = self.model.channel_blocks(channel, fallback=False)
        return blocks.seen() if channel else self.model.snapshot()

    def fulls(self, channel: str) -> list[Json]:
        return [msgspec.json.decode(entry.full) for block in self.listed(channel) for entry in block.entries]

    def offered(self, groups: frozenset[str], chosen: Chosen | None, form: viewing.Form = "look") -> list[Json]:
        chosen = chosen or self.views.hub.own
        sources = self.listed(chosen.channel), self.listed(chosen.beside.channel) if chosen.beside else []
        viewer = self.views.viewer("u", frozenset(groups), admin=isinstance(groups, EveryGroup))
        shown = self.views.offered(self.model.position, chosen, sources, viewer, (), form)
        found: list[Json] = msgspec.json.decode(bytes(shown.body(b"[", b"]")))
        return found

    def explained(self, groups: frozenset[str], chosen: Chosen | None) -> tuple[list[Json], list[Any]]:
        chosen = chosen or self.views.hub.own
        viewer = self.views.viewer("u", frozenset(groups), admin=isinstance(groups, EveryGroup))
        rows = _rows(self.registry, ANYONE, self.model.revision, chosen)
        pieces, hidden = self.views.explained(rows, chosen, viewer, ())
        return [msgspec.json.decode(piece) for piece in pieces], hidden

    def on_the_form(self, groups: frozenset[str], rules: Rules) -> list[Json]:
        standing = Standing(isinstance(groups, EveryGroup), groups)
        catalogue = Catalogue().having(self.fulls(rules.channel), rules)
        for channel in rules.try_out[:1]:
            beside = [tried_out(one, channel) for one in self.fulls(channel)]
            catalogue = catalogue.beside(Catalogue().having(beside, rules))
        return [dict(offer.template) for offer in catalogue.view(standing).offers]


def shown(found: Iterable[Json]) -> list[Any]:
    return [(one["name"], one.get("channel"), dict(parts_of(one))) for one in found]


@FEW
@given(histories(), hub_rules, st.lists(held, min_size=1, max_size=3))
def test_whoever_asks_for_whatever_channel_gets_what_a_form_of_it_shows(
    given: Given, rules: Rules, groups: list[frozenset[str]]
) -> None:
    looked = Looked(given, rules)

    for one in groups:  # all from the same kept answers
        assert shown(looked.offered(one, None)) == shown(looked.on_the_form(one, rules))
        for channel in ("", "stable", "testing", "nobodys"):
            alone = Rules(channel=channel)
            assert shown(looked.offered(one, Chosen(channel))) == shown(looked.on_the_form(one, alone))


@FEW
@given(histories(), hub_rules, held, st.sampled_from((None, Chosen(), Chosen("stable"), Chosen("testing"))))
def test_what_is_offered_and_what_is_hidden_are_all_there_is(
    given: Given, rules: Rules, groups: frozenset[str], chosen: Chosen | None
) -> None:
    looked = Looked(given, rules)

    offered, hidden = looked.explained(groups, chosen)

    there = {one["name"] for one in looked.fulls("")}
    there |= {f"{one['name']}/testing" for one in looked.fulls("testing") if rules.try_out and not chosen}
    names, left_out = {one["name"] for one in offered}, {row.name for row in hidden if not row.choice}
    assert (names | left_out, names & left_out) == (there, set())
    assert shown(offered) == shown(looked.offered(groups, chosen))


LAB: Given = [([{"name": "lab", "image-name": "i"}, {"name": "lab", "image-name": "j"}], {"stable": 0, "testing": 1})]
ON_STABLE = Rules(channel="stable", try_out=TRY_OUT)


@pytest.mark.parametrize(
    ("rules", "chosen", "launches"),
    [
        (ON_STABLE, None, ["lab", "lab/testing"]),
        (ON_STABLE, Chosen("stable"), ["lab"]),
        (ON_STABLE, Chosen("testing"), [None]),
        (ON_STABLE, Chosen(), [None]),
        (Rules(), Chosen("stable"), [None]),
        (Rules(), None, ["lab"]),
    ],
)
def test_only_what_the_hub_offers_is_started(rules: Rules, chosen: Chosen | None, launches: list[str | None]) -> None:
    looked = Looked(LAB, rules)
    viewer = looked.views.viewer("u", frozenset({"staff"}))

    form = looked.views.form(chosen or looked.views.hub.own, viewer)
    found = looked.offered(frozenset({"staff"}), chosen, form)

    assert [one.get("launch", {}).get("template") for one in found] == launches


@pytest.mark.parametrize("groups", [("physics",), ("staff",), ("physics", "other")])
def test_what_is_tried_out_is_for_its_group_whoever_asked_before(groups: tuple[str, ...]) -> None:
    looked = Looked(LAB, ON_STABLE)

    found = [looked.offered(frozenset(one), None) for one in (("staff",), groups, ("physics",))]

    both = ["lab", "lab/testing"]
    names = [[one["name"] for one in offered] for offered in found]
    assert names == [both, both if groups == ("staff",) else ["lab"], ["lab"]]


def test_what_is_tried_out_stands_right_behind_what_everybody_is_offered() -> None:
    lab = [{"name": "lab", "image-name": "i", "display-name": title} for title in ("M", "A")]
    around = [([{"name": name, "image-name": "i"}], {"stable": 0}) for name in ("b", "z")]
    looked = Looked([(lab, {"stable": 0, "testing": 1}), *around], ON_STABLE)
    staff = frozenset({"staff"})

    found = looked.offered(staff, None), looked.explained(staff, None)[0], looked.on_the_form(staff, ON_STABLE)

    assert [[one["name"] for one in offered] for offered in found] == [["b", "lab", "lab/testing", "z"]] * 3


def test_what_stands_beside_is_hidden_from_others_by_its_group() -> None:
    offered, hidden = Looked(LAB, ON_STABLE).explained(frozenset({"physics"}), None)

    assert [one["name"] for one in offered] == ["lab"]
    assert [(row.name, row.rule, row.needs) for row in hidden] == [
        ("lab/testing", "allowed-groups", "the group 'staff'")
    ]


def test_what_is_promoted_is_seen_at_once_and_the_channels_are_told_apart() -> None:
    looked = Looked(LAB, ON_STABLE)
    everybody = frozenset[str]()
    before = [looked.offered(everybody, chosen)[0]["image-name"] for chosen in (None, Chosen("testing"), Chosen())]

    looked.store.promote_template("lab", "stable", 3)
    looked.load()

    after = [looked.offered(everybody, chosen)[0]["image-name"] for chosen in (None, Chosen("testing"), Chosen())]
    assert (before, after) == (["i", "j", "j"], ["j", "j", "j"])


def test_what_is_kept_of_channels_is_bounded_and_the_hubs_own_stays() -> None:
    many = {f"c{number}": 0 for number in range(10)}
    looked = Looked([(LAB[0][0], {"stable": 0, **many})], ON_STABLE, Limits(seen_bytes=1500, view_bytes=1500))

    for channel in ("stable", *many, *(f"nobodys{number}" for number in range(10))):
        looked.offered(frozenset(), None if channel == "stable" else Chosen(channel))

    kept = looked.views._listed
    assert (looked.views.hub.own in kept, len(kept)) == (True, viewing.MOST_LISTED + 1)
    assert all(listed.known for listed in kept.values())
    assert (looked.views._size <= 1500, looked.views.kept.size <= 1500) == (True, True)
