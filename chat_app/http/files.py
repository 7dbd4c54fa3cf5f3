"""The page's own routes for files: documents and exports come in as request bodies, the export goes out as a stream.

Files do not pass through Gradio's uploads, so no path that a browser sends is ever opened and nothing stays in a shared
temporary folder. The owner is asked for on every call. A header that a form or another site cannot set without asking
keeps other sites' pages out. Does not know: how a file becomes passages, or how the page looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import ClientDisconnect

from chat_app.jobs.upload_jobs import JobKind
from knowledge.errors import BadInput, MnemeError, NotReady
from knowledge.memory.transfer import export_jsonl

if TYPE_CHECKING:
    from chat_app.application import Application

HEADER = "x-mneme"  # a custom header makes a browser ask before it sends across sites


def files_router(application: Application, told: Callable[[Exception, Request], str]) -> APIRouter:
    """Routes ``POST /files/documents?name=``, ``POST /files/import?name=`` and ``GET /files/memories.jsonl``.

    The POSTs take the file as the body and answer ``{"job": id}``; refusals answer ``{"error": one sentence}``,
    which ``told`` makes of an error for the page that asks.
    """
    router = APIRouter(prefix="/files", include_in_schema=False)
    uploads = application.uploads

    def refusal(error: MnemeError, request: Request) -> JSONResponse:
        code = 503 if isinstance(error, NotReady) else 400 if isinstance(error, BadInput) else 500
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

        name = time.strftime("mneme-memories-%Y-%m-%d.jsonl")
        return StreamingResponse(
            lines(),
            media_type="application/jsonl",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    return router
