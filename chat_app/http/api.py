"""The HTTP door for other programs: joins its routes into one router. Does not know: what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from chat_app.http.chat import chat_routes
from chat_app.http.description import REFUSALS, description_route
from chat_app.http.documents import document_routes
from chat_app.http.embeddings import embedding_routes
from chat_app.http.errors import ApiError, guarded_route
from chat_app.http.health import Health
from chat_app.http.memories import memory_routes
from chat_app.http.metrics import CONTENT_TYPE, Metrics
from chat_app.http.responses import responses_routes

if TYPE_CHECKING:
    from chat_app.application import Application


def api_router(application: Application) -> APIRouter:
    """``GET /healthz`` and everything under ``/v1``; errors are answered in the shape of OpenAI's API."""
    router = APIRouter()

    health = Health(application)

    @router.get("/healthz", include_in_schema=False)
    async def healthz() -> JSONResponse:
        """For monitors, so without a key; on the loop, for the workers may all be taken."""
        status, body = await health.answer()
        return JSONResponse(body, status)

    guarded = APIRouter(route_class=guarded_route(application), responses=REFUSALS)
    chat_routes(guarded, application)
    responses_routes(guarded, application)
    embedding_routes(guarded, application)
    memory_routes(guarded, application)
    document_routes(guarded, application)

    metrics = Metrics(application)

    @guarded.get("/metrics", include_in_schema=False)
    def prometheus() -> Response:
        """Counters for Prometheus."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    description_route(guarded)

    # Without this, what is not here would be answered by the page.
    @guarded.api_route("/v1/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def nothing(rest: str) -> dict[str, Any]:
        raise ApiError(404, f"There is nothing at /v1/{rest[:200]} for this method.", code="not_found")

    router.include_router(guarded)
    return router
