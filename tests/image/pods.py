"""A pod as Kubernetes would start it, as arguments of podman. What is not understood is refused, and never left out."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Object = Mapping[str, Any]

SERVERS = ("StatefulSet", "Deployment")
# Where a pod is put, and who says so: of no concern to what runs in it.
OF_THE_CLUSTER = {
    "affinity",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "serviceAccountName",
    "terminationGracePeriodSeconds",  # how long whoever stops it waits
    "tolerations",
    "topologySpreadConstraints",
}
OF_THE_KUBELET = {"name", "image", "imagePullPolicy", "livenessProbe", "ports", "readinessProbe", "startupProbe"}
READ_HERE = {"args", "command", "env", "resources", "securityContext", "volumeMounts", "workingDir"}
PROFILES = {None: ["--security-opt", "seccomp=unconfined"], "RuntimeDefault": list[str]()}


class Pod:
    """Of what is rendered, the one that serves."""

    def __init__(self, manifests: str) -> None:
        objects = [each for each in yaml.safe_load_all(manifests) if each]
        [server] = [each for each in objects if each["kind"] in SERVERS]
        self.spec: Object = server["spec"]["template"]["spec"]
        [self.container] = self.spec["containers"]
        self.claims = {each["metadata"]["name"] for each in server["spec"].get("volumeClaimTemplates", [])}
        self.files = {
            (each["kind"], each["metadata"]["name"]): _files(each)
            for each in objects
            if each["kind"] in ("ConfigMap", "Secret")
        }
        _known(self.spec, OF_THE_CLUSTER | {"containers", "securityContext", "volumes"})
        _known(self.container, OF_THE_KUBELET | READ_HERE)

    @property
    def grace_seconds(self) -> int:
        return int(self.spec.get("terminationGracePeriodSeconds", 30))

    @property
    def drains(self) -> bool:
        """Whether it goes on serving once it is told to stop."""
        words = [word for part in self.container["args"] for word in str(part).split("=", 1)]
        return "--drain-delay" in words and float(words[words.index("--drain-delay") + 1]) > 0

    def probe(self, name: str) -> tuple[int, str]:
        """The port and path that are asked."""
        asked = self.container[name]["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}
        return ports.get(asked["port"], asked["port"]), asked["path"]


def podman_arguments(pod: Pod, image: str, folder: Path) -> list[str]:
    """What stands behind `podman run`. The volumes are folders of `folder`, and stay as they are if they are there."""
    own = pod.container
    arguments = [*_security(pod.spec.get("securityContext", {}), own.get("securityContext", {}))]
    for mount in own.get("volumeMounts", []):
        _known(mount, {"name", "mountPath", "readOnly"})
        laid = _volume(pod, mount["name"], folder)
        arguments += ["--volume", f"{laid}:{mount['mountPath']}:{'ro' if mount.get('readOnly') else 'rw'}"]
    for variable in own.get("env", []):
        arguments += ["--env", f"{variable['name']}={_value(pod, variable)}"]
    for name, option in (("memory", "--memory"), ("cpu", "--cpus")):
        if limit := own.get("resources", {}).get("limits", {}).get(name):
            arguments += [option, str(limit).replace("i", "").lower()]
    if "command" in own:
        arguments += ["--entrypoint", json.dumps(own["command"])]
    if "workingDir" in own:
        arguments += ["--workdir", own["workingDir"]]
    if unread := [word for word in own.get("args", []) if "$(" in word]:
        raise ValueError(f"variables in arguments are not filled in here: {unread}")
    return [*arguments, image, *own.get("args", [])]


def _security(of_pod: Object, own: Object) -> Iterator[str]:
    known = {"fsGroup", "fsGroupChangePolicy", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile"}
    _known(of_pod, known)
    _known(own, known | {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"})
    both = {**of_pod, **own}
    if both.get("runAsNonRoot") and both.get("runAsUser") == 0:
        raise ValueError("runAsNonRoot, and runAsUser: 0")
    if "runAsUser" in both:
        yield from ("--user", f"{both['runAsUser']}:{both.get('runAsGroup', 0)}")
    if "fsGroup" in both:
        yield from ("--group-add", str(both["fsGroup"]))
    yield from PROFILES[both.get("seccompProfile", {}).get("type")]
    if own.get("allowPrivilegeEscalation") is False:
        yield from ("--security-opt", "no-new-privileges")
    for direction in ("drop", "add"):
        for name in own.get("capabilities", {}).get(direction, []):
            yield from (f"--cap-{direction}", name.lower())
    if own.get("readOnlyRootFilesystem"):
        yield from ("--read-only", "--read-only-tmpfs=false")  # else podman makes /tmp and /run writable


def _volume(pod: Pod, name: str, folder: Path) -> Path:
    """As the kubelet lays it: root's, and of the group `fsGroup`, which may write."""
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    mode = 0o755  # of what a class of storage gives
    if name not in pod.claims:
        [volume] = [each for each in pod.spec.get("volumes", []) if each["name"] == name]
        [kind] = volume.keys() - {"name"}
        mode = _lay(pod, kind, volume[kind], path)
    group = pod.spec.get("securityContext", {}).get("fsGroup")
    path.chmod(mode | (0o2070 if group is not None else 0))
    for each in (path, *path.iterdir()):
        if group is not None:
            os.chown(each, -1, group)
    return path


def _lay(pod: Pod, kind: str, source: Object, path: Path) -> int:
    """The mode of the folder."""
    if kind in ("secret", "configMap"):
        _known(source, {"name", "secretName", "defaultMode", "items"})
        object_kind = "Secret" if kind == "secret" else "ConfigMap"
        files = pod.files[object_kind, source.get("secretName") or source["name"]]
        for item in source.get("items") or [{"key": key, "path": key} for key in files]:
            _known(item, {"key", "path"})
            file = path / item["path"]
            file.write_text(files[item["key"]])
            file.chmod(source.get("defaultMode", 0o644))
        return 0o755
    if kind not in ("emptyDir", "persistentVolumeClaim"):
        raise ValueError(f"a volume of a kind that cannot be laid here: {kind}")
    return 0o777 if kind == "emptyDir" else 0o755


def _value(pod: Pod, variable: Object) -> str:
    if "value" in variable:
        return str(variable["value"])
    [(kind, source)] = variable["valueFrom"].items()
    object_kind = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}[kind]
    return pod.files[object_kind, source["name"]][source["key"]]


def _files(keeper: Object) -> dict[str, str]:
    encoded = keeper.get("data", {}) if keeper["kind"] == "Secret" else {}
    plain = keeper.get("stringData" if keeper["kind"] == "Secret" else "data", {})
    return {name: base64.b64decode(text).decode() for name, text in encoded.items()} | dict(plain)


def _known(given: Object, known: set[str]) -> None:
    if unknown := given.keys() - known:
        raise ValueError(f"cannot be carried over to podman: {', '.join(sorted(unknown))}")
