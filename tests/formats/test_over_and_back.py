"""A list of profiles that becomes templates, and a list again, means the same: KubeSpawner's own class says so."""

from collections.abc import Iterator, Mapping
from html import unescape
from itertools import product
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binder_registry.formats.z2jh import from_z2jh, to_z2jh
from binder_registry.rules import check
from binder_registry.wire import encode_template, parse, template_from_members
from tests.formats.stock_hub import initialized, obeying, settings_of

TRAITS = (
    *("image", "cmd", "default_url", "port", "ip", "environment", "uid", "working_dir", "volumes", "init_containers"),
    *("mem_limit", "mem_guarantee", "cpu_limit", "cpu_guarantee", "extra_resource_limits", "extra_resource_guarantees"),
    *("node_selector", "tolerations", "extra_pod_config"),
)
EVERY_GROUP = ("a", "b", "c")


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


memory = st.sampled_from(["2G", 2147483648, "512M", "1.5G", 0, 1951419879, None])
cores = st.sampled_from([1, 0.5, 0.22815625, 0, None, 2.0])
words = st.sampled_from(["x", "{username}", "{{x}}", "$(HOME)", "$$(HOME)", "a b", "", "$5", "ä"])
overrides = some(
    image=st.sampled_from(["quay.io/a:1", "b"]),
    image_spec=st.sampled_from(["quay.io/c:1"]),
    cmd=st.sampled_from([None, [], "start.sh a", ["jupyterhub-singleuser", "--x={y}"], ["a", "$(B)"]]),
    default_url=st.sampled_from(["/lab", "/user/{username}/tree", "/lab/{{x}}", "lab", ""]),
    port=st.sampled_from([8888, 80]),
    ip=st.sampled_from(["0.0.0.0", "127.0.0.1", "::"]),
    mem_limit=memory,
    mem_guarantee=memory,
    cpu_limit=cores,
    cpu_guarantee=cores,
    environment=some(
        A=words | st.none(),
        B=words,
        C=st.just({"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
    ),
    extra_resource_limits=some(**{"nvidia.com/gpu": st.sampled_from(["1", "2", None]), "x/y": st.just("1")}),
    extra_resource_guarantees=some(**{"nvidia.com/gpu": st.sampled_from(["1"])}),
    node_selector=some(pool=st.sampled_from(["large", "small", None]), zone=st.just("a")),
    tolerations=st.sampled_from([[], [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}]]),
    uid=st.sampled_from([None, 1000, 0]),
    working_dir=st.sampled_from([None, "/home/{username}"]),
    volumes=st.sampled_from([[{"name": "v", "emptyDir": {}}], []]),
    init_containers=st.sampled_from([[{"name": "i", "image": "busybox", "env": [None, 1, 1.5, True]}]]),
    extra_pod_config=some(a=st.sampled_from([{"b": 1}, {"b": None, "c": [1]}])),
)
texts = st.sampled_from(["Large", "R & Julia", "a < b", "5 <6", "x &amp; y", "ä", " two  blanks "])
groups = st.lists(st.sampled_from(EVERY_GROUP), min_size=1, max_size=2, unique=True)
choices = some(
    display_name=texts,
    description=texts,
    default=st.booleans(),
    allowed_groups=groups,
    slug=st.just("ignored"),
    kubespawner_override=overrides,
)
typed_overrides = some(
    image=st.just("{value}"),
    cmd=st.just(["a", "--x={value}"]),
    environment=some(A=st.sampled_from(["{value}", "x", "{username}"])),
    default_url=st.just("/tree/{value}"),
    node_selector=some(pool=st.just("{value}")),
    mem_limit=memory,
)
free_texts = st.fixed_dictionaries(
    {"enabled": st.just(True)},
    optional={
        "display_name": texts,
        "display_name_in_choices": texts,
        "validation_regex": st.sampled_from(["^[a-z]+$", ".*"]),
        "validation_message": texts,
        "allowed_groups": groups,
        "kubespawner_override": typed_overrides,
    },
)
options = st.fixed_dictionaries(
    {"choices": st.dictionaries(st.sampled_from(["a", "b_1", "01-x", "C.d"]), choices, min_size=1, max_size=3)},
    optional={
        "display_name": texts,
        "unlisted_choice": free_texts,
        "dynamic_image_building": st.just({"enabled": True}),
    },
)
profiles = some(
    description=texts,
    default=st.booleans(),
    allowed_groups=groups,
    kubespawner_override=overrides,
    profile_options=st.dictionaries(st.sampled_from(["image", "size"]), options, max_size=2),
)
profile_lists = st.lists(profiles, min_size=1, max_size=3).map(
    lambda found: [{"display_name": f"Profile {number}", **profile} for number, profile in enumerate(found)]
)
slowly = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def over_and_back(profile_list: list[dict[str, Any]]) -> dict[str, Any]:
    """As the registry takes and gives it, and as Helm reads the file."""
    templates, losses = from_z2jh(profile_list)
    assert [loss for loss in losses if loss.left_out] == []
    for template in templates:
        check(template)
    values, _ = to_z2jh([template_from_members(parse(encode_template(template))) for template in reversed(templates)])
    found: dict[str, Any] = yaml.safe_load(yaml.safe_dump(values, sort_keys=False))
    return found


def starts(profile: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], list[Mapping[str, Any]]]]:
    """What a user can choose of a profile, and all that may restrict it."""
    every = []
    for name, option in (profile.get("profile_options") or {}).items():
        found = [({name: key}, choice) for key, choice in (option.get("choices") or {}).items()]
        if option["unlisted_choice"]["enabled"]:
            found.append(({f"{name}--unlisted-choice": "typed"}, option["unlisted_choice"]))
        every.append(found)
    for chosen in product(*every):
        options = {"profile": profile["slug"]}
        for one, _ in chosen:
            options |= one
        yield options, [profile, *(part for _, part in chosen)]


