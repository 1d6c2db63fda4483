import pytest

from binder_registry.formats.names import name_of, slug_of, slugify

NAMES = ["scipy", "a-b-2", "A", "x-1", "a--b", "ä b", "-"]
TITLES = ["Scientific Python", "Räume (2)", "Größe", "Данные", "数据科学", "R & Julia", "a_b.c", "--", "ﬁne"]


def test_slugs_are_those_that_hubs_give_the_same_names() -> None:
    jupyterhub = pytest.importorskip("binder_registry.jupyterhub")

    found = [(slug_of(name), name_of(slug_of(name))) for name in NAMES]

    assert found == [(jupyterhub.slug_of(name), name) for name in NAMES]


@pytest.mark.parametrize("title", TITLES)
def test_slugs_of_display_names_are_those_that_kubespawner_gives(title: str) -> None:
    spawner = pytest.importorskip("kubespawner").KubeSpawner

    [profile] = spawner._get_initialized_profile_list(None, [{"display_name": title}])

    assert slugify(title) == profile["slug"]


@pytest.mark.parametrize("slug", ["x-ray", "x-64", "x-", "x-0A", "x-61 62", "x-ff", "a", "1524699"])
def test_a_slug_that_others_chose_stays_a_name(slug: str) -> None:
    assert name_of(slug) == slug
