import json
import re
import sys
from pathlib import Path

import pytest
from msgspec import Raw

from binder_registry import Client, ContainerLimits, Template
from binder_registry.choices import Choice, Option
from binder_registry.installing import installs
from binder_registry.settings import Settings
from tests.client.stub import json_answer, running
from tests.server.running import KEY, running_server

from .invoking import CommandLine

TIME = "2015-10-07T20:21:22.08041123Z"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "two.yaml"
    path.write_text("name: one\nimage-name: i\n---\nname: two\nimage-name: j\n")
    return str(path)


def test_a_registry_moves_to_an_empty_one_and_back(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    words = ["1e3", "yes", "2026-11-24", "Zwei\nZeilen", "\x85\u2028", " x ", "'\"", "0o17", "null", "#"]
    templates = [
        Template(
            name=f"t-{number:04}",
            image_name=f"quay.io/x:{number}",
            command=words[number % len(words)],
            labels={"n": str(number)},
            environment={"A": words[number % 7]},
            description=words[number % 9],
        )
        for number in range(5000)
    ]
    client.apply(templates)
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    registry("export", "-f", str(first))

    with running_server(tmp_path) as other:
        registry("apply", "-f", str(first), "--url", other.url)
        again = registry("apply", "-f", str(first), "--url", other.url)
        registry("export", "-f", str(second), "--url", other.url)

    assert (again.out, first.read_bytes() == second.read_bytes()) == ("Done: 5000 unchanged\n", True)


def test_an_export_of_the_past(registry: CommandLine, client: Client) -> None:
    then = client.register_template(Template(name="then", image_name="i")).revision
    client.delete_template("then")

    assert registry("export", "--revision", str(then)).out == "---\nname: then\nimage-name: i\n"


def test_an_export_as_json_is_applied_too(registry: CommandLine, client: Client, file: str, tmp_path: Path) -> None:
    registry("apply", "-f", file)
    exported = tmp_path / "all.json"
    exported.write_text(registry("export", "--format", "json").out)

    assert registry("apply", "-f", str(exported)).out == "Done: 2 unchanged\n"


def test_a_file_that_is_in_the_way_keeps_its_rights(registry: CommandLine, tmp_path: Path) -> None:
    exported = tmp_path / "all.yaml"
    exported.touch(0o640)

    registry("export", "-f", str(exported))

    assert exported.stat().st_mode & 0o777 == 0o640


VALUES = str(Path(__file__).parents[1] / "formats/z2jh_values.yaml")


def test_a_hubs_values_are_imported_and_what_is_lost_is_named(registry: CommandLine, client: Client) -> None:
    result = registry("import", "--format", "z2jh", VALUES)

    assert (result.code, result.out.splitlines()[-1]) == (0, "Done: 3 created")
    assert "`slug` of choices is passed over by KubeSpawner: dropped: 1 profile, 2 choices\n" in result.err
    assert client.get_template("deep-learning").limits.memory == 16 * 2**30


def test_templates_go_to_values_and_come_back_unchanged(registry: CommandLine, tmp_path: Path) -> None:
    registry("import", "--format", "z2jh", VALUES)
    exported = tmp_path / "values.yaml"
    exported.write_text(registry("export", "--format", "z2jh").out)

    assert registry("import", "--format", "z2jh", str(exported)).out == "Done: 3 unchanged\n"


PROFILES = """
singleuser:
  image: {name: i, tag: 1.10}
  profileList:
  - {display_name: Open}
  - {display_name: Big, profile_options: {size: {choices: {small: {}, huge: {allowed_groups: []}}}}}
"""
CIRCLE = "profileList: [{slug: a, kubespawner_override: {image: i, environment: &e {a: *e}}, profile_options: *e}]"


@pytest.mark.parametrize(
    ("flags", "registered"),
    [
        ((), ["big", "open"]),
        (("--yes",), ["big", "open"]),
        (("--dry-run",), []),
        (("--dry-run", "--exit-code"), []),
    ],
)
def test_what_an_import_cannot_keep_closed_is_left_out_with_an_exit_code(
    registry: CommandLine, client: Client, flags: tuple[str, ...], registered: list[str]
) -> None:
    result = registry("import", "--format", "z2jh", "-", *flags, stdin=PROFILES)

    assert (result.code, [template.name for template in client.list_templates()]) == (3, registered)
    assert "choice huge: allowed_groups is empty, which means nobody: left out\n" in result.err


@pytest.mark.parametrize(("flags", "code"), [(("--dry-run",), 0), (("--dry-run", "--exit-code"), 2)])
def test_an_import_without_losses_exits_as_its_plan_does(
    registry: CommandLine, flags: tuple[str, ...], code: int
) -> None:
    values = "[{slug: a, kubespawner_override: {image: i}}]"

    assert registry("import", "--format", "z2jh", "-", *flags, stdin=values).code == code


def test_an_import_of_nothing_but_what_is_left_out_is_no_success(registry: CommandLine) -> None:
    assert registry("import", "--format", "z2jh", "-", stdin="[{slug: a, users: [ada]}]").code == 3


def test_losses_are_taken_where_that_is_wanted(registry: CommandLine, client: Client) -> None:
    result = registry("import", "--format", "z2jh", "-", "--lossy", stdin=PROFILES)

    assert (result.code, [choice.name for choice in client.get_template("big").options[0].choices]) == (0, ["small"])


def test_losses_are_told_to_programs(registry: CommandLine) -> None:
    result = registry("import", "--format", "z2jh", "-", "-o", "json", stdin=PROFILES)

    assert (result.code, json.loads(result.err.splitlines()[0])) == (
        3,
        [
            {
                "member": "",
                "what": "allowed_groups is empty, which means nobody: left out",
                "left-out": True,
                "profiles": 1,
                "choices": 1,
                "places": ["profile Big, option size, choice huge"],
            }
        ],
    )


def test_the_image_of_a_hub_is_baked_in_where_that_is_wanted(registry: CommandLine, client: Client) -> None:
    registry("import", "--format", "z2jh", "-", "--bake-image", stdin=PROFILES)

    assert client.get_template("open").image_name == "i:1.1"


def test_templates_of_before_options_are_merged(registry: CommandLine, client: Client) -> None:
    before = ["big-small", "big-huge", "big-tiny", "big", "open"]
    client.apply([Template(name=name, image_name="i", contact="c") for name in before])

    registry("import", "--format", "z2jh", "-", "--merge-flattened", stdin=PROFILES.replace("[]", "[staff]"))

    assert {one.name: (one.replaced_by, one.contact) for one in client.list_templates()} == {
        "big-small": ("big", "c"),
        "big-huge": ("big", "c"),
        "big-tiny": ("", "c"),
        "big": ("", ""),
        "open": ("", ""),
    }


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[{slug: a, kubespawner_override: {image: i, environment: {MODE: 0644}}}]", "environment.MODE` 0644 is read"),
        ("[{slug: a, kubespawner_override: {image: i, environment: {T: 1:30}}}]", "environment.T` 1:30 is read as 90"),
        ("[{slug: a, kubespawner_override: {image: {name: i, tag: 2_0}}}]", "`image` 2_0 is read as 20"),
        ("[{slug: a, kubespawner_override: {uid: 0644}}]", "`uid` 0644 is read as 420"),
        ("[{slug: 0512, kubespawner_override: {image: i}}]", "slug: 0512 is read as 330"),
        (
            "[{slug: a, kubespawner_override: {image: i, mem_limit: 0512}}]",
            "mem_limit` cannot be read (0512 is read as",
        ),
        (
            "[{slug: a, kubespawner_override: {image: i, cpu_limit: 1:30}}]",
            "cpu_limit` cannot be read (1:30 is read as",
        ),
        ("[{slug: a, kubespawner_override: {image: i, cpu_limit: .inf}}]", "cpu_limit` cannot be read"),
        ("[{slug: a, allowed_groups: [0512], kubespawner_override: {image: i}}]", "is not a list of groups: left out"),
    ],
)
def test_what_yaml_reads_otherwise_than_it_is_written_is_told(registry: CommandLine, written: str, told: str) -> None:
    result = registry("import", "--format", "z2jh", "-", "--dry-run", stdin=written)

    assert told in result.err


