import pytest
from tornado.web import HTTPError

from binder_registry.jupyterhub import Catalogue, Rules, Standing
from tests.jupyterhub.samples import catalogue, template

ANYBODY = Standing(admin=False, groups=frozenset())
ADMIN = Standing(admin=True, groups=frozenset())
CHEMIST = Standing(admin=False, groups=frozenset({"chemistry", "staff"}))
HIDDEN = template("secret", allowed_groups=["chemistry"])


def refusal(of: Catalogue, name: str, standing: Standing = ANYBODY, revision: str = "") -> str:
    with pytest.raises(HTTPError) as refused:
        of.choose(name, revision, standing)
    assert refused.value.status_code == 400
    return str(refused.value.jupyterhub_message)  # type: ignore[attr-defined]


# ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("standing", "names"), [(ANYBODY, ["a"]), (CHEMIST, ["a", "secret"]), (ADMIN, ["a", "secret"])]
)
def test_a_template_with_groups_is_offered_to_members_and_admins(standing: Standing, names: list[str]) -> None:
    view = catalogue(template("a"), HIDDEN).view(standing)

    assert [offer.name for offer in view.offers] == names


def test_a_hidden_template_reads_like_one_that_does_not_exist() -> None:
    found = catalogue(template("a"), HIDDEN)

    assert refusal(found, "secret") == refusal(found, "nothing").replace("nothing", "secret")


def test_a_hidden_tombstone_reads_like_one_that_does_not_exist() -> None:
    found = catalogue(template("a"), HIDDEN | {"deleted": True, "replaced-by": "a"})

    assert refusal(found, "secret") == "There is no environment 'secret'. Choose one of: 'a'."


def test_a_hidden_successor_is_not_named() -> None:
    found = catalogue(template("a"), HIDDEN, template("old", deleted=True, replaced_by="secret"))

    assert refusal(found, "old") == "The environment 'old' is no longer offered. Choose one of: 'a'."


def test_those_who_see_the_same_share_one_view() -> None:
    found = catalogue(template("a"), HIDDEN)

    assert found.view(CHEMIST) is found.view(Standing(False, frozenset({"chemistry", "another"})))


# ── stale choices ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deleted_template_resolves_to_its_successor_with_a_notice() -> None:
    found = catalogue(template("new"), template("old", deleted=True, replaced_by="new"))

    choice = found.choose("old", "", ANYBODY)

    assert choice.offer.name == "new"
    assert choice.notice == "'old' was replaced by 'new'."


def chain(hops: int) -> Catalogue:
    links = [template(f"t{hop}", deleted=True, replaced_by=f"t{hop + 1}") for hop in range(hops)]
    return catalogue(*links, template(f"t{hops}"))


def test_eight_hops_lead_to_a_successor() -> None:
    assert chain(8).choose("t0", "", ANYBODY).offer.name == "t8"


def test_nine_hops_lead_nowhere() -> None:
    assert "no longer offered" in refusal(chain(9), "t0")


def test_a_cycle_leads_nowhere() -> None:
    found = catalogue(template("a", replaced_by="b"), template("b", deleted=True, replaced_by="a"))

    assert refusal(found, "a") == "The environment 'a' is no longer offered."


def test_a_tombstone_without_successor_is_refused_with_the_list_of_what_there_is() -> None:
    found = catalogue(template("a"), template("b"), template("gone", deleted=True))

    assert refusal(found, "gone") == "The environment 'gone' is no longer offered. Choose one of: 'a', 'b'."


def test_the_list_in_a_refusal_is_short() -> None:
    found = catalogue(*(template(f"t{number:03}") for number in range(100)))

    assert refusal(found, "x" * 5000).endswith("'t019' and 80 more.")


def test_deprecation_is_told() -> None:
    found = catalogue(template("a", deprecated="use b"))

    assert found.choose("a", "", ANYBODY).notice == "'a' is deprecated: use b"


def test_a_template_that_this_hub_cannot_offer_cannot_be_chosen() -> None:
    found = catalogue(template("a"), template("bad", command="sh"))

    assert "no longer offered" in refusal(found, "bad")


def test_a_template_whose_members_make_no_sense_harms_no_other() -> None:
    found = catalogue(template("a"), {"name": "bad", "limits": 5, "image-name": None, "environment": []})

    assert list(found.offers) == ["a"]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def with_history() -> Catalogue:
    olds = [template("a", 9), template("a", 5, image_name="old:5"), template("a", 3, image_name="old:3")]
    return catalogue(template("a", 9, allowed_groups=["staff"]), versions=1, a=olds)


def test_the_last_revisions_can_be_pinned() -> None:
    choice = with_history().choose("a", "r5", CHEMIST)

    assert (choice.offer.image, choice.revision) == ("old:5", "r5")


def test_only_as_many_revisions_are_offered_as_the_admin_says() -> None:
    assert refusal(with_history(), "a", CHEMIST, "r3") == (
        "Revision 3 of 'a' is not offered. Choose the current one, or 5."
    )


def test_the_groups_of_today_decide_about_the_versions_of_yesterday() -> None:
    assert refusal(with_history(), "a", ANYBODY, "r5").startswith("There is no environment 'a'.")


def test_the_current_revision_may_be_named() -> None:
    assert with_history().choose("a", "r9", CHEMIST).offer.revision == 9


def test_a_pin_on_a_replaced_template_falls_with_it() -> None:
    found = catalogue(template("new", 4), template("old", 3, deleted=True, replaced_by="new"))

    assert found.choose("old", "r2", ANYBODY).offer.revision == 4


def test_an_old_version_that_cannot_be_offered_is_left_out_alone() -> None:
    found = catalogue(template("a", 9), versions=2, a=[template("a", 5, command="sh"), template("a", 3)])

    assert list(found.offers["a"].versions) == ["r3"]


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_shows_markup_as_text() -> None:
    hostile = "</label><script>alert('{{ 1 }}')</script>\n\"{x}"
    found = catalogue(template(hostile, display_name=hostile[:-5], description=hostile, deprecated=hostile))

    form = found.view(ANYBODY).form

    assert "<script" not in form
    assert "{{" not in form.partition("</style>")[2]


def test_a_change_shows_in_the_next_view_only() -> None:
    before = catalogue(template("a"))

    after = before.having([template("b")], Rules())

    assert [offer.name for offer in before.view(ANYBODY).offers] == ["a"]
    assert [offer.name for offer in after.view(ANYBODY).offers] == ["a", "b"]


def test_what_is_offered_of_an_unchanged_template_is_kept() -> None:
    before = catalogue(template("a"), template("b", 1))

    after = Catalogue().having([template("a"), template("b", 2)], Rules(), before=before)

    assert after.offers["a"] is before.offers["a"]
    assert after.offers["b"].revision == 2
