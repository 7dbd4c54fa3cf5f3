"""The sign-in: is the password right, is a cookie one of ours and still good, is a program's key the right one.

One account, ``OWNER``. Several come in here: ``come_in`` would ask for a name, and a visit already carries whose it is.
Does not know: pages, HTTP beyond the text of a cookie, or what lies behind the door.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from chat_app.door import door_file
from chat_app.door.program_keys import ProgramKeys
from chat_app.door.throttle import Throttle
from knowledge.errors import BadInput

OWNER = "local"  # whose memory it is: the one account's, with a password and without
LEAST = 8  # characters of a password
MOST = 1000
LASTS = 30 * 86400  # seconds that a sign-in holds
RENEWED = 86400  # seconds after which a visit to the page makes it hold anew
_FREE, _TOTAL = 5, 60  # wrong passwords of one address without a wait; of all addresses in ten minutes
_FREE_KEYS = 20  # wrong keys of one address without a wait
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in: whose account, and whether the cookie should be given anew."""

    owner: str
    stale: bool = False


class Door:
    """``guarded``: a sign-in is needed. It is as soon as there is a password; without one only loopback may be served.

    data: the folder that keeps the secret. password: of the environment, before the one kept. api_key: of programs.
    secure: the public address is https. clock: seconds since the epoch; ticking: seconds that never go back.

    Raises BadInput where others than this computer would be served without a password, StoreError.
    """

    def __init__(
        self,
        data: Path,
        *,
        loopback: bool,
        password: str = "",
        api_key: str = "",
        secure: bool = False,
        clock: Callable[[], float] = time.time,
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data, self._clock, self._api_key, self._secure = data, clock, api_key.encode(), secure
        kept = door_file.read(data)
        self.guarded = bool(password or (kept and kept.password))
        if not self.guarded and not loopback:
            raise BadInput(
                "Other computers are served only behind a password: set MNEME_PASSWORD or run "
                "python app.py password, or leave out --host and --public-url."
            )
        if self.guarded and kept is None:
            kept = door_file.fresh()
            door_file.write(data, kept)
        self._kept = kept or door_file.fresh()
        self._hash = hashed(password) if password else self._kept.password
        # Another password ends the sign-ins made with the earlier one, also where it comes from the environment.
        mark = _mixed(self._kept.secret, password) if password else self._kept.password
        secret = bytes.fromhex(self._kept.secret)
        self.cookie = f"{'__Host-' if secure else ''}mneme_{_mixed(self._kept.secret, 'cookie')[:8]}"
        self._tickets = URLSafeTimedSerializer(
            secret, salt=f"sign-in {mark}", signer=_Signer, signer_kwargs={"clock": clock}
        )
        self.passwords = Throttle(free=_FREE, total=_TOTAL, clock=ticking)
        self.keys = Throttle(free=_FREE_KEYS, total=None, clock=ticking)
        self.made_keys: ProgramKeys | None = None  # those that the owner made, once the database is open

    # ---- people --------------------------------------------------------------------------------------

    def come_in(self, password: str) -> Visit | None:
        """Whose password this is; None for a wrong one. Takes a tenth of a second of a processor, on purpose."""
        if not self.guarded or len(password) > MOST:
            return None
        try:
            _hasher.verify(self._hash, _normal(password))
        except (Argon2Error, InvalidHashError):
            return None
        return Visit(OWNER)

    def visit(self, cookies: str) -> Visit | None:
        """Who a request with these cookies (the header as it came) is from; None for nobody we know."""
        if not self.guarded:
            return Visit(OWNER)
        for cookie in cookies.split(";"):
            name, _, ticket = cookie.strip().partition("=")
            if name == self.cookie and (visit := self._visit(ticket)):
                return visit
        return None

    def _visit(self, ticket: str) -> Visit | None:
        try:
            given, made = self._tickets.loads(ticket, max_age=LASTS, return_timestamp=True)
        except BadSignature:
            return None
        if given != {"owner": OWNER, "generation": self._kept.generation}:
            return None
        return Visit(OWNER, stale=self._clock() - made.timestamp() > RENEWED)

    def admit(self, visit: Visit) -> str:
        """The Set-Cookie header of a sign-in."""
        ticket = self._tickets.dumps({"owner": visit.owner, "generation": self._kept.generation})
        return self._set_cookie(str(ticket), LASTS)

    def let_out(self) -> str:
        """The Set-Cookie header that ends the sign-in in one browser."""
        return self._set_cookie("", 0)

    def end_all(self) -> None:
        """Sign out everywhere: no cookie made before this holds any longer. Raises StoreError."""
        # Read anew: a password may have been set meanwhile.
        kept = door_file.read(self._data) or self._kept
        generation = max(kept.generation, self._kept.generation) + 1
        door_file.write(self._data, replace(kept, generation=generation))
        self._kept = replace(self._kept, generation=generation)

    def _set_cookie(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self.cookie}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{secure}"

    # ---- programs ------------------------------------------------------------------------------------

    @property
    def has_key(self) -> bool:
        """Is there a key with which programs may come in?"""
        return bool(self._api_key or self.made_keys)

    def visit_of_program(self, authorization: str) -> Visit | None:
        """Who a program with this Authorization header (as Latin-1, the way servers read it) is from, or None."""
        if not self.guarded:
            return Visit(OWNER)
        kind, _, text = authorization.partition(" ")
        if kind.lower() != "bearer":
            return None
        key = text.strip().encode("latin-1", "replace")  # the bytes are compared, for a key may have any letters
        if self._api_key and hmac.compare_digest(key, self._api_key):
            return Visit(OWNER)
        owner = self.made_keys.owner_of(key) if self.made_keys else None
        return Visit(owner) if owner else None


def hashed(password: str) -> str:
    """The argon2id hash of a password. Raises BadInput for one that is too short or too long."""
    password = _normal(password)
    if not LEAST <= len(password) <= MOST:
        raise BadInput(f"A password has {LEAST} to {MOST} characters; choose another.")
    return _hasher.hash(password)


def keep_password(data: Path, password: str) -> None:
    """Keep this password's hash for the starts to come, and end all sign-ins. Raises BadInput, StoreError."""
    new = hashed(password)
    kept = door_file.read(data) or door_file.fresh()
    door_file.write(data, replace(kept, password=new, generation=kept.generation + 1))


class _Signer(TimestampSigner):
    default_digest_method = staticmethod(hashlib.sha256)
    default_key_derivation = "hmac"

    def __init__(self, *args: Any, clock: Callable[[], float], **more: Any) -> None:
        super().__init__(*args, **more)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock())


def _normal(password: str) -> str:
    """As one keyboard and another may compose the same letters differently."""
    return unicodedata.normalize("NFC", password)


def _mixed(secret: str, text: str) -> str:
    return hmac.new(bytes.fromhex(secret), _normal(text).encode(), hashlib.sha256).hexdigest()