def test_numbers_without_quotes_are_read(registry: CommandLine, client: Client) -> None:
    override = "{image: i, mem_limit: 2147483648, cpu_limit: 0.50, port: 8_888}"

    registry("import", "--format", "z2jh", "-", stdin=f"[{{slug: 2026, kubespawner_override: {override}}}]")

    template = client.get_template("2026")
    assert (template.limits.memory, template.limits.cpus, template.bind_port) == (2**31, 0.5, 8888)


def test_anchors_and_merges_are_read(registry: CommandLine, client: Client) -> None:
    values = """
    x-sizes: &sizes
      size: {choices: {s: {kubespawner_override: &s {mem_limit: 1G, environment: {A: s}}}}}
    singleuser:
      profileList:
      - {slug: a, kubespawner_override: {image: i, environment: {B: a}}, profile_options: *sizes}
      - {slug: b, kubespawner_override: {<<: *s, image: j}, profile_options: *sizes}
    """

    registry("import", "--format", "z2jh", "-", stdin=values)

    found = {template.name: (template.environment, template.options) for template in client.list_templates()}
    assert found["a"] == ({"B": "a"}, found["b"][1])
    assert (found["b"][0], found["b"][1][0].choices[0].set.limits.memory) == ({"A": "s"}, 2**30)


