import json
from pathlib import Path

import pytest

from binder_registry import Client

from .invoking import CommandLine, Result

PROFILE = "{display_name: A, kubespawner_override: {image: 'x:1'}}"
CHART = "jupyterhub:\n  singleuser:\n    profileList: [{slug: chart}]\n    cpu: {limit: 1}\n"
HUB = f"jupyterhub:\n  singleuser:\n    profileList: [{PROFILE}]\n"


class Imports:
    def __init__(self, registry: CommandLine, client: Client, folder: Path) -> None:
        self.registry = registry
        self.client = client
        self.folder = folder

    def write(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def __call__(self, content: str | bytes, *flags: str, name: str = "values.yaml") -> Result:
        return self.registry("import", "--format", "z2jh", self.write(name, content), *flags)

    @property
    def images(self) -> dict[str, str]:
        return {template.name: template.image_name for template in self.client.list_templates()}


@pytest.fixture
def imports(registry: CommandLine, client: Client, tmp_path: Path) -> Imports:
    return Imports(registry, client, tmp_path)


@pytest.mark.parametrize("flag", ["", "-f", "--file"])
def test_files_are_merged_in_their_order(imports: Imports, flag: str) -> None:
    files = [imports.write(name, text) for name, text in (("chart.yaml", CHART), ("none.yaml", ""), ("hub.yaml", HUB))]
    named = [part for file in files for part in ([flag, file] if flag else [file])]

    result = imports.registry("import", "--format", "z2jh", *named)

    assert (result.code, imports.images) == (0, {"a": "x:1"})


def test_documents_of_one_file_are_merged_too(imports: Imports) -> None:
    result = imports(f"{CHART}---\n{HUB}---\n")

    assert (result.code, imports.images) == (0, {"a": "x:1"})


def test_null_takes_a_list_away(imports: Imports) -> None:
    result = imports(f"{HUB}---\njupyterhub: {{singleuser: {{profileList: null}}}}\n")

    assert (result.code, "there is no singleuser.profileList" in result.err) == (1, True)


@pytest.mark.parametrize("heading", ["COMPUTED VALUES:", "USER-SUPPLIED VALUES:"])
def test_what_helm_prints_is_read(registry: CommandLine, client: Client, heading: str) -> None:
    result = registry("import", "--format", "z2jh", "-", stdin=f"{heading}\n{HUB}")

    assert (result.code, [template.name for template in client.list_templates()]) == (0, ["a"])


@pytest.mark.parametrize(
    "content",
    [
        HUB.replace("\n", "\r\n"),
        HUB.encode("utf-16"),
        HUB.encode("utf-8-sig"),
        json.dumps({"singleuser": {"profileList": [{"display_name": "A", "kubespawner_override": {"image": "x:1"}}]}}),
        '{"profile_list":[\n\t{"slug":"a", "description": "\\ud83d\\ude00", "kubespawner_override":{"image":"x:1"}}]}',
        f"a: !vault |\n  1234\nb: !Ref {{c: 1}}\n{HUB}",
        f"hub: {{{{ toYaml .Values.hub }}}}\nx: {{{{ y }}}}\n{HUB}",
        "singleuser:\n  extraEnv: {A: '${secret}'}\n  image: {name: '${image}'}\n  profileList: [" + PROFILE + "]\n",
        "spec:\n  values: |\n    singleuser:\n      profileList:\n      - " + PROFILE + "\n",
        "x:\n- &p " + PROFILE + "\nsingleuser: {profileList: [*p]}\n",
    ],
)
def test_the_files_of_hubs_are_read_as_they_stand(imports: Imports, content: str | bytes) -> None:
    result = imports(content)

    assert (result.code, imports.images) == (0, {"a": "x:1"})


def test_a_key_that_stands_twice_is_told_and_the_last_one_counts(imports: Imports) -> None:
    result = imports("profileList:\n- slug: a\n  kubespawner_override:\n    image: i\n    image: j\n")

    assert (result.code, imports.images) == (0, {"a": "j"})
    assert "values.yaml, line 5: the key image stands there twice, the last one counts\n" in result.err


def test_what_a_custom_tag_stands_for_is_not_guessed(imports: Imports) -> None:
    result = imports(f"profileList:\n- {PROFILE}\n- slug: b\n  kubespawner_override:\n    image: !secret x\n")

    assert (result.code, imports.images) == (3, {"a": "x:1"})
    assert "values.yaml, line 5: !secret … cannot be known from the file: left out\n" in result.err


@pytest.mark.parametrize("written", ["!include profiles.yaml", "${jsonencode(profiles)}", "{{ toYaml .Values.x }}"])
def test_a_whole_list_that_is_not_known_is_named_with_its_line(imports: Imports, written: str) -> None:
    result = imports(f"singleuser:\n  profileList: {written}\n")

    assert (result.code, "values.yaml, line 2: " in result.err, imports.images) == (3, True, {})


TEMPLATED = f"profileList:\n- {PROFILE}\n- slug: b\n  kubespawner_override: {{image: 'x:${{tag}}'}}\n"


@pytest.mark.parametrize(("flags", "names"), [((), []), (("--placeholders", "keep"), ["a", "b"])])
def test_placeholders_are_refused_unless_they_are_wanted(
    imports: Imports, flags: tuple[str, ...], names: list[str]
) -> None:
    result = imports(TEMPLATED, *flags)

    assert (result.code, sorted(imports.images)) == (0 if names else 3, names)
    assert ("values.yaml, line 4: holds a placeholder, ${tag}" in result.err) is not bool(names)


def test_a_placeholder_in_the_hubs_image_matters_where_that_is_written_into_templates(imports: Imports) -> None:
    values = "singleuser:\n  image: {name: '${image}'}\n  profileList: [" + PROFILE + "]\n"

    codes = [imports(values, *flags).code for flags in ((), ("--bake-image",))]

    assert codes == [0, 3]


def test_a_file_that_is_no_yaml_before_it_was_filled_in_names_the_placeholder(imports: Imports) -> None:
    result = imports(f"{{{{- if .Values.x }}}}\na: 1\n{{{{- end }}}}\n{HUB}", "--placeholders", "keep")

    assert (result.code, "line 1 holds a placeholder, {{- if .Values.x }}" in result.err) == (3, True)


def test_images_with_placeholders_are_refused(registry: CommandLine, client: Client) -> None:
    result = registry("import", "--format", "allowed-images", "-", stdin="A: x:1\nB: 'x:${tag}'\n")

    assert (result.code, client.list_templates()) == (3, [])
    assert "standard input, line 2: holds a placeholder, ${tag}" in result.err


PYTHON = """import os
TAG = "1"
c.KubeSpawner.profile_list = [
    {"display_name": "A", "kubespawner_override": {"image": "x:" + TAG}},
    {"display_name": "B", "kubespawner_override": {"image": os.environ["B"]}},
]
"""


def test_a_list_in_python_is_read_and_what_is_no_literal_is_left_out(imports: Imports) -> None:
    result = imports(PYTHON, name="jupyterhub_config.py")

    assert (result.code, imports.images) == (3, {"a": "x:1"})
    assert (
        "jupyterhub_config.py, line 5: a lookup (os.environ['B']) cannot be known from the file: left out" in result.err
    )


@pytest.mark.parametrize("key", ["10-profiles", "profile_list"])
def test_python_in_values_is_read_with_its_lines(imports: Imports, key: str) -> None:
    code = PYTHON.replace("\n", "\n      ")

    result = imports(f"hub:\n  extraConfig:\n    {key}: |\n      {code}\nsingleuser: {{image: {{name: y}}}}\n")

    assert (result.code, imports.images) == (3, {"a": "x:1"})
    assert "values.yaml, line 8: a lookup (os.environ['B'])" in result.err


@pytest.mark.parametrize("key", ["10-profiles", "profile_list"])
def test_a_placeholder_in_python_is_refused_with_its_line(imports: Imports, key: str) -> None:
    code = PYTHON.replace("x:", "<registry>/x:").replace("\n", "\n      ")

    result = imports(f"hub:\n  extraConfig:\n    {key}: |\n      {code}\n")

    assert (result.code, imports.images) == (3, {})
    assert "values.yaml, line 7: holds a placeholder, <registry>" in result.err


@pytest.mark.parametrize(("word", "code"), [("allowed_groups", 0), ("username", 3)])
def test_code_that_narrows_the_list_further_is_told(imports: Imports, word: str, code: int) -> None:
    filtering = f"c.KubeSpawner.profile_list = only_with({word!r})"

    result = imports(f'hub: {{extraConfig: {{x: "{filtering}"}}}}\n{HUB}')

    assert (result.code, imports.images) == (code, {"a": "x:1"})
    assert "hub.extraConfig.x: c.KubeSpawner.profile_list: " in result.err


FILTERED = """
c.KubeSpawner.profile_list = [{"slug": "a", "allowed_groups": ["g"], "kubespawner_override": {"image": "x:1"}}]
def obeyed(profiles):
    return lambda spawner: [each for each in profiles if spawner.user.groups & set(each["WORD"])]
c.KubeSpawner.profile_list = obeyed(list(c.KubeSpawner.profile_list))
"""


@pytest.mark.parametrize(("word", "found"), [("allowed_groups", {"a": "x:1"}), ("users", {})])
def test_a_list_of_which_code_shows_each_group_its_part_is_read(
    imports: Imports, word: str, found: dict[str, str]
) -> None:
    text = FILTERED.replace("WORD", word).replace("allowed_groups", "allowed_groups" if found else "groups")

    result = imports(text, name="jupyterhub_config.py")

    assert (result.code, imports.images) == (0 if found else 3, found)
    assert "jupyterhub_config.py, line 5: a call (obeyed(" in result.err


def test_code_that_cannot_be_read_is_named_beside_the_list_that_is_missing(imports: Imports) -> None:
    result = imports("hub:\n  extraConfig:\n    x: |\n      a = 1\n      c.KubeSpawner.profile_list = [}\n")

    assert (result.code, "values.yaml, line 5: not valid Python" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "values.yaml", "is empty"),
        ("# nothing\n---\n", "values.yaml", "is empty"),
        ("some text", "values.yaml", "holds no values of a hub"),
        ("[1, 2]", "values.json", "holds no values of a hub"),
        ("a: 1", "values.yaml", "there is no singleuser.profileList"),
        ("a:\n\tb: 1", "values.yaml", ", line 2: not valid YAML"),
        ("a: &a {b: *a}", "values.yaml", ", line 1: not valid YAML: an alias stands within"),
        (b"\xff\xff\xff\x00\x81", "values.yaml", "is not text in"),
        ("c.JupyterHub.ip = 'x'\n", "config.py", "nothing there sets c.KubeSpawner.profile_list"),
        ("x = 1\nprint 'a'\n", "config.py", ", line 2: not valid Python"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_line(
    imports: Imports, content: str | bytes, name: str, message: str
) -> None:
    result = imports(content, name=name)

    assert (result.code, result.err.count("\n"), result.err.startswith("Error: ")) == (1, 1, True)
    assert f"{name}{'' if message[0] == ',' else ': '}{message}" in result.err


def test_ten_thousand_profiles_are_read(imports: Imports) -> None:
    lines = [f"- {{slug: p{number}, kubespawner_override: {{image: 'x:{number}'}}}}" for number in range(10_000)]

    result = imports("\n".join(["profileList:", *lines]), "--dry-run")

    assert (result.code, result.out.splitlines()[-1]) == (0, "Plan: 10000 created")


def test_a_folder_is_no_file_of_values(imports: Imports) -> None:
    result = imports.registry("import", "--format", "z2jh", str(imports.folder))

    assert (result.code, "is a folder: name its files, in their order" in result.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "z2jh", "a.yaml", "-f", "b.yaml"),
        ("a.yaml", "--placeholders", "keep"),
        ("a.yaml", "--bake-image"),
        ("-f", "a.yaml", "--from-url", "http://x"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(registry: CommandLine, arguments: tuple[str, ...]) -> None:
    assert registry("import", *arguments).code == 2
