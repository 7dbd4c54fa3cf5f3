"""A running chat as training sees it: the answer stands in the person's own words, or nowhere."""

from __future__ import annotations

import random
from itertools import pairwise

from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.training.generated.generator import write_scene
from knowledge.training.replies.chat import turns
from knowledge.training.replies.data import ReplyExample
from knowledge.training.replies.dialogue import behind_facts, conversed, plainly
from knowledge.training.replies.polish import acknowledged


def made(scenes: int = 25) -> tuple[list[ReplyExample], list[ReplyExample]]:
    found, told = [], []
    for number in range(scenes):
        rng = random.Random(number)
        written = write_scene(rng)
        heard = list(acknowledged(written.stage, rng))
        told += heard
        found += conversed(written.stage, written.drafts, heard, rng)
    return found, told


def test_what_is_asked_in_a_chat_was_told_in_it_or_is_not_known() -> None:
    found, _ = made()
    kinds = {kind: [one for one in found if one.kind == kind] for kind in ("in dialogue", "never told", "chat/told")}
    assert all(len(some) > 15 for some in kinds.values()) and sum(map(len, kinds.values())) == len(found)
    for one in found:
        assert not one.reads and one.dialogue[-1].role == "user" == one.dialogue[0].role
        assert all(a.role != b.role and a.created < b.created for a, b in pairwise(one.dialogue))
    for one in kinds["in dialogue"]:
        said = [turn.text for turn in one.dialogue[:-1] if turn.role == "user"]
        assert any(one.reply.lower() in text.lower() for text in said)
    assert all(one.reply in ABSTENTIONS for one in kinds["never told"])
    assert not any(one.reply in ABSTENTIONS for one in kinds["chat/told"])
    greeted = [one for one in kinds["chat/told"] if one.dialogue[-1].text.startswith(("Hi!", "Hello!", "Hey,"))]
    assert greeted and all(one.reply.startswith(("Hi!", "Hello!", "Hey!")) for one in greeted)


def test_other_talk_stands_behind_facts_with_its_own_reply() -> None:
    _, told = made(5)
    joke = ReplyExample(turns(["Tell me a joke."]), (), "A joke.", "chat/own", "own")
    longer = ReplyExample(turns(["Hi", "Hello!", "Tell me a joke."]), (), "A joke.", "chat/own", "own")
    (one,) = behind_facts([joke, longer], told, random.Random(1))
    assert one.dialogue[-1].text == "Tell me a joke." and one.reply == "A joke." and len(one.dialogue) >= 3


def test_a_share_is_acknowledged_in_plain_words() -> None:
    _, told = made(5)
    assert plainly(told, 0.0, random.Random(1)) == told
    plain = plainly(told, 1.0, random.Random(1))
    assert [one.dialogue for one in plain] == [one.dialogue for one in told]
    assert len({one.reply for one in plain}) < 10 and not any("sorry" in one.reply.lower() for one in plain)
