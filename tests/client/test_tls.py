"""Whose certificates a client trusts."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from binder_registry import Client
from binder_registry.errors import InvalidRequest, StoreUnavailable

from .stub import Stub, json_answer, running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself; its key is beside it."""
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", file.with_suffix(".key"), "-out", file], check=True, capture_output=True)
    return file


@pytest.fixture
def stub(certificate: Path) -> Iterator[Stub]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with running(lambda *_: json_answer({"status": "ok"}), tls) as stub:
        yield stub


def status(url: str, *, verify: bool | str = True) -> object:
    with Client(url, retries=0, verify=verify) as client:
        return client.health()["status"]


def test_a_certificate_that_nobody_vouches_for_is_refused(stub: Stub) -> None:
    with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        status(stub.url)

    assert stub.asked == []


def test_a_file_of_authorities_is_trusted(stub: Stub, certificate: Path) -> None:
    assert status(stub.url, verify=str(certificate)) == "ok"


def test_authorities_come_from_the_environment(stub: Stub, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert status(stub.url) == "ok"


def test_checking_can_be_left_out(stub: Stub) -> None:
    assert status(stub.url, verify=False) == "ok"


def test_authorities_that_are_not_there_are_named(stub: Stub) -> None:
    with pytest.raises(InvalidRequest, match="/not/there"):
        status(stub.url, verify="/not/there")
