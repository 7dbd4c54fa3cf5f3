"""Everything that runs behind the page: opens the data folder, loads the models in the background, says how far it is.

Does not know: gradio, HTTP. Pages and the HTTP door get one ``Application`` passed in.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from chat_app.decoders import Decoders
from chat_app.dialogue.conversation import Conversations
from chat_app.dialogue.ongoing_replies import OngoingReplies
from chat_app.dialogue.temporary_chats import TemporaryChats
from chat_app.door.audit import Audit
from chat_app.door.door import Door
from chat_app.door.program_keys import ProgramKeys
from chat_app.encoders import Encoders
from chat_app.history.history import History
from chat_app.jobs.learning import Learning
from chat_app.jobs.upload_jobs import UploadJobs
from chat_app.machine import total_memory
from chat_app.notices import Notices
from chat_app.parts import Parts
from chat_app.preferences import Chosen, Preferences
from chat_app.settings import Settings
from knowledge import process_memory
from knowledge.errors import MnemeError, ModelError, NotReady, StoreError
from knowledge.memory.database import check, close_database, found_at_opening, open_database

if TYPE_CHECKING:
    from knowledge.input.encoder import Encoder
    from knowledge.memory_network import MemoryNetwork
    from knowledge.reply.decoder import Decoder

logger = logging.getLogger(__name__)

# Share of the start's progress bar that each phase takes; the first start's download is by far the longest.
PHASES = {
    "starting": 0.0,
    "fetching": 0.02,
    "converting": 0.5,
    "decoder": 0.8,
    "encoder": 0.85,
    "memory": 0.92,
    "ready": 1.0,
}
ENCODERS = ("all-MiniLM-L6-v2", "multilingual-e5-small")  # the embedded ones, which the Models page offers
_WEIGHTS_AFTER = 20.0  # seconds from the start until the decoder's files are read through
_END_SECONDS = 5.0  # how long the end waits for the replies under way
_FETCHED = 0.8  # share of the encoder's phase that fetching it takes, where it is not in the cache


@dataclass(frozen=True, slots=True)
class Status:
    """How far the start is. ``phase`` is a key of ``PHASES``, "repairing" (of memory) or "failed"; ``fraction`` is 0…1
    over the whole start."""

    ready: bool = False
    phase: str = "starting"
    fraction: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Models:
    """Models that are loaded already."""

    decoder: Decoder
    encoder: Encoder


class Application:
    """The parts of a running Mneme. History is there at once; the network when ``status().ready``.

    ``clock``: seconds since the epoch, UTC, for everything that is said, read and kept. ``models``: what another
    application has loaded, used as it is; by default they are loaded as the settings say.

    Raises StoreError when the data folder or the database cannot be opened, BadInput when other computers would be
    served without a password.
    """

    def __init__(
        self, settings: Settings, *, clock: Callable[[], float] = time.time, models: Models | None = None
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._models = models
        self._status = Status()
        self._network: MemoryNetwork | None = None
        self._loaded = threading.Event()
        self._closing = False
        self.notices = Notices()
        try:
            settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            settings.cache.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreError(
                f"The folder {exc.filename} cannot be made: {exc.strerror}; choose another with --data or --cache."
            ) from exc
        # Chroma's embedded client and the lexical files are not for two processes.
        self._lock = FileLock(settings.data / "mneme.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as exc:
            raise StoreError(
                f"Another Mneme already uses {settings.data}; stop it or choose another folder with --data."
            ) from exc
        except OSError as exc:
            raise StoreError(
                f"The folder {settings.data} cannot be written to ({exc.strerror}); allow it, or choose another with "
                "--data."
            ) from exc
        self.door = Door(
            settings.data,
            loopback=settings.loopback,
            password=settings.password,
            api_key=settings.api_key,
            secure=settings.public_url.startswith("https:"),
            clock=clock,
        )
        self.preferences = Preferences(
            settings.data / "preferences.json", Chosen(settings.temperature, settings.reply_tokens)
        )
        self.engine = open_database(settings.database_url)
        if found := found_at_opening(self.engine):
            self.notices.add(f"database_{found}")
        self.keys = self.door.made_keys = ProgramKeys(self.engine, clock=clock)
        self.audit = Audit(self.engine, clock=clock)
        self._parts = self._make_parts()
        self.decoders = Decoders(
            self._parts.decoder,
            lambda: self.network,
            cache=settings.cache,
            memory=total_memory(),
            chosen=lambda model: self.set_preferences({"model": model}),
        )
        self.encoders = Encoders(self._parts.encoder, self._take_encoder, ENCODERS, self._others_work)
        self.history = History(self.engine, clock=clock)
        self.conversations = Conversations(
            self.history,
            lambda: self.network,
            reads=settings.reads,
            sampling=self.preferences.chosen.sampling,
            clock=clock,
        )
        self.temporary = TemporaryChats(
            lambda: self.network,
            self.conversations.running,
            sampling=self.preferences.chosen.sampling,
            clock=clock,
        )
        self.conversations.system = self.temporary.conversations.system = self.preferences.chosen.system
        self.ongoing = OngoingReplies(self._until_ready, self.conversations.busy)
        self.uploads = UploadJobs(self)
        self.learning = Learning(self.history, lambda: self.network)

    # ---- what pages and HTTP ask ---------------------------------------------------------------------

    def status(self) -> Status:
        """How far the start is."""
        return self._status

    @property
    def network(self) -> MemoryNetwork:
        """The memory network. Raises NotReady while it loads or when loading failed."""
        if self._network is None:
            raise NotReady(self._status.error or "Mneme is still getting ready; try again in a moment.")
        return self._network

    def owner_of(self, request: Any) -> str:
        """Whose memory a request may touch: the one whom the door let in. Raises PermissionError past the door."""
        owner = getattr(request.state, "owner", "")
        if not isinstance(owner, str) or not owner:
            raise PermissionError("a request came past the door")
        return owner

    def conversations_of(self, conversation: str) -> Conversations:
        """The dialogues to which this one belongs: those that are kept, or the temporary ones."""
        return self.temporary.conversations if self.temporary.has(conversation) else self.conversations

    def wait_until_ready(self, timeout: float | None = None) -> Status:
        """Block until the models are loaded or loading failed."""
        self._loaded.wait(timeout)
        return self._status

    def _until_ready(self) -> None:
        """Wait until replies can be written. Raises NotReady where that will not be."""
        if not self.wait_until_ready().ready:
            raise NotReady(self._status.error or "Mneme is still getting ready; try again in a moment.")

    # ---- start and stop ------------------------------------------------------------------------------

    def start(self) -> None:
        """Load the models in the background."""
        process_memory.bound()  # before torch is loaded
        threading.Thread(target=self._load, name="load-models", daemon=True).start()

    def _check_weights(self, stop: threading.Event) -> bool:
        """Bytes that a disk changed make a decoder say nothing, or nonsense, without an error."""
        known = self.decoders.check_files(stop)
        if self.decoders.trouble():
            self.notices.add("weights")
        return known

    def _make_parts(self) -> Parts:
        return Parts(self.settings, self.engine, self._clock)

    def _progress(self, phase: str, fraction: float) -> None:
        names = list(PHASES)
        start = PHASES[phase]
        end = PHASES[names[min(names.index(phase) + 1, len(names) - 1)]]
        self._status = Status(phase=phase, fraction=start + (end - start) * min(max(fraction, 0.0), 1.0))

    def _encoder_progress(self, phase: str, fraction: float) -> None:
        """An encoder that is fetched and converted first takes most of its phase for the fetching."""
        self._progress("encoder", _FETCHED * fraction if phase == "fetching" else _FETCHED + (1 - _FETCHED) * fraction)

    def _memory_progress(self, phase: str, fraction: float) -> None:
        self._progress("memory", fraction)
        if phase == "repairing":
            self._status = replace(self._status, phase=phase)

    def _load(self) -> None:
        try:
            self._serve(self._make_network())
            logger.info("ready: %s, %s", self.network.decoder.name, self.network.encoder.name)
            self.decoders.begin()
            self.network.idle.submit("weights", self._check_weights, delay=_WEIGHTS_AFTER)
        except MnemeError as error:
            self._fail(error)
            logger.error("%s", error)
        except Exception as error:
            logger.exception("loading failed")
            try:
                check(self.engine)  # a damaged database makes errors of any kind
                self._fail(error)
            except StoreError as damage:
                self._fail(damage)
        finally:
            self._loaded.set()

    def _serve(self, network: MemoryNetwork) -> None:
        """Let this network serve from now on, once it has what a crash left undone. Raises StoreError."""
        self._attach_learning(network)
        network.system = self.preferences.chosen.system
        self._network = network
        if network.store.repaired:
            self.notices.add("vectors")
        self.conversations.recover(lambda fraction: self._progress("memory", fraction))
        self._status = Status(ready=True, phase="ready", fraction=1.0)

    def _fail(self, error: Exception) -> None:
        self._network = None
        told = str(error) if isinstance(error, MnemeError) else "Mneme could not start; the terminal says why."
        self._status = Status(phase="failed", error=told)

    def _first_decoder(self) -> Decoder:
        """The one to begin with: by its flag, as chosen on the Models page, or the default. Raises ModelError."""
        chosen = self.preferences.chosen.model
        if self.settings.model != "default" or not chosen:
            return self.decoders.first(self.settings.model, self._progress)
        try:
            return self.decoders.first(chosen, self._progress)
        except ModelError as error:  # a folder or a file that is gone: it can be chosen anew
            logger.warning("%s", error)
            return self.decoders.first("default", self._progress, instead_of=(chosen, error))

    def _first_encoder(self) -> Encoder:
        """The one to begin with: by its flag, as chosen on the Models page, or the default. Raises ModelError."""
        chosen = self.preferences.chosen.encoder
        if self.settings.encoder != "default" or not chosen:
            return self._parts.encoder(self.settings.encoder, self._encoder_progress)
        try:
            return self._parts.encoder(chosen, self._encoder_progress)
        except ModelError as error:  # its files are gone and cannot be fetched: it can be chosen anew
            logger.warning("%s", error)
            return self._parts.encoder("default", self._encoder_progress)

    def set_preferences(self, given: Mapping[str, Any]) -> None:
        """Change what the replies that start from now on are made with. Raises BadInput, StoreError."""
        chosen = self.preferences.set(given)
        for one in (self.conversations, self.temporary.conversations):
            one.sampling, one.system = chosen.sampling, chosen.system
        if self._network is not None:
            self._network.system = chosen.system

    def _make_network(self) -> MemoryNetwork:
        from knowledge.reply.decoder import OpenDecoder

        decoder = self._models.decoder if self._models else self._first_decoder()
        self._progress("encoder", 0.0)
        encoder = self._models.encoder if self._models else self._first_encoder()
        self._progress("memory", 0.0)
        network = self._parts.network(decoder, encoder, self._memory_progress)
        if self._models and isinstance(decoder, OpenDecoder):
            network.store.forgotten.append(decoder.forget)
        return network

    def _take_encoder(self, encoder: Encoder, progress: Callable[[str, float], None]) -> None:
        """Let ``encoder`` serve: replies end, all vectors are made anew, and replies go on. Where that fails, or
        ``progress`` raises, the earlier one serves again, and the error is raised.

        Raises StoreError, ModelError.
        """
        before = self.network

        def both(phase: str, fraction: float) -> None:
            self._memory_progress(phase, fraction)
            progress(phase, fraction)

        with self.conversations.paused():
            self._network, self._status = None, Status(phase="memory", fraction=PHASES["memory"])
            before.leave()
            try:
                network = self._parts.network(before.decoder, encoder, both)
            except BaseException:
                self._back(before)
                raise
            self._serve(network)
        self.set_preferences({"encoder": encoder.name})

    def _others_work(self) -> bool:
        return self.uploads.busy() or self.learning.busy() or self.decoders.state().busy

    def _back(self, before: MemoryNetwork) -> None:
        try:
            self._serve(self._parts.network(before.decoder, before.encoder, self._memory_progress))
        except Exception as error:
            self._fail(error)
            logger.exception("the earlier encoder could not serve again")

    def _attach_learning(self, network: MemoryNetwork) -> None:
        """Let owners' own reads serve where the read can learn; what is deleted leaves them and the feedback."""
        from knowledge.read.attention_reader import AttentionReader
        from knowledge.read.owner_readers import OwnerReaders

        if isinstance(network.reader, AttentionReader):
            network.own_readers = OwnerReaders(self.settings.data / "readers", network.reader, network.encoder.name)
            network.store.forgotten += [self.learning.forget, network.own_readers.forget]

        def forget(owner: str, memories: Sequence[str] | None) -> None:
            if memories is None:
                self.history.kept_feedback.clear(owner)
                return
            there = network.store.get(owner, memories)  # those that were only edited
            self.history.kept_feedback.forget_memories(owner, [id for id in memories if id not in there])

        network.store.forgotten.append(forget)

    def close(self) -> None:
        """Stop running work and close the data folder."""
        if self._closing:
            return
        self._closing = True
        self.ongoing.close()
        self.temporary.close_all()
        self.conversations.running.end(_END_SECONDS)
        self.decoders.close()
        self.encoders.close()
        self.uploads.close()
        self.keys.close()
        if self._network is not None:
            self._network.close()
        close_database(self.engine, sound=self._status.phase != "failed")
        self._lock.release()
