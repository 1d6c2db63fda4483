"""What pods may do, and what is shown of secrets."""

import re

import pytest

from tests.chart.helm import VALUES, documents, helm, of_kind, pods

VOLUMES = {"configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
SECRET = re.compile(r"KEY|TOKEN|PASSWORD|SECRET")


@pytest.mark.parametrize("name", VALUES)
def test_every_pod_is_restricted(name: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a root that is read-only."""
    for spec in pods(name).values():
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["securityContext"].get("runAsUser") != 0
        assert all((volume.keys() - {"name"}) <= VOLUMES for volume in spec["volumes"])
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert "hostPort" not in str(container.get("ports", ""))
            assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", VALUES)
def test_no_pod_has_rights_in_the_cluster_or_addresses_that_it_did_not_ask_for(name: str) -> None:
    for made_by, spec in pods(name).items():
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        asked = made_by.endswith("-prepull") or name == "publishers"
        assert ("serviceAccountToken" in str(spec["volumes"])) == asked


def test_the_user_is_the_images_unless_the_cluster_chooses() -> None:
    [ours, theirs] = [pods(name)["server"]["securityContext"] for name in ("defaults", "openshift")]

    assert {ours["runAsUser"], ours["runAsGroup"], ours["fsGroup"]} == {65532}
    assert not {"runAsUser", "runAsGroup", "fsGroup"} & theirs.keys()


@pytest.mark.parametrize("name", VALUES)
def test_secrets_come_from_secrets(name: str) -> None:
    assert of_kind("Secret", name) == []
    for spec in pods(name).values():
        for container in spec["containers"]:
            for one in container.get("env", []):
                secret = SECRET.search(one["name"]) and not one["name"].endswith("_FILE")
                assert ("secretKeyRef" in one.get("valueFrom", {})) == bool(
                    secret or one["name"] == "BINDER_REGISTRY_DB"
                )
            passed = {word.partition("=")[0].upper() for word in container["args"] if word.startswith("--")}
            assert not [option for option in passed - {"--MAX-TOKEN-AGE"} if SECRET.search(option)]


def test_the_prepuller_may_change_its_daemonset_and_nothing_else() -> None:
    [role] = of_kind("Role", "jobs")

    assert all((rule["apiGroups"], rule["resources"]) == (["apps"], ["daemonsets"]) for rule in role["rules"])
    named = [rule["verbs"] for rule in role["rules"] if rule.get("resourceNames") == [role["metadata"]["name"]]]
    assert [rule["verbs"] for rule in role["rules"] if "resourceNames" not in rule] == [["create"]]
    assert named == [["get", "patch"]]


def test_no_values_make_more_of_a_cluster_than_a_namespace() -> None:
    assert not {one["kind"] for name in VALUES for one in documents(name) if one["kind"].startswith("Cluster")}


def test_the_tools_are_there() -> None:
    assert helm("version", "--short").stdout.startswith("v")
