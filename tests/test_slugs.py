import pytest

from binder_registry.slugs import name_of, slug_of


@pytest.mark.parametrize("name", ["scipy", "a-b-2", "A", "x-1", "a--b", "ä b", "-", "x-ray"])
def test_the_name_comes_back_from_its_slug(name: str) -> None:
    assert name_of(slug_of(name)) == name


@pytest.mark.parametrize("slug", ["x-ray", "x-64", "x-", "x-0A", "x-61 62", "x-ff", "a", "1524699"])
def test_a_slug_that_others_chose_stays_a_name(slug: str) -> None:
    assert name_of(slug) == slug
