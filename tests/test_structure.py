"""The shape of the house: who may import what, how long files may be, and that README, licence and pins are true."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOME = ("knowledge", "experiments", "chat_app", "app")  # the packages of this project
LONGEST = 380  # lines of a file as the formatter writes it; about 300 is meant

# Who may import a library: paths of modules, with * for any. A library that is not named here is free.
LIBRARIES = {
    "gradio": ("chat_app.pages", "chat_app.pages.*"),
    "chromadb": ("knowledge.memory.vectors", "knowledge.memory.vector_probe"),
    "sentence_transformers": ("knowledge.input.encoder",),
    "transformers": (
        "knowledge.reply.local.chat_model",
        "knowledge.reply.local.memory_attention",
        "knowledge.reply.token_picker",
        "knowledge.catalogue.embedded_model",
        "knowledge.input.embedded_encoder",
        "knowledge.cpu.packed_network",
    ),
    "pypdf": ("knowledge.documents.parsers.*",),
    "ijson": ("knowledge.documents.chat_exports.export_file",),
    "docx": ("knowledge.documents.parsers.*",),
    "bs4": ("knowledge.documents.parsers.*",),
    "lxml": ("knowledge.documents.parsers.*",),
    "fastapi": ("chat_app.http.*", "chat_app.pages", "chat_app.pages.*"),
    "argon2": ("chat_app.door.*",),
    "itsdangerous": ("chat_app.door.*",),
    "starlette": ("chat_app.http.*", "chat_app.pages", "chat_app.pages.*"),
}
VALUES = ("knowledge.records", "knowledge.errors")  # everybody's; they import nothing of the project
# Room → the rooms that it may import, besides the values and knowledge.text. Read and reply do not know each other.
ROOMS = {
    "knowledge.text": (),
    "knowledge.cpu": (),
    "knowledge.catalogue": ("knowledge.cpu",),
    "knowledge.input": ("knowledge.catalogue", "knowledge.cpu"),
    "knowledge.memory": (),
    "knowledge.write": ("knowledge.input",),
    "knowledge.read": ("knowledge.input", "knowledge.memory"),
    "knowledge.reply": ("knowledge.catalogue", "knowledge.cpu"),
    "knowledge.documents": (),
    "knowledge.feedback": ("knowledge.input", "knowledge.memory", "knowledge.read"),
    "knowledge.process_memory": (),
    "knowledge.idle_work": (),
    "knowledge.memory_network": (
        "knowledge.input",
        "knowledge.memory",
        "knowledge.write",
        "knowledge.read",
        "knowledge.reply",
        "knowledge.documents",
        "knowledge.idle_work",
        "knowledge.process_memory",
    ),
    "experiments": ("knowledge.read",),
    "chat_app.request_log": (),
    "chat_app.door": ("chat_app.request_log",),
    "chat_app.history": (),
    "chat_app.moving": ("chat_app.history", "chat_app.settings"),
    "chat_app.dialogue": ("chat_app.history",),
    "chat_app.jobs": ("chat_app.history", "chat_app.request_log", "knowledge.feedback"),
    "chat_app.http": ("chat_app.history", "chat_app.dialogue", "chat_app.jobs", "chat_app.moving"),
}
# Values and functions that chat_app takes past the memory network: a memory's lines and a database's copy for a backup,
# the database that history shares, another app's export, what a decoder is told, and where a memory's parts stand.
SHARED = (
    "knowledge.memory.transfer",
    "knowledge.memory.database",
    "knowledge.memory.snapshot",
    "knowledge.documents.conversations_apart",
    "knowledge.reply.instructions",
    "knowledge.input.message_keys",
)
# They build the parts and hand them out; everything else in chat_app gets them from chat_app.application.
COMPOSING = ("chat_app.application", "chat_app.decoders", "chat_app.parts")
TRAINING = "knowledge.training"  # stands above all of knowledge; what runs does not import it


@dataclass(frozen=True)
class Import:
    module: str  # what is imported, "knowledge.records"
    typing_only: bool  # under ``if TYPE_CHECKING``: nothing is loaded


# ---- reading the sources ------------------------------------------------------------------------------------


@cache
def project_files() -> tuple[str, ...]:
    """Every file of the project as a path from the root: what git tracks or would track, that is on the disk."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this copy is no git checkout")
    return tuple(sorted(path for path in set(done.stdout.split("\0")) if path and (ROOT / path).is_file()))


