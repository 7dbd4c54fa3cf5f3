"""What a message of a program may hold: text, or a list of text parts. Anything else is refused in words of its own.

Does not know: which request the message is part of.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator

from chat_app.dialogue.message_text import storable

# By what the type of a part begins with: why it is not taken.
_REFUSED = {
    "image": "Mneme sees no images; say in words what the image shows",
    "input_image": "Mneme sees no images; say in words what the image shows",
    "input_audio": "Mneme hears no sound; send what was said as text",
    "audio": "Mneme hears no sound; send what was said as text",
    "file": "files are taken at /v1/documents; a message is text",
    "input_file": "files are taken at /v1/documents; a message is text",
    "refusal": "a refusal is not taken up again; leave it out",
}


class TextPart(BaseModel):
    """A part of a message. The three types are what OpenAI's two chat APIs call the same thing."""

    type: Literal["text", "input_text", "output_text"]
    text: str


def _known_parts(content: Any) -> Any:
    """Raises ValueError, with a sentence of its own, where a part is no text."""
    for part in content if isinstance(content, list) else ():
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str):
            raise ValueError("a message is text or a list of parts, each with its type")
        for start, why in _REFUSED.items():
            if kind.startswith(start):
                raise ValueError(why)
    return content


Content = Annotated[str | list[TextPart], BeforeValidator(_known_parts)]


def text_of(content: str | list[TextPart] | None) -> str:
    """The text as it may be stored; the parts of a list each begin a line."""
    if isinstance(content, list):
        return storable("\n".join(part.text for part in content))
    return storable(content or "")
