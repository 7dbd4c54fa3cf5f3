"""Which decoder speaks: the one asked for, or another until that is there; fetched and swapped in beside the chat.

Does not know: how a decoder is fetched or run, or the page.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from chat_app.machine import own_memory
from knowledge.catalogue.embedded_model import bytes_on_disk, cached, damaged, delete
from knowledge.catalogue.entries import CATALOGUE, DEFAULT, DecoderEntry, fitting, is_default, smaller
from knowledge.errors import BadInput, Cancelled, MnemeError, ModelError
from knowledge.reply.decoder import Decoder

logger = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
Phase = Literal["", "fetching", "converting", "decoder", "waiting"]
Why = Literal["", "memory", "failed"]


class Network(Protocol):
    """What of the memory network is needed here."""

    def swap(self, decoder: Decoder) -> None: ...


@dataclass(frozen=True, slots=True)
class DecodersState:
    """``serving``: what speaks now, a name of the catalogue or what else was asked for; "" before the start.

    ``wanted``: what is under way to take its place, with ``phase`` and ``fraction`` 0…1 of that phase; "" where nothing
    is. ``missed``: what was asked for and does not speak, ``why`` and a sentence ``reason``.
    """

    serving: str = ""
    wanted: str = ""
    phase: Phase = ""
    fraction: float = 0.0
    missed: str = ""
    why: Why = ""
    reason: str = ""

    @property
    def busy(self) -> bool:
        """Is another decoder under way?"""
        return bool(self.wanted)


class Decoders:
    """``make``: (model, progress) → a decoder that is loaded, raising ModelError; its progress may raise Cancelled.

    ``network``: raises NotReady until the start is over. ``memory``: bytes of the machine. ``catalogue``: known by
    name, from small to large; the first one is the stand-in while another is fetched. ``default``: which of them is
    meant where the choice is left to this program. ``chosen`` is told which one a person's switch led to.
    """

    def __init__(
        self,
        make: Callable[[str, Progress], Decoder],
        network: Callable[[], Network],
        *,
        cache: Path,
        memory: int,
        catalogue: tuple[DecoderEntry, ...] = CATALOGUE,
        default: str = DEFAULT,
        chosen: Callable[[str], None] = lambda model: None,
    ) -> None:
        self._chosen = chosen
        self._default = default
        self._make, self._network = make, network
        self._cache, self._memory = cache, memory
        self.catalogue = catalogue
        self.loaded = 0  # bytes by which this process grew when the serving decoder was loaded
        self._state = DecodersState()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._next = ""  # wanted at the start, and not there at once
        self._damaged = ""  # what speaks, where its files on the disk are not what they were

    def state(self) -> DecodersState:
        """Who speaks, and what is under way."""
        return self._state

    def entry(self, model: str) -> DecoderEntry | None:
        """The entry of the catalogue with this name, or None."""
        return next((one for one in self.catalogue if one.name == model), None)

    def on_disk(self, entry: DecoderEntry) -> tuple[bool, int]:
        """Is it ready in the cache, and how many bytes does it take there?"""
        return cached(self._cache, entry), bytes_on_disk(self._cache, entry)

    # ---- the start -------------------------------------------------------------------------------------

    def first(self, model: str, progress: Progress, *, instead_of: tuple[str, Exception] | None = None) -> Decoder:
        """A decoder to begin with: ``model`` where it is in the cache or none of the catalogue; otherwise the stand-in,
        and ``begin`` goes on to the wanted one. ``instead_of``: what failed before, and why.

        Raises: ModelError when there is none at all.
        """
        if instead_of is not None:
            self._missed(*instead_of)
        entry = self._entry_of(model)
        if entry is None:
            return self._serve(model, progress)
        if is_default(model) and (fits := fitting(entry, self._memory, self.catalogue)) is not entry:
            self._state = replace(self._state, missed=entry.name, why="memory")
            entry = fits
        stand_in = self.catalogue[0]
        if entry is not stand_in and not cached(self._cache, entry):
            here = [one for one in self.catalogue if one.memory <= entry.memory and cached(self._cache, one)]
            try:
                decoder = self._serve((here or [stand_in])[0].name, progress)
                self._next = entry.name
                return decoder
            except ModelError as error:
                logger.warning("no stand-in: %s", error)
        return self._largest(entry, progress)

    def begin(self) -> None:
        """Go on to what is wanted and not there yet; to be called once the network serves."""
        if self._next:
            self._start(self._next, chain=True)

    def _entry_of(self, model: str) -> DecoderEntry | None:
        return self.entry(self._default if is_default(model) else model)

    def _largest(self, entry: DecoderEntry, progress: Progress) -> Decoder:
        """The entry, or the next smaller one that can be had. Raises ModelError: that of the wanted one."""
        first: ModelError | None = None
        at: DecoderEntry | None = entry
        while at is not None:
            try:
                return self._serve(at.name, progress)
            except ModelError as error:
                first = first or error
                self._missed(entry.name, error)
                at = smaller(at, self.catalogue)
        assert first is not None  # the wanted one was tried
        raise first

    def _serve(self, model: str, progress: Progress) -> Decoder:
        decoder = self._loaded(model, progress)
        self._state = replace(self._state, serving=model)
        return decoder

    def _loaded(self, model: str, progress: Progress) -> Decoder:
        before = own_memory()
        decoder = self._make(model, progress)
        self.loaded = max(0, own_memory() - before)
        return decoder

    # ---- while the chat goes on ------------------------------------------------------------------------

    def switch(self, model: str) -> None:
        """Have ``model`` speak: fetched and loaded in the background; what speaks goes on until then.

        What was under way before is cancelled. Raises NotReady while the start is under way.
        """
        self._network()
        self._start(model, chain=False)

    def check_files(self, stop: threading.Event) -> bool:
        """Compare the files of the decoder that speaks with their hashes; where they are damaged it is made anew in the
        background and takes its own place. False where ``stop`` was set before that is known."""
        entry = self.entry(self._state.serving)
        found = False if entry is None else damaged(self._cache, entry, stop)
        if found and entry is not None:
            self._damaged = entry.name
            logger.error("%s", self.trouble())
            if not self._state.busy:
                self._start(entry.name, chain=True)
        return found is not None

    def trouble(self) -> str:
        """What is wrong with the decoder that speaks, in one sentence; "" for nothing."""
        entry = self.entry(self._damaged) if self._damaged == self._state.serving else None
        return f"The files of {entry.title} are damaged on the disk; they are made anew." if entry else ""

    def cancel(self) -> None:
        """End what is under way; what was fetched stays for the next time."""
        self._stop.set()

    def delete(self, model: str) -> None:
        """Delete a decoder's files. Raises BadInput for the one that speaks or is under way, NotFound, ModelError."""
        entry = self.entry(model)
        if entry is None:
            raise BadInput("There is no decoder of this name in the catalogue.")
        if model == self._state.serving:
            raise BadInput("This decoder is in use; switch to another one first.")
        if model == self._state.wanted:
            raise BadInput("This decoder is being fetched; cancel that first.")
        delete(self._cache, entry)

    def close(self) -> None:
        """End what is under way, without waiting for it."""
        self._stop.set()

    def _start(self, model: str, *, chain: bool) -> None:
        with self._lock:
            self._stop.set()
            earlier, self._stop = self._thread, threading.Event()
            self._next = ""
            # What the start missed stays told until a person switches.
            kept = self._state if chain else DecodersState(serving=self._state.serving)
            if model == self._state.serving != self._damaged:
                self._state = kept
                return
            self._state = replace(kept, wanted=model, phase="waiting", fraction=0.0)
            arguments = (model, self._stop, earlier, chain)
            self._thread = threading.Thread(target=self._run, args=arguments, name="decoder", daemon=True)
            self._thread.start()

    def _run(self, wanted: str, stop: threading.Event, earlier: threading.Thread | None, chain: bool) -> None:
        if earlier is not None:
            earlier.join()  # two at once would hold twice the memory
        model: str | None = wanted
        while model and (model != self._state.serving or model == self._damaged):
            try:
                self._take(model, stop)
                if not chain:
                    self._chosen(model)
                return
            except Cancelled:
                break
            except (MnemeError, OSError) as error:
                logger.warning("%s", error)
                with self._lock:
                    if not stop.is_set():
                        self._missed(wanted, error)
            except Exception as error:  # the libraries raise many kinds
                logger.exception("the decoder %s could not be loaded", model)
                with self._lock:
                    if not stop.is_set():
                        self._missed(wanted, error)
            entry = self.entry(model) if chain else None
            less = smaller(entry, self.catalogue) if entry is not None else None
            model = less.name if less is not None else None
        with self._lock:
            if self._stop is stop:  # else another one is under way meanwhile
                self._state = replace(self._state, wanted="", phase="", fraction=0.0)

    def _take(self, model: str, stop: threading.Event) -> None:
        """Load and swap in. Raises Cancelled, ModelError."""

        def progress(phase: str, fraction: float) -> None:
            with self._lock:
                if stop.is_set():
                    raise Cancelled("Fetching the decoder was cancelled.")
                self._state = replace(self._state, phase=phase, fraction=fraction)  # type: ignore[arg-type]

        progress("fetching", 0.0)
        decoder = self._loaded(model, progress)
        progress("decoder", 1.0)
        self._network().swap(decoder)
        with self._lock:
            kept = self._state if self._stop is stop else replace(self._state, missed="", why="", reason="")
            self._damaged = ""
            done = {"wanted": "", "phase": "", "fraction": 0.0} if self._stop is stop else {}
            self._state = replace(kept, serving=model, **done)  # type: ignore[arg-type]

    def _missed(self, wanted: str, error: Exception) -> None:
        if self._state.missed != wanted or not self._state.reason:  # the first reason is that of the wanted one
            self._state = replace(self._state, missed=wanted, why="failed", reason=str(error))
