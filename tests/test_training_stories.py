"""bAbI's training stories as memories with a question; test files are never opened."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from knowledge.training.licensed.stories import ARCHIVE, parse, story_scenes

TEXT = """1 Mary moved to the bathroom.
2 Mary got the milk there.
3 What is Mary carrying? \tmilk\t2
4 Mary got the apple.
5 What is Mary carrying?\tmilk,apple\t2 4
1 The garden is south of the hall.
2 How do you go from the garden to the hall? \tn\t1
"""


def pack(folder: Path, files: dict[str, str]) -> None:
    with tarfile.open(folder / ARCHIVE, "w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))


def test_a_question_has_the_story_so_far_and_answers_in_words() -> None:
    (first, second), (third,) = parse(8, TEXT)
    assert first.facts == ("Mary moved to the bathroom.", "Mary got the milk there.") and first.support == (1,)
    assert second.answer == ("milk", "apple") and second.support == (1, 2) and len(second.facts) == 3
    assert third.answer == ("n",) and third.spelled == ("north",) and third.story == 2


def test_stories_become_memories_in_their_order(tmp_path: Path) -> None:
    pack(tmp_path, {"en-valid/qa8_train.txt": TEXT, "en-valid/qa8_test.txt": TEXT.replace("Mary", "Test")})
    made = list(story_scenes(tmp_path, 0, 5))
    assert len(made) == 2 and made == list(story_scenes(tmp_path, 0, 5))
    for scene in made:
        (query,) = scene.queries
        assert not any("Test" in slot.text for slot in scene.slots)
        assert [slot.created for slot in scene.slots] == sorted({slot.created for slot in scene.slots})
        assert query.evidence <= set(range(len(scene.slots))) and query.asked > scene.slots[-1].created


def test_without_the_archive_there_are_none(tmp_path: Path) -> None:
    assert list(story_scenes(tmp_path, 0, 5)) == []
