"""Reading bAbI files: stories, evidence, splits, archives, batches."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from experiments.inference_network import Vocabulary
from tests.benchmarks.babi_data import Question, batch_of, keep_facts, load, pack, parse, vocabulary_of

TEXT = """1 Mary moved to the bathroom.
2 Mary got the milk there.
3 What is Mary carrying? \tmilk\t2
4 Mary got the apple.
5 What is Mary carrying?\tmilk,apple\t2 4
1 John went to the office.
2 Where is John? \toffice\t1
"""


def test_a_question_has_the_facts_told_before_it_and_its_evidence_among_them() -> None:
    first, second = parse(8, TEXT)
    assert [q.answer for q in first] == [("milk",), ("milk", "apple")]
    assert [len(q.facts) for q in first] == [2, 3]
    assert first[1].support == (1, 2)
    assert first[1].facts[2] == ("mary", "got", "the", "apple")
    fact = ("john", "went", "to", "the", "office")
    assert second[0] == Question(8, (fact,), ("where", "is", "john"), ("office",), (0,), 2)


def test_folder_and_archive_are_read_alike(tmp_path: Path) -> None:
    folder = tmp_path / "en-valid"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        (folder / f"qa8_{split}.txt").write_text(TEXT)
    with tarfile.open(tmp_path / "babi_en_1k.tar.gz", "w:gz") as archive:
        for split in ("train", "valid", "test"):
            info = tarfile.TarInfo(f"en-valid/qa8_{split}.txt")
            info.size = len(TEXT.encode())
            archive.addfile(info, io.BytesIO(TEXT.encode()))
    packed = load(tmp_path / "babi_en_1k.tar.gz", "1k")
    assert load(tmp_path, "1k") == load(folder, "1k") == packed
    assert len(packed.train) == 3
    with pytest.raises(FileNotFoundError, match="10k"):
        load(tmp_path, "10k")


def test_a_missing_training_file_comes_from_the_small_set_and_is_said(tmp_path: Path) -> None:
    for folder, names in {"en-valid": ("qa3_train", "qa3_valid", "qa3_test"), "en-10k": ("qa3_x_test",)}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.txt").write_text(TEXT)
    babi = load(tmp_path, "10k")
    assert len(babi.train) == len(babi.valid) == len(babi.test) == 3
    assert "1k file" in babi.notes[0]


def test_without_a_validation_file_whole_stories_are_held_out(tmp_path: Path) -> None:
    (tmp_path / "qa1_a_train.txt").write_text(TEXT * 10)
    babi = load(tmp_path, "10k")
    assert (len(babi.train), len(babi.valid)) == (27, 3)


def test_evidence_is_never_left_out_and_answers_keep_their_places() -> None:
    questions = [q for story in parse(8, TEXT) for q in story]
    packed = pack(questions, vocabulary_of(questions))
    rng = np.random.default_rng(0)
    sizes = set()
    for _ in range(50):
        kept = keep_facts(packed, 1, 40, 0.99, rng)
        assert {1, 2} <= set(kept.tolist())
        sizes.add(len(kept))
    assert sizes == {2, 3}
    batch = batch_of(packed, np.array([1, 2]), limit=2)
    assert batch.length.tolist() == [2, 1]
    assert batch.evidence.tolist() == [[0, 1], [0, -1]]
    assert (batch.words[1, 2] == 0).all() and (batch.words[1, 1] != 0).any()


def test_an_unknown_word_is_number_one() -> None:
    vocabulary = Vocabulary(["milk"])
    assert vocabulary.numbers(["milk", "tea"]) == [2, 1]
