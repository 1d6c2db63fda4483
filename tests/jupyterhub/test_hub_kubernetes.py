"""A real hub with the real KubeSpawner, from the form to a server, over a small fake of the Kubernetes API."""

from collections.abc import Iterator
from typing import Any

import pytest

from binder_registry.choices import Choice, FreeText, Option
from binder_registry.client import Client
from binder_registry.settings import Settings
from binder_registry.template import ContainerLimits, Template
from tests.jupyterhub.fake_kubernetes import FakeKubernetes
from tests.jupyterhub.hubs import TINY_SERVER, Hub, eventually, logged_in, need_module, running_hub
from tests.jupyterhub.test_hub import publish, seen
from tests.ports import free_port

need_module("kubespawner")

CONFIG = """
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.hub_connect_url = "http://127.0.0.1:" + str(c.JupyterHub.hub_port)
c.KubeSpawner.namespace = "hub"
c.KubeSpawner.events_enabled = False
c.KubeSpawner.port = {port}
c.KubeSpawner.mem_guarantee = "1G"  # zero-to-jupyterhub's default, above the template's limit
from binder_registry.jupyterhub import configure
configure(c, url={url!r}, versions=2, allow_commands=[{tiny!r}])
"""


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[FakeKubernetes]:
    with FakeKubernetes() as fake:
        yield fake


@pytest.fixture(scope="module")
def hub(registry: Any, kubernetes: FakeKubernetes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "kubeconfig").write_text(kubernetes.kubeconfig)
    config = CONFIG.format(port=free_port(), url=registry.url, tiny=TINY_SERVER)
    with running_hub(folder, config, environment={"KUBECONFIG": str(folder / "kubeconfig")}) as hub:
        yield hub


def test_from_the_form_to_a_pod_and_back(hub: Hub, kubernetes: FakeKubernetes, publisher: Client) -> None:
    limits = ContainerLimits(memory=384 << 20, cpu_shares=512)
    publisher.register_template(Template(name="pod", image_name="quay.io/x:1", command=TINY_SERVER, limits=limits))
    with hub.visit("ada") as browser:
        eventually(lambda: 'value="pod"' in browser.get("/hub/spawn").text)
        form = {"profile": "pod", "profile-option-pod--revision": "current", "_xsrf": browser.cookies["_xsrf"]}

        browser.post("/hub/spawn/ada", data=form)
        eventually(lambda: hub.api("GET", "/users/ada").json()["servers"].get("", {}).get("ready"), 30)
        page = browser.get("/user/ada/")

    assert page.text == "{}"  # what the little server answers
    manifest = kubernetes.manifests[-1]
    [container] = manifest["spec"]["containers"]
    assert container["image"] == "quay.io/x:1"
    assert container["resources"] == {
        "limits": {"memory": 384 << 20},
        "requests": {"memory": 384 << 20, "cpu": 0.5},
    }
    assert manifest["metadata"]["annotations"]["binder-registry/template"] == "pod"
    hub.stop_server("ada")
    assert not kubernetes.pods


def test_by_rest_only_a_template_and_a_revision_count(hub: Hub, kubernetes: FakeKubernetes, publisher: Client) -> None:
    publisher.register_template(Template(name="rest", image_name="y:1", command=TINY_SERVER))
    first = publisher.get_template("rest").revision
    publisher.update_template(Template(name="rest", image_name="y:2"))
    with hub.visit("bob") as browser:
        eventually(lambda: f'value="r{first}"' in browser.get("/hub/spawn").text)

    answer = hub.start("bob", {"template": "rest", "revision": first, "image": "evil", "cmd": "false"})

    assert answer.status_code in (201, 202), answer.text
    eventually(lambda: hub.api("GET", "/users/bob").json()["servers"].get("", {}).get("ready"), 30)
    assert kubernetes.manifests[-1]["spec"]["containers"][0]["image"] == "y:1"
    hub.stop_server("bob")


@pytest.mark.parametrize("options", [{"profile": "gone"}, {"template": "gone"}])
def test_a_choice_of_nothing_is_a_400_and_makes_no_pod(
    hub: Hub, kubernetes: FakeKubernetes, publisher: Client, options: dict[str, str]
) -> None:
    pods = len(kubernetes.manifests)

    answer = hub.start("carl", options)

    assert answer.status_code == 400
    assert len(kubernetes.manifests) == pods


def test_kubespawners_own_form_starts_what_is_chosen_and_typed(
    hub: Hub, kubernetes: FakeKubernetes, publisher: Client, browser: Any
) -> None:
    sizes = Option(
        name="mem_1_9",
        display_name="Size",
        choices=(Choice(name="small"), Choice(name="large", set=Settings(limits=ContainerLimits(memory=2 << 30)))),
    )
    image = Option(
        name="image",
        display_name="Image",
        choices=(Choice(name="plain"),),
        free_text=FreeText(display_name="Your own", set=Settings(image_name="{value}")),
    )
    publish(publisher, "pod-lab", options=(sizes, image))
    seen(hub, "pod-lab")
    page = logged_in(browser, hub, "vera")

    page.locator("#profile-option-pod-lab--mem_1_9").select_option("large")
    page.locator("#profile-option-pod-lab--image").select_option("unlisted-choice")
    page.locator("#profile-option-pod-lab--image--unlisted-choice").fill("quay.io/a/b:c")
    page.check("#profile-item-pod-lab")
    page.click('#spawn_form [type="submit"]')
    eventually(lambda: hub.api("GET", "/users/vera").json()["servers"].get("", {}).get("ready"), 40)
    hub.stop_server("vera")
    page.goto(f"{hub.url}/hub/spawn")

    [container] = kubernetes.manifests[-1]["spec"]["containers"]
    assert container["image"] == "quay.io/a/b:c"
    assert container["resources"]["limits"] == {"memory": 2 << 30}
    assert page.locator("#profile-option-pod-lab--mem_1_9").input_value() == "large"
    assert page.locator("#profile-option-pod-lab--image--unlisted-choice").input_value() == "quay.io/a/b:c"
