"""What is known of the systems whose jobs publish: which claim tells a job's project for good, and where its run is."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ..lengths import NOTE_BYTES

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_PLACE = re.compile(r"[A-Za-z0-9_.+-]+(?:/[A-Za-z0-9_.+-]+){1,20}")  # of a repository, or a project in its groups
_POD = re.compile(r"[a-z0-9.-]{1,253}")
K8S = "kubernetes.io"


class Kind(Struct, frozen=True):
    """`ids` are claims that no renaming changes and nobody takes over, one of which a rule must give in full; `own` are
    claims by which it is known, whatever the issuer's address; `subjects` is how its `sub` begins."""

    name: str
    ids: tuple[tuple[str, ...], ...]
    own: frozenset[str]
    subjects: str


GITHUB = Kind(
    "GitHub",
    (("repository_id",),),
    frozenset(
        {
            "actor",
            "actor_id",
            "base_ref",
            "check_run_id",
            "enterprise",
            "enterprise_id",
            "event_name",
            "head_ref",
            "job_workflow_ref",
            "job_workflow_sha",
            "repository",
            "repository_id",
            "repository_owner",
            "repository_owner_id",
            "repository_visibility",
            "run_attempt",
            "run_id",
            "run_number",
            "workflow",
            "workflow_ref",
            "workflow_sha",
        }
    ),
    "repo:",
)
GITLAB = Kind(
    "GitLab",
    (("project_id",),),
    frozenset(
        {
            "ci_config_ref_uri",
            "ci_config_sha",
            "deployment_action",
            "deployment_tier",
            "environment_protected",
            "groups_direct",
            "job_id",
            "job_namespace_id",
            "job_namespace_path",
            "job_project_id",
            "job_project_path",
            "namespace_id",
            "namespace_path",
            "pipeline_id",
            "pipeline_source",
            "project_id",
            "project_path",
            "project_visibility",
            "ref_path",
            "runner_id",
            "user_access_level",
            "user_identities",
            "user_login",
        }
    ),
    "project_path:",
)
KUBERNETES = Kind(
    "Kubernetes",
    ((K8S, "serviceaccount", "uid"), (K8S, "namespace")),
    frozenset([K8S]),
    "system:serviceaccount:",
)
KINDS = (GITHUB, GITLAB, KUBERNETES)
# Claims that more than one of them has, or Google, and none tells whose a job is: `hd` is everybody's of a domain.
OF_ANY_PROJECT = frozenset(
    (name,)
    for name in ("email_verified", "environment", "hd", "ref", "ref_protected", "ref_type", "runner_environment", "sha")
)


def kind_of(issuer: str, claims: Mapping[str, Any]) -> Kind | None:
    """By its address where that tells, else by the claims: of a token, or those that a rule names."""
    url = urlsplit(issuer)
    host = url.hostname or ""
    if host.startswith("token.actions.") or url.path.endswith("/_services/token"):
        return GITHUB
    if host.startswith("gitlab."):
        return GITLAB
    if host.startswith("kubernetes."):
        return KUBERNETES
    subject = claims.get("sub")
    begins = subject if isinstance(subject, str) else ""
    return next((kind for kind in KINDS if kind.own & claims.keys() or begins.startswith(kind.subjects)), None)


def note_of(issuer: str, claims: Mapping[str, Any]) -> str:
    """The commit, and where the run is, for a write whose caller says nothing: as far as the claims tell."""
    commit = _text(claims, ["sha"], _COMMIT)
    kind, run = kind_of(issuer, claims), ""
    if kind is GITHUB:
        place, number = _text(claims, ["repository"], _PLACE), _text(claims, ["run_id"], _NUMBER)
        run = f"{_github(issuer)}/{place}/actions/runs/{number}" if place and number else ""
    elif kind is GITLAB:
        place, job = _text(claims, ["project_path"], _PLACE), _text(claims, ["job_id"], _NUMBER)
        pipeline = _text(claims, ["pipeline_id"], _NUMBER)
        below = f"jobs/{job}" if job else f"pipelines/{pipeline}" if pipeline else ""
        run = f"{issuer.rstrip('/')}/{place}/-/{below}" if place and below else ""
    elif kind is KUBERNETES:
        namespace, pod = _text(claims, [K8S, "namespace"], _POD), _text(claims, [K8S, "pod", "name"], _POD)
        run = f"pod {namespace}/{pod}" if namespace and pod else ""
    note = " ".join(filter(None, (commit, run)))
    return note if len(note.encode()) <= NOTE_BYTES else commit


def _github(issuer: str) -> str:
    """`https://token.actions.githubusercontent.com` (of one enterprise, with its name behind), those of
    `SUBDOMAIN.ghe.com`, and a server's own, `https://HOST/_services/token`."""
    url = urlsplit(issuer)
    host = url.netloc.removeprefix("token.actions.").replace("githubusercontent.com", "github.com")
    return f"{url.scheme}://{host}"


def _text(claims: Mapping[str, Any], path: Sequence[str], form: re.Pattern[str]) -> str:
    """Empty for what is not there, or not in that form: a branch or a pod may be called anything."""
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and form.fullmatch(found) else ""
