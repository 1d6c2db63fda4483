"""What a hub leaves out has a rule, which programs read; what it says of a template is what it offers."""

import ast
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import binder_registry.hub
from binder_registry.hub.catalogue import Catalogue
from binder_registry.hub.offering_of import offering_of
from binder_registry.hub.rules import Kind, Rule, Rules
from binder_registry.hub.rules_file import rules_content
from binder_registry.hub.rules_read import hub_rules
from binder_registry.offering import Hidden, Offering
from tests.jupyterhub.hubs import PROJECT
from tests.jupyterhub.samples import template

HUB = Path(binder_registry.hub.__file__).parent
CHOICES: list[dict[str, Any]] = [  # what a choice or a template may say, right and wrong
    {},
    {"limits": {"memory": 1 << 30}},
    {"limits": {"memory": 1}},
    {"limits": {"cpus": -1}},
    {"limits": 5},
    {"command": "jupyterhub-singleuser --debug"},
    {"command": "jupyter labhub"},
    {"command": "sh"},
    {"image-name": "Not An Image"},
    {"environment": {"JUPYTERHUB_API_TOKEN": "x"}},
    {"overrides": {"kubespawner": {"volumes": []}}},
    {"overrides": {"spawner": {"mem_limit": "1G"}}},
    {"overrides": {"dockerspawner": 7}},
    {"redirect-uri": "//elsewhere"},
    {"container-ip": "here"},
    {"bind-port": 70000},
]
WHOLE: list[dict[str, Any]] = [
    *({"paused": "Until Monday."}, {"deleted": True}, {"deleted": True, "replaced-by": "new"}, {"replaced-by": "new"}),
    *({"uses": ["options", "lease"]}, {"options": 7}, {"allowed-groups": ["Staff"]}, {}, {}, {}),
]
PARTS = st.sampled_from(CHOICES)
GROUPS: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"allowed-groups": ["Staff"]}, {"allowed-groups": []}])
OPTIONS = st.lists(
    st.fixed_dictionaries(
        {"choices": st.lists(st.tuples(PARTS, GROUPS), max_size=3)},
        optional={"free-text": st.tuples(PARTS, GROUPS)},
    ),
    max_size=2,
)
RULES = st.builds(
    Rules,
    kind=st.sampled_from(get_args(Kind)),
    allow_commands=st.sampled_from([(), ("jupyter labhub",)]),
    allow_overrides=st.sampled_from([(), ("volumes",)]),
    ignore_group_case=st.booleans(),
)


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    options: list[dict[str, Any]] = []
    for number, drawn in enumerate(draw(OPTIONS)):
        choices = [{"name": f"c{at}", "set": part, **groups} for at, (part, groups) in enumerate(drawn["choices"])]
        option: dict[str, Any] = {"name": f"o{number}", "choices": choices}
        if "free-text" in drawn:
            part, groups = drawn["free-text"]
            option["free-text"] = {"set": part, **groups}
        options.append(option)
    members = draw(st.one_of(st.just({}), PARTS)) | draw(st.sampled_from(WHOLE))
    return {**template("lab"), **({"options": options} if options else {}), **members}


def parts(of: Any) -> set[tuple[str, str]]:
    """Of a template: its choices, and its free texts."""
    options = of.get("options", ())
    texts = {(option["name"], "(free text)") for option in options if "free-text" in option}
    return texts | {(option["name"], choice["name"]) for option in options for choice in option.get("choices", ())}


@given(templates(), RULES)
def test_what_is_said_of_a_template_is_what_a_hub_offers(given_template: dict[str, Any], rules: Rules) -> None:
    offers = Catalogue().having([given_template], rules).offers

    said = offering_of(given_template, rules)

    assert said.template == (offers["lab"].template if offers else None)


@given(templates(), RULES)
def test_what_is_offered_and_what_is_hidden_are_everything(given_template: dict[str, Any], rules: Rules) -> None:
    said = offering_of(given_template, rules)

    if said.template is None:
        assert [(hidden.option, hidden.choice) for hidden in said.hidden] == [("", "")]
    else:
        hidden = [(hidden.option, hidden.choice) for hidden in said.hidden]
        assert sorted([*parts(said.template), *hidden]) == sorted(parts(given_template))


@given(templates(), RULES)
def test_who_reads_the_rules_from_the_hubs_file_says_the_same(given_template: dict[str, Any], rules: Rules) -> None:
    content = rules_content(rules, None, label="", auth_state=False)

    read = hub_rules(json.loads(json.dumps(content))).rules

    assert offering_of(given_template, read) == offering_of(given_template, rules)


@pytest.mark.parametrize(
    ("members", "rule", "needs"),
    [
        ({"paused": "Until Monday."}, "paused", "it is paused: Until Monday."),
        ({"deleted": True, "replaced_by": "new"}, "deleted", "it was deleted, and 'new' took its place"),
        ({"replaced_by": "new"}, "replaced", "it is replaced by 'new'"),
        ({"command": "sh"}, "command", "the command 'sh' is not among those that this hub allows"),
        ({"limits": None}, "malformed", "something in it is missing or of the wrong kind"),
    ],
)
def test_a_template_is_hidden_by_a_rule_in_the_words_of_the_log(members: Any, rule: str, needs: str) -> None:
    said = offering_of(template(**members), Rules())

    assert (said.template, [hidden.rule for hidden in said.hidden]) == (None, [rule])
    assert said.hidden[0].needs.startswith(needs)


def test_a_choice_is_hidden_by_a_rule_and_its_template_stays() -> None:
    large = {"name": "large", "set": {"command": "sh"}}
    typed = {"set": {"overrides": {"spawner": {"volumes": "{value}"}}}}
    size = {"name": "size", "choices": [{"name": "small"}, large], "free-text": typed}

    said = offering_of(template("lab", options=[size]), Rules(allow_overrides=["volumes"]))

    assert said == Offering(
        template("lab", options=[{"name": "size", "choices": [{"name": "small"}]}]),
        (
            Hidden("lab", "command", "the command 'sh' is not among those that this hub allows", "size", "large"),
            Hidden("lab", "overrides", "overrides.spawner.volumes must not hold {value}", "size", "(free text)"),
        ),
    )


def test_a_template_whose_default_cannot_be_started_is_hidden_by_the_rule_of_that() -> None:
    size = {"name": "size", "choices": [{"name": "large", "set": {"limits": {"memory": -1}}}]}

    [hidden] = offering_of(template("lab", options=[size]), Rules()).hidden

    assert (hidden.rule, hidden.option, hidden.choice) == ("limits", "", "")


def test_every_reason_that_a_hub_raises_has_a_known_rule() -> None:
    """The type checker knows them; this knows that none is left that nothing raises."""
    trees = [ast.parse(path.read_text()) for path in HUB.glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [call.args[0] for call in calls if ast.unparse(call.func) in ("NotOffered", "Reason") and call.args]
    rules = {argument.value for argument in made if isinstance(argument, ast.Constant)}

    assert rules == set(get_args(Rule))


def test_the_page_lists_every_rule() -> None:
    page = (PROJECT / "docs" / "jupyterhub.md").read_text().partition("## What is left out")[2].partition("\n## ")[0]
    rows = [line.partition("`")[2].partition("`")[0] for line in page.splitlines() if line.startswith("| `")]

    assert {*get_args(Rule)} <= {*rows}
