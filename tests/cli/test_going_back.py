"""`apply --as-of`: the registry, or a part of it, back to a moment."""

import pytest

from binder_registry import Client, Template
from binder_registry.cli.as_of import way_back
from binder_registry.errors import RevisionConflict

from .invoking import CommandLine


def content(client: Client) -> dict[str, tuple[str, str]]:
    return {one.name: (one.image_name, one.labels.get("team", "")) for one in client.list_templates()}


@pytest.fixture
def moment(client: Client) -> int:
    """After which `changed` changes, `gone` goes, `new` comes, and `moved` and `joined` change their teams."""
    teams = {"changed": "a", "gone": "a", "moved": "a", "joined": "b", "other": "b"}
    client.apply([Template(name, "old", labels={"team": team}) for name, team in teams.items()])
    then = client.head().revision
    client.delete_template("gone")
    for name, team in {"changed": "a", "moved": "b", "joined": "a", "other": "b"}.items():
        client.patch_template(name, {"image-name": "new", "labels": {"team": team}})
    client.register_template(Template("new", "new", labels={"team": "a"}))
    client.register_template(Template("newer", "new", labels={"team": "c"}))
    return then


def test_everything_is_as_it_was_in_one_commit(registry: CommandLine, client: Client, moment: int) -> None:
    before = client.head()

    result = registry("apply", "--as-of", str(moment), "--yes", "-m", "Back")

    teams = {"changed": "a", "gone": "a", "joined": "b", "moved": "a", "other": "b"}
    assert (result.code, content(client)) == (0, {name: ("old", team) for name, team in teams.items()})
    changes = client.changes(since=before)
    assert {(change.first, change.note) for change in changes} == {(before.revision + 1, "Back")}


def test_a_part_is_what_is_selected_now_or_was_then(registry: CommandLine, client: Client, moment: int) -> None:
    registry("apply", "--as-of", str(moment), "-l", "team=a", "--yes")

    assert content(client) == {
        "changed": ("old", "a"),
        "gone": ("old", "a"),
        "moved": ("old", "a"),
        "joined": ("old", "b"),
        "other": ("new", "b"),
        "newer": ("new", "c"),
    }


def test_a_plan_of_the_past_changes_nothing(registry: CommandLine, client: Client, moment: int) -> None:
    before = client.head()

    result = registry("apply", "--as-of", str(moment), "--label", "team=a", "--dry-run", "--exit-code")

    assert (result.code, client.head()) == (2, before)
    assert "created\tgone\n" in result.out
    assert "deleted\tnew\n" in result.out
    assert "updated\tmoved\timage-name,labels\n" in result.out


def test_a_way_back_that_deletes_needs_a_yes(registry: CommandLine, client: Client, moment: int) -> None:
    before = client.head()

    result = registry("apply", "--as-of", str(moment))

    assert (result.code, "say --yes" in result.err, client.head()) == (1, True, before)


def test_a_way_back_that_deletes_nothing_needs_none(registry: CommandLine, client: Client, moment: int) -> None:
    client.delete_template("new")

    result = registry("apply", "--as-of", str(moment), "-l", "team=a")

    assert (result.code, content(client)["changed"]) == (0, ("old", "a"))


def test_the_second_time_there_is_nothing_to_do(registry: CommandLine, client: Client, moment: int) -> None:
    registry("apply", "--as-of", str(moment), "--yes")
    before = client.head()

    result = registry("apply", "--as-of", str(moment))

    assert (result.code, client.head(), "updated" in result.out) == (0, before, False)


def test_what_took_a_templates_place_then_does_so_again(registry: CommandLine, client: Client) -> None:
    client.apply([Template("successor", "i"), Template("early", "i")])
    client.delete_template("early", replaced_by="successor")
    then = client.head().revision
    client.register_template(Template("early", "again"))

    registry("apply", "--as-of", str(then), "--yes")

    tombstone = next(one for one in client.list_templates(deleted=True) if one.name == "early")
    assert (tombstone.deleted, tombstone.replaced_by) == (True, "successor")


def test_what_was_purged_cannot_be_brought_back(registry: CommandLine, client: Client, moment: int) -> None:
    client.purge_change("changed", client.get_template("changed", revision=moment).revision)
    before = client.head()

    result = registry("apply", "--as-of", str(moment), "--yes")

    assert (result.code, client.head()) == (1, before)
    assert "The content of 'changed' as of that revision was purged" in result.err


def test_a_moment_that_has_not_come_is_refused(registry: CommandLine, client: Client) -> None:
    later = client.head().revision + 10

    result = registry("apply", "--as-of", str(later), "--yes")

    assert (result.code, f"There is no revision {later} yet" in result.err) == (1, True)


def test_a_registry_that_moved_on_is_not_taken_back(registry: CommandLine, client: Client, moment: int) -> None:
    before = client.head()

    result = registry("apply", "--as-of", str(moment), "--yes", "--if-match", str(moment))

    assert (result.code, client.head()) == (4, before)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--as-of", "1", "-f", "x"),
        ("--as-of", "1", "--prune", "*"),
        ("--as-of", "1", "--allow-empty"),
        ("-f", "x", "-l", "team=a"),
        (),
    ],
)
def test_files_and_moments_do_not_mix(registry: CommandLine, arguments: tuple[str, ...]) -> None:
    assert registry("apply", *arguments).code == 2


def test_a_write_since_it_was_read_is_not_overwritten(client: Client, moment: int) -> None:
    back = way_back(client, moment, [], None)
    client.patch_template("other", {"command": "theirs"})

    with pytest.raises(RevisionConflict):
        client.apply(back.wanted, delete=back.delete, expected=back.seen)
