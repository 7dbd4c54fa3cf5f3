"""What is computed before a message comes, or beside it, changes the time and not the reply."""

from __future__ import annotations

import threading

import pytest

from knowledge.records import Read, ReplyDone, ReplyRequest, Turn
from knowledge.reply.local.layout import WAYS, Conditioning
from knowledge.reply.local.local_decoder import LocalDecoder
from tests.test_decoder import GREEDY, load, read, turns
from tests.tiny_llama import save_tiny_llama

EXAMPLES = (("my cat has kittens", "How lovely!"), ("the plumber comes at ten", "Noted."))


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> LocalDecoder:
    return load(save_tiny_llama(tmp_path_factory.mktemp("tiny")), path="blocks")


def done(decoder: LocalDecoder, request: ReplyRequest) -> ReplyDone:
    *_, last = decoder.reply(request, threading.Event())
    assert isinstance(last, ReplyDone)
    return last


def test_the_next_reply_finds_its_beginning_computed(decoder: LocalDecoder) -> None:
    said = turns("my sister Anna lives in Lisbon", "That is good to know.")
    asked = [*said, Turn("q", "user", "where does she live?", 9.0)]
    fresh = done(decoder, ReplyRequest(asked, sampling=GREEDY, key="one"))
    assert decoder.prepare(ReplyRequest(said, key="two"), threading.Event())
    prepared = done(decoder, ReplyRequest(asked, sampling=GREEDY, key="two"))
    assert prepared.text == fresh.text
    message = len(decoder.model.tokens("where does she live?"))
    assert prepared.usage.prompt_tokens - prepared.usage.cached_tokens <= message + 16
    assert prepared.usage.cached_tokens > fresh.usage.cached_tokens


def test_examples_are_computed_ahead(decoder: LocalDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [("our cat had kittens", "How lovely!")]
    stop = threading.Event()
    stop.set()
    assert not decoder.prepare(ReplyRequest((), key="examples", examples=examples), stop)
    assert decoder.prepare(ReplyRequest((), key="examples", examples=examples), threading.Event())
    made: list[object] = []
    monkeypatch.setattr(decoder._maker, "_make", lambda *given: made.append(given))
    assert done(decoder, ReplyRequest(turns("my dog ran off"), sampling=GREEDY, examples=examples)).text
    assert not made


def test_a_reply_that_comes_meanwhile_stops_it_and_finds_what_is_there(decoder: LocalDecoder) -> None:
    said = turns("one word after the other " * 40, "Yes.")
    stop = threading.Event()
    stop.set()
    assert not decoder.prepare(ReplyRequest(said, key="stopped"), stop)
    assert decoder.prepare(ReplyRequest(said, key="stopped"), threading.Event())


def test_looking_at_a_reply_leaves_what_was_prepared(decoder: LocalDecoder) -> None:
    said = turns("my sister Anna lives in Lisbon", "That is good to know.", "and my brother?", "In Rome.")
    decoder.prepare(ReplyRequest(said, key="kept"), threading.Event())
    decoder.score(ReplyRequest(said[:3], key="kept"), said[3].text)
    asked = [*said, Turn("q", "user", "who lives in Rome?", 9.0)]
    after = done(decoder, ReplyRequest(asked, sampling=GREEDY, key="kept")).usage
    assert after.prompt_tokens - after.cached_tokens <= len(decoder.model.tokens("who lives in Rome?")) + 16


def test_the_log_probability_of_every_token_comes_with_the_reply(decoder: LocalDecoder) -> None:
    request = ReplyRequest(turns("where does Anna live?"), [read("Anna lives in Lisbon", 0.8)], GREEDY, key="likely")
    reply = done(decoder, request)
    tokens = decoder.model.tokens(reply.text)
    assert len(reply.likelihood) == reply.usage.completion_tokens
    if len(tokens) == len(reply.likelihood):
        assert reply.likelihood == pytest.approx(decoder.score(request, reply.text).tolist(), abs=1e-3)


@pytest.mark.parametrize("reads", [(), (read("Anna lives in Lisbon", 0.8),)])
def test_examples_are_a_block_before_the_message(decoder: LocalDecoder, reads: tuple[Read, ...]) -> None:
    plain = decoder.layout(ReplyRequest(turns("my aunt plays the cello"), reads))
    layout = decoder.layout(ReplyRequest(turns("my aunt plays the cello"), reads, examples=EXAMPLES))
    text = decoder.model.text(list(layout.opening))
    assert "kittens" in text and "Noted." in text and "cello" not in text
    assert len(layout.blocks) == len(reads) and [read for read, _, _ in layout.spans()] == list(reads)
    assert layout.length > plain.length
    key = "told" + str(len(reads))
    first = done(decoder, ReplyRequest(turns("my aunt plays the cello"), reads, GREEDY, key, examples=EXAMPLES))
    again = done(decoder, ReplyRequest(turns("my aunt plays the cello"), reads, GREEDY, key, examples=EXAMPLES))
    assert first.text == again.text


def test_as_text_the_examples_are_messages(decoder: LocalDecoder) -> None:
    decoder.set_way(WAYS["prompt"])
    try:
        layout = decoder.layout(ReplyRequest(turns("my aunt plays the cello"), examples=EXAMPLES))
    finally:
        decoder.set_way(WAYS["blocks"])
    assert layout.opening == () and "kittens" in decoder.model.text(list(layout.before))


def test_relative_biases_leave_the_strongest_memory_as_it_is(decoder: LocalDecoder) -> None:
    request = ReplyRequest(turns("where?"), [read("Anna lives in Lisbon", 0.2), read("Tom lives in Rome", 0.1)])
    for relative, strongest in ((True, 0.0), (False, -0.64)):
        decoder.set_way(Conditioning("blocks", 0, relative=relative))
        biases = sorted(place.bias for place in decoder.layout(request).blocks)
        assert biases == pytest.approx([strongest - 0.277, strongest], abs=0.01)
    decoder.set_way(WAYS["blocks"])