def comparable(settings: dict[str, Any]) -> dict[str, Any]:
    return {trait: [value] if trait == "cmd" and isinstance(value, str) else value for trait, value in settings.items()}


@slowly
@given(profile_lists)
def test_every_choice_sets_the_same(profile_list: list[dict[str, Any]]) -> None:
    back = over_and_back(profile_list)["singleuser"]["profileList"]

    for profile in initialized(profile_list):
        for chosen, _ in starts(profile):
            before, after = (comparable(settings_of(each, chosen, TRAITS)) for each in (profile_list, back))
            assert after == before


@slowly
@given(profile_lists, st.sets(st.sampled_from(EVERY_GROUP)))
def test_everybody_may_choose_what_they_could(profile_list: list[dict[str, Any]], theirs: set[str]) -> None:
    values = over_and_back(profile_list)
    [code] = values.get("hub", {"extraConfig": {"": ""}})["extraConfig"].values()
    offered = obeying(code, values["singleuser"]["profileList"])

    for profile in initialized(profile_list):
        for chosen, parts in starts(profile):
            may = all(theirs & set(part["allowed_groups"]) for part in parts if "allowed_groups" in part)
            assert could_start(offered, chosen, theirs) == may


def could_start(profile_list: Any, chosen: dict[str, str], theirs: set[str]) -> bool:
    from tornado.web import HTTPError

    try:
        settings_of(profile_list, chosen, TRAITS, theirs)
    except (ValueError, KeyError, HTTPError):  # a choice that is not there is a KeyError to KubeSpawner
        return False
    return True


@slowly
@given(profile_lists)
def test_order_defaults_and_texts_are_the_same(profile_list: list[dict[str, Any]]) -> None:
    back = over_and_back(profile_list)["singleuser"]["profileList"]

    assert told(initialized(back)) == told(initialized(profile_list))


def told(profile_list: list[dict[str, Any]]) -> Any:
    """What a form shows, and what is taken without a choice."""
    default = next(profile["slug"] for profile in profile_list if profile.get("default"))
    return default, [
        (
            profile["slug"],
            *shown(profile, "display_name", "description"),
            {name: option_told(option) for name, option in (profile.get("profile_options") or {}).items()},
        )
        for profile in profile_list
    ]


def option_told(option: Mapping[str, Any]) -> Any:
    default = next(key for key, choice in option["choices"].items() if choice.get("default"))
    choices = [
        (key, *shown({"display_name": key, **choice}, "display_name", "description"))
        for key, choice in option["choices"].items()
    ]
    typed = shown(option["unlisted_choice"], "display_name", "display_name_in_choices", "validation_message")
    pattern = option["unlisted_choice"].get("validation_regex", "")
    return default, shown(option, "display_name"), choices, typed, pattern, bool(option.get("dynamic_image_building"))


def shown(part: Mapping[str, Any], *keys: str) -> list[str]:
    return [unescape(part.get(key) or "") for key in keys]
