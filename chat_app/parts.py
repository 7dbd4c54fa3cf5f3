"""The parts of a running Mneme out of its settings: decoder, encoder, and the memory network over the data folder.

Does not know: when they are made, who waits for them, the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from chat_app.settings import Settings

if TYPE_CHECKING:
    from knowledge.input.encoder import Encoder
    from knowledge.memory_network import MemoryNetwork
    from knowledge.reply.decoder import Decoder
    from knowledge.reply.local.block_cache import BlockCache

Progress = Callable[[str, float], None]


class Parts:
    """Models and libraries are imported where they are made: they take seconds, and the page is to be up before."""

    def __init__(self, settings: Settings, engine: Engine, clock: Callable[[], float]) -> None:
        self.settings, self._engine, self._clock = settings, engine, clock

    @cached_property
    def blocks(self) -> BlockCache:
        """The cache of memories' keys and values, whichever decoder made them."""
        from knowledge.reply.local.block_cache import BlockCache

        settings = self.settings
        return BlockCache(settings.block_cache_mib << 20, settings.block_disk_mib << 20, settings.data / "blocks")

    def decoder(self, model: str, progress: Progress) -> Decoder:
        """The decoder that ``model`` names, with everything else as the options say. Raises ModelError."""
        from knowledge.reply.decoder import make_decoder

        settings = self.settings
        return make_decoder(
            model,
            cache=settings.cache,
            device=settings.device,
            dtype=settings.dtype,
            window=settings.window,
            reads_tokens=settings.reads_tokens,
            cache_mib=settings.prefix_cache_mib,
            path=settings.memory_path,
            adapter=settings.adapter if model == settings.model else "default",  # a file is for the one it came with
            blocks=self.blocks,
            api_key=settings.model_api_key,
            progress=progress,
        )

    def encoder(self, name: str, progress: Progress) -> Encoder:
        """The encoder of this name, folder or hub name. Raises ModelError."""
        from knowledge.input.encoder import DEFAULT_NAME, Encoder

        model = "default" if name == DEFAULT_NAME else name
        return Encoder(model, device=self.settings.device, cache=self.settings.cache, progress=progress)

    def network(self, decoder: Decoder, encoder: Encoder, progress: Progress) -> MemoryNetwork:
        """The network of these models over the data folder; what another encoder made is made anew, with progress.

        Raises StoreError, ModelError.
        """
        from knowledge.input.dialogue_acts import make_message_reader
        from knowledge.input.message_keys import keys_of
        from knowledge.memory.store import ExternalMemory
        from knowledge.memory_network import MemoryNetwork
        from knowledge.read.reader import make_reader
        from knowledge.write.gate import make_write_gate
        from knowledge.write.writer import Writer

        settings = self.settings
        store = ExternalMemory(
            self._engine,
            data=settings.data,
            chroma=settings.chroma,
            encoder_name=encoder.name,
            dimension=encoder.dimension,
            clock=self._clock,
        )
        # Whatever decoder runs now: files of an earlier one hold keys and values, which can be turned back into words.
        store.forgotten.append(self.blocks.forget)
        try:
            store.recover(partial(keys_of, encoder), progress)
        except BaseException:
            store.close()
            raise
        reader, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual)
        if note:
            print(note, file=sys.stderr, flush=True)
        writer = Writer(
            make_write_gate(encoder.name, multilingual=encoder.multilingual), make_message_reader(encoder.name)
        )
        return MemoryNetwork(encoder, store, reader, writer, decoder, clock=self._clock)
