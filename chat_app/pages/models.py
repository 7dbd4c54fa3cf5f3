"""The models page: which decoder and encoder serve, what others cost, switching, and how replies are made.

One component draws the page (scripts/models.js) and sends what a person does as ('select', {action, …}). Does not
know: how a decoder is fetched or swapped in (``chat_app.decoders``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chat_app.application import ENCODERS
from chat_app.decoders import DecodersState
from chat_app.local_endpoints import find
from chat_app.machine import own_memory, total_memory
from chat_app.pages.memory_list import text_of
from chat_app.pages.scripted_page import DrawnPage
from chat_app.pages.words import Language, error_text
from knowledge.errors import BadInput, NotReady

if TYPE_CHECKING:
    from chat_app.application import Application
    from chat_app.decoders import Decoders

LONGEST_ADDRESS = 500  # characters
MULTILINGUAL = ENCODERS[-1]  # offered to who writes in another language than English


class ModelsPage(DrawnPage):
    """``refresh`` is (function, inputs, outputs), to be called whenever the tab is opened."""

    def __init__(self, application: Application) -> None:
        super().__init__(application, "models", "lists", "models_parts", "models")

    def _do(self, owner: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What a person asked for → what the page is told about it."""
        application = self._application
        if action in ("", "load"):
            return {}
        if action == "switch":
            name = text_of(data, "name")
            if application.decoders.entry(name) is None:
                raise BadInput("There is no decoder of this name in the catalogue.")
            application.decoders.switch(name)
            return {}
        if action == "endpoint":
            application.decoders.switch(_address(text_of(data, "address")))
            return {}
        if action == "cancel":
            application.decoders.cancel()
            return {}
        if action == "delete":
            application.decoders.delete(text_of(data, "name"))
            return _notice("models.did_delete")
        if action == "encoder":
            application.encoders.switch(text_of(data, "name"))
            return {}
        if action == "cancel_encoder":
            application.encoders.cancel()
            return {}
        if action == "look":
            return {"found": [asdict(one) for one in find()]}
        if action == "save":
            given = data.get("preferences")
            application.set_preferences(
                {name: given.get(name) for name in ("temperature", "reply_tokens", "system")}
                if isinstance(given, dict)
                else {}
            )
            return _notice("models.did_save")
        raise BadInput("The page asked for something unknown; reload it.")

    def _besides(self, owner: str, language: Language) -> dict[str, Any]:
        return {"encoder_state": encoder_value(self._application, language)}

    def _show(self, owner: str, data: Mapping[str, Any], value: dict[str, Any], language: Language) -> None:
        """Everything the page shows; sizes in bytes. Raises NotReady."""
        application = self._application
        network, settings, decoders = application.network, application.settings, application.decoders
        total, opened = total_memory(), network.open_decoder
        entries = []
        for one in decoders.catalogue:
            here, disk = decoders.on_disk(one)
            entries.append(
                {
                    "name": one.name,
                    "title": one.title,
                    "licence": one.licence,
                    "download": one.download,
                    "memory": one.memory << 20,
                    "languages": list(one.languages),
                    "here": here,
                    "disk": disk,
                    "fits": one.memory << 20 <= total,
                    "hub": one.needs_hub,
                }
            )
        chosen = application.preferences.chosen
        value |= {
            "decoders": entries,
            "state": speaker_value(decoders, language),
            "encoder": {"name": network.encoder.name, "multilingual": network.encoder.multilingual},
            "encoders": list(application.encoders.choices),
            "decoder": network.decoder.name,
            "path": network.path,
            "window": network.decoder.window,
            "flag": settings.model if settings.model != "default" else "",
            "preferences": {
                "temperature": chosen.temperature,
                "reply_tokens": chosen.reply_tokens,
                "system": chosen.system,
            },
            "memory": {
                "total": total,
                "own": own_memory(),
                "weights": decoders.loaded if opened is not None else None,
                "blocks": None if opened is None else opened.cache_state().ram,
                "prefix": getattr(opened, "prefix_bytes", None),
                "prefix_limit": None if opened is None else settings.prefix_cache_mib << 20,
            },
        }


def speaker_value(decoders: Decoders, language: Language) -> dict[str, Any]:
    """Which decoder speaks and what is under way, with names for people."""
    state: DecodersState = decoders.state()

    def title(model: str) -> str:
        entry = decoders.entry(model)
        return entry.title if entry is not None else model

    return asdict(state) | {
        "busy": state.busy,
        "serving_title": title(state.serving),
        "wanted_title": title(state.wanted),
        "missed_title": title(state.missed),
        "reason": error_text(state.reason, language),
    }


def encoder_value(application: Application, language: Language) -> dict[str, Any]:
    """Which encoder is under way or could not be had, and whether the one that serves knows more than English."""
    state = application.encoders.state()
    try:
        multilingual = application.network.encoder.multilingual
    except NotReady:
        multilingual = True  # nothing is offered yet
    return asdict(state) | {
        "busy": state.busy,
        "multilingual": multilingual,
        "reason": error_text(state.reason, language),
        "offered": MULTILINGUAL,
    }


def _address(text: str) -> str:
    """The address of an endpoint as a person wrote it. Raises BadInput."""
    text = text.strip()[:LONGEST_ADDRESS]
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        right = False
    if not right:
        raise BadInput(
            "Give the address of an endpoint like http://127.0.0.1:11434/v1, with #NAME for one of its models."
        )
    return text


def _notice(key: str) -> dict[str, Any]:
    return {"notice": {"key": key, "values": {}, "tone": "good"}}


def models_page(application: Application) -> ModelsPage:
    """Builds the page; call it inside the tab."""
    return ModelsPage(application)
