"""How many wrong attempts may be made: few per address, with waits that double, and a number in total.

Memory is bounded. Does not know: what is attempted.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_LONGEST = 900.0  # seconds of waiting, at most
_QUIET = 3600.0  # seconds after which an address is forgotten
_ADDRESSES = 4096  # kept at once; the one that was quiet for longest goes first


class Throttle:
    """An attempt counts as wrong until ``passed`` is called, so that many at once cannot slip by.

    free: attempts of one address without a wait. total: attempts of all addresses within ``window`` seconds; None for
    any number. ``clock``: seconds, never going back. For one thread or one event loop.
    """

    def __init__(
        self, *, free: int, total: int | None, window: float = 600.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free, self._total, self._window, self._clock = free, total, window, clock
        self._counts: OrderedDict[str, tuple[int, float]] = (
            OrderedDict()
        )  # address → (wrong attempts, time of the last)
        self._times: deque[float] = deque()

    def take(self, address: str) -> float:
        """Take one attempt: 0 when it may be made, otherwise the seconds to wait (and nothing was taken)."""
        now, key = self._clock(), _network(address)
        while self._counts and next(iter(self._counts.values()))[1] <= now - _QUIET:
            self._counts.popitem(last=False)
        while self._times and self._times[0] <= now - self._window:
            self._times.popleft()
        count, last = self._counts.get(key, (0, now))
        wait = last + min(2.0 ** min(count - self._free + 1, 30), _LONGEST) - now if count >= self._free else 0.0
        if self._total is not None and len(self._times) >= self._total:
            wait = max(wait, self._times[0] + self._window - now)
        if wait > 0:
            return wait
        self._counts[key] = (count + 1, now)
        self._counts.move_to_end(key)
        if len(self._counts) > _ADDRESSES:
            self._counts.popitem(last=False)
        if self._total is not None:
            self._times.append(now)
        return 0.0

    def passed(self, address: str) -> None:
        """The attempt that was taken last for this address was right: the address begins anew."""
        self._counts.pop(_network(address), None)
        if self._times:
            self._times.pop()


def _network(address: str) -> str:
    """What counts as one address: of IPv6 a household has 2⁶⁴."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 4:
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
