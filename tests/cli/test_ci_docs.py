"""The jobs and the rules of docs/ci.md: simulated here, each job publishes to a server with the rules, and has nothing
configured but the URL."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from msgspec import Struct, structs

from binder_registry import Client, Template
from tests.client.stub import Stub, json_answer, running
from tests.jobs import of_github
from tests.ports import free_port
from tests.publishers.issuer import GITHUB, GITLAB, GOOGLE, KUBERNETES, Issuer, running_issuer, self_signed
from tests.server.running import KEY, RunningServer, running_server

from .invoking import CommandLine, Result

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
REGISTRY = "https://registry.example.org"  # on the page
FOLDERS = ("/workspace", "/run/registry")  # there, of the token
COMMIT = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
REPOSITORY = GITHUB | {
    "sub": "repo:example/scipy:ref:refs/heads/main",
    "repository": "example/scipy",
    "workflow_ref": "example/scipy/.github/workflows/publish.yml@refs/heads/main",
}
PROJECT = GITLAB | {"sha": COMMIT}


class Section(Struct, frozen=True):
    """Of one system: its job, the rule that fits it, and what its tokens say."""

    title: str
    job: Any
    rule: Mapping[str, Any]
    claims: Mapping[str, Any]
    image: str  # that it publishes
    path: str = ""  # of the issuer


def blocks(title: str, language: str) -> list[str]:
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def section(title: str, claims: Mapping[str, Any], image: str, path: str = "", rule_of: str = "") -> Section:
    [job], [rule] = blocks(title, "yaml"), blocks(rule_of or title, "toml")
    [publisher] = tomllib.loads(rule)["publisher"]
    return Section(title, job, publisher, claims, image, path)


SECTIONS = [
    section("GitHub Actions", REPOSITORY, f"quay.io/example/scipy:{COMMIT}"),
    section("After repo2docker", REPOSITORY, "quay.io/example/scipy:0123456789ab", rule_of="GitHub Actions"),
    section(
        "GitHub Enterprise Server",
        REPOSITORY | {"repository_id": "17"},
        f"quay.io/example/scipy:{COMMIT}",
        "/_services/token",
    ),
    section("GitLab CI", PROJECT, f"git.example.org:5050/scipy:{COMMIT}"),
    section("Self-hosted GitLab", PROJECT | {"ref": "v1", "ref_type": "tag"}, "git.example.org:5050/scipy:v1"),
    section("Kubernetes", KUBERNETES, "quay.io/example/scipy:2026-11-27"),
    section("Google Cloud Build", GOOGLE, f"europe-docker.pkg.dev/project/images/scipy:{COMMIT}"),
]


RULES = [each.title for each in SECTIONS if blocks(each.title, "toml")]


class Published(Struct, frozen=True):
    server: RunningServer
    issuers: Mapping[str, Issuer]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """A server with the rules of the page; each is of an issuer on loopback, which needs no further files."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    file = folder / "publishers.toml"
    with ExitStack() as stack:
        issuers = {each.title: stack.enter_context(running_issuer(path=each.path)) for each in SECTIONS}
        file.write_text("".join(table(each, issuers[each.title].url) for each in SECTIONS))
        options = ("--publishers", str(file), "--public-url", f"http://127.0.0.1:{port}/")
        yield Published(stack.enter_context(running_server(folder, *options, port=port)), issuers)


def table(section: Section, issuer: str) -> str:
    own = {"name": slug(section.title), "issuer": issuer}
    members = {name: value for name, value in section.rule.items() if name not in ("ca-file", "bearer-file")} | own
    return "[[publisher]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in members.items())


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{name}" = {toml(each)}' for name, each in value.items()) + " }"
    return json.dumps(value)


def slug(title: str) -> str:
    return title.lower().replace(" ", "-")


@pytest.fixture
def client(published: Published) -> Iterator[Client]:
    """Of a registry in which there is what the jobs update."""
    with Client(published.server.url, KEY) as client:
        client.apply([Template("scipy", "quay.io/example/scipy:old")])
        yield client


class Job:
    """What one finds in its environment, and the lines of its script."""

    def __init__(self, script: str, environment: Mapping[str, str]) -> None:
        self.script, self.environment = script, dict(environment)

    def run(self, command_line: CommandLine) -> Result:
        result = Result(0, "", "")
        for line in self.script.splitlines():
            words = shlex.split(self.expanded(line))
            if words[:1] == ["binder-registry"]:
                result = command_line(*words[1:], **self.environment)
        return result

    def expanded(self, line: str) -> str:
        return re.sub(r"\$(\w+)", lambda name: self.environment[name[1]], line)


Simulated = Callable[[Section], Job]


@pytest.fixture
def simulated(published: Published, tmp_path: Path) -> Iterator[Simulated]:
    """A job of a section, as its system would start it."""
    with ExitStack() as stack:

        def simulated(section: Section) -> Job:
            issuer = published.issuers[section.title]
            text = section.job.replace(REGISTRY, published.server.url)
            for folder in FOLDERS:
                text = text.replace(folder, str(tmp_path))
            job = yaml.safe_load(text)

            def minted(audience: str) -> str:
                of_one = [audience] if section.title == "Kubernetes" else audience
                return str(issuer.token({**section.claims, "aud": of_one}))

            if "jobs" in job:
                return github(job, stack.enter_context(running(endpoint(minted))))
            if "publish" in job:
                return gitlab(job["publish"], minted)
            return cloud_build(job, minted) if "steps" in job else kubernetes(job, minted, tmp_path)

        yield simulated


