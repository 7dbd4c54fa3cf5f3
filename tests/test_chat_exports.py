"""Exports of other apps, read in a process apart: branches, dates, roles, files by name; hostile ones are refused."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knowledge.documents import reading_process
from knowledge.documents.chat_exports import export_file, tree
from knowledge.documents.chat_exports.values import seconds
from knowledge.documents.conversations_apart import conversations_apart
from knowledge.documents.limits import LIMITS
from knowledge.errors import Cancelled, DocumentError
from knowledge.records import OutsideConversation
from tests import make_exports as make

GPT, CLAUDE, WEBUI = make.chatgpt(), make.claude(), make.open_webui()


def read(path: Path, **more: Any) -> tuple[list[OutsideConversation], dict[str, int]]:
    found = list(conversations_apart(path, path.name, cancelled=lambda: False, **more))
    assert isinstance(found[-1], dict)
    shares = [one[1] for one in found if isinstance(one, tuple)]
    assert shares == sorted(shares)
    return [one[0] for one in found if isinstance(one, tuple)], found[-1]


def said(one: OutsideConversation) -> list[tuple[int | None, str, str, float]]:
    return [(m.parent, m.role, m.text, m.created) for m in one.messages]


@pytest.mark.parametrize("form", ["json", "zip"])
def test_chatgpt(tmp_path: Path, form: str) -> None:
    path = (make.zipped if form == "zip" else make.written)(tmp_path / f"a.{form}", GPT)
    (one,), beside = read(path)
    assert (one.app, one.key, one.title, one.created, one.updated) == (
        "ChatGPT",
        "gpt-1",
        "Trains to Porto",
        make.DAY,
        make.DAY + 25,
    )
    assert said(one) == [
        (None, "user", "Trains to Porto?", make.DAY + 1),
        (0, "assistant", "From where?", make.DAY + 2),
        (None, "user", "Trains from Lisbon to Porto?", make.DAY + 10),
        (2, "assistant", "Let me look.\n\nAt 8:00 and 9:30.", make.DAY + 11.5),
        (3, "user", "What is this?\n[ticket.png]", make.DAY + 20),
        (4, "assistant", "A receipt.", make.DAY + 21),
        (4, "assistant", "A ticket of Anna's.", make.DAY + 25),
    ]
    assert one.messages[one.leaf].key == "second"
    assert {kind: count for kind, count in one.left_out.items() if kind != "nothing"} == {"tool": 2, "thinking": 1}
    assert beside == {}


def test_claude(tmp_path: Path) -> None:
    (tree_, line), _ = read(make.zipped(tmp_path / "a.zip", CLAUDE))
    assert (tree_.app, tree_.title) == ("Claude", "租约")
    assert tree_.created == seconds("2025-03-01T09:00:00Z") == 1740819600.0
    assert [row[:3] for row in said(tree_)] == [
        (None, "user", "What is the rent?\n[lease.pdf]"),
        (0, "assistant", "900 euros."),
        (1, "user", "Per week?"),
        (2, "assistant", "Per month."),
        (1, "user", "押金是多少？"),
        (4, "assistant", "Let me look.\n\n两个月。"),
    ]
    assert tree_.leaf == 5  # what was said last, where the export does not say what was open
    assert tree_.left_out == {"thinking": 1, "tool": 1}
    assert [row[:3] for row in said(line)] == [(None, "user", "My sister is Anna."), (0, "assistant", "Nice!")]


def test_open_webui(tmp_path: Path) -> None:
    for export in (WEBUI, WEBUI[0]):  # of all chats, and of one
        (one,), _ = read(make.written(tmp_path / "a.json", export))
        assert (one.app, one.key, one.title, one.created) == ("Open WebUI", "webui-1", "🍵 Teas", make.DAY)
        assert [row[:3] for row in said(one)] == [
            (None, "user", "Name a tea.\n[teas.csv]"),
            (0, "assistant", "Sencha."),
            (0, "assistant", "Assam."),
            (2, "user", "Another?"),
            (3, "assistant", "Darjeeling."),
        ]
        assert one.leaf == 4 and one.left_out == {"thinking": 1}


def test_several_files_of_one_export_and_a_mark_before_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations-000.json", b"\xef\xbb\xbf" + json.dumps(GPT).encode())
        archive.writestr("conversations-001.json", json.dumps([{**GPT[0], "conversation_id": "gpt-2"}]))
        archive.writestr("memories.json", json.dumps(CLAUDE))
    assert [one.key for one in read(path)[0]] == ["gpt-1", "gpt-2"]


def test_a_conversation_without_an_id_has_one_of_what_is_said(tmp_path: Path) -> None:
    bare = {key: value for key, value in GPT[0].items() if key not in ("id", "conversation_id")}
    (one, two), _ = read(make.written(tmp_path / "a.json", [bare, {**bare, "title": "another"}]))
    assert one.key == two.key and len(one.key) == 64


# ---- what is broken, strange or made to break ---------------------------------------------------------


def chain(length: int, role: str = "user") -> dict[str, Any]:
    """A conversation as deep as it is long."""
    nodes = {
        f"n{at}": make.gpt_node(f"n{at}", f"n{at - 1}" if at else None, [], make.gpt_message("", role, f"{at}", at))
        for at in range(length)
    }
    return {"id": "deep", "mapping": nodes, "current_node": f"n{length - 1}"}


def test_a_deep_tree_takes_no_deep_stack(tmp_path: Path) -> None:
    (one,), _ = read(make.written(tmp_path / "a.json", [chain(20_000)]))
    assert len(one.messages) == 20_000 and one.leaf == 19_999 and one.messages[-1].parent == 19_998
    (one,), _ = read(make.written(tmp_path / "a.json", [chain(900, "assistant")]))
    assert len(one.messages) == 1 and one.messages[0].text.endswith("898\n\n899")


def test_too_many_messages_leave_one_conversation_out(tmp_path: Path) -> None:
    found, beside = read(make.written(tmp_path / "a.json", [chain(tree.MOST_MESSAGES + 1), *WEBUI]))
    assert [one.key for one in found] == ["webui-1"] and beside == {"large": 1}


def test_circles_and_loose_ends_are_told(tmp_path: Path) -> None:
    nodes = {
        "a": make.gpt_node("a", "lost", [], make.gpt_message("", "user", "above is lost", 1)),
        "b": make.gpt_node("b", "c", [], make.gpt_message("", "user", "round", 2)),
        "c": make.gpt_node("c", "b", [], make.gpt_message("", "assistant", "and round", 3)),
        "d": make.gpt_node("d", "d", [], make.gpt_message("", "user", "myself", 4)),
    }
    (one,), _ = read(make.written(tmp_path / "a.json", [{"id": "x", "mapping": nodes, "current_node": "b"}]))
    assert [m.text for m in one.messages] == ["above is lost"] and one.left_out == {"circle": 3}


@pytest.mark.parametrize("wrong", [None, 7, "text", [], {}, True, [[]], {"a": {"b": []}}, 1e400, -1, "", "\ud83d"])
def test_values_of_any_other_type_break_nothing(tmp_path: Path, wrong: Any) -> None:
    """Each value of each export in turn is another one than an app would write."""
    exports = []
    for whole in (GPT[0], CLAUDE[0], WEBUI[0]):
        for path in places(whole):
            copy = json.loads(json.dumps(whole))
            *above, last = path
            inner = copy
            for step in above:
                inner = inner[step]
            inner[last] = wrong
            exports.append(copy)
    text = json.dumps(exports, ensure_ascii=True).replace("Infinity", "1e400")
    (tmp_path / "a.json").write_text(text, "utf-8")
    found, beside = read(tmp_path / "a.json")
    assert len(found) + sum(beside.values()) == len(exports) > 250


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for step, inner in steps:
        found += [(*path, step), *places(inner, (*path, step))]
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (make.DAY, make.DAY),
        (make.DAY * 1000, make.DAY),
        ("2024-05-01T10:00:00Z", make.DAY),
        ("2024-05-01T12:00:00+02:00", make.DAY),
        ("2024-05-01T10:00:00", make.DAY),
        *(
            (wrong, 0.0)
            for wrong in (-1, 0, 1e30, float("nan"), float("inf"), True, None, "soon", "9" * 50, "0001-01-01")
        ),
    ],
)
def test_times(value: Any, expected: float) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cut.json", json.dumps(GPT)[:-40].encode(), "damaged or was cut short"),
        ("text.json", b"nothing", "damaged or was cut short"),
        ("latin.json", '[{"mapping": {}, "title": "ü"}]'.encode("latin-1"), "damaged or was cut short"),
        ("empty.json", b"", "damaged or was cut short"),
        ("list.json", b"[1, {}, null]", "holds no conversations"),
        ("deep.json", b"[" * 200_000, "too deeply nested"),
        ("deeper.json", b'[{"a":' * 100_000, "too deeply nested"),
        ("broken.zip", b"PK\x03\x04 and nothing more", "damaged or was cut short"),
    ],
)
def test_a_file_that_is_no_whole_export_is_one_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DocumentError, match=sentence) as refused:
        read(tmp_path / name)
    assert name in str(refused.value)


def test_a_zip_that_unpacks_to_too_much_is_refused() -> None:
    source = export_file._Counted(io.BytesIO(b"\xef\xbb\xbf" + b" " * 20), "bomb.zip", 2 * 2**30)
    assert source.read(10) == b" " * 7 and source.read_so_far == 7
    source.read_so_far = 2 * 2**30
    with pytest.raises(DocumentError, match="bomb.zip unpacks to more than 2 GiB"):
        source.read(10)


def test_a_string_that_takes_all_memory_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("conversations.json", b'["' + b"a" * (100 * 2**20))
    with pytest.raises(DocumentError):
        read(tmp_path / "bomb.zip", limits=replace(LIMITS, memory=120 * 2**20))


def test_a_message_that_is_too_long_is_cut_and_that_is_told(tmp_path: Path) -> None:
    export = make.open_webui()
    export[0]["chat"]["history"]["messages"]["m3"]["content"] = "茶" * (tree.LONGEST + 5)
    (one,), _ = read(make.written(tmp_path / "a.json", export))
    assert len(one.messages[4].text) == tree.LONGEST and one.left_out == {"thinking": 1, "cut": 1}


def test_a_cancel_ends_the_reading(tmp_path: Path) -> None:
    path = make.written(tmp_path / "a.json", [{**GPT[0], "id": f"{at}", "conversation_id": ""} for at in range(500)])
    found: list[Any] = []
    with pytest.raises(Cancelled):
        for one in conversations_apart(path, path.name, cancelled=lambda: len(found) >= 3):
            found.append(one)
    assert len(found) < 500


HEAD = ["ChatGPT", "key", "title", 1.0, 2.0, 0, 1, {}]


@pytest.mark.parametrize(
    "frames",
    [
        [{"conversation": HEAD, "out": 2.0}],
        [{"conversation": HEAD, "out": 0.5}],
        [{"conversation": [*HEAD[:5], 1, 1, {}], "out": 0.5}, {"messages": [["k", None, "user", "t", 0.0, False]]}],
        [{"conversation": [*HEAD[:6], 10**9, {}], "out": 0.5}],
        [{"conversation": [*HEAD[:3], float("1e300"), *HEAD[4:]], "out": 0.5}],
        [{"conversation": ["a" * 201, *HEAD[1:]], "out": 0.5}],
        *(
            [{"conversation": HEAD, "out": 0.5}, {"messages": [row]}]
            for row in (
                ["k", 0, "user", "t", 0.0, False],
                ["k", -1, "user", "t", 0.0, False],
                ["k", True, "user", "t", 0.0, False],
                ["k", None, "system", "t", 0.0, False],
                ["k", None, "user", " ", 0.0, False],
                ["k", None, "user", "t" * (tree.LONGEST + 1), 0.0, False],
                ["k", None, "user", "t", "now", False],
                ["", None, "user", "t", 0.0, False],
                "k",
            )
        ),
        [{"passages": [], "out": 0.5}],
        [{"left_out": {"a": "b"}}],
        [7],
    ],
)
def test_what_a_taken_over_process_sends_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: list[Any]
) -> None:
    source = (
        "import json, struct, sys\nsys.stdin.readline()\n"
        f"for frame in json.loads({json.dumps(json.dumps(frames))}):\n"
        "    data = json.dumps(frame).encode()\n"
        "    sys.stdout.buffer.write(struct.pack('>I', len(data)) + data)\n"
    )
    (tmp_path / "child.py").write_text(source)
    monkeypatch.setattr(reading_process.reading_child, "__file__", str(tmp_path / "child.py"))
    with pytest.raises(DocumentError, match="its parser broke on it"):
        read(make.written(tmp_path / "a.json", GPT))