@cache
def modules() -> dict[str, str]:
    """Dotted name → path, for every module of the project's packages."""
    found = {}
    for path in project_files():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if path.endswith(".py") and name.split(".")[0] in HOME:
            found[name] = path
    assert {"app", "knowledge.records", "chat_app.pages"} <= found.keys()
    return found


@cache
def imports_of(name: str) -> tuple[Import, ...]:
    """What a module imports, at its top, inside functions, and by a name given to ``import_module``."""
    path = modules()[name]
    package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
    return tuple(_imports(ast.parse((ROOT / path).read_text(encoding="utf-8")), package, False))


def _imports(node: ast.AST, package: str, typing_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for child in node.body:
            yield from _imports(child, package, True)
        for child in node.orelse:
            yield from _imports(child, package, typing_only)
        return
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, typing_only)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parts = package.split(".")
            base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            yield Import(whole if whole in modules() else base, typing_only)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
            yield Import(node.args[0].value, typing_only)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, package, typing_only)


def own_imports(name: str) -> set[str]:
    """Modules of this project that are loaded because of ``name``, directly."""
    return {found.module for found in imports_of(name) if not found.typing_only and found.module in modules()} - {name}


def reached(name: str) -> set[str]:
    """Modules of this project that are loaded because of ``name``, directly or not."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        fresh = own_imports(waiting.pop()) - seen
        seen |= fresh
        waiting += fresh
    return seen


def allowed(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def in_package(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


# ---- directions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_its_importers(library: str) -> None:
    importers = [name for name in modules() if any(in_package(found.module, library) for found in imports_of(name))]
    strangers = [name for name in importers if not allowed(name, LIBRARIES[library])]
    assert strangers == [], f"{library} may be imported in {LIBRARIES[library]} only"


def room_of(name: str) -> str:
    """The room that a module stands in: the longest name in ``ROOMS`` that holds it, or itself."""
    return max((room for room in ROOMS if in_package(name, room)), key=len, default=name)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    free = {*VALUES, *(SHARED if in_package(room, "chat_app") else ())}
    wrong = [
        f"{name} imports {found}"
        for name in modules()
        if room_of(name) == room
        for found in own_imports(name) - free
        if room_of(found) not in (room, "knowledge.text", *ROOMS[room])
    ]
    assert wrong == []
    assert [name for name in modules() if room_of(name) == room], "an empty room"


def test_every_module_of_knowledge_stands_in_a_room() -> None:
    inside = [name for name in modules() if in_package(name, "knowledge") and not in_package(name, TRAINING)]
    assert {name for name in inside if room_of(name) == name} - {"knowledge"} <= {*VALUES, *ROOMS}


def test_values_stand_below_everything() -> None:
    for name in VALUES:
        assert own_imports(name) == set()


def test_knowledge_knows_no_page() -> None:
    wrong = [
        f"{name} imports {found.module}"
        for name in modules()
        for found in imports_of(name)
        if in_package(name, "knowledge") and found.module.split(".")[0] in ("chat_app", "app", "gradio", "fastapi")
    ]
    assert wrong == []


def test_what_runs_imports_no_training_and_no_experiment() -> None:
    beside = (TRAINING, "experiments")
    runs = [name for name in modules() if not any(in_package(name, one) for one in beside)]
    wrong = {
        f"{name} imports {found}"
        for name in runs
        for found in own_imports(name)
        if any(in_package(found, one) for one in beside)
    }
    assert wrong == set() and any(in_package(name, "experiments") for name in modules())


def test_imports_make_no_ring() -> None:
    rings = [name for name in modules() if name in reached(name)]
    assert rings == []


def test_the_app_imports_the_page_and_nobody_imports_the_app() -> None:
    assert all(in_package(found, "chat_app") or found in VALUES for found in own_imports("app"))
    assert [name for name in modules() if "app" in own_imports(name)] == []


def test_only_app_and_pages_import_pages() -> None:
    for name in modules():
        if not in_package(name, "chat_app.pages") and name != "app":
            assert not any(in_package(found, "chat_app.pages") for found in own_imports(name)), name


def test_only_pages_import_http() -> None:
    for name in modules():
        if not in_package(name, "chat_app.pages") and not in_package(name, "chat_app.http"):
            assert not any(in_package(found, "chat_app.http") for found in own_imports(name)), name


def test_the_chat_takes_the_memory_through_the_network() -> None:
    through = {*VALUES, *SHARED, "knowledge.memory_network"}
    for name in modules():
        if in_package(name, "chat_app") and name not in COMPOSING:
            past = {found for found in own_imports(name) if in_package(found, "knowledge")} - through
            past = {found for found in past if room_of(found) not in ("knowledge.text", "knowledge.feedback")}
            assert past == set(), f"{name} goes past the memory network"


def test_the_rules_see_an_import_anywhere() -> None:
    source = (
        "import a.b\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import only\nelse:\n    import other\n"
        "def f():\n    from knowledge import records\n    import_module('late')\n    from .x import y\n"
    )
    found = {(entry.module, entry.typing_only) for entry in _imports(ast.parse(source), "knowledge.parsers", False)}
    expected = {"a.b", "typing", "other", "knowledge.records", "late", "knowledge.parsers.x"}
    assert found == {(name, False) for name in expected} | {("only", True)}


# ---- files ----------------------------------------------------------------------------------------------------


def test_files_are_short() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules().values()}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_modules_say_what_they_do() -> None:
    silent = [p for p in modules().values() if not ast.get_docstring(ast.parse((ROOT / p).read_text(encoding="utf-8")))]
    assert silent == []


# ---- words that decide meaning ----------------------------------------------------------------------------------

# Meaning is read by trained parts. Patterns and lists of words stand only where words are cut, where dates are read,
# where a network takes them as evidence, and in the policy of the one very small decoder.
WORDS = (
    "knowledge.text.words",
    "knowledge.text.time_expressions",
    "knowledge.text.dates_in_words",
    "knowledge.read.recall_spans",
    "knowledge.read.evidence",
    "knowledge.read.fixed_reader",
    "knowledge.reply.small_model.*",
    "knowledge.input.embedded_encoder",  # names of a model's layers
    "knowledge.reply.local.blocks",  # names of kinds of models
)
_LISTED = 4  # words in one literal from which it is a list of words
_TAKES_WORDS = ("compile", "search", "match", "fullmatch", "findall", "sub", "frozenset", "set", "split")


def word_lists(source: str) -> list[str]:
    """Literals handed to a pattern or a set that hold several words of a language."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in _TAKES_WORDS:
            continue
        literals = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        text = re.sub(r"\\[a-zA-Z]|\[[^\]]*\]", " ", " ".join(literals))
        if len(re.findall(r"(?<![a-z<])[a-z]{3,}(?![a-z>])|[\u4e00-\u9fff]{1,4}", text)) >= _LISTED:
            found.append(text[:60])
    return found


