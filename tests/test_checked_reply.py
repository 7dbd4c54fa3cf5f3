"""Answers on one's own life are shown where they stand on what was read; else memory is quoted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from chat_app.dialogue.checked_reply import CheckedReply
from knowledge.records import Acts, DecoderEvent, Memory, Read, ReadResult, ReplyDone, ReplyRequest, TextDelta, Turn
from tests.fakes import FakeNetwork

NOW = 1793872800.0  # 5 November 2026
OWN = Acts(asks_own=0.9)


def read_of(*told: str, query: str = "What is my sister's name?", acts: Acts = OWN) -> ReadResult:
    reads = tuple(
        Read(Memory(f"m{place}", text, "turn", NOW, "assistant" if text.startswith("Assistant") else "user"), 0.5, 0.2)
        for place, text in enumerate(told)
    )
    return ReadResult(query, reads, null_weight=0.4, acts=acts)


BEFORE = (Turn("q", "user", "Hello", NOW), Turn("a", "assistant", "Hi!", NOW))


def checked(
    network: FakeNetwork, read: ReadResult, *, plain: bool = False, before: Sequence[Turn] = ()
) -> tuple[CheckedReply, list[DecoderEvent]]:
    request = ReplyRequest([*before, Turn("t", "user", read.query, NOW)], read.reads)
    reply = CheckedReply(network, request, read, shown=False, plain=plain)
    return reply, list(reply.events(threading.Event()))


def text_of(events: Iterable[DecoderEvent]) -> str:
    events = list(events)
    assert isinstance(events[-1], ReplyDone)
    assert "".join(event.text for event in events[:-1] if isinstance(event, TextDelta)) == events[-1].text
    return events[-1].text


def says(*replies: str) -> Callable[[ReplyRequest], list[str | Exception]]:
    """One reply after the other."""
    left = list(replies)
    return lambda request: [left.pop(0)]


def test_an_answer_that_stands_on_memory_is_shown() -> None:
    network = FakeNetwork(checks=True, say=says("Her name is Anna."))
    reply, events = checked(network, read_of("My sister Anna lives in Lisbon."))
    assert text_of(events) == "Her name is Anna." and reply.read.operation == ""
    assert len(network.requests) == 1 and "last counts" in network.requests[0].note


def test_what_was_said_last_of_a_thing_is_told_first_and_by_itself() -> None:
    network = FakeNetwork(checks=True, say=says("Porto"))
    read = replace(read_of("My sister lives in Lisbon.", "She moved to Porto."), later={"m0": "m1"})
    reply, events = checked(network, read, before=BEFORE)
    (request,) = network.requests
    assert text_of(events) == "Porto" and reply.alone
    assert [one.memory.id for one in request.reads] == [one.memory.id for one in reply.read.reads] == ["m1"]
    assert len(request.dialogue) == 1 and request.key == ""


def test_where_that_does_not_stand_the_whole_chat_and_all_that_was_read_answer() -> None:
    network = FakeNetwork(checks=True, say=says("Porto", "Anna"), stands=lambda reply: reply == "Anna")
    read = replace(read_of("My sister Anna lives in Lisbon.", "Anna got engaged."), later={"m0": "m1"})
    reply, events = checked(network, read, before=BEFORE)
    assert text_of(events) == "Anna" and not reply.alone and len(reply.read.reads) == 2
    assert len(network.requests[1].dialogue) == 3 and len(network.requests[1].reads) == 2


def test_an_answer_from_the_later_message_is_shown_alone() -> None:
    """Words that say nothing ("is") may stand in the earlier message only."""
    right = "Your rent is going to be 690 in January."
    network = FakeNetwork(checks=True, say=says("It went up.", right), stands=lambda reply: reply == right)
    told = ("rent is 640 and due on the 3rd", "change of plan: rent goes up to 690 from january")
    read = replace(read_of(*told, query="whats my rent going to be in january"), later={"m0": "m1"})
    assert text_of(checked(network, read)[1]) == right and len(network.requests) == 2


def test_an_answer_from_the_earlier_message_alone_is_followed_by_both() -> None:
    network = FakeNetwork(checks=True, say=says("£5", "It costs £4.80.", "£4.80"), stands=lambda reply: "4.80" in reply)
    read = read_of("the sourdough sells at £4.80", "raised the sourdough to £5.20", query="How much is the sourdough?")
    reply, events = checked(network, replace(read, later={"m0": "m1"}))
    assert text_of(events).splitlines() == [
        "It costs £4.80.",
        "",
        "You told me both of these:",
        "",
        "- On 5 November 2026 you said: “the sourdough sells at £4.80”",
        "- On 5 November 2026 you said: “raised the sourdough to £5.20”",
    ]
    assert reply.read.operation == "closest" and len(reply.read.reads) == 2
    read_of_another = read_of("the sourdough sells at £4.80", "we open at six", query=read.query)
    network = FakeNetwork(checks=True, say=says("£5", "£4.80"), stands=lambda reply: "4.80" in reply)
    assert text_of(checked(network, replace(read_of_another, later={"m0": "m1"}))[1]) == "£4.80"
    network = FakeNetwork(checks=True, say=says("£4.80"))
    assert text_of(checked(network, read)[1]) == "£4.80"  # nothing is known to be later


def test_what_the_assistant_said_again_is_not_quoted_as_the_persons() -> None:
    told = ("Assistant: the sourdough sells at £4.80", "sourdough is £4.80", "raised the sourdough to £5.20")
    read = replace(read_of(*told, query="How much is the sourdough?"), later={"m0": "m2", "m1": "m2"})
    network = FakeNetwork(checks=True, say=says("£5", "£4.80"), stands=lambda reply: "4.80" in reply)
    reply, _ = checked(network, read)
    assert [one.memory.id for one in reply.read.reads] == ["m1", "m2"]


def test_a_question_that_leans_on_the_chat_is_not_taken_out_of_it() -> None:
    network = FakeNetwork(checks=True, say=says("Lisbon"))
    reply, _ = checked(network, read_of("I am in Lisbon.", acts=replace(OWN, leans_back=0.9)), before=BEFORE)
    assert len(network.requests[0].dialogue) == 3 and not reply.alone


def test_where_nothing_stands_the_closest_memories_are_quoted_and_no_guess_is_shown() -> None:
    network = FakeNetwork(checks=True, say=says("Maria", "I don't know that."), stands=lambda reply: False)
    told = ("My sister lives in Lisbon.", "Assistant: hers is Maria", "I have a sister.", "It rains.")
    reply, events = checked(network, read_of(*told))
    assert text_of(events).splitlines() == [
        "I don't know that.",
        "",
        "The closest that you told me:",
        "",
        "- On 5 November 2026 you said: “My sister lives in Lisbon.”",
        "- On 5 November 2026 you said: “I have a sister.”",
    ]
    assert network.requests[1].reads == () and "not sure" in network.requests[1].note
    assert reply.read.operation == "closest"
    assert [one.memory.text for one in reply.read.reads] == ["My sister lives in Lisbon.", "I have a sister."]


def test_what_is_not_close_is_not_quoted() -> None:
    network = FakeNetwork(checks=True, say=says("Maria", "You haven't told me."), stands=lambda reply: False)
    reply, events = checked(network, replace(read_of("It rains."), null_weight=0.95))
    assert text_of(events) == "You haven't told me." and (reply.read.operation, reply.read.reads) == ("", ())
    assert "haven't told" in network.requests[1].note


def test_what_likelier_than_not_holds_the_answer_is_quoted_however_unlike_the_question() -> None:
    network = FakeNetwork(checks=True, say=says("She lives in Lisbon.", "I'm not sure."), stands=lambda reply: 0.6)
    read = read_of("It rains.", "I was late.", "My sister lives in Lisbon.")
    reply, _ = checked(network, replace(read, null_weight=0.95))
    assert reply.read.operation == "closest"
    assert [one.memory.text for one in reply.read.reads] == ["My sister lives in Lisbon.", "It rains."]


def test_chinese_is_quoted_in_chinese() -> None:
    network = FakeNetwork(checks=True, say=says("叫丽丽", "我不知道。"), stands=lambda reply: False)
    _, events = checked(network, read_of("我妹妹住在成都", query="我妹妹叫什么名字？"))
    assert text_of(events).splitlines()[2:] == ["你说过的最接近的是：", "", "- 2026年11月5日你说：“我妹妹住在成都”"]
    assert "不确定" in network.requests[1].note


@pytest.mark.parametrize(
    ("acts", "checks", "plain"),
    [
        (Acts(asks_own=0.9, asks_world=0.9), True, False),
        (Acts(wants_done=0.9), True, False),
        (OWN, False, False),
        (OWN, True, True),
    ],
)
def test_everything_else_is_streamed_as_it_comes(acts: Acts, checks: bool, plain: bool) -> None:
    network = FakeNetwork(checks=checks, say=lambda request: ["Par", "is"], stands=lambda reply: False)
    _, events = checked(network, read_of("I was in Paris.", acts=acts), plain=plain)
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Par", "is"]
    assert len(network.requests) == 1


def test_what_only_tells_is_replied_to_like_the_examples_unless_a_program_asks() -> None:
    network = FakeNetwork(checks=True)
    checked(network, read_of(query="my cat is called Miso", acts=Acts(tells=0.9)))
    checked(network, read_of(query="my cat is called Miso", acts=Acts(tells=0.9)), plain=True)
    assert network.requests[0].examples and not network.requests[1].examples


def test_a_stopped_answer_is_left_as_it_is() -> None:
    network = FakeNetwork(checks=True, say=lambda request: ["Her", " name"], stands=lambda reply: False)
    read = read_of("My sister Anna lives in Lisbon.")
    stop = threading.Event()
    stop.set()
    reply = CheckedReply(
        network, ReplyRequest([Turn("t", "user", read.query, NOW)], read.reads), read, shown=False, plain=False
    )
    done = list(reply.events(stop))[-1]
    assert isinstance(done, ReplyDone) and done.finish_reason == "stopped" and len(network.requests) == 1
