"""Examples for the decoder: what answers is among the memories, or the reply says that nothing is known."""

from __future__ import annotations

import io
import json
import random
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.input.encoder import Encoder
from knowledge.records import Memory, Read, ReplyRequest
from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.training.held_out import held_out
from knowledge.training.replies.chat import assistant, openings, own_replies, with_idle_reads
from knowledge.training.replies.data import ReplyExample, as_written, examples_of, prepared, reply_to
from knowledge.training.replies.mix import readers_for
from knowledge.training.replies.talk import talk_examples
from knowledge.training.scenes import Query, Scene, Slot

DAY = datetime(2023, 5, 8, tzinfo=UTC).timestamp()


def scene(queries: list[Query]) -> Scene:
    talk = [
        "My sister Ana moved to Lisbon.",
        "I ran a marathon yesterday.",
        "We painted the kitchen green.",
        "My dog is called Biscuit.",
        "It rained the whole week.",
        "I play chess on Mondays.",
    ]
    slots = [Slot(text, DAY + 60 * n, "Eva", container="c", position=n) for n, text in enumerate(talk)]
    return Scene(slots, queries, "test (none)")


ANSWERABLE = Query("Where does Eva's sister live?", frozenset({0}), answer="Lisbon", kind="single")
WHEN = Query("When did Eva run a marathon?", frozenset({1}), kind="temporal")
NEVER = Query("What car does Eva drive?", kind="never told")


def test_replies_are_short_and_dates_are_worked_out() -> None:
    told = scene([])
    assert reply_to(told, ANSWERABLE) == "Lisbon"
    assert reply_to(told, WHEN) == "7 May 2023"
    assert reply_to(told, NEVER) in ABSTENTIONS and "not mentioned" in ABSTENTIONS[0]
    assert reply_to(told, Query("How is Eva?", frozenset({4}), kind="single")) == ""  # no reply in few words is known


def test_some_replies_begin_as_their_word_stands_inside_a_sentence() -> None:
    read = Read(Memory("1", "In Lisbon she painted a Sunset, then a sunset again.", "turn", 1.7e9), 0.5, 0.5)

    def forms(reply: str, kind: str = "single") -> set[str]:
        rng = random.Random(0)
        return {as_written(ReplyExample((), (read,), reply, kind, "s"), rng).reply for _ in range(60)}

    assert forms("Sunset") == {"Sunset", "sunset"}
    assert forms("A sunset") == {"A sunset", "a sunset"}
    assert forms("Lisbon") == {"Lisbon"}  # a name
    assert forms("Sunset", "chat/told") == {"Sunset"}
    assert forms(ABSTENTIONS[2]) == {ABSTENTIONS[2]}


def test_what_answers_is_read_or_nothing_is_known(tmp_path: Path) -> None:
    encoder = Encoder("default")
    readers = readers_for(encoder)
    asked = scene([ANSWERABLE, WHEN, NEVER] * 4)
    made = examples_of(asked, encoder, readers, random.Random(0), 12)
    assert len(made) == 12
    for example in made:
        texts = [read.memory.text for read in example.reads]
        assert all(0 < read.weight <= 1 for read in example.reads)
        if example.reply == "Lisbon":
            assert "My sister Ana moved to Lisbon." in texts
        elif example.reply == "7 May 2023":
            assert "I ran a marathon yesterday." in texts
        else:
            assert example.reply in ABSTENTIONS
    assert {"Lisbon", "7 May 2023"} <= {example.reply for example in made}
    again = [list(one) for one in prepared([asked], encoder, readers, tmp_path, "test", 12)]
    kept = [list(one) for one in prepared([asked], encoder, readers, tmp_path, "test", 12)]
    assert again == kept and len(list(tmp_path.rglob("*.pickle"))) == 1


def pack(folder: Path, archive: str, name: str, content: bytes) -> None:
    with tarfile.open(folder / f"{archive}.tar.xz", "w:xz") as tar:
        entry = tarfile.TarInfo(f"./{name}")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    talks = {}
    for number in range(60):
        lines = [f"Hello number {number}!", "Hi, nice to meet you there."] + [
            text
            for turn in range(5)
            for text in (f"I grew up in Town{number}x{turn}.", f"Oh, number {number} is nice.")
        ]
        content = [
            {"message": text, "agent": f"agent_{n % 2 + 1}", "turn_rating": "Good"} for n, text in enumerate(lines)
        ]
        talks[str(number)] = {"content": content}
    pack(tmp_path, "topical_chat", "valid.json", json.dumps(talks).encode())
    prompt = (
        "Rules\n```\nRelated Evidences:\n\nRecent Dialogs:\nuser: Hi there! ### bot: Hello.\n```\n\nUser Input:\n"
        "user: Name a large river. ### bot: "
    )
    turns = [{"from": "human", "value": prompt}, {"from": "gpt", "value": "The Amazon."}]
    pack(
        tmp_path,
        "memochat_train",
        "train_1k.json",
        json.dumps([{"type": "chatting_alpacagpt4", "conversations": turns}]).encode(),
    )
    return tmp_path


def test_questions_about_talk_are_answered_in_its_words_and_held_out_talk_is_not_seen(data: Path) -> None:
    made = list(talk_examples(data, 0, 50, [[0.6, 0.2, 0.1]]))
    assert made and made == list(talk_examples(data, 0, 50, [[0.6, 0.2, 0.1]]))
    hidden = [number for number in range(60) if held_out(f"Hello number {number}!")]
    assert hidden
    for example in made:
        texts = " ".join(read.memory.text for read in example.reads)
        assert not any(f"Town{number}x" in texts + example.reply for number in hidden)
        if "not read" in example.kind:
            assert example.reply in ABSTENTIONS
        else:
            assert example.reply.lower() == "yes" or example.reply.lower() in texts.lower()


def test_plain_talk(data: Path, tmp_path: Path) -> None:
    ((dialogue, reply),) = assistant(data)
    assert [turn.text for turn in dialogue] == ["Hi there!", "Hello.", "Name a large river."] and reply == "The Amazon."
    asked: list[str] = []

    def decoder(request: ReplyRequest) -> str:
        asked.append(request.dialogue[-1].text)
        return f"You said {request.dialogue[-1].text}"

    dialogues = openings(data, 0, 12)
    assert 4 <= len(dialogues) <= 12  # of requests and of talk
    made = list(own_replies(dialogues, decoder, tmp_path / "own.pickle"))
    assert [one.reply for one in made] == [f"You said {one.dialogue[-1].text}" for one in made]
    assert list(own_replies(dialogues, decoder, tmp_path / "own.pickle")) == made and len(asked) == len(set(asked))
    idle = with_idle_reads(made, [next(talk_examples(data, 0, 1, [[0.5]])).reads], random.Random(0))
    assert any(one.reads for one in idle) and all(read.weight < 0.1 for one in idle for read in one.reads)
