"""Tokens that nobody should get in with. Each is made of an issuer that is honest, and of what a caller can know."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

from .issuer import AUDIENCE, GITHUB, Issuer, Key, ec_key, ed_key, encoded, rsa_key, signed_raw

Hostile = Callable[[Issuer], str]


def stranger(kid: str = "rsa") -> Key:
    """Of somebody else, who calls it as the issuer's."""
    other = rsa_key("stranger")
    return Key("RS256", other.private, RSAAlgorithm.to_jwk(other.private.public_key(), as_dict=True), kid)


def said(**claims: Any) -> Hostile:
    """Signed by the issuer, and not for us, or not now, or not as it must be said."""
    return lambda issuer: issuer.token(GITHUB | claims)


def without(claim: str) -> Hostile:
    def make(issuer: Issuer) -> str:
        claims = {name: value for name, value in issuer.claims().items() if name != claim}
        return signed_raw(issuer.key, {"alg": "RS256", "kid": "rsa"}, json.dumps(claims).encode())

    return make


def at(**seconds: int) -> Hostile:
    """With times so many seconds from now."""
    return lambda issuer: issuer.token(GITHUB | {name: int(time.time()) + after for name, after in seconds.items()})


def headed(**header: Any) -> Hostile:
    return lambda issuer: issuer.token(**header)


def forged(key: Callable[[], Key], **header: Any) -> Hostile:
    def make(issuer: Issuer) -> str:
        head = {"alg": key().algorithm, "kid": "rsa"} | header
        return signed_raw(key(), head, json.dumps(issuer.claims()).encode())

    return make


def payload(text: Callable[[bytes], bytes]) -> Hostile:
    """What the issuer would say, made into other bytes, and signed by it."""
    return lambda issuer: signed_raw(
        issuer.key, {"alg": "RS256", "kid": "rsa"}, text(json.dumps(issuer.claims()).encode())
    )


def by_hmac(secret: bytes) -> Hostile:
    def make(issuer: Issuer) -> str:
        head = json.dumps({"alg": "HS256", "kid": "rsa"}).encode()
        signing = f"{encoded(head)}.{encoded(json.dumps(issuer.claims()).encode())}"
        return f"{signing}.{encoded(hmac.digest(secret, signing.encode(), sha256))}"

    return make


def _pem() -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(rsa_key().private.public_key().public_bytes(serialization.Encoding.PEM, form))


def _unsigned(algorithm: str) -> Hostile:
    return lambda issuer: ".".join(
        (encoded(json.dumps({"alg": algorithm}).encode()), encoded(json.dumps(issuer.claims()).encode()), "")
    )


