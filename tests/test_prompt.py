"""Messages, budgets and the window's start; tokens are words here."""

from __future__ import annotations

import pytest

from knowledge.records import Memory, Read, ReplyRequest, Turn
from knowledge.reply.prompt import PromptBuilder, Style, memory_line, merged, message

STYLE = Style()


def words(text: str) -> int:
    return len(text.split())


def builder(window: int = 400, reads_tokens: int = 80, **options: object) -> PromptBuilder:
    return PromptBuilder(words, window=window, reads_tokens=reads_tokens, **options)  # type: ignore[arg-type]


def dialogue(turns: int, size: int = 10) -> list[Turn]:
    roles = ("user", "assistant")
    return [Turn(str(i), roles[i % 2], f"turn{i} " + "word " * (size - 1), 0.0) for i in range(turns)]  # type: ignore[arg-type]


def read(text: str, weight: float, **fields: object) -> Read:
    fields = {"kind": "turn", "created": 1_700_000_000.0, "role": "user", **fields}
    return Read(Memory(text, text, **fields), score=weight, weight=weight)  # type: ignore[arg-type]


def test_memories_come_right_before_the_new_turn_the_strongest_last() -> None:
    reads = (read("Anna lives in Lisbon.", 0.5), read("I like tea.", 0.2, role="assistant"))
    prompt = builder().build(ReplyRequest(dialogue(3), reads))
    assert [item["role"] for item in prompt.messages] == ["system", "user", "assistant", "user"]
    last = prompt.messages[-1]["content"]
    assert last.startswith(STYLE.heading)
    assert last.index("I like tea.") < last.index("Anna lives in Lisbon.") < last.index("turn2")
    assert prompt.reads == reads
    assert prompt.messages[0]["content"] == STYLE.system


def test_memories_as_a_message_of_their_own() -> None:
    request = ReplyRequest(dialogue(3), (read("Anna lives in Lisbon.", 0.5),))
    prompt = builder(style=Style(placement="system")).build(request)
    assert [item["role"] for item in prompt.messages] == ["system", "user", "assistant", "system", "user"]
    assert "Lisbon" in prompt.messages[3]["content"]
    assert prompt.messages[4]["content"] == request.dialogue[-1].text


def test_the_beginning_does_not_change_from_turn_to_turn() -> None:
    one = builder().build(ReplyRequest(dialogue(5), (read("a", 0.5),)))
    two = builder().build(ReplyRequest(dialogue(7), (read("b", 0.5),)))
    assert one.messages[:5] == two.messages[:5]  # system and the four older turns


def test_no_reads_no_block_and_a_passed_system_prompt_replaces_the_own_one() -> None:
    prompt = builder().build(ReplyRequest(dialogue(1), system="Talk like a pirate."))
    assert [item["content"] for item in prompt.messages][0] == "Talk like a pirate."
    assert len(prompt.messages) == 2


def test_weak_reads_stay_out_pinned_or_not() -> None:
    reads = (read("strong", 0.6), read("weak", 0.05), read("pinned", 0.02, pinned=True))
    prompt = builder().build(ReplyRequest(dialogue(1), reads))
    assert [item.memory.text for item in prompt.reads] == ["strong"]


def test_reads_far_below_the_null_slot_stay_out() -> None:
    prompt = builder().build(ReplyRequest(dialogue(1), (read("hardly", 0.05), read("less", 0.04))))
    assert not prompt.reads and len(prompt.messages) == 2
    prompt = builder().build(ReplyRequest(dialogue(1), (read("perhaps", 0.2), read("less", 0.04))))
    assert [item.memory.text for item in prompt.reads] == ["perhaps"]


def test_memories_keep_their_token_budget() -> None:
    reads = tuple(read(f"fact{i} " + "x " * 20, 0.5 - i / 100) for i in range(8))
    prompt = builder(reads_tokens=60).build(ReplyRequest(dialogue(1), reads))
    block = prompt.messages[1]["content"].partition("\n\n")[0]
    assert "fact0" in block and "fact1" in block and "fact3" not in block
    assert words(block) <= 60
    long = builder(reads_tokens=60).build(ReplyRequest(dialogue(1), (read("start " + "x " * 500 + "end", 0.5),)))
    block = long.messages[1]["content"].rpartition("\n\n")[0]
    assert words(block) <= 60 and "start" in block and "end" in block


def line(**fields: object) -> str:
    return memory_line(read("x\ny", 1, **fields), STYLE)


def test_a_memory_line_has_date_and_speaker_or_document_and_page() -> None:
    assert "14 November 2023" in line() and "x y" in line()
    assert STYLE.speakers[0] in line() and STYLE.speakers[1] in line(role="assistant")
    assert "Maria" in line(speaker="Maria")
    assert "plan.pdf, page 3" in line(kind="passage", role="", title="plan.pdf", page=3)


def test_the_window_drops_old_turns_in_large_steps_and_never_grows_back() -> None:
    build = builder()
    starts = [build.in_window(dialogue(n)) for n in range(1, 120)]
    assert starts[0] == 0 and starts[-1] > 60
    assert starts == sorted(starts)
    assert len(set(starts)) <= 119 // 5  # it stays put for many turns
    assert all(start < n for n, start in enumerate(starts, 1))
    turns = dialogue(119)
    assert all(turns[start].role == "user" for start in starts)


@pytest.mark.parametrize("n", [1, 2, 9, 40, 75])
def test_the_prompt_keeps_room_for_the_reply(n: int) -> None:
    reads = tuple(read(f"fact{i} " + "x " * 20, 0.5) for i in range(8))
    prompt = builder().build(ReplyRequest(dialogue(n, size=37), reads))
    assert sum(words(item["content"]) + 8 for item in prompt.messages) <= 300
    assert prompt.messages[-1]["content"].endswith(dialogue(n, size=37)[-1].text)
    assert prompt.first_turn == builder().in_window(dialogue(n, size=37))


def test_a_huge_message_is_cut_in_the_middle_and_says_so() -> None:
    huge = Turn("1", "user", "first " + "word " * 200_000 + "last", 0.0)
    prompt = builder().build(ReplyRequest([*dialogue(4), huge]))
    content = prompt.messages[-1]["content"]
    assert content.startswith("first") and content.endswith("last") and "too long" in content
    assert sum(words(item["content"]) + 8 for item in prompt.messages) <= 300
    assert prompt.first_turn == 4
    again = builder().build(ReplyRequest([*dialogue(4), huge, *dialogue(2)[1:], *dialogue(1)]))
    assert again.messages[-1]["content"].startswith("turn0")


def test_a_huge_system_prompt_and_an_empty_dialogue_do_no_harm() -> None:
    prompt = builder().build(ReplyRequest((), (read("a", 0.5),), system="rule " * 5000))
    assert [item["role"] for item in prompt.messages] == ["system"]
    assert words(prompt.messages[0]["content"]) <= 100


def test_merged_messages_alternate_and_lose_nothing() -> None:
    roles = ("system", "user", "user", "assistant", "system", "user", "system")
    result = merged([message(role, f"text{i}") for i, role in enumerate(roles)])
    assert [item["role"] for item in result] == ["user", "assistant", "user"]
    assert all(f"text{i}" in "\n".join(item["content"] for item in result) for i in range(len(roles)))
