import pytest

from binder_registry.formats.names import slugify

TITLES = ["Scientific Python", "Räume (2)", "Größe", "Данные", "数据科学", "R & Julia", "a_b.c", "--", "ﬁne"]


@pytest.mark.parametrize("title", TITLES)
def test_slugs_of_display_names_are_those_that_kubespawner_gives(title: str) -> None:
    spawner = pytest.importorskip("kubespawner").KubeSpawner

    [profile] = spawner._get_initialized_profile_list(None, [{"display_name": title}])

    assert slugify(title) == profile["slug"]
