import json
from typing import Any

import pytest

from binder_registry import Client, ContainerLimits, Template
from binder_registry.client import PlanStep
from binder_registry.errors import TemplateNotFound
from binder_registry.settings import Requests
from tests.client.stub import json_answer, running

from .invoking import CommandLine

ALL_FLAGS = {
    "--image": "quay.io/x",
    "--command": "jupyter lab",
    "--memory": "2G",
    "--cpu-shares": "512",
    "--cpus": "1.5",
    "--gpus": "1",
    "--redirect-uri": "/lab",
    "--ip": "127.0.0.1",
    "--port": "8888",
    "--display-name": "All",
    "--description": "Everything",
    "--label": "a.b/c=d",
    "--env": "A=b=c",
    "--group": "staff",
    "--deprecated": "Soon",
    "--replaced-by": "other",
    "--order": "10",
    "--request-memory": "1G",
    "--request-cpus": "500m",
    "--paused": "Back on Monday.",
    "--contact": "it@example.org",
    "--icon": "https://example.org/x.svg",
}
BASE = Template(name="base", image_name="i", labels={"a": "1", "b": "2"}, redirect_uri="/x")


@pytest.fixture
def base(client: Client) -> Template:
    return client.register_template(BASE)


def test_every_member_has_a_flag(registry: CommandLine, client: Client) -> None:
    result = registry(
        "create", "all", *(word for pair in ALL_FLAGS.items() for word in pair), "--default", "-m", "First"
    )

    written = client.get_template("all")
    assert (result.code, result.out) == (0, f"all created at revision {written.revision}\n")
    assert written == Template(
        name="all",
        image_name="quay.io/x",
        command="jupyter lab",
        limits=ContainerLimits(2**31, 512, 1.5, 1),
        time_created=written.time_created,
        time_modified=written.time_modified,
        redirect_uri="/lab",
        bind_ip="127.0.0.1",
        bind_port=8888,
        display_name="All",
        description="Everything",
        labels={"a.b/c": "d"},
        environment={"A": "b=c"},
        allowed_groups=("staff",),
        order=10,
        default=True,
        requests=Requests(1 << 30, 0.5),
        paused="Back on Monday.",
        contact="it@example.org",
        icon="https://example.org/x.svg",
        deprecated="Soon",
        replaced_by="other",
        revision=written.revision,
    )


def test_a_note_is_kept_in_the_history(registry: CommandLine, client: Client) -> None:
    registry("create", "noted", "--image", "i", "-m", "Für den Kurs")

    assert client.changes(name="noted", newest_first=True, limit=1)[0].note == "Für den Kurs"


@pytest.mark.usefixtures("base")
def test_a_name_that_is_taken_is_refused(registry: CommandLine) -> None:
    result = registry("create", "base", "--image", "other")

    assert result == (
        1,
        "",
        "Error: Template already exists. `binder-registry edit base` changes it.\n",
    )


def test_what_breaks_a_rule_is_refused_in_one_line(registry: CommandLine) -> None:
    result = registry("create", "x", "--image", "i", "--port", "70000", "--label", "-=x")

    assert (result.code, result.err) == (
        1,
        "Error: bind-port must be from 0 to 65535; labels.- is not a label key in Kubernetes' syntax.\n",
    )


@pytest.mark.parametrize("flags", [("--memory", "lots"), ("--label", "x"), ("--cpus", "many"), ("--if-match", "x")])
def test_what_cannot_be_read_is_wrong_usage(registry: CommandLine, flags: tuple[str, str]) -> None:
    assert registry("update", "base", *flags).code == 2


@pytest.mark.usefixtures("base")
def test_an_update_changes_what_is_named(registry: CommandLine, client: Client) -> None:
    registry("update", "base", "--memory", "1G", "--label", "a-", "--label", "c=3", "--unset", "redirect-uri")

    written = client.get_template("base")
    assert (written.image_name, written.limits.memory, written.labels, written.redirect_uri) == (
        "i",
        2**30,
        {"b": "2", "c": "3"},
        "",
    )


