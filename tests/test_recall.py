"""Recall and forgetting, through conversations: the real reading of messages, encoder and read, and a fake decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chat_app.dialogue.conversation import Conversations
from chat_app.dialogue.recalled import lines_of
from chat_app.history.history import History
from knowledge.errors import NotFound
from knowledge.input.dialogue_acts import make_message_reader
from knowledge.input.encoder import Encoder
from knowledge.memory.database import open_database
from knowledge.memory.store import ExternalMemory
from knowledge.memory_network import MemoryNetwork
from knowledge.read.reader import make_reader
from knowledge.read.recall import MOST
from knowledge.records import Memory, MemoryRead, Read, ReadResult, ReplyEvent, ReplySaved, TextDelta, Turn, UserSaved
from knowledge.write.writer import Writer
from tests.browser.fake_application import FakeDecoder
from tests.fakes import GREEDY

OWNER = "anna"
NOW = datetime(2026, 11, 27, 15, 0).timestamp()  # a Friday, on this computer's clock
DAY = 86_400.0
MONDAY, YESTERDAY = NOW - 4 * DAY, NOW - DAY
TOLD = {
    NOW - 200 * DAY: ["I planted tomatoes on the balcony."],
    MONDAY: [
        "I have two cats, Miso and Tofu.",
        "My sister Anna lives in Lisbon.",
        "My mother's birthday is on 3 May.",
        "I'm allergic to peanuts and shellfish.",
        "What's a good pasta recipe?",
        "My dog Rex died last year.",
    ],
    YESTERDAY: [
        "Anna got engaged to Paolo!",
        "I can't eat gluten either.",
        "Thanks!",
        "I work as a nurse in Leeds.",
        "Write a haiku about rain.",
    ],
}


class Decoder(FakeDecoder):
    """Says a sentence; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(pause=0.0)
        self.requests: list[Any] = []

    def reply(self, request: Any, stop: Any) -> Any:
        self.requests.append(request)
        return super().reply(request, stop)


def chat(texts: Sequence[str], when: float, conversation: str) -> list[Turn]:
    """The turns of a dialogue in which these were said, a minute apart."""
    return [
        turn
        for place, text in enumerate(texts)
        for turn in (
            Turn(f"{conversation}-{place}", "user", text, when + 60 * place, conversation, position=2 * place),
            Turn(
                f"{conversation}-{place}r",
                "assistant",
                "I see.",
                when + 60 * place + 1,
                conversation,
                position=2 * place + 1,
            ),
        )
    ]


class Setup:
    """Conversations over a memory in which Anna told what ``TOLD`` holds."""

    def __init__(self, data: Path, encoder: Encoder) -> None:
        self.engine = open_database(f"sqlite:///{data / 'mneme.sqlite3'}")
        store = ExternalMemory(self.engine, data=data, encoder_name=encoder.name, dimension=encoder.dimension)
        reader, _ = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
        self.decoder = Decoder()
        self.now = NOW
        self.net = MemoryNetwork(
            encoder,
            store,
            reader,
            Writer(),
            self.decoder,
            make_message_reader(encoder.name),
            clock=lambda: self.now,
        )
        self.history = History(self.engine, clock=lambda: self.now)
        self.talk = Conversations(self.history, lambda: self.net, reads=5, sampling=GREEDY, clock=lambda: self.now)
        self.write([turn for when, texts in TOLD.items() for turn in chat(texts, when, f"chat-{when}")])

    def write(self, turns: Sequence[Turn]) -> None:
        self.net.write(OWNER, turns)

    def say(self, text: str, conversation: str | None = None, **more: Any) -> list[ReplyEvent]:
        return list(self.talk.send(OWNER, text, conversation=conversation, **more))

    def memories(self) -> list[str]:
        return [one.text for one in self.net.store.iterate(OWNER)]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder("default")


@pytest.fixture
def setup(tmp_path: Path, encoder: Encoder) -> Iterator[Setup]:
    setup = Setup(tmp_path, encoder)
    yield setup
    setup.net.close()
    setup.engine.dispose()


def read_of(events: Sequence[ReplyEvent]) -> ReadResult:
    return next(event.result for event in events if isinstance(event, MemoryRead))


def found(events: Sequence[ReplyEvent]) -> list[str]:
    return [one.memory.text for one in read_of(events).reads]


