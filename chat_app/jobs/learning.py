"""Has the read learn from a person's feedback: in the background, giving way to replies, to be cancelled, gone on with
after a kill, and kept or not.

Each owner has one run at most. It is done while no reply is under way (``network.idle``); what was built of it so far
is kept when a reply comes between. Does not know: how the read learns, pages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chat_app.history.feedback import FeedbackRow
from chat_app.history.history import History
from knowledge.errors import BadInput, Cancelled, MnemeError, NotFound

if TYPE_CHECKING:
    from knowledge.feedback.learning import Feedback, FeedbackExample, FeedbackTraining
    from knowledge.memory_network import MemoryNetwork
    from knowledge.read.owner_readers import OwnerReaders

logger = logging.getLogger(__name__)

Phase = Literal["", "waiting", "preparing", "learning", "done", "failed", "cancelled", "interrupted"]
_PREPARING = 0.6  # share of a run's progress that goes by until its examples are made


@dataclass(frozen=True, slots=True)
class LearningState:
    """How far an owner's run is. ``fraction`` 0…1. ``message``: why it failed. ``report``: held-back feedback before
    and after, once it is done; "better" in it says whether the result was offered."""

    phase: Phase = ""
    fraction: float = 0.0
    message: str = ""
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Is it still under way?"""
        return self.phase in ("waiting", "preparing", "learning")


class _Run:
    """One owner's run: it may be stopped between any two steps, and goes on with the next call."""

    def __init__(self, history: History, network: MemoryNetwork, readers: OwnerReaders, owner: str) -> None:
        self.history, self.network, self.readers, self.owner = history, network, readers, owner
        self.cancel = threading.Event()
        self.state = LearningState("waiting")
        self._told: list[Feedback] | None = None
        self._at = 0
        self._examples: list[FeedbackExample] = []
        self._training: FeedbackTraining | None = None

    def work(self, stop: threading.Event) -> bool:
        """As a job of ``IdleWork``: False when it was stopped and wants another turn."""
        try:
            finished = self._prepared(stop) and self._learned(stop)
            if not finished:
                self.state = LearningState("waiting", self.state.fraction)
            return finished
        except Cancelled:
            self.state = LearningState("cancelled")
            self.readers.state_path(self.owner).unlink(missing_ok=True)
        except MnemeError as error:
            self.state = LearningState("failed", message=str(error))
        except Exception:
            logger.exception("learning from feedback failed")
            self.state = LearningState("failed", message="Learning failed; the terminal says why. Nothing was changed.")
        return True

    def _may_go_on(self, stop: threading.Event) -> bool:
        if self.cancel.is_set():
            raise Cancelled("Learning was cancelled.")
        return not stop.is_set()

    def _step(self, share: float) -> None:
        self._may_go_on(self.cancel)
        self.state = LearningState("learning", _PREPARING + (1 - _PREPARING) * share)

    def _prepared(self, stop: threading.Event) -> bool:
        """Make the examples, one feedback at a time."""
        # Imported here: torch takes seconds, and the page is to be up before it.
        from knowledge.feedback.learning import FeedbackPlan, FeedbackTraining, cloze_of, examples_of

        if self._training is not None:
            return self._may_go_on(stop)
        plan, sources, network = FeedbackPlan(), self.readers.size.sources, self.network
        arguments = (network.store, network.encoder, self.owner, self.readers.shipped)
        if self._told is None:
            self._told = self._feedback()
        while self._at < len(self._told):
            if not self._may_go_on(stop):
                return False
            self._examples += examples_of(*arguments, [self._told[self._at]], sources=sources)
            self._at += 1
            self.state = LearningState("preparing", 0.8 * _PREPARING * self._at / len(self._told))

        def step(share: float) -> None:
            self._may_go_on(self.cancel)
            self.state = LearningState("preparing", _PREPARING * (0.8 + 0.2 * share))

        cloze = cloze_of(*arguments, sources=sources, most=plan.cloze_turns, seed=plan.seed, step=step)
        self._training = FeedbackTraining(
            self._examples, cloze, self.readers.size, plan, state=self.readers.state_path(self.owner)
        )
        self._training.resume()
        return self._may_go_on(stop)

    def _learned(self, stop: threading.Event) -> bool:
        """Train epoch by epoch, then offer the result where held-back feedback is served better by it."""
        training = self._training
        assert training is not None
        while training.epoch < training.plan.epochs:
            if not self._may_go_on(stop):
                return False
            training.go(self._step, until=training.epoch + 1)
        report = training.report()
        self._may_go_on(self.cancel)
        if report["better"]:
            self.readers.offer(self.owner, training.adapter, report)
            if self.cancel.is_set():  # everything was deleted meanwhile, perhaps before this was written
                self.readers.discard(self.owner)
        else:
            self.readers.discard(self.owner)
        training.forget()
        self.state = LearningState("done", 1.0, report=report)
        return True

    def _feedback(self) -> list[Feedback]:
        """Everything the owner said that still has its question, with the texts as they are now."""
        found = []
        for row in reversed(self.history.kept_feedback.rows(self.owner)):
            try:
                one = told_by(self.history, self.network, self.owner, row)
            except NotFound:
                continue  # deleted meanwhile
            if one is not None:
                found.append(one)
        return found


