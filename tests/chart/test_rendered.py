"""The chart, rendered over many values: what Kubernetes takes, and what each of them asks for."""

from typing import Any

import jsonschema_rs
import pytest
import yaml

from binder_registry.version import __version__
from tests.chart.helm import CHART, VALUES, documents, helm, of_kind, pods, server
from tests.chart.kubernetes_schemas import RELEASES, faults

OURS = ("HTTPRoute", "ServiceMonitor")  # of resources that clusters may lack: by the schemas below
NAMED = {"type": "object", "required": ["name", "labels"]}
HTTP_ROUTE = {
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "gateway.networking.k8s.io/v1"},
        "kind": {"const": "HTTPRoute"},
        "metadata": NAMED,
        "spec": {
            "additionalProperties": False,
            "properties": {
                "parentRefs": {
                    "minItems": 1,
                    "items": {
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {
                            **{
                                name: {"type": "string"}
                                for name in ("group", "kind", "namespace", "name", "sectionName")
                            },
                            "port": {"type": "integer"},
                        },
                    },
                },
                "hostnames": {"items": {"type": "string"}},
                "rules": {
                    "items": {
                        "additionalProperties": False,
                        "properties": {
                            "matches": {
                                "items": {
                                    "additionalProperties": False,
                                    "properties": {
                                        "path": {
                                            "additionalProperties": False,
                                            "properties": {
                                                "type": {"enum": ["Exact", "PathPrefix", "RegularExpression"]},
                                                "value": {"type": "string", "pattern": "^/"},
                                            },
                                        }
                                    },
                                }
                            },
                            "backendRefs": {
                                "items": {
                                    "required": ["name", "port"],
                                    "additionalProperties": False,
                                    "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
                                }
                            },
                        },
                    }
                },
            },
        },
    },
}
SERVICE_MONITOR = {
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "ServiceMonitor"},
        "metadata": NAMED,
        "spec": {
            "additionalProperties": False,
            "required": ["selector", "endpoints"],
            "properties": {
                "selector": {
                    "required": ["matchLabels"],
                    "additionalProperties": False,
                    "properties": {"matchLabels": {}},
                },
                "endpoints": {
                    "items": {
                        "required": ["port"],
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"pattern": "^/"},
                            "interval": {"pattern": "^[0-9]+(ms|s|m|h)$"},
                            "relabelings": {"const": [{"targetLabel": "job", "replacement": "binder-registry"}]},
                        },
                    }
                },
            },
        },
    },
}


def test_the_schemas_of_kubernetes_reach_from_the_oldest_release_that_is_supported_to_newer_ones() -> None:
    assert RELEASES[0] == "1.32"
    assert len(RELEASES) > 3


def test_the_chart_takes_clusters_from_that_release_on() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["kubeVersion"] == f">={RELEASES[0]}.0-0"


def test_the_version_is_that_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_to_say_of_it(name: str) -> None:
    ran = helm("lint", "--strict", str(CHART), "--values", str(VALUES[name]))

    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_takes_every_document(name: str, release: str) -> None:
    found = {
        f"{one['kind']} {one['metadata']['name']}": wrong
        for one in documents(name)
        if one["kind"] not in OURS and (wrong := faults(one, release))
    }

    assert found == {}


def test_what_kubernetes_does_not_know_is_noticed() -> None:
    [service] = of_kind("Service", "defaults")

    assert faults({**service, "spec": {**service["spec"], "ports": [{"prot": 1}]}}, RELEASES[0])


@pytest.mark.parametrize(
    ("kind", "name", "schema"),
    [("HTTPRoute", "gateway", HTTP_ROUTE), ("ServiceMonitor", "metrics", SERVICE_MONITOR)],
)
def test_a_resource_of_somebody_elses_is_as_its_api_has_it(kind: str, name: str, schema: Any) -> None:
    [document] = of_kind(kind, name)

    assert [str(error) for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(document)] == []


@pytest.mark.parametrize("name", VALUES)
def test_no_name_is_longer_than_kubernetes_can_put_something_behind(name: str) -> None:
    longest = max(len(one["metadata"]["name"]) for one in documents(name))

    assert longest <= 52  # a CronJob's; a StatefulSet's hash and number fit, too


