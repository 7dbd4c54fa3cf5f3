"""The page: chat, memory, documents, training and diagnostics in one frame. Gradio is imported only in this package.

Does not know: how it is served (server.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from chat_app.pages.access import access_page
from chat_app.pages.chat import ChatComponents
from chat_app.pages.chat_events import ChatEvents
from chat_app.pages.chat_state import QUICK, ChatState
from chat_app.pages.diagnostics import diagnostics_page
from chat_app.pages.documents import documents_page
from chat_app.pages.jump import JumpBox
from chat_app.pages.memory import memory_page
from chat_app.pages.models import models_page
from chat_app.pages.reads_panel import ReadsPanelEvents
from chat_app.pages.sidebar import SidebarEvents
from chat_app.pages.training import training_page
from chat_app.pages.words import label

if TYPE_CHECKING:
    from chat_app.application import Application

UPLOADS_KEPT = 24 * 3600  # seconds that a file waits which nobody took in


def build(application: Application) -> gr.Blocks:
    """The whole page over one application. Handlers check the owner of every request."""
    parts = ChatComponents()
    with gr.Blocks(
        title="Mneme", analytics_enabled=False, fill_width=True, fill_height=True, delete_cache=(3600, UPLOADS_KEPT)
    ) as demo:
        parts.build_sidebar()
        jump = JumpBox(application)
        with gr.Tabs(elem_id="nav", selected="chat") as tabs:
            with gr.Tab(label("frame.chat"), id="chat", elem_id="tab-chat") as chat_tab:
                parts.build_chat()
            with gr.Tab(label("frame.memory"), id="memory", elem_id="tab-memory") as memory_tab:
                memory = memory_page(application)
            with gr.Tab(label("frame.documents"), id="documents", elem_id="tab-documents") as documents_tab:
                documents = documents_page(application)
            with gr.Tab(label("frame.training"), id="training", elem_id="tab-training") as training_tab:
                training = training_page(application)
            with gr.Tab(label("frame.models"), id="models", elem_id="tab-models") as models_tab:
                models = models_page(application)
                access = access_page(application)
                diagnostics = diagnostics_page(application)
        state = ChatState(application, parts)
        events = ChatEvents(state)
        events.connect(demo)
        sidebar = SidebarEvents(state, tabs, events.replies.follow)
        sidebar.connect()
        panel = ReadsPanelEvents(state, tabs, documents.show_passage)
        panel.connect(memory.listing.open_place)
        jump.connect(sidebar, panel, documents)
        chat_tab.select(state.look, [], [parts.status, parts.timer], **QUICK)
        for tab, page in (
            (memory_tab, memory),
            (documents_tab, documents),
            (training_tab, training),
            (models_tab, models),
            (models_tab, access),
            (models_tab, diagnostics),
        ):
            _refresh_when_opened(tab, page)
    blocks: gr.Blocks = demo
    blocks.queue(default_concurrency_limit=8, max_size=256)
    return blocks


def _refresh_when_opened(tab: gr.Tab, page: Any) -> None:
    """A page's ``refresh`` is (function, inputs, outputs), called whenever its tab is opened."""
    function, inputs, outputs = page.refresh
    tab.select(function, inputs, outputs, **QUICK)
