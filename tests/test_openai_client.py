"""The official openai client against a real server with the embedded models."""

from __future__ import annotations

import httpx
import pytest
from openai import BadRequestError, OpenAI

pytestmark = pytest.mark.slow


def found(url: str, query: str) -> list[dict]:
    answer = httpx.post(f"{url}/v1/memories/search", json={"query": query, "limit": 10}, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def listed(url: str, word: str) -> list[dict]:
    answer = httpx.get(f"{url}/v1/memories", params={"search": word, "limit": 100}, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def test_chat_remember_search_and_delete(start_server):
    server = start_server()
    with OpenAI(base_url=f"{server.url}/v1", api_key="any") as client:
        model = client.models.list().data[0].id
        plain = client.chat.completions.create(
            model=model,
            max_tokens=24,
            extra_body={"conversation": "talk"},
            messages=[{"role": "user", "content": "My boat is called Albatross and lies in Bergen harbour."}],
        )
        assert plain.choices[0].message.content.strip()
        assert plain.choices[0].finish_reason in ("stop", "length")
        assert plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens > 0

        chunks = list(
            client.chat.completions.create(
                model=model,
                max_tokens=24,
                stream=True,
                extra_body={"conversation": "talk"},
                messages=[{"role": "user", "content": "What is a good meal for a rainy day?"}],
            )
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices).strip()
        assert chunks[0].model_extra is not None and "reads" in chunks[0].model_extra

        hits = found(server.url, "What is my boat called?")
        assert "Albatross" in hits[0]["text"]
        assert {"id", "text", "source", "score", "weight"} <= hits[0].keys()

        # Another conversation reads it.
        other = client.chat.completions.create(
            model=model, max_tokens=24, messages=[{"role": "user", "content": "What is my boat called?"}]
        )
        assert "Albatross" in other.model_extra["reads"][0]["text"]

        told = {hit["id"] for word in ("albatross", "bergen") for hit in listed(server.url, word)}
        assert len(told) >= 1
        for id in told:
            assert httpx.delete(f"{server.url}/v1/memories/{id}", timeout=60).status_code == 200
        assert not listed(server.url, "albatross")
        assert not [hit for hit in found(server.url, "What is my boat called?") if "Albatross" in hit["text"]]
        after = client.chat.completions.create(
            model=model, max_tokens=24, messages=[{"role": "user", "content": "Do you know the name of my boat?"}]
        )
        assert "Albatross" not in str(after.model_extra["reads"])
        assert "Albatross" not in after.choices[0].message.content

        with pytest.raises(BadRequestError) as refused:
            client.chat.completions.create(model=model, messages=[{"role": "user", "content": "   "}])
        assert refused.value.body["message"]


def test_healthz_says_why_it_is_not_ready_and_then_that_it_is(start_server):
    server = start_server(ready=False)
    status, body = server.health()
    if status == 503:
        assert body["reason"]
    server.wait_until_ready()
    assert server.health()[0] == 200
