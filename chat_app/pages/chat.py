"""The chat page: messages, message box, reads panel beside them, and the sidebar's list of conversations.

Layout here; what happens in ``chat_events.py``. Does not know: how a reply comes about.
"""

from __future__ import annotations

import gradio as gr

from chat_app.pages.style import script
from chat_app.pages.words import label

FILE_TYPES = [".txt", ".md", ".pdf", ".docx", ".html", ".htm", ".csv"]
# A single $ is not among them: people write of prices.
LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
LONGEST_PASTE = 200_000  # characters; longer pastes become a file, and with it a document


class ChatComponents:
    """The components, made in the order in which the page has them."""

    conversation: gr.Textbox
    sidebar: gr.HTML
    chat: gr.Chatbot
    box: gr.MultimodalTextbox
    welcome: gr.HTML
    marks: gr.HTML
    status: gr.HTML
    mode: gr.HTML
    reads: gr.HTML
    timer: gr.Timer

    def build_sidebar(self) -> None:
        """New chat, search, list, theme, language."""
        with gr.Sidebar(width=280, elem_id="sidebar"):
            self.sidebar = scripted("sidebar", css_class="mn-sidebar", elem_id="sidebar-content")

    def build_chat(self) -> None:
        """Messages and box on the left, the reads panel on the right."""
        # The id of the open conversation, as the browser has it. Checked against the owner on every call.
        self.conversation = gr.Textbox(value="", visible="hidden", elem_id="conversation-id", label="conversation")
        with gr.Row(elem_id="chat-row", equal_height=False):
            with gr.Column(scale=5, min_width=300, elem_id="chat-column"):
                self.welcome = scripted("welcome", css_class="mn-welcome", elem_id="welcome")
                self.chat = gr.Chatbot(
                    label=label("chat.messages"),
                    show_label=False,
                    container=False,
                    elem_id="chat",
                    height="100%",
                    layout="bubble",
                    editable="all",  # a reply that is edited becomes another version of it, and is learned from
                    buttons=["copy"],
                    sanitize_html=True,
                    allow_tags=False,
                    latex_delimiters=LATEX,
                    group_consecutive_messages=False,
                    feedback_options=("Like", "Dislike"),
                    allow_file_downloads=False,
                )
                self.marks = scripted(
                    "source_line", "kept_line", "recalled", "marks", css_class="mn-marks", elem_id="chat-marks"
                )
                self.status = scripted("status", css_class="mn-status", elem_id="status")
                self.mode = scripted("mode", css_class="mn-mode", elem_id="chat-mode")
                self.box = gr.MultimodalTextbox(
                    label=label("chat.box"),
                    placeholder=label("chat.placeholder"),  # type: ignore[arg-type]
                    show_label=False,
                    container=False,
                    file_count="multiple",
                    file_types=FILE_TYPES,
                    max_plain_text_length=LONGEST_PASTE,
                    max_lines=10,
                    interactive=False,  # until load has filled the page: a message sent before would be lost with it
                    elem_id="message-box",
                )
                scripted("hint", css_class="mn-hint", elem_id="hint")
            with gr.Column(scale=2, min_width=320, elem_id="reads-column"):
                self.reads = scripted("reads_bars", "reads_panel", css_class="mn-reads", elem_id="reads-panel")
        self.timer = gr.Timer(0.5, active=False)  # started by load while the models are not there


def scripted(*names: str, css_class: str, elem_id: str) -> gr.HTML:
    """An empty element that scripts of ours, joined to one, fill from its ``value``.

    The template must stay without the value: Gradio's templates run code that stands in a value.
    """
    return gr.HTML(
        value=None,
        html_template=f'<div class="{css_class}"></div>',
        js_on_load="".join(script(name) for name in names),
        apply_default_css=False,
        elem_id=elem_id,
    )