@pytest.mark.parametrize("name", VALUES)
def test_whatever_chooses_pods_chooses_the_servers(name: str) -> None:
    [workload] = [one for one in documents(name) if one["kind"] in ("StatefulSet", "Deployment")]
    labels = workload["spec"]["template"]["metadata"]["labels"].items()
    choosing = [
        workload["spec"]["selector"]["matchLabels"],
        *(one["spec"]["selector"] for one in of_kind("Service", name)),
        *(one["spec"]["selector"]["matchLabels"] for one in of_kind("PodDisruptionBudget", name)),
        *(one["spec"]["podSelector"]["matchLabels"] for one in of_kind("NetworkPolicy", name)),
    ]

    assert all(selector and selector.items() <= labels for selector in choosing)
    jobs = [one["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"] for one in of_kind("CronJob", name)]
    assert not any(selector.items() <= job.items() for selector in choosing for job in jobs)


def test_over_sqlite_there_is_one_server_with_a_volume() -> None:
    [workload] = of_kind("StatefulSet", "defaults")

    assert workload["spec"]["replicas"] == 1
    [claim] = workload["spec"]["volumeClaimTemplates"]
    assert {"name": claim["metadata"]["name"], "mountPath": "/data"} in server("defaults")["volumeMounts"]
    assert of_kind("PodDisruptionBudget", "defaults") == []  # it would keep a node from being drained for ever


def test_over_postgresql_servers_are_apart_and_leave_one_by_one() -> None:
    [workload] = of_kind("Deployment", "postgresql")
    [budget] = of_kind("PodDisruptionBudget", "postgresql")

    assert workload["spec"]["replicas"] == 3
    assert workload["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert budget["spec"]["maxUnavailable"] == 1
    spread = pods("postgresql")["server"]["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


def test_what_cannot_be_changed_of_a_stateful_set_says_no_version() -> None:
    [workload] = of_kind("StatefulSet", "defaults")
    spec = workload["spec"]

    fixed = str([spec["selector"], spec["serviceName"], spec.get("volumeClaimTemplates")])

    assert __version__ not in fixed


def test_an_old_pod_goes_on_serving_longer_than_it_takes_to_notice_that_it_leaves() -> None:
    pod = pods("postgresql")["server"]
    [container] = pod["containers"]
    ready = container["readinessProbe"]

    [delay] = [float(word.partition("=")[2]) for word in container["args"] if word.startswith("--drain-delay")]

    assert delay > ready["periodSeconds"] * ready["failureThreshold"] + ready["timeoutSeconds"]
    assert pod["terminationGracePeriodSeconds"] >= delay + 10  # docs/operation.md


def test_a_new_file_starts_new_pods() -> None:
    [before] = of_kind("StatefulSet", "defaults")
    [after] = of_kind("StatefulSet", "publishers")

    [one, other] = [
        found["spec"]["template"]["metadata"]["annotations"]["binder-registry/config"] for found in (before, after)
    ]

    assert one != other


def test_a_backup_is_made_where_the_volume_is() -> None:
    for name in ("jobs", "jobs-alone"):
        [pod] = [pod for made_by, pod in pods(name).items() if made_by.endswith("-backup")]
        [term] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        [workload] = of_kind("StatefulSet", name)

        assert term["topologyKey"] == "kubernetes.io/hostname"
        assert term["labelSelector"] == workload["spec"]["selector"]
        [data] = [one for one in pod["volumes"] if one["name"] == "data"]
        [made] = workload["spec"].get("volumeClaimTemplates") or [None]
        expected = f"data-{workload['metadata']['name']}-0" if made else "registry-data"
        assert data["persistentVolumeClaim"]["claimName"] == expected


def test_beside_a_hub_the_hub_alone_gets_in_and_the_hub_lets_it_in() -> None:
    [policy] = of_kind("NetworkPolicy", "hub")
    [workload] = of_kind("StatefulSet", "hub")

    [rule] = policy["spec"]["ingress"]
    others = [one["podSelector"]["matchLabels"] for one in rule["from"]]
    assert others[0] == {"app": "jupyterhub", "component": "hub"}
    assert all(others), "an empty selector is everybody's"
    assert workload["spec"]["template"]["metadata"]["labels"]["hub.jupyter.org/network-access-hub"] == "true"
