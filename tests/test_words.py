"""The page's words: complete in both languages, all used, and safe where they are put."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chat_app.pages import words

PAGES = Path(words.__file__).parents[1]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Keys that are put together where they are used: the phases of a start, the marks of a card, the results of an upload.
COMPOSED = re.compile(r"(?:`|\")((?:[a-z]+\.)[a-z_]*)\$\{|\bf\"([a-z]+\.[a-z_]*)\{")  # in a script, in Python


def _sources() -> str:
    files = [*PAGES.glob("*.py"), *(PAGES.parent / "http").glob("*.py"), *(PAGES / "scripts").glob("*.js")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("key", sorted(words.WORDS))
def test_both_languages_are_there_with_the_same_placeholders(key: str) -> None:
    english, chinese = words.WORDS[key]
    assert english.strip() and chinese.strip()
    assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(chinese))


def test_no_section_overwrites_another() -> None:
    sections = (
        words.FRAME,
        words.STATUS,
        words.CHAT,
        words.BRANCH,
        words.SIDEBAR,
        words.SOURCE,
        words.KEPT,
        words.FORGET,
        words.READS,
        words.MODE,
        words.JUMP,
        words.MEMORY,
        words.MOVING,
        words.DOCUMENTS,
        words.DIAGNOSTICS,
        words.MODELS,
        words.TRAINING,
        words.DOOR,
        words.ACCESS,
    )
    assert sum(len(section) for section in sections) == len(words.WORDS)


def test_every_key_that_is_used_exists() -> None:
    used = set(re.findall(r"\b(?:say|label)\(\s*\"([a-z]+\.[a-z0-9_]+)\"", _sources()))
    assert len(used) > 50
    assert used <= set(words.WORDS)


def test_every_key_is_used() -> None:
    text = _sources()
    composed = [first or second for first, second in COMPOSED.findall(text)]
    prefixes = (*composed, *(f"{key}_one" for key in re.findall(r"\bmany\(\"([a-z_.]+)\"", text)))
    unused = [key for key in words.WORDS if f'"{key}"' not in text and not key.startswith(prefixes)]
    assert unused == []


def test_say_puts_values_in_once() -> None:
    assert words.say("chat.intake_failed", "en", name="{why}", why="because") == "{why}: because"
    assert words.say("frame.chat", "zh") == "对话"
    with pytest.raises(KeyError):
        words.say("no.such", "en")
    with pytest.raises(KeyError):
        words.label("no.such")


def test_the_table_for_scripts_cannot_end_its_script_element() -> None:
    script = words.as_script()
    assert "<" not in script and json.loads(script)["frame.chat"] == list(words.WORDS["frame.chat"])


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [("zh", "en-US", "zh"), ("en", "zh-CN", "en"), ("", "zh-CN,zh;q=0.9", "zh"), ("xx", "fr", "en"), ("", "", "en")],
)
def test_language_is_the_choice_and_else_the_browsers(cookie: str, accept: str, language: str) -> None:
    request: Any = SimpleNamespace(cookies={words.COOKIE: cookie}, headers={"accept-language": accept})
    assert words.language_of(request) == language


def test_gradio_gets_the_same_table() -> None:
    table = words.translations().translations
    assert table["en"]["frame.memory"] == "Memory" and table["zh-CN"]["frame.memory"] == "记忆"
