"""What writing and reading the current state must do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from ..changes import Action, Position
from ..errors import InvalidTemplate, RevisionConflict, TemplateExists, TemplateNotFound
from ..store import Store
from ..template import ContainerLimits, Template
from .samples import EVERY_MEMBER, EXPECTING, SCIPY, R, content, every_expecting_verb


class Verbs:
    # ── register, get, list ──────────────────────────────────────────────────────────────────────────────────────────

    def test_what_was_registered_can_be_read(self, store: Store) -> None:
        stored = store.register_template(SCIPY)

        assert store.get_template("scipy") == stored
        assert content(stored) == SCIPY

    def test_every_member_comes_back_as_it_was_written(self, store: Store) -> None:
        store.register_template(EVERY_MEMBER)

        assert content(store.get_template(EVERY_MEMBER.name)) == EVERY_MEMBER

    def test_a_template_knows_the_revision_that_wrote_it(self, store: Store) -> None:
        store.register_template(SCIPY)
        stored = store.register_template(R)

        assert stored.revision == 2 == store.get_template("r").revision
        assert [template.revision for template in store.list_templates()] == [2, 1]

    def test_a_new_template_gets_one_time_for_created_and_modified(self, store: Store) -> None:
        long_ago = datetime(2001, 1, 1, tzinfo=UTC)

        stored = store.register_template(replace(SCIPY, time_created=long_ago, time_modified=long_ago))

        assert stored.time_created == stored.time_modified
        assert stored.time_created is not None
        assert stored.time_created > long_ago

    def test_a_name_cannot_be_registered_twice(self, store: Store) -> None:
        stored = store.register_template(SCIPY)

        with pytest.raises(TemplateExists):
            store.register_template(replace(SCIPY, image_name="other"))

        assert store.list_templates() == [stored]
        assert store.head().revision == 1

    def test_what_is_wrong_with_a_template_comes_before_that_its_name_is_taken(self, store: Store) -> None:
        store.register_template(SCIPY)

        with pytest.raises(InvalidTemplate):
            store.register_template(Template(name="scipy"))

    def test_a_deleted_name_can_be_registered_again(self, store: Store) -> None:
        before = store.register_template(SCIPY)
        store.delete_template("scipy")

        again = store.register_template(SCIPY)

        assert again.revision == 3
        assert again.time_created is not None
        assert before.time_created is not None
        assert again.time_created > before.time_created

    @pytest.mark.parametrize(
        ("template", "fields"),
        [
            (Template(), ["name", "image-name"]),
            (Template(name="a"), ["image-name"]),
            (Template(name="a/b", image_name="i"), ["name"]),
            (replace(SCIPY, bind_port=65536, limits=ContainerLimits(memory=-1)), ["bind-port", "limits.memory"]),
        ],
    )
    def test_an_invalid_template_is_refused_with_its_members(
        self, store: Store, template: Template, fields: list[str]
    ) -> None:
        with pytest.raises(InvalidTemplate) as refusal:
            store.register_template(template)

        assert [hint.field for hint in refusal.value.errors] == fields
        assert store.head().revision == 0

    @pytest.mark.parametrize("name", ["nope", "Scipy", "scipy ", "not\0possible"])
    def test_a_name_that_was_never_registered_is_not_found(self, store: Store, name: str) -> None:
        store.register_template(SCIPY)

        with pytest.raises(TemplateNotFound):
            store.get_template(name)

    def test_templates_are_listed_by_code_points(self, store: Store) -> None:
        names = ["b", "B", "a", "10", "9", "é", "e\u0301", "\uffff", "😀", "a b", "a-b", "ab"]
        for name in names:
            store.register_template(replace(R, name=name))

        assert [template.name for template in store.list_templates()] == sorted(names)

    # ── update, replace, delete ──────────────────────────────────────────────────────────────────────────────────────

    def test_an_update_replaces_the_members_that_are_not_zero(self, store: Store) -> None:
        store.register_template(replace(SCIPY, labels={"a": "1", "b": "2"}, bind_port=80))
        update = Template(
            name="scipy", image_name="new", limits=ContainerLimits(cpu_shares=7), labels={"c": "3"}, bind_port=0
        )

        updated = store.update_template(update)

        assert content(updated) == replace(
            SCIPY, image_name="new", limits=ContainerLimits(memory=5, cpu_shares=7), labels={"c": "3"}, bind_port=80
        )
        assert store.get_template("scipy") == updated

    def test_a_replacement_is_the_whole_new_state(self, store: Store) -> None:
        store.register_template(replace(SCIPY, labels={"a": "1"}))

        replaced = store.replace_template(replace(R, name="scipy"))

        assert content(replaced) == replace(R, name="scipy")
        assert store.get_template("scipy") == replaced

    @pytest.mark.parametrize("write", [EXPECTING["update"], EXPECTING["replace"]], ids=["update", "replace"])
    def test_each_write_is_later_and_keeps_the_time_of_creation(
        self, store: Store, write: Callable[[Store, Any], Template]
    ) -> None:
        first = store.register_template(SCIPY)

        second, third = write(store, None), write(store, None)

        assert first.time_created == second.time_created == third.time_created
        assert first.time_modified is not None
        assert second.time_modified is not None
        assert third.time_modified is not None
        assert first.time_modified < second.time_modified < third.time_modified

    def test_an_update_that_breaks_a_rule_leaves_no_trace(self, store: Store) -> None:
        stored = store.register_template(SCIPY)

        with pytest.raises(InvalidTemplate) as refusal:
            store.update_template(Template(name="scipy", limits=ContainerLimits(cpus=-1)))

        assert [hint.field for hint in refusal.value.errors] == ["limits.cpus"]
        assert store.get_template("scipy") == stored
        assert store.head().revision == 1

    def test_a_replacement_must_be_a_whole_template(self, store: Store) -> None:
        store.register_template(SCIPY)

        with pytest.raises(InvalidTemplate) as refusal:
            store.replace_template(Template(name="scipy"))

        assert [(hint.field, hint.code) for hint in refusal.value.errors] == [("image-name", "missing_field")]

    def test_a_deletion_gives_the_template_that_was(self, store: Store) -> None:
        stored = store.register_template(SCIPY)
        store.register_template(R)

        deleted = store.delete_template("scipy")

        assert deleted == stored
        assert [template.name for template in store.list_templates()] == ["r"]

    @pytest.mark.parametrize("verb", ["update", "replace", "delete"])
    @pytest.mark.parametrize("before", ["never registered", "deleted"])
    def test_only_a_living_template_can_be_changed(self, store: Store, verb: str, before: str) -> None:
        if before == "deleted":
            store.register_template(SCIPY)
            store.delete_template("scipy")
        revision = store.head().revision

        with pytest.raises(TemplateNotFound):
            EXPECTING[verb](store, None)

        assert store.head().revision == revision

    def test_a_tombstone_holds_the_template_and_names_its_successor(self, store: Store) -> None:
        store.register_template(SCIPY)

        store.delete_template("scipy", replaced_by="r")

        [tombstone] = store.changes(since=1)
        assert (tombstone.action, tombstone.deleted, tombstone.previous) == (Action.DELETED, True, 1)
        assert tombstone.template is not None
        assert content(tombstone.template) == replace(SCIPY, replaced_by="r")

    def test_a_tombstone_keeps_the_successor_that_the_template_named(self, store: Store) -> None:
        store.register_template(replace(SCIPY, replaced_by="r"))

        store.delete_template("scipy")

        [tombstone] = store.changes(since=1)
        assert tombstone.template is not None
        assert tombstone.template.replaced_by == "r"

    @pytest.mark.parametrize("successor", ["scipy", "a/b", ".."])
    def test_a_tombstone_cannot_name_itself_or_the_impossible(self, store: Store, successor: str) -> None:
        store.register_template(SCIPY)

        with pytest.raises(InvalidTemplate) as refusal:
            store.delete_template("scipy", replaced_by=successor)

        assert [hint.field for hint in refusal.value.errors] == ["replaced-by"]
        assert store.head().revision == 1

    # ── expected ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @every_expecting_verb
    def test_a_write_from_a_stale_revision_is_refused(
        self, store: Store, write: Callable[[Store, Any], object]
    ) -> None:
        store.register_template(SCIPY)
        newest = store.update_template(replace(SCIPY, image_name="new"))

        with pytest.raises(RevisionConflict):
            write(store, 1)

        assert store.get_template("scipy") == newest
        assert store.head().revision == 2

    @every_expecting_verb
    def test_a_write_from_the_current_revision_is_taken(
        self, store: Store, write: Callable[[Store, Any], object]
    ) -> None:
        read = store.register_template(SCIPY).revision
        store.register_template(R)

        write(store, read)

        assert store.head().revision == 3

    @every_expecting_verb
    def test_a_write_from_the_current_position_is_taken(
        self, store: Store, write: Callable[[Store, Any], object]
    ) -> None:
        store.register_template(SCIPY)

        write(store, store.head())

        assert store.head().revision == 2

    @every_expecting_verb
    def test_a_write_from_a_position_of_a_fork_is_refused(
        self, store: Store, write: Callable[[Store, Any], object]
    ) -> None:
        revision = store.register_template(SCIPY).revision

        with pytest.raises(RevisionConflict):
            write(store, Position(revision, b"elsewher"))

        assert store.head().revision == 1

    @every_expecting_verb
    def test_expecting_nothing_is_refused_where_there_is_something(
        self, store: Store, write: Callable[[Store, Any], object]
    ) -> None:
        store.register_template(SCIPY)

        with pytest.raises(RevisionConflict):
            write(store, 0)

        assert store.head().revision == 1

    def test_expecting_nothing_brings_back_what_is_deleted(self, store: Store) -> None:
        store.register_template(SCIPY)
        store.delete_template("scipy")

        restored = store.restore_template("scipy", 1, expected=0)

        assert restored.revision == 3
