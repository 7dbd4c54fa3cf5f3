"""R on this machine: a transformers causal language model, decoded token by token.

Memories come as text in the prompt. Keys and values of the unchanged beginning of a dialogue are reused between turns
(knowledge/prefix_cache.py), which changes the time, not the reply. Does not know: which memories were read why, or who
asks.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)
from transformers.utils import logging as transformers_logging

from knowledge.errors import ModelError, ModelUnavailable
from knowledge.prefix_cache import Entry, KeyValues, PrefixCache
from knowledge.prompt import Message, PromptBuilder, Style, merged, message
from knowledge.records import DecoderEvent, FinishReason, ReplyDone, ReplyRequest, Sampling, TextDelta, Turn, Usage
from knowledge.text_stream import TextStream

_CHUNK = 256  # tokens of a prompt computed at once; stop is looked at in between
_STOP_WORDS = ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|eot_id|>", "<end_of_turn>")


class LocalDecoder:
    """A chat model of transformers, from a folder or by its hub name.

    ``device``: "auto" or torch's name. ``dtype``: "auto" is bfloat16 (on CPU over twice as fast as float32).
    ``window``: tokens of prompt and reply, at most what the model was made for. ``reads_tokens``: tokens of the
    memories in a prompt. ``cache_mib``: MiB of keys and values kept between turns; 0 keeps none.

    One reply at a time; others wait (and can be stopped while they wait).

    Raises: ModelUnavailable (no such folder, not in the hub's cache and no network), ModelError (damaged, not a chat
    model, does not fit into memory).
    """

    path = "prompt"

    def __init__(
        self,
        model: str,
        *,
        device: str = "cpu",
        dtype: str = "bfloat16",
        window: int = 2048,
        reads_tokens: int = 600,
        cache_mib: int = 256,
    ) -> None:
        self.name = Path(model).name if Path(model).is_dir() else model
        self._device = _pick_device() if device == "auto" else device
        self._tokenizer, self.network = _load(model, self._device, "bfloat16" if dtype == "auto" else dtype)
        limit = getattr(self.network.config.get_text_config(), "max_position_embeddings", None) or window
        self.window = min(window, int(limit))
        self._stops = self._stop_tokens()
        self._specials = sorted(set(self._tokenizer.all_special_tokens), key=len, reverse=True)
        self._keep_last = "logits_to_keep" in inspect.signature(self.network.forward).parameters
        self._merge = False
        self._merge = not self._takes_system_messages()
        self._reads_tokens = reads_tokens
        self.set_style(Style())
        self._cache = PrefixCache(cache_mib << 20, size=_bytes, croppable=_croppable)
        self._busy = threading.Lock()
        self.advance(self.new_entry(), [self._tokenizer.eos_token_id or 0] * 16, threading.Event())  # warm-up

    # ---- what a decoder offers -------------------------------------------------------------------------

    def set_style(self, style: Style) -> None:
        """Change the prompt's words for the replies that start from now on."""
        self._builder = PromptBuilder(
            self._count, window=self.window, reads_tokens=self._reads_tokens, style=style
        )

    def in_window(self, dialogue: Sequence[Turn], system: str = "") -> int:
        """Index of the first turn that is still in the prompt."""
        return self._builder.in_window(dialogue, system)

    def reply(self, request: ReplyRequest, stop: threading.Event) -> Iterator[DecoderEvent]:
        """TextDelta…, then ReplyDone. No token is computed after the iterator is closed.

        Raises: ModelError.
        """
        started = time.perf_counter()
        while not self._busy.acquire(timeout=0.05):
            if stop.is_set():
                yield ReplyDone("", "stopped", Usage(seconds=time.perf_counter() - started))
                return
        try:
            yield from self._reply(request, stop, started)
        except (RuntimeError, torch.OutOfMemoryError) as exc:
            raise ModelError(f"The model {self.name} failed ({exc}); try a smaller window or --dtype float32.") from exc
        finally:
            self._busy.release()

    # ---- one reply ---------------------------------------------------------------------------------------

    def _reply(self, request: ReplyRequest, stop: threading.Event, started: float) -> Iterator[DecoderEvent]:
        ids = self.encode_request(request)
        entry = self._cache.take(request.key, ids)
        reused = len(entry.ids) if entry else 0
        entry = entry or self.new_entry()
        room = min(request.sampling.max_tokens, self.window - len(ids))
        pick = _Picker(request.sampling, self._device)
        stream = TextStream(lambda tokens: str(self._tokenizer.decode(tokens, skip_special_tokens=True)))
        text, made, first_token = "", 0, 0.0
        finish: FinishReason = "stopped"
        ahead = ids[reused:]  # tokens whose keys and values are not computed yet
        try:
            while not stop.is_set():
                if made >= room:
                    finish = "length"
                    break
                logits = self.advance(entry, ahead, stop)  # (vocabulary,)
                if logits is None:
                    break
                token = pick(logits)
                if token in self._stops:
                    finish = "stop"
                    break
                ahead, made = [token], made + 1
                first_token = first_token or time.perf_counter() - started
                piece = stream.push(token)
                if piece:
                    text += piece
                    yield TextDelta(piece)
        finally:
            self._cache.put(request.key, entry)
        rest = stream.finish()
        if rest:
            text += rest
            yield TextDelta(rest)
        usage = Usage(len(ids), reused, made, first_token, time.perf_counter() - started)
        yield ReplyDone(text, finish, usage)

    def encode_request(self, request: ReplyRequest) -> list[int]:
        """Token ids of the prompt, (prompt,)."""
        return self._encode(self._builder.build(request).messages)

    def new_entry(self) -> Entry:
        """Keys and values of no token yet."""
        return Entry([], DynamicCache(config=self.network.config))

    def advance(self, entry: Entry, ids: Sequence[int], stop: threading.Event) -> torch.Tensor | None:
        """Compute keys and values of ``ids`` into ``entry``; logits after the last. None when stopped in between."""
        logits: torch.Tensor | None = None
        for start in range(0, len(ids), _CHUNK):
            if stop.is_set():
                return None
            chunk = ids[start : start + _CHUNK]
            logits = self._forward(chunk, entry.values)
            entry.ids.extend(chunk)
        return logits

    def _forward(self, ids: Sequence[int], values: Any) -> torch.Tensor:
        """One pass over ``ids`` after the tokens in ``values``; float32 logits (vocabulary,) after the last."""
        with torch.inference_mode():  # not around a yield: the mode would leak into the consumer's thread
            options = {"logits_to_keep": 1} if self._keep_last else {}
            tokens = torch.tensor([list(ids)], device=self._device)  # (1, n)
            output = self.network(input_ids=tokens, past_key_values=values, use_cache=True, **options)
            logits: torch.Tensor = output.logits[0, -1].float()
            return logits

    # ---- text and tokens ---------------------------------------------------------------------------------

    def _count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of the prompt. Special tokens written in a message are broken up: they are text, not structure."""
        clean = [message(item["role"], self._defused(item["content"])) for item in messages]
        text = self._tokenizer.apply_chat_template(
            merged(clean) if self._merge else clean, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        over = len(ids) - (self.window - 16)  # only where a template adds more than expected
        return ids[over:] if over > 0 else ids

    def _defused(self, text: str) -> str:
        for special in self._specials:
            if special in text:
                text = text.replace(special, f"{special[0]} {special[1:]}")
        return text

    def _takes_system_messages(self) -> bool:
        """May a system message stand in the middle of the dialogue? Some templates refuse that, or any."""
        roles = ("system", "user", "assistant", "system", "user")
        try:
            self._encode([message(role, f"probe-{index}") for index, role in enumerate(roles)])
        except TemplateError:
            return False
        return True

    def _stop_tokens(self) -> frozenset[int]:
        ends = self.network.generation_config.eos_token_id
        known = self._tokenizer.get_vocab()
        found = {known[word] for word in _STOP_WORDS if word in known} | {self._tokenizer.eos_token_id}
        found.update(ends if isinstance(ends, list) else [ends])
        return frozenset(token for token in found if token is not None)


class _Picker:
    """Logits → the next token. The repetition penalty is for words of this reply only.

    Over the whole prompt, as transformers' ``generate`` does it, it would punish the very words of the memories.
    """

    def __init__(self, sampling: Sampling, device: str) -> None:
        self._made: list[int] = []
        self._device = device
        self._greedy = sampling.temperature <= 0
        penalty = float(sampling.repetition_penalty)
        self._repetition = RepetitionPenaltyLogitsProcessor(penalty) if penalty != 1.0 else None
        self._warpers: list[Any] = []
        if not self._greedy:
            if sampling.temperature != 1.0:
                self._warpers.append(TemperatureLogitsWarper(float(sampling.temperature)))
            if sampling.top_p < 1.0:
                self._warpers.append(TopPLogitsWarper(float(sampling.top_p)))
        self._random = torch.Generator(device)
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed)

    def __call__(self, logits: torch.Tensor) -> int:
        made = torch.tensor([self._made], dtype=torch.long, device=self._device)  # (1, tokens of the reply)
        scores = logits[None]  # (1, vocabulary)
        if self._repetition is not None and self._made:
            scores = self._repetition(made, scores)
        for warper in self._warpers:
            scores = warper(made, scores)
        if self._greedy:
            token = int(scores.argmax())
        else:
            token = int(torch.multinomial(scores.softmax(-1)[0], 1, generator=self._random))
        self._made.append(token)
        return token


# ---- loading, and the keys and values of transformers ------------------------------------------------------


def _load(model: str, device: str, dtype: str) -> tuple[Any, Any]:
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(model)
        network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))
        network = network.to(device).eval()
    except (torch.OutOfMemoryError, MemoryError) as exc:
        raise ModelError(f"The model {model} does not fit into memory ({device}); choose a smaller --model.") from exc
    except OSError as exc:
        raise ModelUnavailable(
            f"The model {model} is not there: give --model a folder with config.json and tokenizer, the name of a "
            "model on the hub (fetched where the network allows it), or http://HOST/v1."
        ) from exc
    except Exception as exc:  # damaged weights, an unknown architecture, a missing package: many kinds
        raise ModelError(f"The model {model} cannot be loaded ({exc}); choose another --model.") from exc
    if not tokenizer.chat_template:
        raise ModelError(f"The model {model} has no chat template; choose an instruct model with --model.")
    return tokenizer, network


def _pick_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _bytes(values: KeyValues) -> int:
    """Bytes held, with those that a crop left unused."""
    layers = getattr(values, "layers", ())
    tensors = [t for layer in layers for t in (getattr(layer, "keys", None), getattr(layer, "values", None))]
    return sum(t.untyped_storage().nbytes() for t in tensors if isinstance(t, torch.Tensor))


def _croppable(values: KeyValues) -> bool:
    return all(type(layer) is DynamicLayer for layer in getattr(values, "layers", ()))
