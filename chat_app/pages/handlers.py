"""What every event handler of the page shares: whose request it is, and how an error is told.

Does not know: what the handlers do.
"""

from __future__ import annotations

import functools
import html
import inspect
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from starlette.requests import Request

from chat_app.pages.words import Language, error_text, language_of, say
from knowledge.errors import BadInput, MnemeError, NotReady

logger = logging.getLogger(__name__)


def toast(error: Exception, language: Language) -> gr.Error:
    """The error in words: our own sentence, or a general one with the trace in the terminal only."""
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, NotReady):
        return _error(say("status.wait", language), 6, language)
    if isinstance(error, MnemeError):
        return _error(error_text(error, language), 8 if isinstance(error, BadInput) else 15, language)
    logger.error("unexpected error in a page's handler", exc_info=error)
    return _error(say("frame.unexpected", language), 10, language)


def sentence(error: Exception, request: gr.Request | Request) -> str:
    """What the page that asks is told of an error."""
    return str(toast(error, language_of(request)).message)


def _error(text: str, seconds: float, language: Language) -> gr.Error:
    return gr.Error(text, seconds, title=say("frame.problem", language), print_exception=False)


def _drawn(error: gr.Error) -> gr.Error:
    """The error for Gradio's toast, which draws HTML: file names and titles may stand in a sentence."""
    return gr.Error(html.escape(error.message, quote=False), error.duration, title=error.title, print_exception=False)


def show(error: Exception, language: Language) -> None:
    """Tell the error now and go on; for a generator that still has to put the page in order."""
    told_as = _drawn(toast(error, language))
    gr.Warning(told_as.message, duration=10, title=told_as.title)


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose errors are told in words. It must take ``request: gr.Request`` as its last parameter."""

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any) -> Any:
            try:
                yield from function(*args)
            except Exception as error:
                raise _drawn(toast(error, language_of(_request(args)))) from None

        return generator

    @functools.wraps(function)
    def handler(*args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:
            raise _drawn(toast(error, language_of(_request(args)))) from None

    return handler


def _request(args: tuple[Any, ...]) -> gr.Request | None:
    return next((value for value in reversed(args) if isinstance(value, gr.Request)), None)


def field(event: gr.EventData, name: str, most: int = 200) -> str:
    """A text a script of ours put into an event. The browser can send anything: other types and lengths become ""."""
    data = event._data if isinstance(event._data, dict) else {}
    value = data.get(name)
    return value if isinstance(value, str) and len(value) <= most else ""


def flag(event: gr.EventData, name: str) -> bool:
    """A truth value out of an event."""
    data = event._data if isinstance(event._data, dict) else {}
    return data.get(name) is True


def names(event: gr.EventData, name: str, most: int = 100) -> list[str]:
    """A list of short texts out of an event, at most ``most`` of them; what is none is passed over."""
    data = event._data if isinstance(event._data, dict) else {}
    values = data.get(name)
    if not isinstance(values, list):
        return []
    return [value for value in values[:most] if isinstance(value, str) and len(value) <= 200]
