"""``/v1/responses`` with the official openai client, over the real application with a fake encoder and decoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest

from knowledge.errors import EndpointError
from knowledge.records import ReplyDone, TextDelta, Usage
from tests.browser.fake_application import FakeDecoder
from tests.page_server import PageServer

ABOUT_THE_BOAT = "say: the boat is called Albatross"


class Decoder(FakeDecoder):
    """Keeps what it is asked, ends a reply where it may be no longer, and fails at "say: break"."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.requests: list[Any] = []

    def reply(self, request: Any, stop: Any) -> Iterator[Any]:
        self.requests.append(request)
        words = 0
        for event in super().reply(request, stop):
            if isinstance(event, TextDelta):
                words += 1
                yield event
                if request.dialogue[-1].text.startswith("say: break"):
                    raise EndpointError("The endpoint broke off.")
                if words == request.sampling.max_tokens:
                    yield ReplyDone("cut", "length", Usage(9, 4, words))
                    return
            else:
                yield replace(event, usage=Usage(9, 4, words)) if isinstance(event, ReplyDone) else event


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    server = PageServer(tmp_path_factory.mktemp("responses") / "data", decoder=Decoder())
    yield server
    server.close()


@pytest.fixture
def client(server: PageServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        yield client


def kept(server: PageServer, conversation: str) -> list[str]:
    return [message.text for message in server.application.history.path("local", conversation)]


def test_a_response_in_one_piece(server: PageServer, client: openai.OpenAI) -> None:
    answer = client.responses.create(model="mneme", input=ABOUT_THE_BOAT, instructions="Be brief.", metadata={"a": "b"})
    assert answer.output_text == "the boat is called Albatross" and answer.status == "completed"
    assert answer.model == "fake" and answer.instructions == "Be brief." and answer.metadata == {"a": "b"}
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (9, 5, 14)
    assert answer.usage.input_tokens_details.cached_tokens == 4
    assert server.application.decoder.requests[-1].system == "Be brief."
    assert kept(server, answer.conversation.id) == [ABOUT_THE_BOAT, "the boat is called Albatross"]


def test_a_stream_has_the_events_that_the_client_puts_together(server: PageServer, client: openai.OpenAI) -> None:
    with client.responses.stream(model="mneme", input=ABOUT_THE_BOAT) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.type for event in events[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    assert [event.delta for event in deltas] == ["the ", "boat ", "is ", "called ", "Albatross"]
    assert deltas[-1].snapshot == "the boat is called Albatross"
    assert [event.type for event in events[-4:]] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == "the boat is called Albatross" and final.usage.output_tokens == 5
    assert final.id == events[0].response.id


def test_a_list_of_messages_and_an_answers_own_output(client: openai.OpenAI, server: PageServer) -> None:
    first = client.responses.create(model="m", input=[{"role": "user", "content": "say: one"}])
    again: list[Any] = [{"role": "user", "content": "say: one"}, *first.output]
    again += [{"role": "user", "content": [{"type": "input_text", "text": "say: two"}]}]
    second = client.responses.create(model="m", input=again)
    assert second.conversation.id == first.conversation.id  # recognised by its texts
    assert kept(server, first.conversation.id) == ["say: one", "one", "say: two", "two"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_goes_on_from_an_earlier_one(client: openai.OpenAI, server: PageServer, stream: bool) -> None:
    first = client.responses.create(model="m", input="say: one", instructions="Be brief.")
    second = client.responses.create(model="m", input="say: two", previous_response_id=first.id, stream=stream)
    if stream:
        second = [event for event in second if event.type == "response.completed"][0].response
    assert second.previous_response_id == first.id and second.output_text == "two"
    assert kept(server, first.conversation.id) == ["say: one", "one", "say: two", "two"]
    assert server.application.decoder.requests[-1].system == ""  # instructions hold for one response
    other = client.responses.create(model="m", input="say: otherwise", previous_response_id=first.id)
    assert kept(server, first.conversation.id) == ["say: one", "one", "say: otherwise", "otherwise"]
    assert other.conversation.id == first.conversation.id


def test_with_store_false_nothing_is_kept(client: openai.OpenAI, server: PageServer) -> None:
    before = len(server.application.history.conversations("local", limit=500))
    answer = client.responses.create(model="m", input="say: secret", store=False)
    assert answer.output_text == "secret" and answer.store is False and answer.conversation is None
    assert len(server.application.history.conversations("local", limit=500)) == before
    assert not [m for m in server.application.network.store.iterate("local") if "secret" in m.text]
    with pytest.raises(openai.BadRequestError, match="is not kept here"):
        client.responses.create(model="m", input="more", previous_response_id=answer.id)


def test_a_conversation_that_the_client_names(client: openai.OpenAI, server: PageServer) -> None:
    client.responses.create(model="m", input="say: one", conversation="talk")
    answer = client.responses.create(model="m", input="say: two", conversation={"id": "talk"})
    assert answer.conversation.id == "talk"
    (found,) = [c for c in server.application.history.conversations("local", limit=500) if c.name == "talk"]
    assert kept(server, found.id) == ["say: one", "one", "say: two", "two"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_is_cut_says_so(client: openai.OpenAI, stream: bool) -> None:
    answer = client.responses.create(model="m", input=ABOUT_THE_BOAT, max_output_tokens=2, stream=stream)
    if stream:
        events = list(answer)
        assert events[-1].type == "response.incomplete"
        answer = events[-1].response
    assert answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens"


def test_an_error_in_the_middle_of_a_stream_ends_it_as_failed(client: openai.OpenAI) -> None:
    events = list(client.responses.create(model="m", input="say: break here", stream=True))
    assert events[-1].type == "response.failed" and events[-1].response.status == "failed"
    assert events[-1].response.error.message == "The endpoint broke off."
    with pytest.raises(openai.InternalServerError, match="broke off"):
        client.responses.create(model="m", input="say: break here")


TOOL = {"type": "function", "name": "f", "parameters": {}, "strict": True}
IMAGE = {"type": "input_image", "image_url": "http://127.0.0.1/x.png", "detail": "auto"}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"tools": [TOOL]}, "tools"),
        ({"text": {"format": {"type": "json_object"}}}, "plain text"),
        ({"reasoning": {"effort": "high"}}, "reason"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "templates"),
        ({"previous_response_id": "resp_nothing"}, "resp_nothing"),
        ({"previous_response_id": "resp_x", "store": False}, "store"),
        ({"conversation": "c", "store": False}, "kept here"),
        ({"temperature": 3}, "temperature"),
        ({"input": [{"role": "user", "content": [IMAGE]}]}, "sees no images"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, "/v1/documents"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "1"}]}, "function_call_output"),
        ({"input": [{"role": "assistant", "content": "hello"}]}, "user's"),
        ({"input": []}, "input"),
        ({"input": "  "}, "message"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(client: openai.OpenAI, more: dict[str, Any], word: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**{"model": "m", "input": "hello", **more})
    assert word in refused.value.body["message"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ({"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}, "sees no images"),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, "hears no sound"),
        ({"type": "file", "file": {"file_id": "f"}}, "/v1/documents"),
        ({"text": "no type"}, "with its type"),
    ],
)
def test_chat_completions_refuse_parts_in_the_same_words(
    client: openai.OpenAI, part: dict[str, Any], word: str
) -> None:
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "look"}, part]}]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="m", messages=messages)
    assert word in refused.value.body["message"]  # type: ignore[index]


def test_chat_completions_refuse_messages_of_tools(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "hi"}, {"role": "tool", "content": "1", "tool_call_id": "c"}]
    with pytest.raises(openai.BadRequestError, match="calls no functions"):
        client.chat.completions.create(model="m", messages=messages)