@pytest.mark.usefixtures("base")
def test_a_limit_is_cleared(registry: CommandLine, client: Client) -> None:
    registry("update", "base", "--memory", "1G", "--cpus", "2")

    registry("update", "base", "--unset", "limits.memory")

    assert client.get_template("base").limits == ContainerLimits(cpus=2)


@pytest.mark.parametrize(
    "flags", [(), ("--unset", "nope"), ("--unset", "image-name", "--image", "x"), ("--unset", "name.x")]
)
def test_an_update_that_says_nothing_sensible_is_wrong_usage(registry: CommandLine, flags: tuple[str, ...]) -> None:
    assert registry("update", "base", *flags).code == 2


def test_an_update_from_a_stale_revision_is_refused(registry: CommandLine, client: Client, base: Template) -> None:
    client.patch_template("base", {"image-name": "theirs"})

    result = registry("update", "base", "--image", "ours", "--if-match", str(base.revision))

    now = str(client.get_template("base").revision)
    assert (result.code, client.get_template("base").image_name) == (4, "theirs")
    assert f"It is at {now}-" in result.err


def test_a_write_prints_the_template_on_request(registry: CommandLine) -> None:
    result = registry("create", "printed", "--image", "i", "-o", "json")

    assert json.loads(result.out)["image-name"] == "i"


@pytest.mark.usefixtures("base")
def test_a_deleted_template_points_to_its_successor(registry: CommandLine, client: Client) -> None:
    registry("delete", "base", "--replaced-by", "next", "-m", "Old")

    [tombstone] = client.list_templates(name="base", deleted=True)
    assert (tombstone.deleted, tombstone.replaced_by) == (True, "next")


def test_a_deleted_template_is_brought_back_with_the_line_that_delete_prints(
    registry: CommandLine, client: Client, base: Template
) -> None:
    line = registry("delete", "base").out.split("`")[1]

    registry(*line.split()[1:])

    assert client.get_template("base").labels == base.labels


def test_a_delete_of_a_stale_revision_is_refused(registry: CommandLine, client: Client, base: Template) -> None:
    client.patch_template("base", {"image-name": "theirs"})

    assert registry("delete", "base", "--if-match", str(base.revision)).code == 4


@pytest.mark.usefixtures("base")
def test_a_renamed_template_keeps_its_content_and_leaves_a_pointer(registry: CommandLine, client: Client) -> None:
    result = registry("rename", "base", "new", "-m", "Clearer")

    new, [old] = client.get_template("new"), client.list_templates(name="base", deleted=True)
    assert result.out == f"base renamed to new at revision {new.revision}\n"
    assert (new.labels, old.deleted, old.replaced_by) == (BASE.labels, True, "new")


@pytest.mark.usefixtures("base")
def test_a_rename_is_one_commit(registry: CommandLine, client: Client) -> None:
    before = client.head()

    registry("rename", "base", "new")

    assert len({change.first for change in client.changes(since=before)}) == 1


def test_a_rename_does_not_overwrite(registry: CommandLine, client: Client, base: Template) -> None:
    client.register_template(Template(name="taken", image_name="j"))

    result = registry("rename", "base", "taken")

    assert (result.code, client.get_template("taken").image_name, client.get_template("base").revision) == (
        1,
        "j",
        base.revision,
    )


def test_a_rename_of_a_stale_revision_is_refused(registry: CommandLine, client: Client, base: Template) -> None:
    client.patch_template("base", {"image-name": "theirs"})

    result = registry("rename", "base", "new", "--if-match", str(base.revision))

    with pytest.raises(TemplateNotFound):
        client.get_template("new")
    assert result.code == 4


def test_an_old_revision_is_restored(registry: CommandLine, client: Client, base: Template) -> None:
    client.patch_template("base", {"image-name": "broken"})

    registry("restore", "base", str(base.revision), "-m", "Broken")

    assert client.get_template("base").image_name == "i"


