"""The decoder's last stage: what holds now is told by the later memory, whatever weighs more."""

from __future__ import annotations

import random

from knowledge.training.generator import SCHEMAS, write_scene
from knowledge.training.generator_inferences import INFERENCES
from knowledge.training.generator_questions import Asker
from knowledge.training.reply_data import UNKNOWN
from knowledge.training.reply_polish import TALK, inferred, polish


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
    assert blank and all(one.reply in UNKNOWN for one in blank) and any(not one.reads for one in blank)
    assert {one.dialogue[-1].text for one in made if one.source == "written"} == set(TALK)


def test_what_follows_is_asked_in_whole_sentences_of_the_fact_that_is_read() -> None:
    assert set(INFERENCES) <= {schema.name for schema in SCHEMAS}
    made = []
    for number in range(40):
        stage = write_scene(random.Random(number)).stage
        made += inferred(stage, Asker(stage, random.Random(number)), random.Random(number))
    assert len(made) > 500
    for example in made:
        text = example.dialogue[-1].text
        assert text.endswith("?") and "{" not in text + example.reply and "[" not in text + example.reply
        assert not {"Is I", "Does I", "Would me"} & {" ".join(text.split()[:2])}
        assert example.reads[0].weight == max(read.weight for read in example.reads)
    assert {"Likely yes", "Likely no", "Yes", "No"} <= {example.reply for example in made}
