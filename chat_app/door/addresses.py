"""By which names this server may be called, and which pages' origins may call it.

A page of another site cannot choose the Host that a browser sends, but it can point its own name at this computer (DNS
rebinding). So a name is taken only when it is ours; an address in numbers cannot be pointed anywhere.
Does not know: who is signed in, HTTP.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Is this name or address this computer's own, which no other can reach?"""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of a web address in small letters, without the scheme's own port.

    Raises ValueError for one that is more than that (a path, a user) or none.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(url)
    named = _split(parts.netloc)
    if named is None:
        raise ValueError(url)
    host, port = named
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "")


@dataclass(frozen=True, slots=True)
class Addresses:
    """``loopback``: only this computer is served. ``public``: the origin that is served, "" where none is set.
    ``names``: of this machine, in small letters; they count only where no ``public`` is set."""

    loopback: bool
    public: str = ""
    names: frozenset[str] = frozenset()

    def serves(self, host: str) -> bool:
        """May this Host header be answered? The machine's own loopback names always may, with any port."""
        named = _split(host)
        if named is None:
            return False
        if is_loopback(named[0]) or self.is_public(host):
            return True
        if self.loopback or self.public:
            return False
        return named[0] in self.names or _in_numbers(named[0])

    def is_public(self, host: str) -> bool:
        """Is this Host header the one of the public address?"""
        try:
            return bool(self.public) and origin_of(f"{urlsplit(self.public).scheme}://{host}") == self.public
        except ValueError:
            return False

    def trusts(self, origin: str, host: str) -> bool:
        """May a page of this origin call the server by this Host? Only the server's own pages may."""
        try:
            origin = origin_of(origin)
        except ValueError:
            return False
        if self.public and (origin == self.public or self.is_public(host)):
            return origin == self.public
        return any(origin == _origin_or_none(f"{scheme}://{host}") for scheme in _DEFAULT_PORTS)

    def told(self) -> str:
        """Where it answers, in words for the terminal."""
        if self.public:
            return self.public
        return "loopback names" if self.loopback else "IP addresses and this machine's own name"


def own_names(host: str) -> frozenset[str]:
    """The names of this machine: its host name, whole, short and as multicast DNS tells it, and the one served on."""
    whole = socket.gethostname().lower().rstrip(".")
    short = whole.partition(".")[0]
    return frozenset({whole, short, f"{short}.local", host.lower()} - {"", ".local"})


def _split(host: str) -> tuple[str, int | None] | None:
    """Name or address, and port, of a Host header; None when it is malformed."""
    if not host or any(letter in "@/?#\\, " or not letter.isprintable() for letter in host):
        return None
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (name.lower(), port) if name else None


def _in_numbers(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _origin_or_none(url: str) -> str | None:
    try:
        return origin_of(url)
    except ValueError:
        return None
