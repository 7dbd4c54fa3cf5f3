"""Errors in the shape of OpenAI's API, for every route under /v1, and what is checked before any of them.

Does not know: what the routes do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from chat_app.dialogue.running_replies import StillReplying, TooManyReplies
from knowledge.errors import BadInput, EndpointError, MnemeError, NotFound, NotReady

if TYPE_CHECKING:
    from chat_app.application import Application

logger = logging.getLogger(__name__)

JSON_BYTES = 4 * 2**20  # of one JSON request
_FORM_BYTES = 2**20  # what a form may need beyond its file
_HandleRequest = Callable[[Request], Coroutine[Any, Any, Response]]


class ApiError(Exception):
    """A refusal with its HTTP status. ``param`` names the field of the request that is at fault."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code


def as_api_error(error: Exception) -> ApiError:
    """Any error as the one that is sent."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        return _validation(error)
    if isinstance(error, HTTPException):
        return ApiError(error.status_code, str(error.detail))
    if isinstance(error, MnemeError):
        return ApiError(_status(error), str(error), code=_code(error))
    logger.error("a request failed", exc_info=error)
    return ApiError(500, "Mneme could not do this; its terminal says why.", code="internal_error")


def error_body(error: ApiError) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}


def error_response(error: ApiError) -> JSONResponse:
    """The error as a whole answer."""
    headers = {}
    if error.status == 503:
        headers["Retry-After"] = "2"
    elif error.status == 429:
        headers["Retry-After"] = "10"
    elif error.status >= 500:
        # The official client would say the same message again, and history would keep it twice.
        headers["x-should-retry"] = "false"
    return JSONResponse(error_body(error), error.status, headers)


def guarded_route(application: Application) -> type[APIRoute]:
    """The class of the routes for programs: wrong types and huge bodies are turned away, and every error is answered in
    OpenAI's shape. Who may ask at all is decided before, for every route of the server (pages/door_guard.py)."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> _HandleRequest:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                try:
                    most = JSON_BYTES
                    if self.path.endswith("/documents"):
                        most = application.uploads.most_bytes + _FORM_BYTES
                    elif request.method in ("POST", "PUT", "PATCH"):
                        check_json(request)
                    return await handle(_bounded(request, most))
                except Exception as error:
                    return error_response(as_api_error(error))

            return guarded

    return GuardedRoute


def check_json(request: Request) -> None:
    """A page of another site can send forms and plain text without asking, but not JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "Send the request as application/json.", code="unsupported_media_type")


def _bounded(request: Request, most: int) -> Request:
    """The request, whose body ends in status 413 when it is larger than ``most`` bytes."""

    def too_large() -> ApiError:
        return ApiError(413, f"The request is larger than {most // 2**20} MiB.", code="request_too_large")

    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdecimal() and int(length) > most:
        raise too_large()
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413, too_large().message)  # the parsers of bodies let only this kind through
        return message

    return Request(request.scope, receive)


def _status(error: MnemeError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, StillReplying):
        return 409
    if isinstance(error, BadInput):
        return 400
    if isinstance(error, NotReady):
        return 503
    if isinstance(error, TooManyReplies):
        return 429
    return 502 if isinstance(error, EndpointError) else 500


def _code(error: MnemeError) -> str | None:
    if isinstance(error, NotFound):
        return "not_found"
    if isinstance(error, StillReplying):
        return "still_replying"
    if isinstance(error, TooManyReplies):
        return "too_many_replies"
    return "not_ready" if isinstance(error, NotReady) else None


def _validation(error: RequestValidationError) -> ApiError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
    if first["type"] == "json_invalid":
        return ApiError(400, "The request is not valid JSON.", code="invalid_json")
    message = str(first["msg"]).removeprefix("Value error, ")
    return ApiError(400, f"{place}: {message}" if place else message, param=place or None, code="invalid_value")