def test_no_list_of_words_decides_meaning() -> None:
    assert word_lists("""re.compile(r"\\b(?:please|tell|give|show)\\b")""")
    assert word_lists('frozenset("now new sold moved".split())')
    assert not word_lists("""re.compile(r"[a-z]{3,}\\d+")""")
    wrong = {
        name: found
        for name, path in modules().items()
        if in_package(name, "knowledge") or in_package(name, "chat_app.dialogue")
        if not any(in_package(name, one) for one in (TRAINING, "knowledge.catalogue", "knowledge.documents.parsers"))
        if not allowed(name, WORDS) and (found := word_lists((ROOT / path).read_text(encoding="utf-8")))
    }
    assert wrong == {}


# ---- the README's tree ----------------------------------------------------------------------------------------


def tree(readme: str) -> dict[str, str]:
    """Path → purpose, from the fenced block that starts with ``app.py``.

    A line is a path, two spaces or more (or #), and a purpose; an indented path belongs to the folder above it.
    """
    block = re.search(r"^```\w*\n(app\.py\b.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block, "README.md has no fenced block that starts with app.py"
    found: dict[str, str] = {}
    folders: list[tuple[int, str]] = []  # (indent, path with a slash at its end)
    for line in block[1].splitlines():
        entry = re.fullmatch(r"( *)(\S+)(?:\s{2,}|\s*#\s*)?(.*)", line)
        if not entry or not line.strip():
            continue
        indent = len(entry[1])
        if not folders and indent:
            raise AssertionError(f"{line!r} is indented below nothing")
        folders = [folder for folder in folders if folder[0] < indent]
        path = (folders[-1][1] if folders else "") + entry[2]
        assert path not in found, f"{path} is named twice"
        found[path] = entry[3].strip(" #")
        if path.endswith("/"):
            folders.append((indent, path))
    return found


def folders(files: Iterable[str]) -> set[str]:
    """Every folder that holds Python files, texts or data of the project, as a path with a slash at its end."""
    found = {f"{folder}/" for path in files for folder in PurePosixPath(path).parents if str(folder) != "."}
    return {folder for folder in found if not folder.startswith(".")}


def test_the_readme_names_every_folder_and_nothing_else() -> None:
    named = tree((ROOT / "README.md").read_text(encoding="utf-8"))
    gone = [path for path in named if not (ROOT / path).exists() or path.endswith("/") != (ROOT / path).is_dir()]
    assert gone == [], "named in README.md, but not on the disk"
    assert [path for path, purpose in named.items() if not purpose] == [], "named in README.md without a purpose"
    assert folders(project_files()) - named.keys() == set()


def test_the_tree_is_read_right() -> None:
    block = "app.py    starts\nroom/  # a room\n  one.py   the one\n  in/      inner\n"
    named = tree(f"```\nother\n```\n```text\n{block}```\n")
    assert named == {"app.py": "starts", "room/": "a room", "room/one.py": "the one", "room/in/": "inner"}
    files = ["app.py", "room/__init__.py", "room/in/deep.py", "else/x.py", ".ci/run"]
    assert folders(files) == {"room/", "room/in/", "else/"}


def test_the_house_on_one_page_names_files_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)`", page)
    there = [name for name in named if any((ROOT / base / name).is_file() for base in ("", "knowledge"))]
    assert len(named) > 15 and named == there


# ---- where packages come from, and under what licence --------------------------------------------------------------


def test_no_file_names_a_package_registry() -> None:
    hosts = ["pypi" + ".org", "pypi.python" + ".org", "files.python" + "hosted", "registry.npm" + "js"]
    naming = []
    for path in project_files():
        content = (ROOT / path).read_bytes().lower()
        naming += [f"{path}: {host}" for host in hosts if host.encode() in content]
    assert naming == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned(name: str) -> None:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    wanted = [line for line in lines if line and not line.startswith("-r ")]
    assert len(wanted) > 3
    loose = [line for line in wanted if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.+!]+(\s*;.*)?", line)]
    assert loose == []


def test_the_licence_is_whole_and_the_notice_names_every_requirement() -> None:
    licence = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert licence == "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4"  # Apache-2.0 as published
    notice = (ROOT / "NOTICE.md").read_text(encoding="utf-8")
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", requirements, re.MULTILINE)
    assert [name for name in names if f"| {name} " not in notice] == []
    assert "SmolLM2-135M-Instruct" in notice and "all-MiniLM-L6-v2" in notice
