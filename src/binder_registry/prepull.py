"""The images of what a hub offers, for those who pull them ahead of the users: as a list, for z2jh, as a DaemonSet."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from .hub.offers import Offer

PAUSE_IMAGE = "registry.k8s.io/pause:3.10"


def image_list(offers: Iterable[Offer]) -> list[str]:
    """Each image once, those of every choice and of pinned versions too, sorted. What users type cannot be known."""
    return sorted({image for offer in offers for one in (offer, *offer.versions.values()) for image in one.images})


def z2jh_values(images: Iterable[str]) -> dict[str, Any]:
    """Values for zero-to-jupyterhub's chart, which itself cannot see what a callable offers."""
    extra = {}
    for image in images:
        repository, tag = _split(image)
        extra[_key(image)] = {"name": repository, "tag": tag}
    return {"prePuller": {"extraImages": extra}}


def daemon_set(images: Sequence[str], *, name: str = "binder-registry-prepull", namespace: str = "") -> dict[str, Any]:
    """A DaemonSet that has every node pull these images, one after the other, by running `sh` in each for a moment."""
    labels = {"app.kubernetes.io/name": name}
    pulls = [
        _restricted(f"pull-{_key(image)}", image) | {"command": ["/bin/sh", "-c", "echo pulled"]} for image in images
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "labels": labels} | ({"namespace": namespace} if namespace else {}),
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,  # whatever the image says: `echo` needs no rights
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "terminationGracePeriodSeconds": 0,
                    "initContainers": pulls,
                    "containers": [_restricted("pause", PAUSE_IMAGE)],
                },
            },
        },
    }


def _restricted(name: str, image: str) -> dict[str, Any]:
    """A container that namespaces take which ask for Pod Security's `restricted`."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {"name": name, "image": image, "securityContext": security}


def _split(image: str) -> tuple[str, str]:
    """What the chart joins with a colon again; so a digest is cut at its own: `name@sha256`, `<hex>`."""
    repository, colon, tag = image.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (image, "latest")


def _key(image: str) -> str:
    """Part of a container's name: lower case, at most 63 characters with its prefix, one per image."""
    return f"image-{hashlib.sha256(image.encode()).hexdigest()[:12]}"
