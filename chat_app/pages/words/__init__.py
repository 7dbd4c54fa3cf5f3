"""Every word of the page, in English and Simplified Chinese, and how the page's language is chosen.

``WORDS`` maps a key to (English, Chinese). A key starts with its section's name. Components take ``label(key)``, which
the browser translates; text that is made on the server takes ``say(key, language, …)``; scripts use
``window.mneme.say(key, {…})`` with the same table. Values are put in with ``{name}``.

Does not know: which component shows which word.
"""

from __future__ import annotations

import json
import re
from typing import Literal

import gradio as gr
from gradio.i18n import I18nData
from starlette.requests import Request

from chat_app.pages.words.access import ACCESS
from chat_app.pages.words.around import JUMP, MODE
from chat_app.pages.words.chat import BRANCH, CHAT, FORGET, FRAME, READS, SIDEBAR, SOURCE, STATUS
from chat_app.pages.words.diagnostics import DIAGNOSTICS
from chat_app.pages.words.door import DOOR
from chat_app.pages.words.errors import in_chinese
from chat_app.pages.words.kept import KEPT
from chat_app.pages.words.lists import DOCUMENTS, MEMORY, MOVING
from chat_app.pages.words.models import MODELS
from chat_app.pages.words.training import TRAINING

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
COOKIE = "mneme_language"  # set by the page's head script; text made on the server follows it

WORDS: dict[str, tuple[str, str]] = {
    **FRAME,
    **STATUS,
    **CHAT,
    **BRANCH,
    **SIDEBAR,
    **SOURCE,
    **KEPT,
    **FORGET,
    **READS,
    **MODE,
    **JUMP,
    **MEMORY,
    **MOVING,
    **DOCUMENTS,
    **DIAGNOSTICS,
    **MODELS,
    **TRAINING,
    **DOOR,
    **ACCESS,
}

# ---- how they are chosen ---------------------------------------------------------------------------


def label(key: str) -> I18nData:
    """A word for a component's label, placeholder and the like; the browser puts in the right language.

    Raises KeyError for an unknown key, so that a typing slip shows when the page is built.
    """
    if key not in WORDS:
        raise KeyError(key)
    return I18nData(key)


def translations() -> gr.I18n:
    """The table in the form Gradio's front end takes."""
    english = {key: words[0] for key, words in WORDS.items()}
    chinese = {key: words[1] for key, words in WORDS.items()}
    return gr.I18n(en=english, zh=chinese, **{"zh-CN": chinese})


def say(key: str, language: Language, **values: object) -> str:
    """The word in a language, with ``{name}`` replaced by the values. Raises KeyError for an unknown key."""
    text = WORDS[key][1 if language == "zh" else 0]
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


def error_text(error: Exception | str, language: Language) -> str:
    """What an error says, in a language."""
    return in_chinese(str(error)) if language == "zh" else str(error)


def language_of(request: gr.Request | Request | None) -> Language:
    """The language the page is shown in: the visitor's choice, otherwise the browser's first language."""
    if request is None:
        return "en"
    chosen = request.cookies.get(COOKIE, "") if request.cookies else ""
    if chosen in ("en", "zh"):
        return "zh" if chosen == "zh" else "en"
    return "zh" if str(request.headers.get("accept-language", "")).lower().startswith("zh") else "en"


def as_script() -> str:
    """The table as a JavaScript object literal, safe inside a script element."""
    table = json.dumps(WORDS, ensure_ascii=True)
    return table.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