def shown(events: Sequence[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def saved(events: Sequence[ReplyEvent]) -> ReplySaved:
    return next(event for event in events if isinstance(event, ReplySaved))


# ---- what is found ---------------------------------------------------------------------------------------


def test_about_me_is_what_i_told_newest_first_without_questions_and_small_talk(setup: Setup) -> None:
    events = setup.say("What do you know about me?")
    told = [text for texts in reversed(TOLD.values()) for text in reversed(texts)]
    asked = {"Thanks!", "What's a good pasta recipe?", "Write a haiku about rain."}
    assert found(events) == [text for text in told if text not in asked]
    assert read_of(events).operation == "recall_about" and read_of(events).null_weight == 0.0
    assert sum(one.weight for one in read_of(events).reads) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What do you know about Anna?", ["Anna got engaged to Paolo!", "My sister Anna lives in Lisbon."]),
        ("tell me everything about my sister", ["My sister Anna lives in Lisbon."]),
        ("what do you know about Zoltan?", []),
        ("What did I tell you on Monday?", [text for text in TOLD[MONDAY] if "?" not in text]),
        ("What did I tell you yesterday?", [TOLD[YESTERDAY][place] for place in (0, 1, 3)]),
        ("What did I tell you last time?", [TOLD[YESTERDAY][place] for place in (0, 1, 3)]),
        ("What did I tell you in May?", ["I planted tomatoes on the balcony."]),
        ("What did I tell you in July?", []),
    ],
)
def test_a_set_by_person_or_time(setup: Setup, question: str, wanted: list[str]) -> None:
    assert found(setup.say(question)) == wanted


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("List my allergies.", {"I'm allergic to peanuts and shellfish.", "I can't eat gluten either."}),
        ("Which pets do I have?", {"I have two cats, Miso and Tofu.", "My dog Rex died last year."}),
    ],
)
def test_a_list_is_what_is_about_as_good_as_the_best(setup: Setup, question: str, wanted: set[str]) -> None:
    events = setup.say(question)
    assert read_of(events).operation == "recall_list" and set(found(events)) == wanted


def test_chinese_is_recalled_and_listed_in_chinese(setup: Setup) -> None:
    setup.write(chat(["我姐姐安娜住在里斯本", "我养了一只猫叫咪咪"], YESTERDAY + 3600, "zh"))
    events = setup.say("关于安娜你知道什么？")
    assert found(events) == ["我姐姐安娜住在里斯本"]
    assert shown(events).endswith("- 2026年11月26日：我姐姐安娜住在里斯本")
    assert "我养了一只猫叫咪咪" in found(setup.say("我昨天跟你说了什么？"))


def test_an_ordinary_question_is_read_as_ever(setup: Setup) -> None:
    events = setup.say("Where does my sister live?")
    assert read_of(events).operation == "" and found(events)[0] == "My sister Anna lives in Lisbon."
    assert setup.decoder.requests[-1].note == "" and "- " not in shown(events)


# ---- the reply -------------------------------------------------------------------------------------------


def test_the_reply_is_a_dated_list_and_no_decoder_adds_to_it(setup: Setup) -> None:
    events = setup.say("What do you know about Anna?")
    assert shown(events).splitlines() == [
        "This is what I remember:",
        "",
        "- 26 November 2026: Anna got engaged to Paolo!",
        "- 23 November 2026: My sister Anna lives in Lisbon.",
    ]
    assert saved(events).turn.text == shown(events) and saved(events).finish_reason == "stop"
    assert setup.decoder.requests == []
    reads = setup.history.reads(OWNER, saved(events).turn.id)
    assert {one.operation for one in reads} == {"recall_about"} and len(reads) == 2


def test_the_list_is_no_memory_of_its_own_not_even_after_a_crash(setup: Setup) -> None:
    before = setup.memories()
    setup.say("What do you know about Anna?")
    assert setup.memories() == [*before, "What do you know about Anna?"]
    assert setup.talk.recover() == 0 and setup.history.marks.pending(OWNER) == []


def test_a_long_set_says_how_many_more_there_are(setup: Setup) -> None:
    setup.write(chat([f"I visited museum number {number} in Paris." for number in range(30)], NOW - 2 * DAY, "paris"))
    events = setup.say("What did I tell you on Wednesday?")
    assert len(found(events)) == MOST and read_of(events).more == 10
    assert shown(events).endswith("\n\n… and 10 more.")