TWO_LISTS = """
one: {singleuser: {profileList: [{slug: a, kubespawner_override: {image: i}}]}}
two: {jupyterhub: {singleuser: {profileList: [{slug: b, kubespawner_override: {image: j}}]}}}
"""


def test_values_with_two_lists_are_refused_with_their_paths(registry: CommandLine) -> None:
    result = registry("import", "--format", "z2jh", "-", stdin=TWO_LISTS)

    assert (result.code, result.err) == (
        1,
        "Error: standard input: there are several lists, `at` names one: "
        "one.singleuser.profileList, two.jupyterhub.singleuser.profileList\n",
    )


def test_one_of_two_lists_is_named(registry: CommandLine) -> None:
    result = registry("import", "--format", "z2jh", "-", "--at", "two.jupyterhub", stdin=TWO_LISTS)

    assert result.out == "created\tb\nDone: 1 created\n"


def test_an_export_that_would_open_a_template_leaves_it_out(
    registry: CommandLine, client: Client, tmp_path: Path
) -> None:
    client.apply([Template(name="a", image_name="i", allowed_groups=("staff",)), Template(name="b", image_name="j")])
    file = tmp_path / "images.yaml"

    result = registry("export", "--format", "allowed-images", "-f", str(file))

    assert (result.code, file.read_text()) == (3, "b: j\n")
    assert result.err == (
        f"a: is for some groups only, which allowed_images cannot say: left out\n1 templates written to {file}\n"
    )


def test_an_export_to_a_stock_hub_has_the_code_that_obeys_its_groups(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="a", image_name="i", allowed_groups=("staff",)))

    values = registry("export", "--format", "z2jh")
    config = registry("export", "--format", "jupyterhub-config")

    code = "c.KubeSpawner.profile_list = obey_allowed_groups(list(c.KubeSpawner.profile_list))"
    assert (values.code, code in values.out, values.err) == (0, True, "")
    assert (config.code, code in config.out, config.err) == (0, True, "")


def test_allowed_images_are_imported_and_exported(registry: CommandLine) -> None:
    registry("import", "--format", "allowed-images", "-", stdin="SciPy: scipy:1\nBase: base:2\n")

    assert registry("export", "--format", "allowed-images").out == "SciPy: scipy:1\nBase: base:2\n"


