"""One table of options. Flags, ``MNEME_*`` variables, ``--help`` and the README's table all come from it.

Does not know: what the options are used for. Values are checked for form here; whether a model or a server is really
there shows when it is opened.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import platformdirs
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from chat_app.door.addresses import is_loopback, origin_of

PREFIX = "MNEME_"


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of all options after flags, environment and defaults; one field per row of ``OPTIONS``."""

    data: Path
    cache: Path
    host: str
    port: int
    public_url: str
    model: str
    adapter: str
    encoder: str
    chroma: str
    database: str
    device: str
    dtype: str
    reads: int
    reads_tokens: int
    window: int
    reply_tokens: int
    temperature: float
    memory_path: str
    prefix_cache_mib: int
    block_cache_mib: int
    block_disk_mib: int
    upload_mib: int
    password: str
    api_key: str
    model_api_key: str

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of history and of the memories' text."""
        return self.database or f"sqlite:///{self.data / 'mneme.sqlite3'}"

    @property
    def loopback(self) -> bool:
        """Is the page served to this computer only?"""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        return is_loopback(self.host) and (public is None or is_loopback(public))


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the table. ``parse`` raises ValueError for what is not accepted; ``accepts`` says what is."""

    name: str
    default: str
    parse: Callable[[str], Any]
    accepts: str
    help: str
    unit: str = ""
    environment_only: bool = False  # secrets: a command line can be read by other users of the machine
    shown_default: str = ""  # for the README, where the default depends on the platform

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not text.strip() or (path.exists() and not path.is_dir()):
        raise ValueError
    return path.resolve()


def _between(low: float, high: float, kind: type = int) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError
        return text

    return parse


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text.strip()


def _web_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0


def _model(text: str) -> str:
    text = _text(text)
    if "://" in text and not _web_address(text):
        raise ValueError
    return text


def _public_url(text: str) -> str:
    return origin_of(text.strip()) if text else ""


def _adapter(text: str) -> str:
    text = _text(text)
    if text not in ("default", "none") and not Path(text).is_file():
        raise ValueError
    return text


def _chroma(text: str) -> str:
    if text != "embedded" and not _web_address(text):
        raise ValueError
    return text


def _database(text: str) -> str:
    if text:
        try:
            make_url(text)
        except ArgumentError as exc:
            raise ValueError from exc
    return text


OPTIONS: tuple[Option, ...] = (
    Option(
        "data",
        platformdirs.user_data_dir("mneme", False),
        _folder,
        "a folder, made when it is missing",
        "folder of everything you said and uploaded",
        shown_default="the platform's user data folder",
    ),
    Option(
        "cache",
        platformdirs.user_cache_dir("mneme", False),
        _folder,
        "a folder, made when it is missing",
        "folder of fetched models, shared by all data folders",
        shown_default="the platform's cache folder",
    ),
    Option(
        "host",
        "127.0.0.1",
        _text,
        "an address of this computer",
        "address to serve on; any but this computer's own needs MNEME_PASSWORD",
    ),
    Option("port", "7860", _between(0, 65535), "a whole number from 0 (any free port) to 65535", "port to serve on"),
    Option(
        "public_url",
        "",
        _public_url,
        "http(s)://NAME[:PORT], without a path",
        "address that browsers open when it is another than --host, such as that of a reverse proxy",
    ),
    Option(
        "model",
        "default",
        _model,
        "default, smollm2-135m, qwen2.5-coder-0.5b, qwen2.5-coder-1.5b, qwen3-0.6b, qwen3-1.7b, smollm3-3b, a hub "
        "name, a folder, or http(s)://HOST:PORT/v1",
        "decoder: one of those on the Models page, another causal LM, or an OpenAI-compatible endpoint",
    ),
    Option(
        "adapter",
        "default",
        _adapter,
        "default, none or a file",
        "low-rank products added to the decoder's weights: those trained for SmolLM2, none, or a file",
    ),
    Option(
        "encoder",
        "default",
        _text,
        "default, multilingual-e5-small, a hub name or a folder",
        "encoder: the embedded all-MiniLM-L6-v2 (English), the embedded multilingual-e5-small (100 languages), or "
        "any sentence-transformers model",
    ),
    Option(
        "chroma",
        "embedded",
        _chroma,
        "embedded or http(s)://HOST:PORT",
        "vector store: in the data folder or a Chroma server",
    ),
    Option(
        "database",
        "",
        _database,
        "an SQLAlchemy URL, such as postgresql+psycopg://USER@HOST/NAME",
        "history and the memories' text",
        shown_default="SQLite in the data folder",
    ),
    Option("device", "auto", _one_of("auto", "cpu", "cuda", "mps"), "auto, cpu, cuda or mps", "where the models run"),
    Option(
        "dtype",
        "auto",
        _one_of("auto", "bfloat16", "float16", "float32"),
        "auto, bfloat16, float16 or float32",
        "number format of the decoder's weights; auto is bfloat16",
    ),
    Option(
        "reads", "8", _between(1, 50), "a whole number from 1 to 50", "memories read per reply, at most", "memories"
    ),
    Option(
        "reads_tokens",
        "600",
        _between(50, 100_000),
        "a whole number from 50 to 100000",
        "room for memories in the prompt",
        "tokens",
    ),
    Option(
        "window",
        "2048",
        _between(512, 1_000_000),
        "a whole number from 512 to 1000000",
        "room for the dialogue and its memories; older turns leave it and are read from memory",
        "tokens",
    ),
    Option("reply_tokens", "512", _between(1, 100_000), "a whole number from 1 to 100000", "longest reply", "tokens"),
    Option(
        "temperature", "0", _between(0, 2, float), "a number from 0 to 2", "0 picks the likeliest word, higher varies"
    ),
    Option(
        "memory_path",
        "auto",
        _one_of("auto", "blocks", "hybrid", "prompt"),
        "auto, blocks, hybrid or prompt",
        "how memories reach the decoder: cached blocks weighed in its attention, the strongest two as text beside "
        "blocks, or all as text; auto is what serves the decoder best",
    ),
    Option(
        "prefix_cache_mib",
        "128",
        _between(0, 1_000_000),
        "a whole number from 0 to 1000000",
        "memory for the keys and values of running dialogues",
        "MiB",
    ),
    Option(
        "block_cache_mib",
        "128",
        _between(0, 1_000_000),
        "a whole number from 0 to 1000000",
        "memory for the keys and values of memories",
        "MiB",
    ),
    Option(
        "block_disk_mib",
        "512",
        _between(0, 10_000_000),
        "a whole number from 0 to 10000000",
        "disk space in the data folder for those that leave memory",
        "MiB",
    ),
    Option(
        "upload_mib", "100", _between(1, 100_000), "a whole number from 1 to 100000", "largest file taken in", "MiB"
    ),
    Option(
        "password",
        "",
        str,
        "8 to 1000 characters",
        "password of the page; with one everything needs a sign-in, also on this computer (or, kept as a hash in the "
        "data folder: python app.py password)",
        environment_only=True,
    ),
    Option(
        "api_key",
        "",
        str,
        "any text",
        "a key for programs, beside those made on the Models page; /v1 needs one where there is a password",
        environment_only=True,
    ),
    Option(
        "model_api_key",
        "",
        str,
        "any text",
        "key sent to the endpoint of --model; OPENAI_API_KEY is used where this is not set",
        environment_only=True,
    ),
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"mneme: {message} (see --help)\n")


def _value(option: Option, text: str, source: str) -> Any:
    try:
        return option.parse(text)
    except (ValueError, TypeError):
        sys.stderr.write(f"mneme: {source}: {text!r} is not accepted; give {option.accepts}\n")
        raise SystemExit(2) from None


def load(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from flags, else ``MNEME_*`` variables, else defaults.

    A bad value ends the program with status 2 and one line that names the option, the value and what is accepted.
    """
    environment = os.environ if environment is None else environment
    told = "Mneme: a chat with a memory that lasts. Commands: password, backup FILE, restore FILE [--replace]."
    parser = _Parser(prog="python app.py", description=told, allow_abbrev=False)
    for option in OPTIONS:
        if option.environment_only:
            continue
        default = option.shown_default or option.default
        unit = f", {option.unit}" if option.unit else ""
        parser.add_argument(
            option.flag,
            dest=option.name,
            metavar="VALUE",
            default=None,
            help=(f"{option.help}: {option.accepts}{unit}. Default: {default} ({option.variable})").replace("%", "%%"),
        )
    given = vars(parser.parse_args(arguments))
    values: dict[str, Any] = {}
    for option in OPTIONS:
        if given.get(option.name) is not None:
            values[option.name] = _value(option, given[option.name], option.flag)
        elif environment.get(option.variable):
            values[option.name] = _value(option, environment[option.variable], option.variable)
        else:
            values[option.name] = option.parse(option.default)
    values["model_api_key"] = values["model_api_key"] or environment.get("OPENAI_API_KEY", "")
    return Settings(**values)


def markdown_table() -> str:
    """The README's table of options."""
    lines = ["| flag | variable | default | what |", "|---|---|---|---|"]
    for option in OPTIONS:
        flag = "(environment only)" if option.environment_only else f"`{option.flag}`"
        default = option.shown_default or (f"`{option.default}`" if option.default else "none")
        unit = f" ({option.unit})" if option.unit else ""
        lines.append(f"| {flag} | `{option.variable}` | {default}{unit} | {option.help}: {option.accepts} |")
    return "\n".join(lines)
