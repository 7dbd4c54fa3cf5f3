"""Response (R): what every decoder offers, and the choice of one by its name.

Does not know: how a decoder runs. The local one is loaded only when it is chosen, for its libraries are large.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from knowledge.catalogue.entries import entry_of
from knowledge.errors import AdapterError, ModelError, ModelUnavailable
from knowledge.records import DecoderEvent, Memory, ReplyRequest, Turn

if TYPE_CHECKING:
    from torch import Tensor

    from knowledge.reply.local.block_cache import BlockCache, CacheState

log = logging.getLogger(__name__)

LOADING = "decoder"
DEFAULT_WINDOW = 2048  # tokens


class Decoder(Protocol):
    """A causal language model that answers a dialogue, conditioned on what was read from memory."""

    @property
    def name(self) -> str:
        """For people: the model's name."""
        ...

    @property
    def window(self) -> int:
        """Tokens it can attend to: prompt and reply together."""
        ...

    @property
    def path(self) -> str:
        """How memories reach it: "prompt", as text; "blocks" or "hybrid", see ``knowledge.reply.local.layout``."""
        ...

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        """TextDelta…, then one ReplyDone, also when ``stop`` was set. Closing the iterator ends all work.

        Raises: ModelError (EndpointError for a remote one).
        """
        ...

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        """Index of the first turn that it still sees; older ones have left the window."""
        ...


@runtime_checkable
class OpenDecoder(Decoder, Protocol):
    """A decoder that runs here, so that it can be looked into."""

    def effects(self, request: ReplyRequest, text: str, stop: threading.Event | None = None) -> dict[str, float] | None:
        """Log-probability of the reply ``text`` in nats less that without each memory, by id; None when stopped."""
        ...

    def fill(self, owner: str, memories: Sequence[Memory], system: str = "") -> int:
        """Make the blocks of these memories ahead of time; gives way to a reply. → how many were made."""
        ...

    def forget(self, owner: str, memories: Iterable[str] | None = None) -> None:
        """Drop the blocks of these memories, or all of the owner's."""
        ...

    def cache_state(self) -> CacheState:
        """Sizes and hits of the cache of blocks."""
        ...

    def close(self) -> None:
        """Keep the blocks on disk for the next start."""
        ...


@runtime_checkable
class CheckedDecoder(OpenDecoder, Protocol):
    """A decoder that may tell how likely it finds a reply, and can begin the next one before it is asked for."""

    def prepare(self, request: ReplyRequest, stop: threading.Event) -> bool:
        """Compute what the reply to the message behind this dialogue will begin with; False when stopped."""
        ...

    @property
    def checks(self) -> bool:
        """Can its replies be checked against what was read?"""
        ...

    def score(self, request: ReplyRequest, text: str) -> Tensor:
        """(tokens,) log-probability in nats of each token of the reply ``text``, as it is conditioned when replying."""
        ...


def make_decoder(
    model: str,
    *,
    cache: Path,
    device: str = "cpu",
    dtype: str = "bfloat16",
    window: int = DEFAULT_WINDOW,
    reads_tokens: int = 600,
    cache_mib: int = 256,
    path: str = "auto",
    blocks: BlockCache | None = None,
    adapter: str = "default",
    api_key: str = "",
    progress: Callable[[str, float], None],
) -> Decoder:
    """The decoder that ``model`` names, loaded and warm.

    ``model``: a name of the catalogue ("default", "embedded" or "" for its default), a folder, a hub name, or
    ``http(s)://HOST/v1`` of an OpenAI-compatible endpoint, with ``#NAME`` where it serves several models. ``window``
    and ``reads_tokens`` in tokens; ``cache_mib`` bounds the keys and values kept between turns; ``path`` is how
    memories reach a local decoder ("auto": as the catalogue says, blocks for one that it does not know), ``blocks`` the
    cache of their keys and values. ``adapter``: "default" (the one that ships, for the decoder that it was made for),
    "none", or a file of knowledge/reply/local/adapter.py; where it cannot be used a warning says why, and the model
    serves as it is. A remote decoder is not contacted here. ``progress`` gets "fetching", "converting" or "decoder" and
    a fraction 0…1.

    Raises: ModelUnavailable, ModelError, BadInput (an address that is none).
    """
    if model.startswith(("http://", "https://")):
        from knowledge.reply.remote_decoder import RemoteDecoder

        return RemoteDecoder(model, api_key=api_key, window=window, reads_tokens=reads_tokens)
    from knowledge.catalogue.embedded_model import ensure
    from knowledge.reply.local.adapter import ADAPTER
    from knowledge.reply.local.layout import Conditioning
    from knowledge.reply.local.local_decoder import LocalDecoder
    from knowledge.reply.prompt import STYLES

    entry = entry_of(model)
    style = STYLES[entry.policy if entry else "plain"]
    way = None if entry is None or entry.way is None else Conditioning("blocks", 0, **asdict(entry.way))
    if path == "auto":
        path = "blocks" if entry is None else entry.path
    ships = ADAPTER if entry is not None and entry.adapter and ADAPTER.is_file() else None
    adapted = {"default": ships, "none": None}.get(adapter, Path(adapter))

    def load(place: str, adapted: Path | None) -> Decoder:
        progress(LOADING, 0.0)
        try:
            decoder = LocalDecoder(
                place,
                device=device,
                dtype=dtype,
                window=window,
                reads_tokens=reads_tokens,
                cache_mib=cache_mib,
                path=path,
                blocks=blocks,
                adapter=adapted,
                style=style,
                way=way,
            )
        except AdapterError as exc:
            log.warning("%s The decoder starts without it.", exc)
            return load(place, None)
        progress(LOADING, 1.0)
        return decoder

    if entry is None:
        return load(model, adapted)
    folder = str(ensure(cache, progress, entry))
    try:
        return load(folder, adapted)
    except ModelUnavailable:
        raise
    except ModelError as exc:
        log.warning("the cached decoder does not load (%s); checking its files", exc)
        return load(str(ensure(cache, progress, entry, check_contents=True)), adapted)
