"""``/v1/documents``: send a file into memory, list documents, delete one with its passages.

A file goes through the same queue as those of the page. Does not know: how a file becomes passages.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile

from chat_app.http.description import FILE_FORM
from chat_app.http.errors import ApiError
from chat_app.http.values import document_json
from knowledge.errors import NotFound

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.jobs.upload_jobs import JobView

_STEP_SECONDS = 0.2  # how often a waiting request looks whether the client is still there


def document_routes(router: APIRouter, application: Application) -> None:
    """Add the routes."""

    @router.post("/v1/documents", openapi_extra=FILE_FORM)
    async def take_in(request: Request) -> dict[str, Any]:
        """Form field ``file``; answers when the document is in memory. A client that leaves cancels it."""
        owner = application.owner_of(request)
        _ = application.network  # raises NotReady now, instead of making the client wait
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise ApiError(415, "Send the file as multipart/form-data, field file.", code="unsupported_media_type")
        async with request.form(max_files=1, max_fields=20) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise ApiError(400, "The form has no file in the field file.", param="file", code="invalid_value")
            job = await to_thread.run_sync(_submit, application, owner, file)
        uploads = application.uploads
        while not (view := await to_thread.run_sync(uploads.wait, owner, job, _STEP_SECONDS)).finished:
            if await request.is_disconnected():
                await to_thread.run_sync(uploads.cancel, owner, job)
        return _answer(view)

    @router.get("/v1/documents")
    def documents(request: Request) -> dict[str, Any]:
        found = application.network.store.documents(application.owner_of(request))
        return {"object": "list", "data": [document_json(document) for document in found]}

    @router.get("/v1/documents/{id}")
    def document(id: str, request: Request) -> dict[str, Any]:
        found = application.network.store.document(application.owner_of(request), id)
        if found is None:
            raise NotFound("This document is not there.")
        return document_json(found)

    @router.delete("/v1/documents/{id}")
    def delete(id: str, request: Request) -> dict[str, Any]:
        owner, store = application.owner_of(request), application.network.store
        if store.document(owner, id) is None:
            raise NotFound("This document is not there.")
        passages = store.delete_document(owner, id)
        application.audit.note(owner, "document_deleted")
        return {"id": id, "object": "document.deleted", "deleted": True, "passages": passages}


def _submit(application: Application, owner: str, file: UploadFile) -> str:
    own = application.uploads.new_file()
    try:
        with own.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
        return application.uploads.submit(owner, own, file.filename or "", move=True, outlives=False)
    finally:
        own.unlink(missing_ok=True)


def _answer(view: JobView) -> dict[str, Any]:
    if view.state == "done" and view.document is not None:
        return {**document_json(view.document), "status": view.message}
    if view.state == "cancelled":
        raise ApiError(400, "Taking in the document was cancelled; it left nothing behind.", code="cancelled")
    raise ApiError(400, view.message, param="file", code="document_not_taken")