def test_another_registry_is_imported(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    with running_server(tmp_path) as other:
        with Client(other.url, KEY) as there:
            there.register_template(Template(name="moved", image_name="i"))
        result = registry("import", "--from-url", other.url)

    assert (result.out, client.get_template("moved").image_name) == ("created\tmoved\nDone: 1 created\n", "i")


def test_what_breaks_a_rule_is_left_out_of_an_import_and_named(registry: CommandLine) -> None:
    old = json.dumps([{"name": "a", "image-name": "i"}, {"name": "b", "image-name": "i", "bind-port": -1}])

    result = registry("import", "-", stdin=old)

    assert (result.code, result.out.splitlines()[0], result.err) == (
        3,
        "created\ta",
        "b: left out: bind-port must be from 0 to 65535\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x.yaml", "--from-url", "http://x"),
        ("--from-context", "x", "--from-url", "http://x"),
        ("x.yaml", "--at", "a"),
    ],
)
def test_an_import_needs_one_source(registry: CommandLine, arguments: tuple[str, ...]) -> None:
    assert registry("import", *arguments).code == 2


@pytest.mark.parametrize(
    ("form", "text"),
    [("z2jh", "a: 1"), ("allowed-images", "text"), ("z2jh", "a: ["), ("z2jh", "a: 1\n---\nb: 1"), ("z2jh", CIRCLE)],
)
def test_a_file_of_another_kind_is_refused_in_one_line(registry: CommandLine, form: str, text: str) -> None:
    result = registry("import", "--format", form, "-", stdin=text)

    assert (result.code, result.err.count("\n"), result.err.startswith("Error: standard input")) == (1, 1, True)


def test_the_images_of_a_hub_are_listed_once(registry: CommandLine, client: Client) -> None:
    client.apply([Template(name=name, image_name=image) for name, image in (("a", "x:1"), ("b", "x:1"), ("c", "y"))])

    assert registry("prepull").out == "x:1\ny\n"


def test_what_channels_point_at_is_pulled_too(registry: CommandLine, client: Client) -> None:
    physics = {"hub": "physics"}
    for number, channel in enumerate(("stable", "testing", "")):
        image = f"a:{number}"
        client.apply([Template(name="a", image_name=image, labels=physics, command="sh" if number == 1 else "")])
        if channel:
            client.promote_template("a", channel)
    client.register_template(Template(name="b", image_name="b:0", labels=physics))
    client.promote_template("b", "stable")
    client.patch_template("b", {"labels": None})

    result = registry("prepull", "-l", "hub=physics")

    assert result.out == "a:0\na:2\nb:0\n"
    assert result.err == "a (testing): not offered: the command 'sh' is not among those that this hub allows\n"


@pytest.mark.parametrize(("form", "found"), [("z2jh", "extraImages:"), ("daemonset", "kind: DaemonSet")])
def test_prepulling_is_printed_for_clusters(registry: CommandLine, client: Client, form: str, found: str) -> None:
    client.register_template(Template(name="a", image_name="x:1"))

    assert found in registry("prepull", "--format", form).out


@pytest.mark.parametrize("spelling", [("check-hub",), ("check", "--hub")], ids=" ".join)
def test_what_a_hub_cannot_offer_is_named(registry: CommandLine, client: Client, spelling: tuple[str, ...]) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))

    result = registry(*spelling)

    assert (result.code, bool(re.match(r"free\tthe command 'jupyter' is not among", result.out))) == (1, True)


