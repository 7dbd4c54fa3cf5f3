"""The decoder's last stage: what holds now is told by the later memory, whatever weighs more."""

from __future__ import annotations

from knowledge.training.reply_data import UNKNOWN
from knowledge.training.reply_polish import TALK, polish


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
