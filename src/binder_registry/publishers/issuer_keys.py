"""The keys of one issuer: what is a key that verifies, and how long a set of them is held."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from ..errors import AuthUnavailable

KEPT_SECONDS = 600.0  # after which the issuer is asked again, when a token comes
AGAIN_SECONDS = 60.0  # between two questions, whatever tokens come
FIRST_SECONDS = 5.0  # the same, while there is no key at all
WAIT_SECONDS = 1.5  # for an answer; less than after which a server takes a store for silent
MOST_KEYS = 100
RSA_BITS = (2048, 8192)  # fewer are weak, and more take long
RSA_EXPONENT = 1 << 32

# By algorithm: the type and curve of its keys, and what of one is public.
_FORMS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "RS256": ({"kty": "RSA"}, ("n", "e")),
    "ES256": ({"kty": "EC", "crv": "P-256"}, ("x", "y")),
    "EdDSA": ({"kty": "OKP", "crv": "Ed25519"}, ("x",)),
}
ALGORITHMS = tuple(_FORMS)

logger = logging.getLogger(__name__)


class Key(Struct, frozen=True):
    material: tuple[str, ...]
    public: jwt.PyJWK

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        return self.public.Algorithm.verify(signed, self.public.key, signature)


Keys = Mapping[tuple[str, str], Key]  # by algorithm and id; an id may be empty


class KeysAway(Exception):
    """There is no set of keys to be had: why, in words."""


def read_keys(text: bytes) -> Keys:
    """Those of a JWK set (RFC 7517) that verify what is taken here; others are passed over. Raises `KeysAway`."""
    try:
        found = json.loads(text)["keys"]
        listed = [each for each in found[:MOST_KEYS] if isinstance(each, dict)]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise KeysAway("this is no set of keys") from None
    keys: dict[tuple[str, str], Key] = {}
    for jwk in listed:
        algorithm, key = _read(jwk)
        identifier = jwk.get("kid", "")
        if key and isinstance(identifier, str):
            keys.setdefault((algorithm, identifier), key)
    if not keys:
        raise KeysAway(f"no key is there for {', '.join(ALGORITHMS)}")
    return keys


def _read(jwk: Mapping[str, Any]) -> tuple[str, Key | None]:
    """By its algorithm; never what is private of it."""
    algorithm = next((name for name, (form, _) in _FORMS.items() if form.items() <= _texts(jwk).items()), "")
    form, members = _FORMS.get(algorithm, ({}, ()))
    material = tuple(_texts(jwk).get(member, "") for member in members)
    verifies = jwk.get("use", "sig") == "sig" and jwk.get("key_ops", ["verify"]) == ["verify"]
    if not material or not verifies or jwk.get("alg", algorithm) != algorithm:
        return algorithm, None
    try:
        public = jwt.PyJWK({**form, **dict(zip(members, material, strict=True))}, algorithm)
    except (jwt.PyJWTError, ValueError):
        return algorithm, None
    if isinstance(public.key, RSAPublicKey):
        least, most = RSA_BITS
        if not least <= public.key.key_size <= most or public.key.public_numbers().e > RSA_EXPONENT:
            return algorithm, None
    return algorithm, Key(material, public)


def _texts(jwk: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: value for name, value in jwk.items() if isinstance(value, str)}


class IssuerKeys:
    """May be used from any thread. `fetch` is called in a thread of its own, one at a time; it raises `KeysAway`, and
    then the keys of before stay."""

    def __init__(self, issuer: str, fetch: Callable[[], Keys], clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch, clock
        self._changed = threading.Condition()  # of what follows
        self._keys: Keys = {}
        self._due_at = self._again_at = clock()
        self._began_at: float | None = None  # of the fetch that goes on

    def current(self) -> Keys | None:
        """The same object as long as no key came or went; None while the issuer has to be asked."""
        return self._keys if self._keys and self._clock() < self._due_at else None

    def find(self, algorithm: str, identifier: str | None) -> Key | None:
        """None where the issuer has no such key. Without an id, it must be the only one of its algorithm.

        Waits, for a bounded time, for an answer that is due; where there is none yet, the keys of before are taken.
        Raises `AuthUnavailable` where these do not tell.
        """
        now = self._clock()
        with self._changed:
            key = _found(self._keys, algorithm, identifier)
            wanted = now >= self._due_at or key is None
            if wanted and self._began_at is None and now >= self._again_at:
                try:
                    self._thread = threading.Thread(target=self._refresh, name="issuer-keys", daemon=True)
                    self._thread.start()
                except RuntimeError:  # there are too many
                    raise AuthUnavailable from None
                self._began_at = now
            if wanted and self._began_at is not None:
                patience = self._began_at + WAIT_SECONDS - now
                self._changed.wait_for(lambda: self._began_at is None, patience)
            key = _found(self._keys, algorithm, identifier)
            if key is None and (self._began_at is not None or not self._keys):
                raise AuthUnavailable
            return key

    def _refresh(self) -> None:
        keys: Keys = {}
        try:
            keys = self._fetch()
        except KeysAway as error:
            logger.warning("the keys of %s cannot be had: %s", self._issuer, error)
        except Exception:
            logger.exception("the keys of %s cannot be had", self._issuer)
        with self._changed:
            now = self._clock()
            if keys and _material(keys) != _material(self._keys):
                logger.info("%s has %d keys", self._issuer, len(keys))
                self._keys = keys
            self._due_at = now + (KEPT_SECONDS if keys else AGAIN_SECONDS if self._keys else FIRST_SECONDS)
            self._again_at = now + (AGAIN_SECONDS if self._keys else FIRST_SECONDS)
            self._began_at = None
            self._changed.notify_all()


def _found(keys: Keys, algorithm: str, identifier: str | None) -> Key | None:
    if identifier is not None:
        return keys.get((algorithm, identifier))
    of_it = [key for (other, _), key in keys.items() if other == algorithm]
    return of_it[0] if len(of_it) == 1 else None


def _material(keys: Keys) -> Mapping[tuple[str, str], tuple[str, ...]]:
    return {name: key.material for name, key in keys.items()}
