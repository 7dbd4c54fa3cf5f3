"""What every event handler of the page shares: whose request it is, and how an error is told.

Does not know: what the handlers do.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from chat_app.pages.words import Language, language_of, say
from knowledge.errors import BadInput, MnemeError, NotReady

logger = logging.getLogger(__name__)


def toast(error: Exception, language: Language) -> gr.Error:
    """The error as Gradio shows it: our own sentence, or a general one with the trace in the terminal only."""
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, NotReady):
        return gr.Error(say("status.wait", language), duration=6, print_exception=False)
    if isinstance(error, MnemeError):
        return gr.Error(str(error), duration=8 if isinstance(error, BadInput) else 15, print_exception=False)
    logger.error("unexpected error in a page's handler", exc_info=error)
    return gr.Error(say("frame.unexpected", language), print_exception=False)


def show(error: Exception, language: Language) -> None:
    """Tell the error now and go on; for a generator that still has to put the page in order."""
    gr.Warning(toast(error, language).message, duration=10)


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose errors are told in words. It must take ``request: gr.Request`` as its last parameter."""

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any) -> Any:
            try:
                yield from function(*args)
            except Exception as error:
                raise toast(error, language_of(_request(args))) from None

        return generator

    @functools.wraps(function)
    def handler(*args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:
            raise toast(error, language_of(_request(args))) from None

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