def test_what_no_memory_names_is_for_a_checked_decoder_to_find(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "What do you remember about my family?"
    assert setup.net.read(OWNER, asked, limit=8).reads == ()
    monkeypatch.setattr(MemoryNetwork, "checks", property(lambda net: True))
    near = setup.net.read(OWNER, asked, limit=8)
    assert near.operation == "" and "My sister Anna lives in Lisbon." in [one.memory.text for one in near.reads]


def test_where_nothing_is_found_the_decoder_is_told_so(setup: Setup) -> None:
    events = setup.say("What do you know about Zoltan?")
    assert found(events) == [] and "Nothing that I told you" in setup.decoder.requests[-1].note
    assert "- " not in shown(events)


def test_a_stopped_reply_ends_where_it_was(setup: Setup) -> None:
    events = setup.talk.send(OWNER, "What do you know about Anna?")
    user = next(event for event in events if isinstance(event, UserSaved))
    next(event for event in events if isinstance(event, TextDelta))
    setup.talk.stop(OWNER, user.turn.conversation)
    rest = list(events)
    assert saved(rest).finish_reason == "stopped" and "- 2" not in saved(rest).turn.text


def test_a_long_memory_is_cut_to_the_sentence_that_matters() -> None:
    long = "It rained all day. " * 12 + "Anna's new flat has a balcony. " + "It rained again. " * 12
    read = Read(Memory("m", long, "turn", NOW, "user"), 1.0, 1.0)
    assert lines_of("What do you know about Anna?", [read]) == ["- 27 November 2026: Anna's new flat has a balcony."]


def test_of_a_long_memory_the_part_is_shown_that_tells_most(setup: Setup) -> None:
    said = (
        "Could you tell me which vegetables grow well next to each other in a small garden with clay soil, please? "
        "By the way, my nephew Anselm got a parrot called Quill for his birthday and it is very loud. "
        "And how long should one wait between two rounds of compost, according to what gardeners say?"
    )
    setup.write(chat([said], NOW - DAY, "long"))
    [line] = [line for line in shown(setup.say("What do you know about me?")).splitlines() if "parrot" in line]
    assert "vegetables" not in line and "compost" not in line


# ---- forgetting ------------------------------------------------------------------------------------------


def test_forgetting_offers_what_is_meant_and_what_repeats_it_and_deletes_nothing(setup: Setup) -> None:
    setup.write([Turn("said", "assistant", "Your mother's birthday is on 3 May.", YESTERDAY, "other")])
    before = setup.memories()
    events = setup.say("Please forget my mother's birthday.", asks=True)
    assert found(events) == ["My mother's birthday is on 3 May.", "Your mother's birthday is on 3 May."]
    assert "3 May" not in shown(events)
    assert setup.decoder.requests == [] and "nothing is forgotten" in shown(events)
    assert setup.memories() == before  # neither the request nor its reply is kept, and nothing is gone
    assert setup.talk.recover() == 0 and setup.memories() == before


def test_what_is_chosen_is_forgotten_and_nothing_else(setup: Setup) -> None:
    events = setup.say("Forget everything about Anna.", asks=True)
    reply = saved(events).turn
    assert found(events) == ["Anna got engaged to Paolo!", "My sister Anna lives in Lisbon."]
    engaged = read_of(events).reads[0].memory.id
    other = next(one.id for one in setup.net.store.iterate(OWNER) if "Miso" in one.text)
    assert setup.talk.forgetting.carry_out(OWNER, reply.conversation, reply.id, [engaged, other]) == 1
    assert "Anna got engaged to Paolo!" not in setup.memories()
    assert {"My sister Anna lives in Lisbon.", "I have two cats, Miso and Tofu."} < set(setup.memories())
    assert all("engaged" not in text for text in found(setup.say("Who is Anna engaged to?")))
    with pytest.raises(NotFound):  # the offer is over
        setup.talk.forgetting.carry_out(OWNER, reply.conversation, reply.id, [engaged])


def test_what_is_offered_to_one_is_nobody_elses(setup: Setup) -> None:
    events = setup.say("Forget everything about Anna.", asks=True)
    reply, ids = saved(events).turn, [one.memory.id for one in read_of(events).reads]
    with pytest.raises(NotFound):
        setup.talk.forgetting.carry_out("eve", reply.conversation, reply.id, ids)
    assert setup.talk.forgetting.carry_out(OWNER, reply.conversation, reply.id, []) == 0
    assert "Anna got engaged to Paolo!" in setup.memories()


def test_where_there_is_nobody_to_ask_the_reply_lists_and_says_how(setup: Setup) -> None:
    events = setup.say("Please forget my mother's birthday.")
    assert "- 23 November 2026: My mother's birthday is on 3 May." in shown(events)
    assert "DELETE /v1/memories/{id}" in shown(events)
    assert "My mother's birthday is on 3 May." in setup.memories() and len(read_of(events).reads) == 1


def test_nothing_to_forget_is_said(setup: Setup) -> None:
    before = setup.memories()
    events = setup.say("Forget what I said about my father's shoe size.", asks=True)
    assert found(events) == [] and "nothing to forget" in setup.decoder.requests[-1].note
    assert setup.memories() == before


def test_what_is_to_be_remembered_is_kept_like_anything_told(setup: Setup) -> None:
    events = setup.say("Write this down: my blood type is O negative.")
    assert read_of(events).operation == "" and setup.decoder.requests[-1].examples
    assert {"Write this down: my blood type is O negative.", saved(events).turn.text.strip()} < set(setup.memories())
    assert "my blood type is O negative" in found(setup.say("What do you know about me?"))[0]
