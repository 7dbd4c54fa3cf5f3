"""Every error that the page may show has Chinese words, which lose nothing of what it says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.pages.words import error_text
from chat_app.pages.words.errors import ERRORS
from knowledge import errors

ROOT = Path(__file__).parents[1]
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"StillReplying", "TooManyReplies"}
ROOMS = ("chat_app/**/*.py", "knowledge/**/*.py")
STARTING = {  # files whose errors come up at the terminal, or through the HTTP door, and in no page
    "adapter.py",
    "application.py",
    "attention_reader.py",
    "backup.py",
    "backup_file.py",
    "block_cache.py",
    "chat_model.py",
    "database.py",
    "door.py",
    "door_file.py",
    "encoder.py",
    "reader.py",
    "read_network.py",
    "schema.py",
    "set_password.py",
    "settings.py",
    "snapshot.py",
}
PLACES = (
    "opened in",
    "cannot be used: ",
    "No Chroma server answers",
    "is no Chroma server",  # when Mneme starts
    "is not the address of an endpoint",
    "came for",
)  # … and a caller's own mistake


def sentences() -> Iterator[tuple[str, str, list[str]]]:
    """(file, sentence with values put in, those values) of every error in the rooms that a page may show."""
    for path in sorted(file for room in ROOMS for file in ROOT.glob(room)):
        if path.name in STARTING or {"http", "training"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Return) else None
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in KINDS:
                continue
            text, values = "", list[str]()
            match call.args:
                case [ast.Constant(value=str(text))]:
                    pass
                case [ast.JoinedStr(values=parts)]:
                    for part in parts:
                        values += [f"«{len(values)}»"] if isinstance(part, ast.FormattedValue) else []
                        text += values[-1] if isinstance(part, ast.FormattedValue) else str(ast.literal_eval(part))
            if text and not any(place in text for place in PLACES):
                yield path.name, text, values


def test_every_error_of_the_page_has_chinese_words() -> None:
    found = list(sentences())
    assert len(found) > 80
    for file, text, values in found:
        chinese = error_text(text, "zh")
        assert re.search(r"[一-鿿]", chinese), f"{file}: {text!r} has no Chinese words; add it to words/errors.py"
        assert all(value in chinese for value in values) and "{" not in chinese, chinese
        assert error_text(text, "en") == text


def test_no_chinese_words_are_left_over() -> None:
    texts = [text for _, text, _ in sentences()]
    for english in ERRORS:
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".*", re.escape(english)), re.S)
        assert any(pattern.fullmatch(text) for text in texts), f"no error says {english!r}"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("notes {a}.pdf is empty.", "notes {a}.pdf 是空文件。"),  # a name may hold anything
        ("is empty. is empty.", "is empty. 是空文件。"),
        ("has no text in it. has no text in it.", "has no text in it. 中没有文字。"),
        ("Something else.", "Something else."),
    ],
)
def test_names_stand_in_the_sentence_as_they_are(english: str, chinese: str) -> None:
    assert error_text(english, "zh") == chinese
