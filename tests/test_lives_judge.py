"""The benchmark of lives: its file, its judge, and one life told and asked through the application with a clock."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chat_app.application import Models
from chat_app.settings import load as load_settings
from knowledge.records import DecoderEvent, Memory, Read, ReadResult, ReplyDone, ReplyRequest, TextDelta
from tests.benchmarks.app_runs import DAY, QUESTION_DAY, Clock, Said, memories_of, started, told_on
from tests.benchmarks.lives import Life, Question, judge, live, load, summary, tell, transcript
from tests.browser.fake_application import FakeDecoder, FakeEncoder

LIFE: dict[str, Any] = {
    "who": "somebody",
    "conversations": [["My dog is called Comet.", "I work at the bakery."], ["I work at the hospice now."]],
    "questions": [
        {"kind": "direct", "question": "What is my dog called?", "answer": "Comet", "memories": ["called Comet"]},
        {"kind": "after an update", "question": "Where do I work?", "answer": "the hospice", "memories": ["hospice"]},
        {"kind": "yes or no", "question": "Do I smoke?", "answer": "not told", "memories": []},
    ],
}
TOLD = [message for conversation in LIFE["conversations"] for message in conversation]


@pytest.fixture
def life(tmp_path: Path) -> Life:
    path = tmp_path / "lives.json"
    path.write_text(json.dumps([LIFE]), "utf-8")
    return load(path)[0]


class Quoting(FakeDecoder):
    """Says the strongest memory, or that it does not know."""

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        text = request.reads[0].memory.text if request.reads else "I don't know."
        yield TextDelta(text)
        yield ReplyDone(text, "stop")


def said(question: Question, reply: str, *memories: str) -> Said:
    reads = tuple(Read(Memory(text, text, "turn", 0.0, "user"), score=1.0, weight=0.5) for text in memories)
    return Said(question.text, reply, ReadResult(question.text, reads, 0.5), "c", 2.0, 1.0)


def test_a_life_is_read_and_what_was_not_told_is_a_kind_of_its_own(life: Life, tmp_path: Path) -> None:
    assert [len(conversation) for conversation in life.conversations] == [2, 1]
    assert [question.kind for question in life.questions] == ["direct", "after an update", "never told"]
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"somebody": {"Where do I work?": ["St Anne"]}}), "utf-8")
    with_forms = load(tmp_path / "lives.json", answers)[0]
    assert with_forms.questions[1].holds("You work at St. Anne.")
    assert not with_forms.questions[1].holds("You work at the hospice.")
    (tmp_path / "lives.json").write_text(json.dumps([LIFE, {"who": "nobody"}]), "utf-8")
    with pytest.raises(ValueError, match="life 2 cannot be used"):
        load(tmp_path / "lives.json")


def test_accepted_forms_hold_what_was_written_down() -> None:
    """Each form of the shipped table is well-formed, and those of a few questions hold a natural reply."""
    table = json.loads(Path(__file__).with_name("benchmarks").joinpath("lives_answers.json").read_text("utf-8"))
    from tests.benchmarks.answer_forms import forms_of

    forms = {question: forms_of(value) for one in table.values() for question, value in one.items()}
    assert forms["when is my dentist appointment?"].held_by("Your dentist appointment is on the 14th at 9:30.")
    assert forms["who do I live with?"].held_by("You live with Jasper and Femke; Ilse is moving out.")
    assert not forms["whos in my squad rn"].held_by("deshawn, kai and theo, and amara")
    assert forms["are we still going to Kyoto?"].held_by("No, you're going to Sicily instead.")
    assert not forms["are we still going to Kyoto?"].held_by("Yes, you're going to Kyoto in April.")


def test_a_reply_and_its_reads_are_judged_apart(life: Life) -> None:
    dog, work, smoke = life.questions
    found = judge(dog, said(dog, "His name is Comet.", TOLD[1], TOLD[0]), TOLD)
    assert (found.outcome, found.first, found.among, found.all_among) == ("right", False, True, True)
    denied = judge(work, said(work, "I don't know, you haven't told me.", TOLD[2]), TOLD)
    assert (denied.outcome, denied.first) == ("denied", True)
    assert judge(work, said(work, "At the bakery.", TOLD[1]), TOLD).outcome == "wrong"
    assert judge(work, said(work, "I don't know the hospice."), TOLD).outcome == "denied"
    # what only somebody else said is no memory of what was told
    assert not judge(work, said(work, "The hospice.", "The hospice is a fine place."), TOLD).among
    outcomes = {"You haven't told me.": "honest", "I'm not sure, but yes.": "invented", "Do you?": "neither"}
    assert {reply: judge(smoke, said(smoke, reply), TOLD).outcome for reply in outcomes} == outcomes
    counts = summary([found, denied, judge(smoke, said(smoke, "No."), TOLD)])
    assert counts["factual"]["asked"] == 2 and counts["factual"]["right_share"] == 0.5
    assert counts["factual"]["right_when_read_share"] == 0.5
    assert counts["never_told"] == {"asked": 1, "honest": 0, "invented": 1, "neither": 0}


def test_the_last_conversation_was_yesterday_and_the_others_days_before() -> None:
    assert datetime.fromtimestamp(QUESTION_DAY, UTC).strftime("%A %d %B %Y") == "Thursday 05 November 2026"
    assert told_on(3) == [QUESTION_DAY - 11 * DAY, QUESTION_DAY - 6 * DAY, QUESTION_DAY - DAY]


def test_a_life_goes_through_the_application_and_its_restart(life: Life, tmp_path: Path) -> None:
    encoder: Any = FakeEncoder()
    models = Models(Quoting(pause=0.0), encoder)
    settings = load_settings(["--data", str(tmp_path / "first"), "--cache", str(tmp_path / "cache")], {})
    replies, answered = live(life, ["app", "oracle", "chroma", "none"], settings, models)
    assert [one.text for one in replies] == TOLD
    assert replies[0].conversation == replies[1].conversation != replies[2].conversation
    assert [one.outcome for one in answered["oracle"]] == ["right", "right", "honest"]
    assert [one.outcome for one in answered["none"]] == ["denied", "denied", "honest"]
    assert len({one.said.conversation for one in answered["app"]}) == 1
    nearest = answered["chroma"][0].said.read.reads
    assert len(nearest) == 5 and {read.weight for read in nearest} == {0.2}
    text = transcript(life, replies, answered)
    assert "## Asked: chroma" in text and "- **honest**" in text


def test_what_is_told_bears_the_clocks_dates(life: Life, tmp_path: Path) -> None:
    encoder: Any = FakeEncoder()
    settings = load_settings(["--data", str(tmp_path / "first"), "--cache", str(tmp_path / "cache")], {})
    clock = Clock()
    with started(settings, tmp_path / "told", Models(Quoting(pause=0.0), encoder), clock) as application:
        tell(application, clock, replace(life, questions=()))
        created = {memory.text: memory.created for memory in memories_of(application) if memory.role == "user"}
        listed = application.history.conversations("local")
    days = [datetime.fromtimestamp(created[message], UTC).date().isoformat() for message in TOLD]
    assert days == ["2026-10-30", "2026-10-30", "2026-11-04"]
    assert datetime.fromtimestamp(listed[0].updated, UTC).date().isoformat() == "2026-11-04"
