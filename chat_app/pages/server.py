"""The web server: own routes first, then the page at "/", behind the guards.

Does not know: what the page shows, or how a reply comes about.
"""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

# Before gradio is imported: it reads these once. Nothing is reported to anybody.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_RUN_HISTORY"] = "False"
os.environ["GRADIO_MCP_SERVER"] = "False"

import gradio as gr  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from chat_app.door.addresses import Addresses, own_names  # noqa: E402
from chat_app.http.api import api_router  # noqa: E402
from chat_app.http.files import files_router  # noqa: E402
from chat_app.pages import build  # noqa: E402
from chat_app.pages.door_guard import SIGN_IN, DoorGuard  # noqa: E402
from chat_app.pages.guards import Guards  # noqa: E402
from chat_app.pages.handlers import sentence  # noqa: E402
from chat_app.pages.request_ids import RequestIds  # noqa: E402
from chat_app.pages.sign_in import SIGN_OUT, sign_in_router  # noqa: E402
from chat_app.pages.style import css, head, theme  # noqa: E402
from chat_app.pages.words import language_of, say, translations  # noqa: E402

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.settings import Settings


def create_server(application: Application) -> FastAPI:
    """The whole application as one ASGI app. What is uploaded waits in the data folder, readable by its owner only."""
    uploads = Path(application.settings.data) / "received"
    uploads.mkdir(parents=True, exist_ok=True)
    uploads.chmod(stat.S_IRWXU)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)

    # Gradio's queue uses options that pandas 3 calls outdated; nobody at the terminal can do anything about it.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="gradio.queueing")
    app = FastAPI(title="Mneme", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(api_router(application))
    app.include_router(files_router(application, sentence, lambda key, request: say(key, language_of(request))))
    app.include_router(sign_in_router(application.door, application.audit))
    demo = build(application)
    gr.mount_gradio_app(
        app,
        demo,
        path="/",
        server_name=application.settings.host,
        server_port=application.settings.port,
        footer_links=[],
        run_history=False,
        show_error=False,  # what a person may read is raised as gr.Error; the rest stays in the terminal
        max_file_size=application.settings.upload_mib * 1024 * 1024,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        i18n=translations(),
        mcp_server=False,
        theme=theme(),
        css=css(),
        allowed_paths=[],
        blocked_paths=[],
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    # Mounting skips what launch() would set, and with it Gradio's own check of file paths.
    demo.has_launched = True
    app.add_middleware(
        Guards,
        own_path=_own_path,
        head=head(guarded=application.door.guarded),
        known_function=lambda number: number in demo.fns,
        under_way=lambda session: bool(demo._queue.pending_event_ids_session.get(session)),
    )
    # Added last, so they stand in front of everything: what the door refuses has an id as well.
    app.add_middleware(
        DoorGuard, door=application.door, addresses=addresses(application.settings), audit=application.audit
    )
    app.add_middleware(RequestIds)
    return app


def addresses(settings: Settings) -> Addresses:
    """By which names the server may be called."""
    return Addresses(settings.loopback, settings.public_url, own_names(settings.host))


def _own_path(path: str) -> bool:
    """Is this one of our own routes (they answer for themselves)?"""
    own = ("/healthz", "/metrics", "/v1", SIGN_IN, SIGN_OUT)
    return path in own or path.startswith(("/v1/", "/files/"))
