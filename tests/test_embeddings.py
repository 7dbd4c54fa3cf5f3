"""``/v1/embeddings`` with the official openai client: with a fake encoder, and in the running app with the real one."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import openai
import pytest

from tests.page_server import PageServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    server = PageServer(tmp_path_factory.mktemp("embeddings") / "data")
    yield server
    server.close()


@pytest.fixture
def client(server: PageServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        yield client


def test_a_text_and_a_list_of_texts(server: PageServer, client: openai.OpenAI) -> None:
    texts = [f"text number {number}" for number in range(9)]
    many = client.embeddings.create(model="any", input=texts)
    assert many.object == "list" and many.model == "fake-bag-of-words"
    assert [one.index for one in many.data] == list(range(9))
    expected = server.application.network.encoder.encode(texts)
    assert np.allclose([one.embedding for one in many.data], expected, atol=1e-6)
    assert many.usage.prompt_tokens == many.usage.total_tokens == 27
    one = client.embeddings.create(model="any", input=texts[3], encoding_format="float", dimensions=64)
    assert np.allclose(one.data[0].embedding, expected[3], atol=1e-6) and len(one.data) == 1


def test_base64_holds_the_same_floats(server: PageServer) -> None:
    body = {"model": "any", "input": ["hello there"]}
    plain = server.client.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]
    coded = server.client.post("/v1/embeddings", json={**body, "encoding_format": "base64"}).json()
    assert np.allclose(np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), "<f4"), plain)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"input": [1, 2, 3]}, "send text"),
        ({"input": [[1, 2], [3]]}, "send text"),
        ({"input": ""}, "leave empty texts out"),
        ({"input": []}, "leave empty texts out"),
        ({"input": ["fine", ""]}, "leave empty texts out"),
        ({"input": ["fine", None]}, "a list of texts"),
        ({"input": {"text": "x"}}, "a list of texts"),
        ({"input": ["x"] * 2049}, "2049"),
        ({"input": "x" * 32_001}, "32,001"),
        ({"input": ["short", "word " * 101]}, "Text 2 of 2 has 101 tokens"),
        ({"dimensions": 32}, "64 dimensions"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_what_is_not_taken_is_refused_in_a_sentence(server: PageServer, more: dict[str, Any], word: str) -> None:
    answer = server.client.post("/v1/embeddings", json={"model": "any", "input": "hello", **more})
    assert answer.status_code == 400 and word in answer.json()["error"]["message"]


def test_many_requests_wait_for_each_other_or_are_sent_away(server: PageServer) -> None:
    encoder = server.application.network.encoder
    go, under_way = threading.Event(), list[int]()
    encode = encoder.encode

    def held(texts: Any) -> Any:
        under_way.append(1)
        assert len(under_way) == 1, "two at once"
        go.wait(30)
        under_way.pop()
        return encode(texts)

    encoder.encode = held
    answers: list[int] = []

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            answers.append(http.post("/v1/embeddings", json={"input": "hello"}).status_code)

    clients = [threading.Thread(target=ask) for _ in range(24)]
    try:
        for each in clients:
            each.start()
        end = time.monotonic() + 30
        while answers.count(429) < 7 and time.monotonic() < end:
            time.sleep(0.01)
        began = time.monotonic()
        assert server.client.get("/healthz").status_code == 200 and time.monotonic() - began < 5
    finally:
        go.set()
        for each in clients:
            each.join(60)
        encoder.encode = encode
    assert answers.count(429) == 7 and answers.count(200) == 17  # one under way and sixteen that wait


def test_a_client_that_leaves_ends_the_work(server: PageServer) -> None:
    encoder = server.application.network.encoder
    encode, texts = encoder.encode, list[str]()

    def slow(some: Any) -> Any:
        texts.extend(some)
        time.sleep(0.1)
        return encode(some)

    encoder.encode = slow
    try:
        with pytest.raises(httpx.ReadTimeout):
            server.client.post("/v1/embeddings", json={"input": ["x"] * 2000}, timeout=0.5)
        time.sleep(0.5)
        then = len(texts)
        time.sleep(0.5)
        assert len(texts) == then < 200
    finally:
        encoder.encode = encode


@pytest.mark.slow
def test_the_encoder_of_the_running_app(start_server: Any) -> None:
    url = start_server().url
    pair = ["My boat lies in Bergen harbour.", "Where is my ship moored?", "Bread is baked at 220 degrees."]
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", timeout=120) as client:
        answer = client.embeddings.create(model="mneme", input=pair)
        rows = np.array([one.embedding for one in answer.data])
        assert answer.model == "all-MiniLM-L6-v2" and rows.shape == (3, 384)
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5) and rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
        assert answer.usage.prompt_tokens == 9 + 8 + 10
        with pytest.raises(openai.BadRequestError, match="reads 256; split it"):
            client.embeddings.create(model="mneme", input="harbour " * 300)

        # While many texts are embedded, the page answers, and a read of memory is not kept waiting for the encoder.
        ended: list[float] = []

        def many() -> None:
            client.embeddings.create(model="mneme", input=[f"{text} ({n})" for n in range(100) for text in pair])
            ended.append(time.monotonic())

        thread = threading.Thread(target=many)
        started = time.monotonic()
        thread.start()
        slowest = 0.0
        while thread.is_alive():
            for call in (
                lambda: httpx.get(f"{url}/healthz", timeout=30),
                lambda: httpx.post(f"{url}/v1/memories/search", json={"query": "boat"}, timeout=30),
            ):
                began = time.monotonic()
                assert call().status_code == 200
                if not ended:
                    slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        assert slowest < max(1.0, (ended[0] - started) / 4)
