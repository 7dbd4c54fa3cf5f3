"""The licensed sets as scenes: from tiny archives in the sets' own formats, and from the real ones where they are."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from knowledge.training.licensed.archives import sentences
from knowledge.training.licensed.attributes import attributes
from knowledge.training.licensed.cloze import parts, questions
from knowledge.training.licensed.dialogues import answers
from knowledge.training.licensed.questions import ME, YOU, about, named
from knowledge.training.licensed.sets import ALL, scenes
from knowledge.training.scenes import Scene

BEN, MARIA = named("Ben", False), named("Maria", True)
REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
FOODS = "pancakes lentils dumplings gnocchi risotto tacos kimchi falafel sushi porridge".split()  # noqa: SIM905
TOWNS = "Oslo Lima Quito Delhi Perth Turin Hanoi Accra Osaka Minsk".split()  # noqa: SIM905


def pack(folder: Path, name: str, **files: bytes) -> None:
    """A set's archive as the data folder holds it; ``files``: name with __ for the dot → content."""
    with tarfile.open(folder / f"{name}.tar.xz", "w:xz") as tar:
        for key, content in files.items():
            entry = tarfile.TarInfo("./" + key.replace("__", "."))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def talk(number: int) -> list[tuple[int, str]]:
    """A conversation of twelve turns with its own words: a question answered, a statement with place and past."""
    food, town = FOODS[number % 10], TOWNS[number // 10 % 10]
    return [
        (0, f"Hello, nice to meet you, call number {number}."),
        (1, "Nice to meet you as well."),
        (0, f"Do you like {food} from street{number} stalls?"),
        (1, "Yes, every Sunday with mustard, my grandma cooks plenty."),
        (0, "Good to know."),
        (1, f"I visited my cousin{number} in {town} last summer."),
        (0, f"Lovely. What colour is your bicycle{number}?"),
        (1, "Bright orange with silver wheels."),
        (0, "Splendid."),
        (1, f"My brother lives near lake{number}."),
        (0, "I see, that sounds peaceful."),
        (1, "Goodbye, talk soon."),
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a tiny archive of every set."""
    conversations = [talk(number) for number in range(60)]
    chat = {
        str(number): {"messages": [[{"text": text, "sender": f"s{who}"}] for who, text in lines]}
        for number, lines in enumerate(conversations)
    }
    pack(tmp_path, "chitchat", dataset__json__gz=gzip.compress(json.dumps(chat).encode()), LICENSE=b"MIT")
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["user 1 personas", "user 2 personas", "Best Generated Conversation"])
    for number, lines in enumerate(conversations):
        said = "\n".join(f"User {who + 1}: {text}" for who, text in lines)
        rows.writerow(["I am cheerful.", f"My brother lives near lake{number}.", said])
    pack(tmp_path, "synthetic_persona_chat", valid__csv=table.getvalue().encode())
    topical = {
        str(number): {
            "content": [{"message": text, "agent": f"agent_{who + 1}", "turn_rating": "Good"} for who, text in lines]
        }
        for number, lines in enumerate(conversations)
    }
    pack(tmp_path, "topical_chat", valid_freq__json=json.dumps(topical).encode())
    memo = []
    for lines in conversations:
        text = "\n".join(f"(line {i + 1}) {('user', 'bot')[who]}: {said}" for i, (who, said) in enumerate(lines))
        topics = [{"topic": "street stalls", "summary": "user asks bot about food.", "start": 3, "end": 4}]
        prompt = f"You will be shown.\n\nTask Conversation:\n{text}\n```\n\nTask Result:"
        turns = [{"from": "human", "value": prompt}, {"from": "gpt", "value": json.dumps(topics)}]
        memo.append({"type": "writing_dialogsum", "conversations": turns})
    pack(tmp_path, "memochat_train", train_1k__json=json.dumps(memo).encode())
    articles = [
        {
            "title": f"Town_{number}",
            "paragraphs": [
                {
                    "context": f"The town{number} has a harbour. Its mayor is Ada{number}. Bread is sold there.",
                    "qas": [
                        {
                            "question": f"Who is mayor of town{number}?",
                            "answers": [{"text": f"Ada{number}", "answer_start": 38 + len(str(number))}],
                        }
                    ],
                }
            ],
        }
        for number in range(80)
    ]
    pack(tmp_path, "xquad_en", xquad__en__json=json.dumps({"data": articles}).encode())
    records = [
        json.dumps(
            {
                "question": f"who won cup{number}",
                "answers": ["Eva"],
                "ctxs": [{"title": f"Cup {number}", "text": f"The cup{number} went to Eva.", "isgold": True}],
            }
        )
        for number in range(200)
    ]
    pack(tmp_path, "lost_in_the_middle", **{"nq-open-oracle__jsonl__gz": gzip.compress("\n".join(records).encode())})
    return tmp_path


def check(scene: Scene) -> None:
    """What must hold in every scene."""
    assert 50 <= len(scene.slots) <= 700 and scene.source
    held: dict[str, list[int]] = {}
    for slot in scene.slots:
        assert slot.text.strip()
        held.setdefault(slot.container, []).append(slot.position)
    assert all(positions == list(range(len(positions))) for positions in held.values())
    times = [slot.created for slot in scene.slots]
    assert times == sorted(times)
    assert len({slot.speaker for slot in scene.slots}) <= 2
    for query in scene.queries:
        assert query.text.strip() and query.kind
        assert all(0 <= index < len(scene.slots) for index in query.evidence)
        assert ("/absent" in query.kind or "/other_person" in query.kind) == (not query.evidence)
        assert query.asked == 0 or query.asked > times[-1]
        assert all(role in ("user", "assistant") and text for role, text in query.dialogue)


def test_every_set_gives_scenes_with_valid_evidence(data: Path) -> None:
    found = list(scenes(data, 1))
    assert {scene.source.split()[0] for scene in found} == set(ALL)
    for scene in found:
        check(scene)
    queries = [query for scene in found for query in scene.queries]
    empty = sum(not query.evidence for query in queries) / len(queries)
    assert 0.08 <= empty <= 0.25


def test_the_same_seed_gives_the_same_scenes(data: Path) -> None:
    assert list(scenes(data, 5)) == list(scenes(data, 5))
    assert list(scenes(data, 5)) != list(scenes(data, 6))
    assert list(scenes(data, 5, ["xquad_en"])) == [s for s in scenes(data, 5) if s.source.startswith("xquad_en")]


def test_a_question_put_to_somebody_has_his_answer_as_evidence(data: Path) -> None:
    right = 0
    for scene in scenes(data, 2, ["chitchat"]):
        for query in scene.queries:
            for number in range(60):
                if query.kind == "answer" and query.text.endswith(f"street{number} stalls?"):
                    (index,) = query.evidence
                    asked = scene.slots[index - 1]
                    assert f"street{number} stalls" in asked.text and "mustard" in scene.slots[index].text
                    speaker = scene.slots[index].speaker
                    assert not speaker or (speaker in query.text and asked.speaker not in query.text)
                    right += 1
    assert right >= 3


def test_a_document_question_has_the_sentence_with_the_answer_as_evidence(data: Path) -> None:
    asked = 0
    for scene in scenes(data, 2, ["xquad_en", "lost_in_the_middle"]):
        for query in scene.queries:
            if query.evidence:
                (index,) = query.evidence
                number = "".join(filter(str.isdigit, query.text))
                assert f"Ada{number}." in scene.slots[index].text or f"cup{number} " in scene.slots[index].text
                assert scene.slots[index].kind == "passage"
                asked += 1
    assert asked >= 100


def test_a_missing_archive_is_left_out_and_said_so(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    (data / "chitchat.tar.xz").unlink()
    with caplog.at_level(logging.WARNING):
        found = list(scenes(data, 0, ["chitchat", "xquad_en"]))
    assert found and all(scene.source.startswith("xquad_en") for scene in found)
    assert "chitchat.tar.xz" in caplog.text


@pytest.mark.parametrize("name", ["locomo_dev", "mctest_train", "nonsense"])
def test_a_set_without_the_licence_is_refused(data: Path, name: str) -> None:
    assert name not in ALL
    with pytest.raises(ValueError, match="unknown set"):
        list(scenes(data, 0, [name]))


def test_limit_counts_scenes_of_a_set(data: Path) -> None:
    assert (
        Counter(scene.source for scene in scenes(data, 0, ["chitchat", "xquad_en"], limit=1)).most_common(1)[0][1] == 1
    )


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("so do you have any pets?", "Does Ben have any pets?"),
        ("What's your favorite movie?", "What is Ben's favorite movie?"),
        ("Haha nice, have u seen the new Avengers movie?", "Has Ben seen the new Avengers movie?"),
        ("Are you studying biology with your sister?", "Is Ben studying biology with his sister?"),
        ("What do you do when you visit Paris?", "What does Ben do when he visits Paris?"),
        ("Do you like my garden?", "Does Ben like Maria's garden?"),
        ("Do you like it?", None),
        ("What about you?", None),
        ("How are you?", None),
        ("Did you know that bees dance?", None),
    ],
)
def test_a_question_is_retold_about_who_answered(question: str, asked: str | None) -> None:
    assert about(question, BEN, MARIA) == asked


def test_a_question_to_user_or_assistant_is_retold_in_their_persons() -> None:
    assert about("Do you have a garden with your wife?", ME, YOU) == "Do I have a garden with my wife?"
    assert about("Are you fond of chess?", ME, YOU) == "Am I fond of chess?"
    assert about("Are you fond of chess?", YOU, ME) == "Are you fond of chess?"


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        ("I went to Russia as a volunteer last year.", "When did Maria go to Russia as a volunteer?"),
        ("I served my mission in London", "Where did Maria serve her mission?"),
        ("haha i took French in high school", "What did Maria take in high school?"),
        ("I have three younger siblings.", "How many younger siblings does Maria have?"),
        ("I'm afraid of spiders!", "What is Maria afraid of?"),
        ("My brother works at Google.", "Where does Maria's brother work?"),
        ("I love skydiving", "How does Maria feel about skydiving?"),
    ],
)
def test_a_statement_becomes_a_question_it_answers(sentence: str, asked: str) -> None:
    made = {render(MARIA, BEN) for part in parts(sentence) for _, render in questions(part)}
    assert asked in made


@pytest.mark.parametrize(
    "sentence", ["I liked it a lot.", "You are tall.", "We went there.", "I think so.", "Did I go to Rome?"]
)
def test_a_statement_that_points_elsewhere_gives_nothing(sentence: str) -> None:
    assert not [made for part in parts(sentence) for made in questions(part)]


def test_an_answer_is_told_from_an_evasion() -> None:
    assert answers("Do you have pets?", "Yes, two dogs.")
    assert answers("Where do you live?", "in Ohio these days")
    assert not answers("Do you have pets?", "What do you mean?")
    assert not answers("How many cats do you have?", "Fluffy and cute haha")


def test_attributes_are_told_by_statements_only() -> None:
    assert len(list(attributes("I have two dogs and I'm a nurse."))) == 2
    assert not list(attributes("Do I have two dogs?"))


def test_sentences_do_not_end_at_initials() -> None:
    assert sentences("J. Smith met Dr. Who. They talked.") == ["J. Smith met Dr. Who.", "They talked."]


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared data sets are not beside this checkout")
@pytest.mark.parametrize("name", ALL)
def test_the_real_sets(name: str) -> None:
    found = list(scenes(REAL, 0, [name], limit=6))
    assert found
    for scene in found:
        check(scene)
    queries = [query for scene in found for query in scene.queries]
    assert len(queries) >= 20 * len(found)
    empty = sum(not query.evidence for query in queries) / len(queries)
    assert 0.1 <= empty <= 0.24
    names = {slot.speaker for scene in found for slot in scene.slots}
    assert len(names) > 1 or name in ("xquad_en", "lost_in_the_middle")
