"""``GET /healthz``: can replies be given, and kept? For monitors: it answers at once, whatever else stands still.

Everything that a disk could hold up is looked at in a thread of its own; what is known by then is answered. Does not
know: how any of it works.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from knowledge.errors import NotReady, StoreError
from knowledge.memory.database import try_writing

if TYPE_CHECKING:
    from chat_app.application import Application

logger = logging.getLogger(__name__)

WAIT = 0.03  # seconds that an answer waits for what is looked at
FRESH = 5.0  # seconds for which a write that went well is proof enough: each one is a commit to the disk
STUCK_LOOK = 15.0  # seconds; half of what a message waits for a busy database before it is refused
# Seconds. A step is one token, or a part of the prompt: at most a long system prompt at once, on the slowest machine.
STUCK_DECODER = 120.0
LOW = 1 << 30  # bytes free: a large document with its vectors, or vectors made anew, can take as much
NONE = 64 << 20  # bytes free: the database's journal alone can grow by more


class Health:
    """Asked on the server's loop, which it does not block."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._aside = ThreadPoolExecutor(1, "health")
        self._look: Future[None] | None = None
        self._begun = self._written = float("-inf")
        self._trouble = self._unwritten = self._warning = ""  # what was found

    async def answer(self) -> tuple[int, dict[str, Any]]:
        """Status 200 when replies can be given from a whole memory and kept, else 503; and the body, which says why."""
        status = self._application.status()
        if not status.ready:
            word = "failed" if status.error else "loading"
            return 503, {"status": word, "reason": status.error or status.phase, "progress": status.fraction}
        held_up = await self._look_around()
        if trouble := held_up or self._trouble or self._unwritten:
            return 503, {"status": "degraded", "reason": trouble}
        return 200, {"status": "ok"} | ({"warning": self._warning} if self._warning else {})

    async def _look_around(self) -> str:
        """Look, unless somebody does; a sentence where that takes so long that it will not end well."""
        if self._look is None or self._look.done():
            self._begun, self._look = time.monotonic(), self._aside.submit(self._look_now)
        await asyncio.wait([asyncio.wrap_future(self._look)], timeout=WAIT)
        seconds = 0.0 if self._look.done() else time.monotonic() - self._begun
        return f"The disk or the database has not answered for {seconds:.0f} seconds." if seconds >= STUCK_LOOK else ""

    def _look_now(self) -> None:
        application = self._application
        try:
            network = application.network
            still = network.stands_still()
            stuck = f"The decoder has not got on for {still:.0f} seconds." if still >= STUCK_DECODER else ""
            free = shutil.disk_usage(application.settings.data).free
            low = f"Only {free >> 20} MiB are free on the disk of the data folder; make room before it is full."
            self._warning = low if free < LOW else ""
            full = low if free < NONE else ""
            self._trouble = network.trouble() or application.decoders.trouble() or stuck or full
            if self._unwritten or time.monotonic() - self._written >= FRESH:
                try_writing(application.engine)
                self._unwritten, self._written = "", time.monotonic()
        except NotReady:  # it was, a moment ago
            return
        except StoreError as error:
            self._unwritten = str(error)
        except Exception:
            logger.exception("the look at how things are failed")
            self._trouble = "How things are cannot be found out; the terminal says why."
