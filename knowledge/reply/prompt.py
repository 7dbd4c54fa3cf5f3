"""Dialogue and reads → chat messages within a token budget.

The order keeps the beginning unchanged from turn to turn, so that its keys and values can be reused::

    [system] [older turns of the window …] [memories, the user's new turn]

Does not know: the tokenizer (it is given a function that counts tokens), the chat template, the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from knowledge.records import Read, ReplyRequest, Turn
from knowledge.text.dates_in_words import date_in_words, resolved

Message = dict[str, str]  # role, content
Placement = Literal["system", "user"]

CUT = "\n[… the middle of this message is left out here because it is too long: about {left_out} characters …]\n"
PER_MESSAGE = 8  # tokens that a chat template adds around a message, at most


@dataclass(frozen=True, slots=True)
class Style:
    """Words and order of a prompt; the defaults come from tests/benchmarks/prompt_formats.py (numbers in LOG.md)."""

    system: str = (
        "You are a helpful AI assistant who remembers what the user said before. Answer in one or two short sentences."
    )
    heading: str = "Context:"  # above the memories
    line: str = "On {date} {who} said: {text}"  # one memory
    speakers: tuple[str, str] = ("I", "you")  # {who} where no name is known: of the user, of the assistant
    passage: str = "From {who}, {date}: {text}"  # one memory from a document; {who} is its name and page
    asked: str = "Question: {text}"  # the user's message behind memories that stand in it; {today}: its date
    alone: str = "{text}"  # the user's message where nothing was read
    share: float = 0.3  # a read goes in when its weight is at least this share of the largest one …
    null_share: float = 0.15  # … and this share of the null slot's, which says that nothing in memory answers
    strongest_last: bool = True
    placement: Placement = "user"  # memories in the user's message, or as a system message of their own before it


PLAIN = Style(
    system=(
        "You are Mneme, a friendly personal assistant who remembers what the user tells you.\n"
        '- Messages that begin with "Earlier" are what the user told you in the past, with the date. Use those that '
        "fit the user's message and ignore the others. What was said later is newer.\n"
        '- "I" and "my" in the user\'s messages mean the user: in your replies say "you" and "your".\n'
        "- When the user asks about their own life and nothing they told you says it, answer that they have not told "
        "you yet. Never make up names, numbers, dates or places about the user.\n"
        "- When the user tells you something, react to it in one short, warm sentence.\n"
        "- Help with everything else as well as you can, in the user's language."
    ),
    heading="Earlier:",
    line="On {date} {who}: {text}",
    speakers=("I told you", "you told me"),
    passage="In my document {who}: {text}",
    asked="{text}",
)
STYLES = {"small": Style(), "plain": PLAIN}  # by the policy of the catalogue's entry


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for a chat template, and what went into them."""

    messages: tuple[Message, ...]
    first_turn: int  # index of the first turn of the dialogue that is in it
    reads: tuple[Read, ...]  # those that are in it, in order of weight
    lines: tuple[str, ...]  # what stands in the prompt for each of them


