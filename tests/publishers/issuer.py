"""An issuer on loopback that signs whatever it is told, and the claims of the systems that the docs name."""

import json
import ssl
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Event, Thread
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "https://registry.example.org"
PATIENCE = 20.0  # seconds that an issuer hangs at most, should a test forget it
GITHUB = {
    "sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
    "ref": "refs/heads/main",
    "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
    "repository": "octo-org/octo-repo",
    "repository_owner": "octo-org",
    "actor_id": "12",
    "repository_visibility": "private",
    "repository_id": "456789",
    "repository_owner_id": "123456",
    "run_id": "30433642",
    "run_number": "10",
    "run_attempt": "2",
    "runner_environment": "github-hosted",
    "actor": "octocat",
    "workflow": "publish",
    "workflow_ref": "octo-org/octo-repo/.github/workflows/publish.yml@refs/heads/main",
    "head_ref": "",
    "base_ref": "",
    "event_name": "push",
    "ref_type": "branch",
    "job_workflow_ref": "octo-org/octo-repo/.github/workflows/publish.yml@refs/heads/main",
}
GITHUB_NEW = GITHUB | {"sub": "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"}
GITLAB = {
    "namespace_id": "72",
    "namespace_path": "physics",
    "project_id": "20",
    "project_path": "physics/images",
    "user_id": "1",
    "user_login": "ada",
    "user_email": "ada@example.org",
    "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "main",
    "ref_type": "branch",
    "ref_path": "refs/heads/main",
    "ref_protected": "true",
    "groups_direct": ["physics"],
    "environment": None,
    "runner_id": 1,
    "runner_environment": "self-hosted",
    "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
    "project_visibility": "public",
    "ci_config_ref_uri": "git.example.org/physics/images//.gitlab-ci.yml@refs/heads/main",
    "ci_config_sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
    "sub": "project_path:physics/images:ref_type:branch:ref:main",
}
KUBERNETES = {
    "aud": [AUDIENCE],
    "kubernetes.io": {
        "namespace": "ci",
        "node": {"name": "node-1", "uid": "646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1"},
        "pod": {"name": "publish-x7k2p", "uid": "5e0bd49b-f040-43b0-99b7-22765a53f7f3"},
        "serviceaccount": {"name": "publisher", "uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798"},
        "warnafter": 1729605240,
    },
    "sub": "system:serviceaccount:ci:publisher",
}
GOOGLE = {
    "azp": "112233445566778899000",
    "email": "publisher@project.iam.gserviceaccount.com",
    "email_verified": True,
    "sub": "112233445566778899000",
}


class Key:
    def __init__(self, algorithm: str, private: Any, public: Mapping[str, Any], kid: str) -> None:
        self.algorithm, self.private, self.kid = algorithm, private, kid
        self.jwk = {**public, "kid": kid, "use": "sig", "alg": algorithm}


@cache
def rsa_key(kid: str = "rsa", bits: int = 2048) -> Key:
    private = rsa.generate_private_key(65537, bits)
    return Key("RS256", private, RSAAlgorithm.to_jwk(private.public_key(), as_dict=True), kid)


@cache
def ec_key(kid: str = "ec") -> Key:
    private = ec.generate_private_key(ec.SECP256R1())
    return Key("ES256", private, ECAlgorithm.to_jwk(private.public_key(), as_dict=True), kid)


@cache
def ed_key(kid: str = "ed") -> Key:
    private = ed25519.Ed25519PrivateKey.generate()
    return Key("EdDSA", private, OKPAlgorithm.to_jwk(private.public_key(), as_dict=True), kid)


def jwk_set(*keys: Key) -> bytes:
    return json.dumps({"keys": [key.jwk for key in keys]}).encode()


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


def signed_raw(key: Key, header: Mapping[str, Any] | bytes, payload: bytes) -> str:
    """Of bytes that need not be JSON."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing = f"{encoded(head)}.{encoded(payload)}".encode()
    algorithm = jwt.PyJWS().get_algorithm_by_name(key.algorithm)
    return f"{signing.decode()}.{encoded(algorithm.sign(signing, key.private))}"


def self_signed(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key."""
    private, name = ec_key().private, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number(), now, now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(pem) + key)
    return path


class Issuer:
    """Its documents can be changed, its answers held up, and what it was asked is listed."""

    def __init__(self, *keys: Key, path: str = "", certificate: Path | None = None) -> None:
        self.asked: list[str] = []
        self.bearers: list[str | None] = []
        self.answering = Event()  # it hangs while this is not set
        self.answering.set()
        self.status = 200
        self.headers: dict[str, str] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                issuer.bearers.append(self.headers.get("Authorization"))
                issuer.answering.wait(PATIENCE)
                body = issuer.documents.get(self.path, b"")
                with suppress(OSError):  # who asked may have given up
                    self.send_response(issuer.status if body else 404)
                    for name, value in issuer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}{path}"
        self.discovery = f"{path}/.well-known/openid-configuration"
        self.reset(*keys)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def reset(self, *keys: Key) -> None:
        self.key = keys[0] if keys else rsa_key()
        self.documents = {
            self.discovery: json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode(),
            self.discovery.replace("/.well-known/openid-configuration", "/keys"): jwk_set(*keys or [rsa_key()]),
        }
        self.asked.clear()
        self.bearers.clear()
        self.status, self.headers = 200, {}
        self.answering.set()

    def claims(self, claims: Mapping[str, Any] = GITHUB, now: float | None = None) -> dict[str, Any]:
        at = int(time.time() if now is None else now)
        return {"iss": self.url, "aud": AUDIENCE, "iat": at, "nbf": at, "exp": at + 300, "jti": "j"} | dict(claims)

    def token(self, claims: Mapping[str, Any] = GITHUB, now: float | None = None, **header: Any) -> str:
        key = self.key
        return signed_raw(
            key,
            {"typ": "JWT", "alg": key.algorithm, "kid": key.kid} | header,
            json.dumps(self.claims(claims, now)).encode(),
        )

    @property
    def questions(self) -> int:
        """How often its keys were asked for."""
        return sum(path.endswith("/keys") for path in self.asked)

    def stop(self) -> None:
        self.answering.set()
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def running_issuer(*keys: Key, path: str = "", certificate: Path | None = None) -> Iterator[Issuer]:
    issuer = Issuer(*keys, path=path, certificate=certificate)
    try:
        yield issuer
    finally:
        issuer.stop()