def test_a_choice_that_a_hub_cannot_offer_is_named_unless_its_admin_allows_it(
    registry: CommandLine, client: Client
) -> None:
    reaching = Settings(overrides={"kubespawner": Raw(b'{"volumes": []}')})
    option = Option(name="size", choices=(Choice(name="small"), Choice(name="large", set=reaching)))
    client.register_template(Template(name="lab", image_name="i", options=(option,), labels={"hub": "physics"}))

    refused = registry("check-hub", "-l", "hub=physics")
    allowed = registry("check-hub", "--allow-override", "volumes")
    elsewhere = registry("check-hub", "-l", "hub=chemistry")

    assert refused.out.startswith("lab, size=large\toverrides.kubespawner.volumes is not among those")
    assert [result.code for result in (refused, allowed, elsewhere)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("broken", "sizes", "said"),
    [
        (0, ["large"], "A hub offers 1 template and leaves out 1 choice."),
        (0, ["large", "huge"], "A hub offers 1 template and leaves out 2 choices."),
        (2, [], "A hub offers 1 template and leaves out 2 templates."),
        (1, ["large", "huge"], "A hub offers 1 template and leaves out 1 template and 2 choices."),
    ],
)
def test_templates_and_choices_that_a_hub_leaves_out_are_counted_apart(
    registry: CommandLine, client: Client, broken: int, sizes: list[str], said: str
) -> None:
    reaching = Settings(overrides={"kubespawner": Raw(b'{"volumes": []}')})
    choices = (Choice(name="small"), *(Choice(name=size, set=reaching) for size in sizes))
    client.register_template(Template(name="lab", image_name="i", options=(Option(name="size", choices=choices),)))
    for number in range(broken):
        client.register_template(Template(name=f"free-{number}", image_name="i", command="jupyter lab"))

    result = registry("check-hub")

    assert (result.code, said in result.err) == (1, True)


def test_a_value_that_the_hubs_spawner_does_not_take_is_named(registry: CommandLine, client: Client) -> None:
    pytest.importorskip("kubespawner")
    overrides = {"kubespawner": Raw(b'{"node_selector": "gpu"}')}
    client.register_template(Template(name="lab", image_name="i", overrides=overrides))

    result = registry("check-hub")

    assert result.out.startswith("lab\tnode_selector is a text that the spawner does not take")
    assert result.code == 1


def test_a_setting_that_has_no_effect_on_the_hubs_spawner_is_told(registry: CommandLine, client: Client) -> None:
    pytest.importorskip("dockerspawner")
    overrides = {"dockerspawner": Raw(b'{"extra_host_config": {"privileged": false}}')}
    client.register_template(Template(name="lab", image_name="i", overrides=overrides))

    result = registry("check-hub", "--kind", "swarm", "--allow-override", "extra_host_config")

    assert "overrides set extra_host_config for 'lab', which has no effect on this spawner" in result.err
    assert result.code == 0


def test_a_paused_template_is_no_fault_of_a_hubs_list(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="lab", image_name="i", paused="Back on Monday."))

    result = registry("check-hub")

    assert (result.code, "lab: in no list, as it is paused: Back on Monday." in result.err) == (0, True)


def test_a_template_that_was_replaced_is_as_wanted(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="new", image_name="i"))
    client.register_template(Template(name="between", image_name="i"))
    client.delete_template("between", replaced_by="new")
    client.register_template(Template(name="old", image_name="i", replaced_by="between"))

    result = registry("check", "--hub")

    assert (result.code, result.out) == (0, "a hub offers all 1 templates\n")
    assert "old: in no list, as it is replaced: who chose it gets new\n" in result.err


@pytest.mark.parametrize(
    ("successor", "reason"),
    [
        ("typo", "and there is no 'typo' to take its place"),
        ("deleted", "and that is gone"),
        ("circle", "and that is gone"),
        ("free", "and 'free' is not offered"),
    ],
)
def test_a_successor_that_leads_nowhere_is_named(
    registry: CommandLine, client: Client, successor: str, reason: str
) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))
    client.register_template(Template(name="deleted", image_name="i"))
    client.delete_template("deleted")
    client.register_template(Template(name="circle", image_name="i", replaced_by="old"))
    client.register_template(Template(name="old", image_name="i", replaced_by=successor))

    result = registry("check", "--hub")

    assert result.code == 1
    assert f"old\tit is replaced by '{successor}', {reason}\n" in result.out


def test_a_deleted_template_whose_successor_was_misspelt_is_told(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="retired", image_name="i"))
    client.delete_template("retired", replaced_by="typo")

    result = registry("check", "--hub")

    assert (result.code, result.out) == (0, "a hub offers all 0 templates\n")
    assert "retired: it was deleted, and there is no 'typo' to take its place\n" in result.err