class PromptBuilder:
    """Builds prompts of at most ``window`` tokens, a quarter of which stays free for the reply.

    ``count`` gives the number of tokens of a text; ``reads_tokens`` bounds the memories' share (and never more than a
    quarter of the window).
    """

    def __init__(
        self, count: Callable[[str], int], *, window: int, reads_tokens: int, style: Style | None = None
    ) -> None:
        self._count = lru_cache(maxsize=8192)(count)
        self._window = max(window, 64)
        self._reads_tokens = min(reads_tokens, self._window // 4)
        self._style = style or Style()

    def build(
        self, request: ReplyRequest, *, mark: str = "", everything: bool = False, examples: bool = True
    ) -> Prompt:
        """The prompt for a request. An empty dialogue gives the system prompt alone.

        ``mark`` stands in the messages where the memories' lines belong, for a caller that puts them there itself.
        ``everything``: weak memories go in too, for a caller that weighs them in the attention. ``examples``: the
        request's go in too, before the new turn.
        """
        system = self.system(request.system)
        first = self.in_window(request.dialogue, request.system)
        budget = self._dialogue_budget(request.system)
        messages = [message("system", system)]
        messages += [message(turn.role, self.cut_middle(turn.text, budget)) for turn in request.dialogue[first:]]
        if request.note and len(messages) > 1:
            messages[-1] = message(messages[-1]["role"], f"{messages[-1]['content']}\n{request.note}")
        reads, lines = self._memories(request.reads, everything)
        shown = lines if not self._style.strongest_last else lines[::-1]
        block = "\n".join([self._style.heading, mark] if mark else [self._style.heading, *shown]) if lines else ""
        if block and len(messages) > 1:
            if self._style.placement == "system":
                messages.insert(-1, message("system", block))
            else:
                asked = self._style.asked.format(text=messages[-1]["content"])
                messages[-1] = message(messages[-1]["role"], f"{block}\n\n{asked}")
        if examples and len(messages) > 1:
            messages[-1:-1] = example_messages(request.examples)
        return Prompt(tuple(messages), first, reads, lines)

    @property
    def heading(self) -> str:
        """What stands above the memories."""
        return self._style.heading

    @property
    def asking(self) -> str:
        """What stands before the question below memories, without the space before it."""
        return self._style.asked.partition("{text}")[0].rstrip()

    @property
    def strongest_last(self) -> bool:
        """Do the strongest memories stand next to the question?"""
        return self._style.strongest_last

    def system(self, given: str) -> str:
        """The system prompt: a program's own, cut to a quarter of the window, or the style's."""
        return self.cut_middle(given, self._window // 4) if given else self._style.system

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        """Index of the first turn that is kept.

        When the turns outgrow their budget, the oldest leave until half of it is free, so the beginning of the prompt
        stays put for many turns. The result depends on the turns alone: the same dialogue always gets the same start,
        and a longer one never an earlier start. The last turn always stays.
        """
        budget = self._dialogue_budget(system)
        sizes = [min(self._tokens(turn.text), budget) + PER_MESSAGE for turn in dialogue]
        first = total = 0
        for last, size in enumerate(sizes):
            total += size
            if total > budget:
                while first < last and (total > budget // 2 or dialogue[first].role == "assistant"):
                    total -= sizes[first]
                    first += 1
        return first

    def cut_middle(self, text: str, budget: int) -> str:
        """``text``, or its beginning and end with a note between them, in at most ``budget`` tokens."""
        if self._tokens(text) <= budget:
            return text
        keep = min(len(text), 8 * budget)  # characters; no text of any use has more of them in a token
        while keep > 1:
            head = keep * 2 // 3
            short = text[:head] + CUT.format(left_out=len(text) - keep) + text[len(text) - (keep - head) :]
            tokens = self._count(short)
            if tokens <= budget:
                return short
            keep = min(keep - 1, int(keep * budget / tokens * 0.95))
        return text[:1]

    def _tokens(self, text: str) -> int:
        """Tokens of a text; for a text far beyond the window a lower bound that is beyond it too."""
        return self._window + 1 if len(text) > 32 * self._window else self._count(text)

    def _dialogue_budget(self, system: str) -> int:
        used = min(self._tokens(system), self._window // 4) if system else self._tokens(self._style.system)
        return max(self._window - self._window // 4 - self._reads_tokens - used - 3 * PER_MESSAGE, 16)

    def _memories(self, reads: Sequence[Read], everything: bool) -> tuple[tuple[Read, ...], tuple[str, ...]]:
        """The reads that go into the prompt, in order of weight, and the line of each."""
        style = self._style
        null = 1.0 - sum(read.weight for read in reads)  # all weights and the null slot's sum to 1
        least = max(style.share * max((read.weight for read in reads), default=0.0), style.null_share * null)
        room = self._reads_tokens - self._tokens(style.heading)
        chosen: list[Read] = []
        lines: list[str] = []
        for read in sorted(reads, key=lambda read: -read.weight):
            if read.weight < least and not everything:
                continue
            line = memory_line(read, style)
            if not lines and room > 32:
                line = self.cut_middle(line, room)
            tokens = self._tokens(line) + 1
            if tokens > room:
                continue  # a shorter one may still fit
            room -= tokens
            chosen.append(read)
            lines.append(line)
        return tuple(chosen), tuple(lines)


def memory_line(read: Read, style: Style) -> str:
    """One memory as one line: its text, its date (UTC), and who said it or where it stands.

    What "yesterday" meant when it was said stands behind it; a document's date is only when it came in.
    """
    memory = read.memory
    if memory.kind == "passage":
        who = f"{memory.title or 'document'}, page {memory.page}" if memory.page else memory.title or "document"
    else:
        who = memory.speaker or style.speakers[memory.role == "assistant"]
    form, text = style.passage if memory.kind == "passage" else style.line, " ".join(memory.text.split())
    if memory.kind != "passage":
        text = resolved(text, memory.created)
    return form.format(text=text, who=who, date=date_in_words(memory.created))


def example_messages(examples: Sequence[tuple[str, str]]) -> list[Message]:
    """(message, reply) pairs as chat messages."""
    return [message(role, text) for pair in examples for role, text in zip(("user", "assistant"), pair, strict=True)]


def message(role: str, content: str) -> Message:
    """One chat message."""
    return {"role": role, "content": content}


def merged(messages: Sequence[Message]) -> list[Message]:
    """The same messages for a template that wants user and assistant to alternate and knows no system role.

    System messages are put in front of the user message that follows; neighbours of one role become one message.
    """
    result: list[Message] = []
    waiting: list[str] = []  # system texts without their user message yet
    for item in messages:
        if item["role"] == "system":
            waiting.append(item["content"])
            continue
        content = item["content"]
        if item["role"] == "user" and waiting:
            content, waiting = "\n\n".join([*waiting, content]), []
        _append(result, item["role"], content)
    if waiting:
        _append(result, "user", "\n\n".join(waiting))
    return result


def _append(messages: list[Message], role: str, content: str) -> None:
    """Add a message, or its text to the last one where the role is the same."""
    if messages and messages[-1]["role"] == role:
        content = f"{messages.pop()['content']}\n\n{content}"
    messages.append(message(role, content))
