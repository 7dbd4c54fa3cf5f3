"""The decoder's last stage: what holds now is told by the later memory, whatever weighs more."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from knowledge.reply.small_model.abstention import ABSTENTIONS
from knowledge.training.generated.generator import SCHEMAS, write_scene
from knowledge.training.generated.inferences import INFERENCES
from knowledge.training.generated.questions import Asker
from knowledge.training.generated.talk import Stage
from knowledge.training.replies.data import ReplyExample
from knowledge.training.replies.polish import TALK, corrections, inferred, polish


def of_scenes(
    make: Callable[[Stage, Asker, random.Random], Iterator[ReplyExample]], scenes: int = 40
) -> list[ReplyExample]:
    made = []
    for number in range(scenes):
        stage = write_scene(random.Random(number)).stage
        made += make(stage, Asker(stage, random.Random(number)), random.Random(number))
    return made


def test_the_stage_holds_changed_facts_blanks_and_talk_and_is_the_same_again() -> None:
    made = polish(3, [])
    assert made == polish(3, [])
    changed = [one for one in made if one.kind == "update"]
    assert len(changed) > 50
    heavier = 0
    for example in changed:
        held = [read for read in example.reads if example.reply.lower() in read.memory.text.lower()]
        heavier += bool(held) and held[0].weight < example.reads[0].weight
        assert [read.weight for read in example.reads] == sorted((r.weight for r in example.reads), reverse=True)
        assert sum(read.weight for read in example.reads) < 1
    assert heavier > 10  # the right one is often not the one that weighs most
    blank = [one for one in made if one.kind == "never told"]
    assert blank and all(one.reply in ABSTENTIONS for one in blank) and any(not one.reads for one in blank)
    written = [one for one in made if one.source == "written"]
    assert {one.dialogue[-1].text for one in written} == set(TALK)
    assert all(TALK[one.dialogue[-1].text] == one.reply for one in written)
    behind = [one for one in written if len(one.dialogue) == 3]  # nothing of what stands before may leak into it
    assert 2 * len(behind) == len(written) and all(one.dialogue[1].role == "assistant" for one in behind)
    followed = [one.reply.lower() for one in made if one.kind == "inference"]
    confirmed, denied = (sum(reply in (said, f"likely {said}") for reply in followed) for said in ("yes", "no"))
    assert confirmed == denied == len(followed) / 3


def test_a_fact_told_anew_is_taken_note_of_while_the_old_one_is_read() -> None:
    made = of_scenes(corrections)
    assert len(made) > 10
    for example in made:
        assert "?" not in example.dialogue[-1].text and "?" not in example.reply
        assert example.reads[0].weight > 0.1 and example.reply not in ABSTENTIONS
    # What was is read, not what is told; only how news begins ("I have a new address!") is the same twice.
    assert sum(example.dialogue[-1].text in example.reads[0].memory.text for example in made) < len(made) / 10


def test_what_follows_is_asked_in_whole_sentences_of_the_fact_that_is_read() -> None:
    assert set(INFERENCES) <= {schema.name for schema in SCHEMAS}
    made = of_scenes(inferred)
    assert len(made) > 500
    for example in made:
        text = example.dialogue[-1].text
        assert text.endswith("?") and "{" not in text + example.reply and "[" not in text + example.reply
        assert not {"Is I", "Does I", "Would me"} & {" ".join(text.split()[:2])}
        assert example.reads[0].weight == max(read.weight for read in example.reads)
    assert {"Likely yes", "Likely no", "Yes", "No"} <= {example.reply for example in made}