def test_an_unknown_revision_is_one_line_with_a_hint(registry: CommandLine, base: Template) -> None:
    result = registry("restore", "base", "999999")

    assert (result.code, result.err.count("\n"), "`binder-registry changes base`" in result.err) == (1, 1, True)


def test_a_purged_revision_is_gone(registry: CommandLine, client: Client, base: Template) -> None:
    client.patch_template("base", {"image-name": "clean"})

    registry("purge", "base", str(base.revision), "--yes")

    assert registry("get", "base", "--revision", str(base.revision)).code == 1


def test_a_purge_is_asked_about(registry: CommandLine, client: Client, base: Template) -> None:
    client.patch_template("base", {"image-name": "clean"})

    result = registry("purge", "base", str(base.revision), stdin="n\n")

    assert (result.code, client.get_template("base", revision=base.revision).image_name) == (1, "i")


def test_without_a_token_writes_are_refused(registry: CommandLine) -> None:
    result = registry("create", "x", "--image", "i", BINDER_API_KEY="")

    assert (result.code, "`binder-registry context add " in result.err) == (5, True)


def test_a_wrong_token_is_refused_and_not_shown(registry: CommandLine) -> None:
    result = registry("create", "x", "--image", "i", BINDER_API_KEY="wr0ng")

    assert (result.code, "wr0ng" in result.err) == (5, False)


def test_a_registry_that_is_not_there_is_one_line_with_its_address(registry: CommandLine) -> None:
    result = registry("create", "x", "--image", "i", "--url", "http://127.0.0.1:9")

    assert (result.code, result.err.count("\n"), "http://127.0.0.1:9 cannot be reached" in result.err) == (3, 1, True)


def test_the_address_may_stand_before_the_command(registry: CommandLine) -> None:
    assert registry("--url", "http://127.0.0.1:9", "create", "x", "--image", "i").code == 3


def test_a_context_is_an_address_with_its_token(registry: CommandLine) -> None:
    url, token = registry.environment.pop("BINDER_REGISTRY_URL"), registry.environment.pop("BINDER_API_KEY")
    registry("context", "add", "here", url, "--token-stdin", stdin=token)

    assert registry("create", "from-context", "--image", "i").code == 0


class Raced(Client):
    """Someone else writes just before its first apply."""

    races = 1

    def apply(self, *arguments: Any, **options: Any) -> list[PlanStep]:
        if Raced.races:
            Raced.races -= 1
            self.register_template(Template(name=f"theirs-{Raced.races}", image_name="i"))
        return super().apply(*arguments, **options)


@pytest.mark.parametrize(("races", "code"), [(1, 0), (5, 4)])
@pytest.mark.usefixtures("base")
def test_a_rename_is_tried_again_when_something_else_was_written(
    registry: CommandLine, monkeypatch: pytest.MonkeyPatch, races: int, code: int
) -> None:
    monkeypatch.setattr("binder_registry.client.Client", Raced)
    monkeypatch.setattr(Raced, "races", races)

    assert registry("rename", "base", "new").code == code


@pytest.mark.usefixtures("base")
def test_a_deprecation_without_a_successor_is_hinted_at(registry: CommandLine) -> None:
    assert "--replaced-by NAME" in registry("update", "base", "--deprecated", "Old").err


@pytest.mark.usefixtures("base")
def test_a_successor_of_a_living_template_is_told_to_take_it_off_hubs(registry: CommandLine, client: Client) -> None:
    client.register_template(Template(name="new", image_name="i"))

    result = registry("update", "base", "--replaced-by", "new")

    assert (result.code, result.err) == (
        0,
        "Hubs no longer offer base: saved choices of it resolve to new.\n",
    )


@pytest.mark.parametrize("command", ["update", "delete"])
@pytest.mark.usefixtures("base")
def test_a_successor_that_does_not_exist_is_warned_of(registry: CommandLine, command: str) -> None:
    result = registry(command, "base", "--replaced-by", "nwe")

    assert (result.code, result.err) == (
        0,
        "Warning: there is no template nwe: hubs offer neither it nor base.\n",
    )


