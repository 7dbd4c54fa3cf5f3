"""A running chat with the models that ship: what was told in it is read, what changed is told, nothing is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat_app.settings import load as load_settings
from knowledge.input.encoder import Encoder
from knowledge.read.reader import make_reader
from knowledge.reply.local.local_decoder import LocalDecoder
from tests.benchmarks.sessions import Clock, Models, say, started
from tests.benchmarks.sessions_scripts import honest

WEIGHTS = Path(__file__).parents[1] / "knowledge" / "weights" / "decoder.safetensors"


@pytest.fixture(scope="module")
def models(decoder_folder: Path) -> Models:
    encoder = Encoder("default")
    reader, _ = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
    return Models(encoder, reader, LocalDecoder(str(decoder_folder), adapter=WEIGHTS))


def test_a_chat_that_tells_changes_and_asks(models: Models, tmp_path: Path) -> None:
    with started(load_settings(["--data", str(tmp_path)], {}), models, Clock(), 32) as talk:
        _, chat, _ = say(talk, "My sister Ana lives in Lisbon and works as a marine biologist.")
        say(talk, "My dog is called Biscuit.", chat)
        reply, _, read = say(talk, "What is my dog's name?", chat)
        assert "Biscuit" in reply and read.reads[0].memory.container == chat
        assert say(talk, "My sister moved to Porto last week.", chat)[0]
        reply, _, read = say(talk, "Where does my sister live?", chat)
        assert "Porto" in reply and any("Porto" in one.memory.text for one in read.reads[:2])
        assert "Paris" in say(talk, "What is the capital of France?", chat)[0]  # not what was said last
        reply, _, read = say(talk, "What is my brother's name?", chat)
        assert honest(reply) and read.null_weight > 0.5