def _spliced(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{encoded(json.dumps(issuer.claims(GITHUB | {'repository_id': '1'})).encode())}.{signature}"


def _other_curve() -> Key:
    return Key("ES256", ec.generate_private_key(ec.SECP384R1()), {}, "ec")


def _weak() -> Key:
    return Key("RS256", rsa.generate_private_key(65537, 1024), {}, "rsa")


def _padded(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{urlsafe_b64encode(json.dumps(issuer.claims()).encode()).decode()}=.{signature}"


def _as_pss(issuer: Issuer) -> str:
    head = encoded(json.dumps({"alg": "PS256", "kid": "rsa"}).encode())
    signing = f"{head}.{encoded(json.dumps(issuer.claims()).encode())}"
    algorithm = jwt.PyJWS().get_algorithm_by_name("PS256")
    return f"{signing}.{encoded(algorithm.sign(signing.encode(), rsa_key().private))}"


HOSTILE: dict[str, Hostile] = {
    "no algorithm": _unsigned("none"),
    "no algorithm, written otherwise": _unsigned("nOnE"),
    "HMAC with the public key": by_hmac(_pem()),
    "HMAC with the key set": lambda issuer: by_hmac(issuer.documents["/keys"])(issuer),
    "HMAC with nothing": by_hmac(b""),
    "PSS in the place of PKCS 1": _as_pss,
    "a key of its own by jku": forged(stranger, jku="http://127.0.0.1:9/keys"),
    "a key of its own by x5u": forged(stranger, x5u="http://127.0.0.1:9/keys"),
    "a key of its own in the header": forged(stranger, jwk=stranger().jwk),
    "a certificate of its own": forged(stranger, x5c=["MIIB"]),
    "a key of its own with an unknown id": forged(lambda: stranger("x"), kid="x"),
    "a key of its own without an id": lambda issuer: signed_raw(
        stranger(), {"alg": "RS256"}, json.dumps(issuer.claims()).encode()
    ),
    "an id that leads elsewhere": forged(stranger, kid="../../etc/passwd"),
    "an id that is no text": forged(stranger, kid=["rsa"]),
    "the id of another key of the issuer": headed(kid="ec"),
    "another curve": forged(_other_curve, kid="ec"),
    "a weak key": forged(_weak),
    "critical extensions": headed(crit=["exp"], exp=1),
    "critical extensions, none": headed(crit=[]),
    "a payload beside the token": headed(b64=False, crit=["b64"]),
    "a payload that is not encoded": headed(b64=False),
    "another payload under a signature": _spliced,
    "no signature": lambda issuer: issuer.token().rpartition(".")[0] + ".",
    "half of a signature": lambda issuer: issuer.token()[:-100],
    "a longer signature": lambda issuer: issuer.token() + "AA",
    "padding": _padded,
    "characters that base64 passes over": lambda issuer: issuer.token().replace(".", "~.", 1),
    "a character that base64 passes over, at the end": lambda issuer: issuer.token() + "~",
    "two parts": lambda issuer: issuer.token().rpartition(".")[0],
    "four parts": lambda issuer: issuer.token() + ".AAAA",
    "encrypted": lambda issuer: ".".join(["eyJhbGciOiJSU0EtT0FFUCJ9", "AA", "AA", "AA", "AA"]),
    "two audiences": said(aud=[AUDIENCE, "https://other.example.org"]),
    "our audience twice": said(aud=[AUDIENCE, AUDIENCE]),
    "no audience in a list": said(aud=[]),
    "a list in a list": said(aud=[[AUDIENCE]]),
    "another audience": said(aud="https://other.example.org"),
    "an audience with one slash more": said(aud=f"{AUDIENCE}/"),
    "an audience that is no text": said(aud={"a": AUDIENCE}),
    "an issuer with one slash more": lambda issuer: issuer.token(GITHUB | {"iss": f"{issuer.url}/"}),
    "another issuer": said(iss="https://token.actions.githubusercontent.com"),
    "an issuer that is no text": said(iss=["x"]),
    "expired by 31 seconds": at(exp=-31, iat=-300, nbf=-300),
    "issued in 31 seconds": at(iat=31 + 60, exp=300),
    "good in 31 seconds": at(nbf=31 + 60, exp=300),
    "an end that is a text": lambda issuer: issuer.token(GITHUB | {"exp": str(int(time.time()) + 300)}),
    "an end that is true": said(exp=True),
    "an end after all time": said(exp=10**400),
    "an end that is a list": said(exp=[9999999999]),
    "an end that is no number": said(exp=float("nan")),
    "an end that is endless": said(exp=float("inf")),
    "a beginning before all time": said(iat=-1),
    "a beginning that is true": said(iat=True),
    "a beginning that is null": said(nbf=None),
    **{f"without {claim}": without(claim) for claim in ("iss", "aud", "exp", "iat")},
    "a claim twice": payload(lambda text: text.replace(b'"jti": "j"', b'"repository_id": "1"')),
    "a claim twice, within": payload(lambda text: text.replace(b'"jti": "j"', b'"a": {"b": 1, "b": 2}')),
    "its issuer twice": payload(lambda text: text.replace(b'"jti": "j"', b'"iss": "x"')),
    "no JSON": payload(lambda text: text[:-1]),
    "no text": payload(lambda text: text.replace(b'"j"', b'"\xff"')),
    "no object": payload(lambda text: b"[" + text + b"]"),
    "nothing": payload(lambda text: b""),
    "deep JSON": payload(lambda text: text.replace(b'"j"', b"[" * 5000 + b"]" * 5000)),
    "deep JSON in the header": lambda issuer: signed_raw(
        issuer.key, b'{"alg":"RS256","kid":"rsa","a":' + b"[" * 5000 + b"]" * 5000 + b"}", b"{}"
    ),
    "a long number": payload(lambda text: text.replace(b'"j"', b"9" * 5000)),
    "more than a token may have": payload(lambda text: text.replace(b'"j"', b'"' + b"j" * 13_000 + b'"')),
    "a header without anything": lambda issuer: signed_raw(issuer.key, b"{}", json.dumps(issuer.claims()).encode()),
    "algorithms in a list": headed(alg=["RS256"]),
    "a header on several lines": lambda issuer: signed_raw(stranger(), b'{\n"alg": "RS256", "kid": "rsa"}', b"{}"),
    "another key of another type": forged(ed_key, kid="ec"),
    "another algorithm's name": forged(ec_key, alg="RS256"),
}
