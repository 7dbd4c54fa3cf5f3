"""What all vectors of an encoder have in common is taken out of them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from knowledge.input import centring
from knowledge.input.centring import Centring
from knowledge.training.parallel_sentences import QUESTIONS, STATEMENTS


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_a_narrow_cone_of_two_languages_becomes_a_ball_of_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cone, apart = np.eye(32)[0] * 5, np.eye(32)[1] * 2
    meaning = rng.standard_normal((200, 32)) * 0.5
    meaning[:, :2] = 0
    english, chinese = unit(cone + meaning - apart), unit(cone + meaning + apart)
    assert (english[:100] @ english[100:].T).mean() > 0.7
    both = np.concatenate([english, chinese])
    direction = (chinese.mean(0) - english.mean(0))[None]
    made = Centring(both.mean(0), np.zeros(32, np.float32), direction / np.linalg.norm(direction))
    made.save(tmp_path / "centring.safetensors", {"encoder": "cone"})
    read = centring.load(tmp_path / "centring.safetensors")
    one, other = (read.apply(rows, queries=False) for rows in (english, chinese))
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1.0, atol=1e-5)
    assert one.dtype == np.float32
    assert abs((one[:100] @ other[100:].T).mean()) < 0.05  # unlike
    assert (one * other).sum(1).min() > 0.9  # translations
    np.testing.assert_allclose(read.apply(english, queries=True)[0], made.apply(english, queries=True)[0], atol=1e-6)
    assert not np.allclose(read.apply(english, queries=True), one)  # queries have a mean of their own


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    with pytest.raises(ValueError, match="damaged"):
        centring.load(tmp_path / "broken.safetensors")


def test_the_one_that_ships_is_whole() -> None:
    shipped = centring.load(centring.path_of("multilingual-e5-small"))
    assert shipped.stored.shape == shipped.queries.shape == (384,) and shipped.languages.shape == (7, 384)
    np.testing.assert_allclose(shipped.languages @ shipped.languages.T, np.eye(7), atol=1e-4)


@pytest.mark.parametrize("sentences", [STATEMENTS, QUESTIONS], ids=["statements", "questions"])
def test_every_language_says_the_same_number_of_things(sentences: dict[str, tuple[str, ...]]) -> None:
    assert len({len(rows) for rows in sentences.values()}) == 1 and len(sentences) == 8
    assert all(len(set(rows)) == len(rows) for rows in sentences.values())