@pytest.mark.parametrize(("kind", "code"), [("docker", 0), ("swarm", 1)])
def test_a_hub_is_asked_for_by_its_kind(registry: CommandLine, client: Client, kind: str, code: int) -> None:
    client.register_template(Template(name="a", image_name="i", limits=ContainerLimits(gpus=1)))

    assert registry("check", "--hub", "--kind", kind).code == code


@pytest.mark.parametrize("image", ["ghcr.io/MyOrg/x:1", "x:"])
def test_an_image_that_no_engine_takes_is_named(registry: CommandLine, client: Client, image: str) -> None:
    client.register_template(Template(name="a", image_name=image))

    result = registry("check", "--hub")

    assert (result.code, f"'{image}' is not a reference to an image" in result.out) == (1, True)


def test_what_a_hub_allows_is_offered(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))

    result = registry("check", "--hub", "--allow-command", "jupyter lab")

    assert (result.code, result.out) == (0, "a hub offers all 1 templates\n")


def test_without_tornado_hubs_cannot_be_asked_for(registry: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("catalogue", "refusals"):
        monkeypatch.delitem(sys.modules, f"binder_registry.hub.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "tornado.web", None)

    result = registry("check", "--hub")

    assert (result.code, result.err) == (1, f"Error: tornado is needed for this. Run: {installs('tornado')}\n")


def test_a_registry_of_2015_is_imported(registry: CommandLine, client: Client) -> None:
    printed = [
        {"name": name, "image-name": "jupyter/demo", "command": "", "limits": {}, "time-created": TIME}
        | {"time-modified": TIME, "bind-port": port}
        for name, port in (("b", 8888), ("a", 8889))
    ]

    with running(lambda asked, before: json_answer(printed)) as old:
        result = registry("import", "--from-url", old.url)

    assert (result.code, client.get_template("a").bind_port, old.heads("authorization")) == (0, 8889, [None])


@pytest.mark.parametrize(
    ("of_context", "of_environment", "sent"),
    [("", "", None), ("", " theirs\n", "token theirs"), ("theirs", "other", "token theirs"), ("", "a", "token a")],
)
def test_another_registry_gets_its_own_token_and_never_that_of_the_target(
    registry: CommandLine, client: Client, of_context: str, of_environment: str, sent: str | None
) -> None:
    with running(lambda asked, before: json_answer([{"name": "a", "image-name": "i"}])) as other:
        registry("context", "add", "other", other.url, "--token-stdin", stdin=of_context)
        results = [
            registry("import", *source, BINDER_REGISTRY_FROM_TOKEN=of_environment)
            for source in (("--from-context", "other"), *([] if of_context else [("--from-url", other.url)]))
        ]
        sent_to_other = set(other.heads("authorization"))

    assert ({result.code for result in results}, sent_to_other) == ({0}, {sent})
    assert client.get_template("a").image_name == "i"


def test_a_registry_that_is_not_named_is_not_read(registry: CommandLine) -> None:
    result = registry("import", "--from-context", "nowhere")

    assert (result.code, "There is no context 'nowhere'" in result.err) == (1, True)


def test_what_is_not_offered_is_not_pulled_and_named(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))

    result = registry("prepull")

    assert (result.out, result.err.startswith("free: not offered: the command 'jupyter'")) == ("", True)


def test_an_import_that_left_something_out_prunes_nothing(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="old", image_name="i"))
    listed = json.dumps({"Good": "quay.io/a/b:1", "Bad": ""})

    result = registry("import", "--format", "allowed-images", "-", "--prune", "*", "--yes", stdin=listed)

    assert (result.code, "--prune would delete what was left out of the input: Bad" in result.err) == (1, True)
    assert [template.name for template in client.list_templates()] == ["old"]


def test_the_token_of_the_registry_that_is_read_has_a_variable_of_its_own(registry: CommandLine) -> None:
    refusal = json_answer({"message": "Invalid token"}, status=401, Registry_Error="invalid_token")
    with running(lambda *_: refusal) as other:
        result = registry("import", "--from-url", other.url)

    assert (result.code, result.err) == (
        5,
        "Error: Invalid token. BINDER_REGISTRY_FROM_TOKEN holds the token of the registry that is read.\n",
    )
