"""Which encoder serves: another one is fetched and loaded beside the chat, then all vectors are made anew by it.

Does not know: how an encoder is fetched or run, how memory is made anew, or the page.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from knowledge.errors import BadInput, Cancelled, MnemeError

if TYPE_CHECKING:
    from knowledge.input.encoder import Encoder

logger = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
Phase = Literal["", "fetching", "converting", "loading", "memory"]
_PHASES: dict[str, Phase] = {"fetching": "fetching", "converting": "converting", "memory": "memory"}


@dataclass(frozen=True, slots=True)
class EncoderState:
    """``wanted``: what is under way to serve, with ``phase`` and ``fraction`` 0…1 of that phase; "" where nothing is.
    ``missed``: what was asked for and does not serve, and ``reason``, a sentence."""

    wanted: str = ""
    phase: Phase = ""
    fraction: float = 0.0
    missed: str = ""
    reason: str = ""

    @property
    def busy(self) -> bool:
        """Is another encoder under way?"""
        return bool(self.wanted)


class Encoders:
    """``make``: (name, progress) → an encoder that is loaded, raising ModelError. ``take``: has it serve, raising
    ModelError, StoreError and what its progress raises, after which the earlier one serves; the progress of both may
    raise Cancelled. ``choices``: names for people to choose from. ``hindered``: may memory not be made anew now?"""

    def __init__(
        self,
        make: Callable[[str, Progress], Encoder],
        take: Callable[[Encoder, Progress], None],
        choices: tuple[str, ...],
        hindered: Callable[[], bool] = lambda: False,
    ) -> None:
        self._make, self._take, self._hindered = make, take, hindered
        self.choices = choices
        self._state = EncoderState()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def state(self) -> EncoderState:
        """What is under way."""
        return self._state

    def switch(self, name: str) -> None:
        """Have one of the choices serve. Raises BadInput for another one, or while something else is under way."""
        if name not in self.choices:
            raise BadInput("There is no encoder of this name to choose.")
        with self._lock:
            if self._state.busy:
                raise BadInput("Another encoder is under way; wait until it serves, or cancel it.")
            self._check()
            self._stop = threading.Event()
            self._state = EncoderState(wanted=name, phase="fetching")
            self._thread = threading.Thread(target=self._run, args=(name,), name="encoder", daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """End what is under way; what was fetched stays for the next time."""
        self._stop.set()

    def close(self) -> None:
        """End what is under way, and wait for it: memory must not be made anew behind a closed application."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, name: str) -> None:
        try:
            encoder = self._make(name, lambda phase, fraction: self._progress(phase, fraction))
            self._progress("memory", 0.0)
            self._check()
            self._take(encoder, lambda _, fraction: self._progress("memory", fraction))
            self._state = EncoderState()
        except Cancelled:
            self._state = EncoderState()
        except Exception as error:  # the libraries raise many kinds
            if isinstance(error, MnemeError):
                logger.warning("%s", error)
            else:
                logger.exception("the encoder %s could not be loaded", name)
            self._state = EncoderState(missed=name, reason=str(error))

    def _check(self) -> None:
        if self._hindered():
            raise BadInput("Wait until documents are taken in, a read has learned, and no decoder is under way.")

    def _progress(self, phase: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled("Changing the encoder was cancelled.")
        known: Phase = _PHASES.get(phase, "loading")
        self._state = replace(self._state, phase=known, fraction=fraction)