@pytest.mark.usefixtures("base")
def test_an_update_of_something_else_says_nothing_of_successors(registry: CommandLine) -> None:
    registry("update", "base", "--replaced-by", "other")

    assert registry("update", "base", "--image", "j").err == ""


@pytest.mark.parametrize("value", ["0x1F", "0512", "1e3", "8_080", "+1", "-1", "1.0", "٣", "", "9" * 30])
@pytest.mark.parametrize("flag", ["--port", "--gpus", "--cpu-shares"])
def test_a_whole_number_is_digits(registry: CommandLine, flag: str, value: str) -> None:
    result = registry("create", "x", "--image", "i", flag, value)

    assert (result.code, "is not a whole number: write digits" in result.err) == (2, True)


@pytest.mark.parametrize("value", ["1e3", "inf", "nan", "1_0", "-1", "0x2", "010", ".5", "9" * 400])
def test_cpus_that_nobody_can_mean_are_refused(registry: CommandLine, value: str) -> None:
    result = registry("create", "x", "--image", "i", "--cpus", value)

    assert (result.code, "is not a number of CPUs: write 2, 1.5 or 500m" in result.err) == (2, True)


@pytest.mark.parametrize("value", ["2", "512", "1000K"])
@pytest.mark.parametrize("command", [("create", "x", "--image", "i"), ("update", "base")])
def test_memory_without_its_unit_is_refused(registry: CommandLine, command: tuple[str, ...], value: str) -> None:
    result = registry(*command, "--memory", value)

    assert (result.code, "write the unit, as in 512M or 2G" in result.err) == (2, True)


def test_cpus_may_be_given_in_thousandths(registry: CommandLine, client: Client) -> None:
    registry("create", "x", "--image", "i", "--cpus", "500m")

    assert client.get_template("x").limits.cpus == 0.5


@pytest.mark.parametrize("command", [("list", "--revision"), ("diff", "base"), ("changes", "--limit")])
@pytest.mark.parametrize("value", ["0x1", "01", "1_0", "+1"])
def test_revisions_and_counts_are_digits(registry: CommandLine, command: tuple[str, ...], value: str) -> None:
    result = registry(*command, value)

    assert (result.code, "is not a whole number" in result.err) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "a\udcff", "--image", "i"),
        ("create", "a", "--image", "\udcff"),
        ("create", "a", "--image", "i", "-m", "\udcff"),
        ("update", "base", "--env", "A=\udcff"),
        ("get", "\udcff"),
    ],
)
def test_arguments_that_are_not_utf_8_are_wrong_usage(registry: CommandLine, arguments: tuple[str, ...]) -> None:
    result = registry(*arguments)

    assert (result.code, "is not text in UTF-8" in result.err) == (2, True)


def test_what_the_registry_warns_of_is_told_beside_the_result(registry: CommandLine) -> None:
    written = json_answer({"name": "a"}, Registry_Revision="7", ETag='"7"', Registry_Warning="odd%0Aname, n%C3%A4chste")
    with running(lambda *_: written) as stub:
        result = registry("create", "a", "--image", "i", "--url", stub.url)

    assert result == (0, "a created at revision 7\n", "warning: odd\\nname\nwarning: nächste\n")


@pytest.mark.parametrize(("seconds", "asked", "code"), [("0", 2, 0), ("90", 1, 3)])
def test_a_write_that_came_too_soon_is_made_as_soon_as_the_registry_says_within_reason(
    registry: CommandLine, seconds: str, asked: int, code: int
) -> None:
    body = {"message": f"Too many writes; try again in {seconds} s"}
    too_soon = json_answer(body, 429, Registry_Error="too_many_requests", Retry_After=seconds)
    written = json_answer({"name": "a", "image-name": "i"}, 201, Registry_Revision="7", ETag='"7-0123456789abcdef"')

    with running(lambda _, turn: written if turn else too_soon) as stub:
        result = registry("create", "a", "--image", "i", "--url", stub.url)

    assert (len(stub.asked), result.code) == (asked, code)
    assert ("try again in 90 s" in result.err) == bool(code)