def endpoint(minted: Callable[[str], str]) -> Callable[..., Any]:
    return lambda asked, _: json_answer({"value": minted(parse_qs(urlsplit(asked.path).query)["audience"][0])})


def github(workflow: Mapping[str, Any], endpoint: Stub) -> Job:
    [job] = workflow["jobs"].values()
    step = job["steps"][-1]
    assert job["permissions"]["id-token"] == "write"
    outputs = {"${{ steps.build.outputs.IMAGE_SHA_NAME }}": "quay.io/example/scipy:0123456789ab"}
    own = {name: outputs.get(value, value) for name, value in step["env"].items()}
    return Job(step["run"], of_github(endpoint.url) | {"GITHUB_SHA": COMMIT} | own)


def gitlab(job: Mapping[str, Any], minted: Callable[[str], str]) -> Job:
    tokens = {name: minted(token["aud"]) for name, token in job["id_tokens"].items()}
    own = {"CI_REGISTRY_IMAGE": "git.example.org:5050/scipy", "CI_COMMIT_SHA": COMMIT, "CI_COMMIT_TAG": "v1"}
    return Job("\n".join(job["script"]), {"GITLAB_CI": "true"} | own | tokens | job["variables"])


def kubernetes(job: Mapping[str, Any], minted: Callable[[str], str], folder: Path) -> Job:
    pod = job["spec"]["template"]["spec"]
    [container], [volume] = pod["containers"], pod["volumes"]
    [source], [mount] = volume["projected"]["sources"], container["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], str(folder))
    token = source["serviceAccountToken"]
    (folder / token["path"]).write_text(minted(token["audience"]))
    [script] = container["args"]
    return Job(script, {each["name"]: each["value"] for each in container["env"]})


def cloud_build(build: Mapping[str, Any], minted: Callable[[str], str]) -> Job:
    asks, publishes = build["steps"]
    *gcloud, audience, _, file = shlex.split(asks["script"])
    assert gcloud == ["gcloud", "auth", "print-identity-token", "--audiences"]
    Path(file).write_text(f"{minted(audience)}\n")
    substituted = {"$PROJECT_ID": "project", "$COMMIT_SHA": COMMIT}
    own = "\n".join(publishes["env"])
    for name, value in substituted.items():
        own = own.replace(name, value)
    return Job(publishes["script"], dict(line.split("=", 1) for line in own.splitlines()))


def test_every_job_of_the_page_is_run_here() -> None:
    assert [PAGE.count("\n```yaml\n"), PAGE.count("\n```toml\n")] == [len(SECTIONS), len(RULES)]


@pytest.mark.parametrize("title", RULES)
def test_a_rule_of_the_page_is_one_that_a_server_takes(title: str, command_line: CommandLine, tmp_path: Path) -> None:
    [rule] = blocks(title, "toml")
    (tmp_path / "token").write_text("the-token-of-a-service-account")
    certificate = self_signed(tmp_path)
    for name, path in {"authorities.pem": certificate, "ca.crt": certificate, "token": tmp_path / "token"}.items():
        rule = re.sub(rf'-file = "[^"]*\b{name}"', f'-file = "{path}"', rule)
    file = tmp_path / "publishers.toml"
    file.write_text(rule)

    result = command_line("check", "--publishers", str(file), "--public-url", REGISTRY)

    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: slug(section.title))
def test_a_job_publishes_with_nothing_configured_but_the_url(
    section: Section, published: Published, client: Client, simulated: Simulated, command_line: CommandLine
) -> None:
    job = simulated(section)

    result = job.run(command_line)

    assert (result.code, result.err) == (0, "")
    [newest] = client.changes(name="scipy", newest_first=True, limit=1)
    assert newest.by == f"publisher:{slug(section.title)}"
    assert client.get_template("scipy").image_name == section.image


@pytest.mark.parametrize(
    ("title", "claim", "value"),
    [
        ("GitHub Actions", "workflow_ref", "example/scipy/.github/workflows/publish.yml@refs/pull/7/merge"),
        ("GitHub Enterprise Server", "repository_id", "18"),
        ("GitLab CI", "ref_protected", "false"),
        ("Self-hosted GitLab", "ref_type", "branch"),
        ("Kubernetes", "kubernetes.io", {"namespace": "others", "serviceaccount": {"name": "publisher"}}),
        ("Google Cloud Build", "email", "other@project.iam.gserviceaccount.com"),
    ],
)
def test_another_job_is_told_which_claim_differs(
    title: str, claim: str, value: Any, simulated: Simulated, client: Client, command_line: CommandLine
) -> None:
    [section] = [each for each in SECTIONS if each.title == title]
    job = simulated(structs.replace(section, claims={**section.claims, claim: value}))

    result = job.run(command_line)

    assert (result.code, claim in result.err) == (5, True)
    assert client.get_template("scipy").image_name == "quay.io/example/scipy:old"


def test_a_job_asks_who_it_is(simulated: Simulated, command_line: CommandLine) -> None:
    job = simulated(SECTIONS[0])

    result = command_line("whoami", **job.environment)

    told, url = result.out.splitlines(), job.environment["BINDER_REGISTRY_URL"]
    assert told[0] == "publisher:github-actions"
    assert told[-1] == f"credential: an id-token of ACTIONS_ID_TOKEN_REQUEST_URL, for {url}"