def told_by(history: History, network: MemoryNetwork, owner: str, row: FeedbackRow) -> Feedback | None:
    """A row with what it is about: the question, its dialogue, what was read. None where no reply belongs to it.

    Raises NotFound when the reply is gone.
    """
    from knowledge.feedback.learning import Feedback, PastWeight

    if not row.message:
        return None
    reply = history.message(owner, row.message)
    if reply.parent is None:
        return None
    dialogue = [message.turn for message in history.tail(owner, reply.parent)]
    asked = dialogue[-1]
    beside = network.beside(owner, dialogue) | {network.memory_id(owner, reply.id)}
    reads = {
        read.id: PastWeight(read.weight, read.attention, read.cosine, read.bm25, read.window)
        for read in history.reads(owner, reply.id)
    }
    before = network.context_of(asked.text, [turn.text for turn in dialogue[:-1]])
    edited = history.message(owner, row.version).text if row.version else ""
    return Feedback(
        asked.id,
        row.kind,
        asked.text,
        before,
        asked.created,
        beside,
        reads,
        row.memory,
        reply.text,
        edited,
    )


class Learning:
    """Runs of all owners, and what came of them. Every call names the owner. Safe to call from threads.

    ``network``: raises NotReady until the models are loaded.
    """

    def __init__(self, history: History, network: Callable[[], MemoryNetwork]) -> None:
        self._history, self._network = history, network
        self._lock = threading.Lock()
        self._runs: dict[str, _Run] = {}

    def readers(self) -> OwnerReaders:
        """The owners' own reads. Raises NotReady, or BadInput where the read that serves cannot learn."""
        readers = self._network().own_readers
        if readers is None:
            raise BadInput(
                "The read in use has no weights that could learn (the hand-set mix). Start Mneme with its default "
                "encoder, or train a read for yours: python -m knowledge.training reader --encoder."
            )
        return readers

    def start(self, owner: str) -> None:
        """Begin, or go on with a run that was killed. Raises BadInput when one is under way, or nothing can learn."""
        readers, network = self.readers(), self._network()
        with self._lock:
            known = self._runs.get(owner)
            if known is not None and known.state.running and not known.cancel.is_set():
                raise BadInput("Learning is already under way; wait for it or cancel it first.")
            run = self._runs[owner] = _Run(self._history, network, readers, owner)
        network.idle.submit(("learn", owner, id(run)), run.work, asked=True)

    def cancel(self, owner: str) -> None:
        """Stop the owner's run; nothing of it is left."""
        with self._lock:
            run = self._runs.get(owner)
        if run is not None:
            run.cancel.set()

    def state(self, owner: str) -> LearningState:
        """How far the owner's run is; "interrupted" where one was killed and can be gone on with."""
        with self._lock:
            run = self._runs.get(owner)
        if run is None:
            there = self.readers().state_path(owner).is_file()
            return LearningState("interrupted") if there else LearningState()
        if run.cancel.is_set() and run.state.running:
            return LearningState("cancelled")
        return run.state

    def busy(self) -> bool:
        """Is any owner's run under way?"""
        with self._lock:
            return any(run.state.running for run in self._runs.values())

    def own(self, owner: str) -> dict[str, Any]:
        """What is in force for the owner and what is offered, as ``OwnRead``'s fields."""
        return asdict(self.readers().state(owner))

    def keep(self, owner: str) -> None:
        """Let what was learned serve. Raises BadInput when nothing is offered."""
        self.readers().keep(owner)
        self._over(owner)

    def discard(self, owner: str) -> None:
        """Drop what was learned."""
        self.readers().discard(owner)
        self._over(owner)

    def roll_back(self, owner: str) -> None:
        """Go back to what served before. Raises BadInput when nothing of the owner's is in force."""
        self.readers().roll_back(owner)

    def forget(self, owner: str, memories: object) -> None:
        """As a store's ``forgotten``: with everything of an owner (None) ends what is being learned from it."""
        if memories is None:
            self.cancel(owner)
            self._over(owner)

    def _over(self, owner: str) -> None:
        with self._lock:
            if owner in self._runs and not self._runs[owner].state.running:
                del self._runs[owner]
