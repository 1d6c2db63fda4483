import json
import re
import sys
from pathlib import Path

import pytest

from binder_registry import Client, Template
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

    assert (result.code, result.out.splitlines()[-1]) == (0, "Done: 6 created")
    assert "profile Deep learning: kubespawner_override.node_selector is not carried over\n" in result.err
    assert client.get_template("deep-learning").limits.gpus == 1


def test_templates_go_to_values_and_come_back_unchanged(registry: CommandLine, tmp_path: Path) -> None:
    registry("import", "--format", "z2jh", VALUES)
    exported = tmp_path / "values.yaml"
    exported.write_text(registry("export", "--format", "z2jh").out)

    assert registry("import", "--format", "z2jh", str(exported)).out == "Done: 6 unchanged\n"


def test_allowed_images_are_imported_and_exported(registry: CommandLine) -> None:
    registry("import", "--format", "allowed-images", "-", stdin="SciPy: scipy:1\nBase: base:2\n")

    assert registry("export", "--format", "allowed-images").out == "Base: base:2\nSciPy: scipy:1\n"


def test_another_registry_is_imported(registry: CommandLine, client: Client, tmp_path: Path) -> None:
    with running_server(tmp_path) as other:
        with Client(other.url, KEY) as there:
            there.register_template(Template(name="moved", image_name="i"))
        result = registry("import", "--from-url", other.url)

    assert (result.out, client.get_template("moved").image_name) == ("created\tmoved\nDone: 1 created\n", "i")


def test_what_breaks_a_rule_is_left_out_of_an_import_and_named(registry: CommandLine) -> None:
    old = json.dumps([{"name": "a", "image-name": "i"}, {"name": "b", "image-name": "i", "bind-port": -1}])

    result = registry("import", "-", stdin=old)

    assert (result.out.splitlines()[0], result.err) == (
        "created\ta",
        "b: left out: bind-port must be from 0 to 65535\n",
    )


@pytest.mark.parametrize("arguments", [(), ("x.yaml", "--from-url", "http://x")])
def test_an_import_needs_one_source(registry: CommandLine, arguments: tuple[str, ...]) -> None:
    assert registry("import", *arguments).code == 2


@pytest.mark.parametrize(("form", "text"), [("z2jh", "a: 1"), ("allowed-images", "text"), ("z2jh", "a: [")])
def test_a_file_of_another_kind_is_refused_in_one_line(registry: CommandLine, form: str, text: str) -> None:
    result = registry("import", "--format", form, "-", stdin=text)

    assert (result.code, result.err.count("\n"), result.err.startswith("Error: standard input")) == (1, 1, True)


def test_the_images_of_a_hub_are_listed_once(registry: CommandLine, client: Client) -> None:
    client.apply([Template(name=name, image_name=image) for name, image in (("a", "x:1"), ("b", "x:1"), ("c", "y"))])

    assert registry("prepull").out == "x:1\ny\n"


@pytest.mark.parametrize(("form", "found"), [("z2jh", "extraImages:"), ("daemonset", "kind: DaemonSet")])
def test_prepulling_is_printed_for_clusters(registry: CommandLine, client: Client, form: str, found: str) -> None:
    client.register_template(Template(name="a", image_name="x:1"))

    assert found in registry("prepull", "--format", form).out


@pytest.mark.parametrize("spelling", [("check-hub",), ("check", "--hub")], ids=" ".join)
def test_what_a_hub_cannot_offer_is_named(registry: CommandLine, client: Client, spelling: tuple[str, ...]) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))

    result = registry(*spelling)

    assert (result.code, bool(re.match(r"free\tthe command 'jupyter' is not among", result.out))) == (1, True)


def test_what_a_hub_allows_is_offered(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))

    result = registry("check", "--hub", "--allow-command", "jupyter lab")

    assert (result.code, result.out) == (0, "a hub offers all 1 templates\n")


def test_without_tornado_hubs_cannot_be_asked_for(registry: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "binder_registry.jupyterhub", raising=False)
    monkeypatch.delattr("binder_registry.jupyterhub", raising=False)
    monkeypatch.setitem(sys.modules, "tornado.web", None)

    result = registry("check", "--hub")

    assert (result.code, result.err) == (1, "Error: tornado is needed for this. Run: pip install tornado\n")


def test_a_registry_of_2015_is_imported(registry: CommandLine, client: Client) -> None:
    printed = [
        {"name": name, "image-name": "jupyter/demo", "command": "", "limits": {}, "time-created": TIME}
        | {"time-modified": TIME, "bind-port": port}
        for name, port in (("b", 8888), ("a", 8889))
    ]

    with running(lambda asked, before: json_answer(printed)) as old:
        result = registry("import", "--from-url", old.url)

    assert (result.code, client.get_template("a").bind_port, old.heads("authorization")) == (0, 8889, [None])


def test_what_is_not_offered_is_not_pulled_and_named(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="free", image_name="i", command="jupyter lab"))

    result = registry("prepull")

    assert (result.out, result.err.startswith("free: not offered: the command 'jupyter'")) == ("", True)
