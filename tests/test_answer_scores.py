"""How the benchmarks of replies judge: LoCoMo's F1, degenerate replies, right and honest answers of sessions."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from knowledge.training.generated import generator
from tests.benchmarks import sessions_scripts
from tests.benchmarks.answers import dealt
from tests.benchmarks.chat import degenerate
from tests.benchmarks.locomo_f1 import by_category, score, stems, token_f1
from tests.benchmarks.sessions_scripts import Script, dates, honest, ordinal, right

# ---- LoCoMo's F1 ---------------------------------------------------------------------------------------------


def test_tokens_are_stemmed_words_without_articles_and_punctuation() -> None:
    assert stems("The dogs, and a cat's: Running!") == ["dog", "cat", "run"]
    assert stems("1,200 A.M.") == ["1200", "am"]


@pytest.mark.parametrize(
    ("answer", "gold", "f1"),
    [
        ("the red car", "A red car.", 1.0),
        ("a blue car", "red car", 0.5),  # 1 of 2 and 1 of 2
        ("She went running on 7 May 2023", "7 May 2023", 2 * 3 / (7 + 3)),
        ("dog dog", "dog", 2 / 3),  # a repeated token counts once
        ("nothing", "red car", 0.0),
        ("", "red car", 0.0),
        ("the", "a", 0.0),
    ],
)
def test_f1_of_tokens(answer: str, gold: str, f1: float) -> None:
    assert token_f1(answer, gold) == pytest.approx(f1)


def test_each_category_has_its_rule() -> None:
    # 1: for every gold part the best part of the answer: (1 + 2/3 + 0) / 3
    assert score("reading books, painting", "painting, books, hiking", 1) == pytest.approx((1 + 2 / 3) / 3)
    assert score("painting books", "painting, books", 4) == 1.0  # 4: as one text
    assert score("likely yes", "Likely yes; she loves the outdoors", 3) == 1.0  # 3: only before the semicolon
    assert score("likely yes", "Likely yes; she loves the outdoors", 2) == pytest.approx(2 * 2 / (2 + 5))
    assert score("I don't know, that was not mentioned", "", 5) == 1.0
    assert score("There is No information available.", "blue", 5) == 1.0
    assert score("I don't know", "", 5) == 0.0
    with pytest.raises(ValueError, match="no category 6"):
        score("a", "b", 6)


def test_overall_is_the_mean_of_all_questions() -> None:
    found = by_category([(1, 1.0), (4, 0.0), (4, 0.5), (4, 0.5)])
    assert found == {"1": 100.0, "4": 33.33, "overall": 50.0}
    assert by_category([]) == {}


def test_questions_are_dealt_by_category_and_the_smaller_choice_is_in_the_larger() -> None:
    items = [
        {"category": category, "question": f"{category}-{n}"}
        for category, count in ((1, 20), (2, 30), (4, 100), (5, 50))
        for n in range(count)
    ]
    some = dealt(items, 40, random.Random(3))
    counts = Counter(item["category"] for item in some)
    assert sum(counts.values()) == 40
    assert all(abs(counts[category] - share) <= 1 for category, share in ((1, 4), (2, 6), (4, 20), (5, 10)))
    assert dealt(items, 10, random.Random(3)) == some[:10]
    assert len(dealt(items, 1000, random.Random(3))) == 200


# ---- degenerate replies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("", "empty"),
        (" ...!\n", "empty"),
        ("Do you like old trains?", "echo"),
        ("do you like old trains", "echo"),
        ("So, I wonder: do you like old trains?", ""),  # some words of one's own
        ("I do. " * 4, "loop"),
        ("It was very very very nice.", ""),
        ("no " * 9, "loop"),
        ("We went there and came back. We went there and came back. We went there and came back.", "loop"),
        ("I love it there. You can swim. I love it there. You can row. I love it there.", "loop"),
        (
            "Yes, I love them! Steam engines most of all. When I was little we lived beside a line, and every evening "
            "we waved at the driver.",
            "",
        ),
        (" ".join(f"{n} is one of many things that a person should do well," for n in "abcd"), "loop"),
    ],
)
def test_degenerate_replies(reply: str, kind: str) -> None:
    assert degenerate(reply, ["Hi there!", "Hello.", "Do you like old trains?"]) == kind


def test_a_greeting_may_be_given_back() -> None:
    assert degenerate("Hello!", ["hello"]) == ""


# ---- sessions ------------------------------------------------------------------------------------------------


def test_a_right_reply_holds_the_value_and_not_the_outdated_one() -> None:
    script = Script("update", (), "On which floor?", ("seven", "7"), ("two", "2"))
    assert right("It's on floor 7.", script)
    assert right("The printer is on floor Seven now", script)
    assert not right("It moved from floor two to floor seven.", script)
    assert not right("It's on floor 17 or seventy.", script)
    assert not right("", script)


def test_days_may_be_written_in_several_ways() -> None:
    script = Script("date", (), "When?", dates(3, "March"))
    for reply in ("On 3 March.", "March 3, 2026", "the 3rd of March", "It's March 3rd"):
        assert right(reply, script), reply
    assert not right("On 13 March.", script)
    assert [ordinal(day) for day in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
        "23rd",
    ]


@pytest.mark.parametrize(
    ("reply", "is_honest"),
    [
        ("I don't know, that was not mentioned", True),
        ("I'm sorry, but you haven\u2019t told me that.", True),
        ("There is no information about it.", True),
        ("You never mentioned your dog.", True),
        ("Your dog's name is Max.", False),
        ("It costs 300 euros, I know that.", False),
    ],
)
def test_honest_replies(reply: str, is_honest: bool) -> None:
    assert honest(reply) is is_honest


def test_scripts_are_seeded_and_their_facts_are_told() -> None:
    some = sessions_scripts.scripts(100, seed=1)
    assert some == sessions_scripts.scripts(100, seed=1) != sessions_scripts.scripts(100, seed=2)
    assert Counter(script.kind for script in some) == {kind: 25 for kind in sessions_scripts.KINDS}
    assert sum(bool(script.untold) for script in some) == 50
    for script in some:
        told = " ".join(text for _, text in script.told)
        assert any(word in told for word in ("yesterday", "Yesterday", "omorrow", "ago")) or right(
            told, Script("", (), "", script.expected)
        ), script
        assert not right(script.question, Script("", (), "", script.expected)), script
        assert not set(script.expected) & set(script.outdated)
        if script.outdated:
            days = [
                day for day, text in script.told for value in (script.outdated[0], script.expected[0]) if value in text
            ]
            assert days == sorted(days) and days[0] < days[-1], script


def test_the_training_generator_does_not_have_these_sentences() -> None:
    """No five words in a row of a template's fixed part stand in what training is made of."""
    fives: set[tuple[str, ...]] = set()
    for scene in generator.generate(5, 20):
        for text in [*(slot.text for slot in scene.slots), *(query.text for query in scene.queries)]:
            words = sessions_scripts._plain(text).split()
            fives |= {tuple(words[at : at + 5]) for at in range(len(words) - 4)}
    assert len(fives) > 10_000
    lines = [
        line
        for group in (
            sessions_scripts.NAMES,
            sessions_scripts.NUMBERS,
            sessions_scripts.DATES,
            sessions_scripts.RELATIVE,
            sessions_scripts.UPDATES,
        )
        for template in group
        for line in template
        if isinstance(line, str)
    ]
    shared = []
    for line in lines:
        for part in line.split("{v}"):
            words = sessions_scripts._plain(part).split()
            shared += [words[at : at + 5] for at in range(len(words) - 4) if tuple(words[at : at + 5]) in fives]
    assert shared == []


def test_scripts_come_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "scripts.json"
    path.write_text(
        json.dumps(
            [{"told": ["I am Ann.", [2, "No, Eve."]], "question": "Who?", "expected": ["Eve"], "outdated": ["Ann"]}]
        ),
        "utf-8",
    )
    assert sessions_scripts.load(path) == [
        Script("given", ((0.0, "I am Ann."), (2.0, "No, Eve.")), "Who?", ("Eve",), ("Ann",))
    ]
    path.write_text('[{"told": ["I am Ann."], "expected": ["Ann"]}]', "utf-8")
    with pytest.raises(ValueError, match="script 1 cannot be used.*question"):
        sessions_scripts.load(path)
