import yaml

from binder_registry.hub.offers import Offer, offered
from binder_registry.hub.rules import Rules
from binder_registry.prepull import daemon_set, image_list, z2jh_values


def offers_of(*images: str) -> list[Offer]:
    offers, _ = offered(
        [{"name": f"t{number}", "image-name": image, "revision": number + 1} for number, image in enumerate(images)],
        Rules(),
    )
    return offers


def test_each_offered_image_is_listed_once() -> None:
    images = image_list(offers_of("b:1", "a:1", "b:1"))

    assert images == ["a:1", "b:1"]


def test_the_images_of_all_choices_are_pulled() -> None:
    choices = [
        {"name": "a", "set": {"image-name": "a:2"}},
        {"name": "b", "allowed-groups": ["staff"], "set": {"image-name": "b:2"}},
    ]
    option = {"name": "image", "choices": choices, "free-text": {"set": {"image-name": "{value}"}}}
    offers, _ = offered([{"name": "t", "image-name": "(the hub's own)", "revision": 1, "options": [option]}])

    assert image_list(offers) == ["a:2", "b:2"]


def test_a_pinned_version_is_pulled_too() -> None:
    [current] = offers_of("a:2")
    [old] = offers_of("a:1")
    current.versions["r1"] = old  # type: ignore[index]

    images = image_list([current])

    assert images == ["a:1", "a:2"]


def test_the_chart_joins_name_and_tag_to_the_image_again() -> None:
    images = ["quay.io/jupyter/scipy-notebook:2024", "host:5000/plain", "name@sha256:" + "0" * 64]

    extra = z2jh_values(images)["prePuller"]["extraImages"]

    joined = {f"{one['name']}:{one['tag']}" for one in extra.values()}
    assert joined == {images[0], "host:5000/plain:latest", images[2]}


def test_a_daemon_set_pulls_every_image_and_then_rests() -> None:
    manifest = daemon_set(["a:1", "b:1"], namespace="hub")

    pod = manifest["spec"]["template"]["spec"]
    assert [container["image"] for container in pod["initContainers"]] == ["a:1", "b:1"]
    assert len({container["name"] for container in pod["initContainers"]}) == 2
    assert manifest["metadata"]["namespace"] == "hub"


def test_namespaces_that_ask_for_restricted_pods_take_it() -> None:
    pod = daemon_set(["a:1", "b:1"])["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_what_is_rendered_is_plain_yaml() -> None:
    manifest = daemon_set(["a:1"])

    assert yaml.safe_load(yaml.safe_dump(manifest)) == manifest
