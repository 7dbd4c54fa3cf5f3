"""A chat model of transformers: its network, its tokenizer and its chat template, loaded from a folder or by hub name.

Knows: messages → tokens and back, special tokens, one forward pass. Does not know: memories, how a reply is made.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.utils import logging as transformers_logging

from knowledge.cpu import packed_network
from knowledge.errors import ModelError, ModelUnavailable
from knowledge.reply.local.blocks import Joined, Rotation
from knowledge.reply.local.memory_attention import ColumnBias, Piece, SideBySide, install
from knowledge.reply.prompt import Message, merged, message

_STOP_WORDS = ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|eot_id|>", "<end_of_turn>")
MARK = "\ue000memories\ue001"  # where the memories stand in a message; private-use characters that nobody types


class ChatModel:
    """``device``: "auto" or torch's name. ``dtype``: "auto" is bfloat16 (on CPU over twice as fast as float32).
    ``window``: tokens of prompt and reply, at most what the model was made for.

    Raises: ModelUnavailable (no such folder, not in the hub's cache and no network), ModelError (damaged, not a chat
    model, does not fit into memory).
    """

    def __init__(self, model: str, *, device: str = "cpu", dtype: str = "bfloat16", window: int = 2048) -> None:
        self.name = Path(model).name if Path(model).is_dir() else model
        self.stepped = 0.0  # when tokens were computed last
        self.device = _pick_device() if device == "auto" else device
        self.tokenizer, self.network = _load(model, self.device, "bfloat16" if dtype == "auto" else dtype)
        limit = getattr(self.network.config.get_text_config(), "max_position_embeddings", None) or window
        self.window = min(window, int(limit))
        self.stops = self._stop_tokens()
        self._specials = sorted(set(self.tokenizer.all_special_tokens), key=len, reverse=True)
        self._tokens = lru_cache(maxsize=4096)(self._tokenized)  # memories come again and again
        self._keep_last = "logits_to_keep" in inspect.signature(self.network.forward).parameters
        self._merge = False
        self._merge = not self._takes_system_messages()
        self.opening, self.closing = self._around_a_message()
        self.rotation: Rotation | None = Rotation.of(self.network) if self.opening else None
        if self.rotation is not None:
            install(self.network)

    # ---- text and tokens ---------------------------------------------------------------------------------

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return len(self._tokenized(text))

    def tokens(self, text: str) -> list[int]:
        """Token ids of a piece of a prompt; special tokens in it are structure."""
        return list(self._tokens(text))

    def text(self, tokens: Sequence[int]) -> str:
        """Text of a reply's tokens."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))

    def render(self, messages: Sequence[Message], *, reply: bool = True) -> str:
        """The prompt as the chat template writes it, up to where the reply begins (``reply``).

        Special tokens written in a message are broken up: they are text, not structure.
        """
        clean = [message(item["role"], self.defused(item["content"])) for item in messages]
        return str(
            self.tokenizer.apply_chat_template(
                merged(clean) if self._merge else clean,
                tokenize=False,
                add_generation_prompt=reply,
                enable_thinking=False,
            )
        )

    def defused(self, text: str) -> str:
        """``text`` without special tokens."""
        for special in self._specials:
            if special in text:
                text = text.replace(special, f"{special[0]} {special[1:]}")
        return text

    # ---- computing -----------------------------------------------------------------------------------------

    def new_cache(self) -> Any:
        """Keys and values of no token yet."""
        return DynamicCache(config=self.network.config)

    def cache_of(self, joined: Joined) -> Any:
        """A cache that holds these keys and values, without copying them; their free columns are its room to grow."""
        made = DynamicCache()  # only models whose layers all attend to everything have blocks
        made.layers = [
            RoomyLayer(keys, values, joined.columns)
            for keys, values in zip(joined.keys.unbind(0), joined.values.unbind(0), strict=True)
        ]
        return made

    def forward(
        self,
        ids: Sequence[int],
        cache: Any,
        *,
        position: int | None = None,
        bias: ColumnBias | None = None,
        logits: int = 1,
    ) -> Tensor:
        """One pass over ``ids`` behind the keys and values in ``cache``, which grow; float32 logits (logits, vocab)
        of the last tokens. ``position``: of the first token, where it is not the number of tokens before it."""
        return self.rows([ids], cache, position=position, bias=bias, logits=logits)[0]

    def rows(
        self,
        ids: Sequence[Sequence[int]],
        cache: Any,
        *,
        position: int | None,
        bias: ColumnBias | None,
        logits: int,
    ) -> Tensor:
        """As many tokens in every row, each row with a bias of its own; (rows, logits, vocab)."""
        with torch.inference_mode():  # not around a yield: the mode would leak into the consumer's thread
            options: dict[str, Any] = {"logits_to_keep": logits} if self._keep_last else {}
            tokens = torch.tensor(ids, device=self.device)  # (rows, n)
            if position is not None:
                places = torch.arange(position, position + tokens.shape[1], device=self.device)
                options["position_ids"] = places[None]
            if bias is not None and self.rotation is not None:
                bias.begin()
                options["column_bias"] = bias
            output = self.network(input_ids=tokens, past_key_values=cache, use_cache=True, **options)
            found: Tensor = output.logits[:, -logits:].float()
        self.stepped = time.monotonic()
        return found

    def pieces(self, pieces: Sequence[Piece]) -> list[Tensor]:
        """Pieces of prompts, in one pass where the attention can be told apart; float32 logits (vocab,) after the last
        token of each."""
        if len(pieces) == 1 or self.rotation is None or not self._keep_last:
            return [
                self.forward(piece.ids, piece.cache, position=piece.position, bias=piece.bias)[-1] for piece in pieces
            ]
        together = SideBySide(pieces)
        with torch.inference_mode():
            places = [torch.arange(piece.start, piece.start + len(piece.ids)) for piece in pieces]
            output = self.network(
                input_ids=torch.tensor([[token for piece in pieces for token in piece.ids]], device=self.device),
                position_ids=torch.cat(places)[None].to(self.device),
                attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=self.device),  # each piece has its own
                past_key_values=together,
                use_cache=True,
                logits_to_keep=torch.tensor(together.ends(), device=self.device),
                column_bias=together,
            )
            found = output.logits[0].float().unbind(0)
        self.stepped = time.monotonic()
        return list(found)

    # ---- inside ------------------------------------------------------------------------------------------

    def _tokenized(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _takes_system_messages(self) -> bool:
        """May a system message stand in the middle of the dialogue? Some templates refuse that, or any."""
        roles = ("system", "user", "assistant", "system", "user")
        try:
            self.render([message(role, f"probe-{index}") for index, role in enumerate(roles)])
        except TemplateError:
            return False
        return True

    def _around_a_message(self) -> tuple[str, str]:
        """What the template writes before and after a user's message; ("", "") where that cannot be told."""
        try:
            text = self.render([message("user", "A1"), message("assistant", "B2"), message("user", "C3")], reply=False)
        except TemplateError:
            return "", ""
        between, closing = text.rpartition("C3")[0].rpartition("B2")[2], text.rpartition("C3")[2]
        if not closing or not between.startswith(closing) or between == closing:
            return "", ""
        return between[len(closing) :], closing

    def _stop_tokens(self) -> frozenset[int]:
        ends = self.network.generation_config.eos_token_id
        known = self.tokenizer.get_vocab()
        found = {known[word] for word in _STOP_WORDS if word in known} | {self.tokenizer.eos_token_id}
        found.update(ends if isinstance(ends, list) else [ends])
        return frozenset(token for token in found if token is not None)


class RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """A layer of a cache at the beginning of larger tensors: tokens that fit are written behind, nothing is copied.

    ``keys``, ``values``: (1, kv_heads, capacity, head_dim), the first ``columns`` filled.
    """

    def __init__(self, keys: Tensor, values: Tensor, columns: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self._room = keys, values
        self._filled = columns
        self.keys, self.values = keys[:, :, :columns], values[:, :, :columns]

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        all_keys, all_values = self._room
        start, end = self._filled, self._filled + key_states.shape[2]
        if self.get_seq_length() != start or end > all_keys.shape[2]:  # grown or cut in another way since
            grown: tuple[Tensor, Tensor] = super().update(key_states, value_states, *args, **kwargs)
            self._filled = -1  # what is there now is no longer in the room
            return grown
        all_keys[:, :, start:end], all_values[:, :, start:end] = key_states, value_states
        self.keys, self.values = all_keys[:, :, :end], all_values[:, :, :end]
        self._filled = end
        return self.keys, self.values


def _load(model: str, device: str, dtype: str) -> tuple[Any, Any]:
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(model)
        if packed_network.is_packed(Path(model)):
            return _usable(model, tokenizer), packed_network.load(Path(model))
        network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))
        network = network.to(device).eval()
    except ModelError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as exc:
        raise ModelError(f"The model {model} does not fit into memory ({device}); choose a smaller --model.") from exc
    except OSError as exc:
        raise ModelUnavailable(
            f"The model {model} is not there: give --model a folder with config.json and tokenizer, the name of a "
            "model on the hub (fetched where the network allows it), or http://HOST/v1."
        ) from exc
    except Exception as exc:  # damaged weights, an unknown architecture, a missing package: many kinds
        raise ModelError(f"The model {model} cannot be loaded ({exc}); choose another --model.") from exc
    return _usable(model, tokenizer), network


def _usable(model: str, tokenizer: Any) -> Any:
    if not tokenizer.chat_template:
        raise ModelError(f"The model {model} has no chat template; choose an instruct model with --model.")
    return tokenizer


def _pick_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def bytes_of(cache: Any) -> int:
    """Bytes held by keys and values, with those that a crop left unused."""
    layers = getattr(cache, "layers", ())
    tensors = [t for layer in layers for t in (getattr(layer, "keys", None), getattr(layer, "values", None))]
    return sum(t.untyped_storage().nbytes() for t in tensors if isinstance(t, torch.Tensor))


def croppable(cache: Any) -> bool:
    """Can the end of these keys and values be cut off? Recurrent and sliding states cannot."""
    return all(type(layer) is DynamicLayer for layer in getattr(cache, "layers", ()))
