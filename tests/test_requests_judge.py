"""How the benchmark of requests judges: memory dragged in, languages, echoes, code, replies that are all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge.records import Memory, Read, ReadResult
from tests.benchmarks.app_runs import Said
from tests.benchmarks.requests import Answered, alike, judge, load, summary, transcript
from tests.benchmarks.requests_checks import checked, echo, from_memory, holds_language, wanted_language


def said(request: str, reply: str, *memories: str) -> Said:
    reads = tuple(Read(Memory(text, text, "turn", 0.0, "user"), score=1.0, weight=0.5) for text in memories)
    return Said(request, reply, ReadResult(request, reads, 0.5), "c", 1.0, 0.5)


def test_memory_dragged_in_is_what_was_read_or_named() -> None:
    request = "Give me five names for a coffee shop near a lighthouse."
    assert judge("brainstorm", said(request, "The Beacon, Harbour Brew, Salt & Steam.")).faults == ()
    found = judge("brainstorm", said(request, "Ostend Beacon, Pixel Brew, December Tea."))
    assert (found.faults, found.named) == (("memory_named",), ("ostend", "pixel"))
    assert "memory_read" in judge("chat", said("Hello!", "Hello! How can I help?", "My cat is Pixel.")).faults
    assert from_memory("Who is Joris?", "Joris is 34.", ["A colleague, Joris, is 34."]) == []


STATION = "Translate into French: Good morning, where is the train station?"
TABLE = "Translate to Spanish: I would like a table for two, please."
COUNT = "Give me a SQL query that counts the orders per customer"
REVERSE = "Write a Python function that reverses a string."


@pytest.mark.parametrize(
    ("request_", "reply", "good"),
    [
        (STATION, "Bonjour, où est la gare ?", True),
        (STATION, 'In French: "Bonjour, où est la gare ?"', True),
        (STATION, "Good morning, where is the train station?", False),
        (TABLE, "Quisiera una mesa para dos, por favor.", True),
        (TABLE, "I'll remember that.", False),
        ("把这句话翻译成英文：我想要一张两人桌。", "I would like a table for two.", True),
        ("为什么天空是蓝色的？", "因为阳光被大气散射。", True),
        ("为什么天空是蓝色的？", "Because of the way the light is scattered.", False),
        ("why is the sky blue", "Because the light is scattered.", True),
    ],
)
def test_the_language_is_the_one_asked_for(request_: str, reply: str, good: bool) -> None:
    assert holds_language(reply, wanted_language(request_)) is good


@pytest.mark.parametrize(
    ("kind", "request_", "reply", "right"),
    [
        ("fact", "What's the capital of Australia?", "The capital is Canberra.", True),
        ("fact", "What's the capital of Australia?", "Sydney", False),
        ("fact", "how many legs does a spider have", "Spiders have eight legs.", True),
        ("maths", "What is 17 times 23?", "17 × 23 = 391", True),
        ("maths", "What is 17 times 23?", "It is 381.", False),
        ("fact", "Who painted the Last Supper?", "Leonardo", None),
        ("code", REVERSE, "```python\ndef r(s):\n    return s[::-1]\n```", True),
        ("code", REVERSE, "Use slicing for that.", False),
        ("code", REVERSE, "I'll remember that.", False),
        ("code", "Fix this python: for i in range(10) print(i)", "for i in range(10): print(i)", True),
        ("code", "Fix this python: for i in range(10) print(i)", "for i in range(10) print(i)", False),
        ("code", COUNT, "```sql\nSELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id;\n```", True),
        ("code", COUNT, "SELECT COUNT(*) FROM orders;", False),
        ("code", COUNT, "Count them.", False),
        ("translate", "Translate to Spanish: Thank you.", "Thank you.", False),
        ("chat", "Hello! How are you?", "I'm well, thanks!", None),
        ("write", "Write a letter.", "Dear landlord", False),
    ],
)
def test_what_a_rule_can_tell_is_told(kind: str, request_: str, reply: str, right: bool | None) -> None:
    assert checked(kind, request_, reply) is right


def test_an_echo_says_the_request_again() -> None:
    assert echo("Tell me a pun about cheese.", "Tell me a pun about cheese.")
    assert not echo("Tell me a pun about cheese.", "That cheese joke was too gouda to be true.")


def test_the_same_reply_to_three_requests_is_canned() -> None:
    answered = [judge("chat", said(request, "Sure, here you go!")) for request in ("One?", "Two?", "Three?")]
    answered.append(judge("chat", said("Four?", "Got it, I'll remember that.")))
    answered.append(judge("chat", said("Five?", "I don't know, that was not mentioned")))
    found = alike(answered)
    assert ["canned" in one.faults for one in found] == [True, True, True, True, False]
    counts = summary(found)
    assert (counts["requests"], counts["canned"], counts["denied"], counts["faults"]) == (5, 4, 1, 5)
    assert "## Four?" in transcript(found)
    assert summary([])["requests"] == 0


def test_a_file_of_requests_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "requests.json"
    path.write_text(json.dumps([{"kind": "chat", "request": "Hello!"}]), "utf-8")
    assert load(path) == [("chat", "Hello!")]
    path.write_text(json.dumps([{"kind": "chat", "request": "Hello!"}, {"kind": "chat"}]), "utf-8")
    with pytest.raises(ValueError, match="request 2 cannot be used"):
        load(path)
    assert isinstance(judge("chat", said("Hello!", "")), Answered)
