"""What 2015 had may stand twice where it is read as in 2015; of all else a key that stands twice is refused."""

import pytest

from binder_registry.apply_body import read_apply
from binder_registry.cli.documents import InvalidDocument, read_templates
from binder_registry.errors import InvalidTemplate
from binder_registry.fast_body import read_template
from binder_registry.template import ContainerLimits, Template
from binder_registry.wire import merge_patch, parse

START = '"name":"n","image-name":"i"'
TWICE = [
    ('"labels":{"a":"1"},"labels":{"b":"2"}', "labels"),
    ('"labels":{"a":"1","a":"2"}', "labels.a"),
    ('"environment":{"A":"1","A":"2"}', "environment.A"),
    ('"limits":{"cpus":1,"cpus":2}', "limits.cpus"),
    ('"limits":{"gpus":1,"gpus":2}', "limits.gpus"),
    ('"requests":{"memory":1,"memory":2}', "requests.memory"),
    ('"paused":"a","paused":null', "paused"),
    ('"description":"a","description":"b"', "description"),
    ('"overrides":{"docker":{"a":[{"b":1,"b":2}]}}', "overrides.docker.a[0].b"),
    ('"options":[],"options":[]', "options"),
    ('"options":[{"name":"o","name":"p"}]', "options[0].name"),
    ('"options":[{"name":"o","choices":[{"name":"c","name":"d"}]}]', "options[0].choices[0].name"),
    (
        '"options":[{"name":"o","choices":[{"name":"c","set":{"limits":{"memory":1,"memory":2}}}]}]',
        "options[0].choices[0].set.limits.memory",
    ),
    (
        '"options":[{"name":"o","choices":[{"name":"c","set":{"environment":{"A":"1","A":"2"}}}]}]',
        "options[0].choices[0].set.environment.A",
    ),
    ('"options":[{"name":"o","free-text":{"pattern":"a","pattern":"b"}}]', "options[0].free-text.pattern"),
]


@pytest.mark.parametrize(("members", "path"), TWICE)
def test_a_write_names_the_key_that_stands_twice(members: str, path: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        read_template(f"{{{START},{members}}}".encode())

    assert [hint.field for hint in refused.value.errors] == [path]
    assert "stands there twice" in refused.value.message


@pytest.mark.parametrize(("members", "path"), [*TWICE, ('"command":"a","command":"b"', "command")])
def test_an_apply_names_the_key_that_stands_twice(members: str, path: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        read_apply(f'{{"templates":[{{{START},{members}}}]}}'.encode())

    assert [hint.field for hint in refused.value.errors] == [f"templates[0].{path}"]


@pytest.mark.parametrize(("members", "path"), [*TWICE, ('"command":"a","command":"b"', "command")])
def test_a_patch_names_the_key_that_stands_twice(members: str, path: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        merge_patch(Template(name="n", image_name="i"), parse(f"{{{members}}}".encode()))

    assert [hint.field for hint in refused.value.errors] == [path]


@pytest.mark.parametrize(("members", "path"), TWICE)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_file_with_a_key_that_stands_twice_is_refused(
    members: str, path: str, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("twice") / f"templates.{suffix}"
    file.write_text(f"{{{START},{members}}}")

    with pytest.raises(InvalidDocument, match="twice"):
        read_templates([str(file)])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"templates":[],"templates":[]}', "templates"),
        ('{"delete":{"a":null,"a":"b"}}', "delete.a"),
        ('{"note":"a","note":"b"}', "note"),
    ],
)
def test_an_apply_itself_holds_no_key_twice(body: str, path: str) -> None:
    with pytest.raises(InvalidTemplate) as refused:
        read_apply(body.encode())

    assert path in [hint.field for hint in refused.value.errors]


def test_of_the_members_of_2015_the_last_one_counts() -> None:
    body = b'{"name":"a","Name":"n","limits":{"memory":1,"memory":2},"limits":{"cpu_shares":3}}'

    read = read_template(body)

    assert read == Template(name="n", limits=ContainerLimits(memory=2, cpu_shares=3))
