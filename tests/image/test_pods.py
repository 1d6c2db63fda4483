"""A pod's specification as podman's arguments."""

from pathlib import Path

import pytest
import yaml

from .pods import Pod, podman_arguments

HERE = Path(__file__).parent
SECRETS = (HERE / "secrets.yaml").read_text()
IMAGE = "localhost/binder-registry:latest"


def changed(**members: object) -> str:
    """Our own server, with other members of its container."""
    server = yaml.safe_load((HERE / "server.yaml").read_text())
    server["spec"]["template"]["spec"]["containers"][0] |= members
    return f"{yaml.safe_dump(server)}\n---\n{SECRETS}"


def arguments(folder: Path, **members: object) -> list[str]:
    return podman_arguments(Pod(changed(**members)), IMAGE, folder)


def test_the_security_context_is_carried_over_whole(tmp_path: Path) -> None:
    text = " ".join(arguments(tmp_path))

    assert "--user 65532:0 --group-add 65532 --security-opt no-new-privileges --cap-drop all" in text
    assert "--read-only --read-only-tmpfs=false" in text
    assert "seccomp" not in text  # podman's own profile


def test_the_command_and_its_arguments_stand_where_podman_looks_for_them(tmp_path: Path) -> None:
    words = arguments(tmp_path)

    assert words[words.index("--entrypoint") + 1] == '["binder-registry"]'
    assert words[words.index(IMAGE) + 1 :][:5] == ["serve", "--host", "0.0.0.0", "--port", "8080"]


def test_an_image_keeps_its_entry_where_the_pod_names_no_command(tmp_path: Path) -> None:
    manifest = changed()
    without = manifest.replace("command:\n        - binder-registry\n        ", "")

    assert without != manifest
    assert "--entrypoint" not in podman_arguments(Pod(without), IMAGE, tmp_path)


def test_volumes_are_folders_that_the_group_may_write(tmp_path: Path) -> None:
    if tmp_path.stat().st_uid != 0:
        pytest.skip("only root gives folders to another group")

    words = arguments(tmp_path)

    assert f"{tmp_path}/data:/data:rw" in words
    assert f"{tmp_path}/api-keys:/etc/binder-registry/keys:ro" in words
    assert (tmp_path / "api-keys/api-keys").read_text() == "THISISMYTOKEN\n"
    assert (tmp_path / "api-keys/api-keys").stat().st_mode & 0o777 == 0o440
    assert {(tmp_path / name).stat().st_gid for name in ("data", "tmp", "api-keys/api-keys")} == {65532}
    assert (tmp_path / "data").stat().st_mode & 0o7777 == 0o2775


@pytest.mark.parametrize(
    "members",
    [
        {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}},
        {"envFrom": [{"secretRef": {"name": "binder-registry"}}]},
        {"securityContext": {"privileged": True}},
        {"volumeMounts": [{"name": "data", "mountPath": "/data", "mountPropagation": "Bidirectional"}]},
        {"args": ["serve", "--port", "$(PORT)"]},
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, members: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"podman|filled in"):
        arguments(tmp_path, **members)


def test_a_probe_names_its_port() -> None:
    assert Pod(changed()).probe("readinessProbe") == (8080, "/health?for=reads")


@pytest.mark.parametrize(
    ("words", "drains"),
    [(["--drain-delay", "15"], True), (["--drain-delay=15"], True), (["--drain-delay=0"], False), ([], False)],
)
def test_whether_it_drains_is_read_from_its_arguments(words: list[str], drains: bool) -> None:
    assert Pod(changed(args=["serve", *words])).drains is drains
