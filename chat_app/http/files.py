"""The page's own routes for files: documents and exports come in as request bodies, exports go out as streams.

Files do not pass through Gradio's uploads, so no path that a browser sends is ever opened and nothing stays in a shared
temporary folder. The owner is asked for on every call. A header that a form or another site cannot set without asking
keeps other sites' pages out. Does not know: how a file becomes passages, or how the page looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from chat_app.jobs.upload_jobs import JobKind
from chat_app.moving import conversations_out
from knowledge.errors import BadInput, MnemeError, NotFound, NotReady
from knowledge.memory.transfer import export_jsonl

if TYPE_CHECKING:
    from chat_app.application import Application

HEADER = "x-mneme"  # a custom header makes a browser ask before it sends across sites


def files_router(
    application: Application,
    told: Callable[[Exception, Request], str],
    say: Callable[[str, Request], str] = lambda key, request: key,
) -> APIRouter:
    """Routes ``POST /files/documents?name=`` and ``/files/import?name=``; ``GET /files/memories.jsonl``,
    ``/files/conversations.json``, ``/files/conversations.zip`` (Markdown) and ``/files/conversations/ID.json`` or
    ``.md``.

    The POSTs take the file as the body and answer ``{"job": id}``; refusals answer ``{"error": one sentence}``,
    which ``told`` makes of an error for the page that asks. ``say``: a word of an export, in that page's language.
    """
    router = APIRouter(prefix="/files", include_in_schema=False)
    uploads = application.uploads

    def refusal(error: MnemeError, request: Request) -> JSONResponse:
        code = 503 if isinstance(error, NotReady) else 400 if isinstance(error, BadInput) else 500
        code = 404 if isinstance(error, NotFound) else code
        return JSONResponse({"error": told(error, request)}, code)

    async def receive(request: Request, name: str, kind: JobKind) -> Response:
        if not request.headers.get(HEADER):
            return JSONResponse({"error": "This address is for Mneme's own page."}, 403)
        owner = application.owner_of(request)
        own = uploads.new_file()
        try:
            size = 0
            with own.open("wb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    uploads.check_size(size)
                    file.write(chunk)
            return JSONResponse({"job": uploads.submit(owner, own, name, kind=kind, move=True)})
        except MnemeError as error:
            return refusal(error, request)
        except ClientDisconnect:  # cancelled in the browser
            return Response(status_code=499)
        finally:
            own.unlink(missing_ok=True)

    @router.post("/documents")
    async def take_document(request: Request, name: str = "") -> Response:
        return await receive(request, name, "document")

    @router.post("/import")
    async def take_export(request: Request, name: str = "") -> Response:
        return await receive(request, name, "import")

    @router.get("/memories.jsonl")
    def export(request: Request) -> Response:
        owner = application.owner_of(request)
        try:
            store = application.network.store
        except MnemeError as error:
            return refusal(error, request)
        application.audit.note(owner, "exported", store.count(owner))  # before anything of it is given

        def lines() -> Iterator[str]:
            for line in export_jsonl(store, owner):
                yield line.rstrip("\n") + "\n"

        return _sent(lines(), time.strftime("mneme-memories-%Y-%m-%d.jsonl"), "application/jsonl")

    # ---- conversations -------------------------------------------------------------------------------

    history = application.history

    def words(request: Request) -> dict[str, str]:
        return {key: say(f"export.{key}", request) for key in conversations_out.WORDS}

    def all_of(owner: str) -> Sequence[str]:
        ids = history.whole.ids(owner)
        application.audit.note(owner, "exported", len(ids))
        return ids

    @router.get("/conversations.json")
    def all_as_json(request: Request) -> Response:
        owner = application.owner_of(request)
        pieces = conversations_out.as_json(history, owner, all_of(owner))
        return _sent(pieces, time.strftime("mneme-conversations-%Y-%m-%d.json"), "application/json")

    @router.get("/conversations.zip")
    def all_as_markdown(request: Request) -> Response:
        owner = application.owner_of(request)
        pieces = conversations_out.as_zip(history, owner, all_of(owner), words(request))
        return _sent(pieces, time.strftime("mneme-conversations-%Y-%m-%d.zip"), "application/zip")

    @router.get("/conversations/{id}.{kind}")
    def one(id: str, kind: Literal["json", "md"], request: Request) -> Response:
        owner = application.owner_of(request)
        try:
            application.audit.note(owner, "exported", 1)
            name = f"{conversations_out.file_name(history.conversation(owner, id))}.{kind}"
            if kind == "json":
                return _sent(conversations_out.as_json(history, owner, [id]), name, "application/json")
            return _sent([conversations_out.as_markdown(history, owner, id, words(request))], name, "text/markdown")
        except MnemeError as error:
            return refusal(error, request)

    return router


def _sent(pieces: Iterable[str] | Iterable[bytes], name: str, kind: str) -> Response:
    """A file to keep, as it is made."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"  # RFC 6266
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type=kind, headers=headers)
