"""Hostile files read in a process of their own: limits, cancel, crashes, and passages that are the same as without it.

Every attack is built here, small; the limits of the tests are small too, so that it is over soon.
"""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.documents import frames, reading_process
from knowledge.documents.files import parse
from knowledge.documents.limits import LIMITS, Limits
from knowledge.documents.reading_process import Batch, read_apart
from knowledge.errors import Cancelled, DocumentError
from knowledge.records import Passage
from tests import make_documents as make

MIB = 2**20
SMALL = replace(LIMITS, memory=256 * MIB, seconds=2.0)
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and signals are Linux's")


def read(path: Path, limits: Limits = LIMITS, cancelled: Callable[[], bool] = lambda: False) -> list[Passage]:
    batches = read_apart(path, path.name, progress=lambda share: None, cancelled=cancelled, limits=limits)
    return [passage for batch in batches for passage in batch.passages]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, because: str, limits: Limits = LIMITS) -> None:
    with pytest.raises(DocumentError, match=because) as caught:
        read(path, limits)
    message = str(caught.value)
    assert path.name in message and message.endswith(".") and "\n" not in message


def memory_of(process: int | str) -> int:
    """Bytes that a process holds now."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children(of: int) -> list[int]:
    listed = Path(f"/proc/{of}/task").glob("*/children")
    return [int(child) for one in listed for child in one.read_text().split()]


def reading_children() -> list[int]:
    return [child for child in children(os.getpid()) if b"reading_child" in Path(f"/proc/{child}/cmdline").read_bytes()]


# ---- the same passages -------------------------------------------------------------------------------------

ORDINARY: dict[str, Callable[[Path], Path]] = {
    "a.pdf": make.pdf,
    "b.pdf": lambda path: make.pdf(path, 8, chinese=True),
    "a.docx": make.docx,
    "b.docx": lambda path: make.docx(path, chinese=True),
    "a.html": make.html,
    "a.csv": make.csv_file,
    "人员.csv": make.chinese_csv,
    "a.md": make.markdown,
    "a.txt": lambda path: make.text(path, 400),
    "村志.txt": make.chinese_text,
}


@pytest.mark.parametrize("name", ORDINARY)
def test_passages_are_those_of_the_parser(tmp_path: Path, name: str) -> None:
    path = ORDINARY[name](tmp_path / name)
    apart = read(path)
    assert apart == list(parse(path, path.name)) and apart


def test_refusals_are_those_of_the_parser(tmp_path: Path) -> None:
    refused(write(tmp_path / "a.txt", " \n"), "has no text in it")
    refused(write(tmp_path / "a.exe", "MZ"), "documents are")
    refused(tmp_path / "gone.txt", "cannot be opened")
    refused(make.encrypted_pdf(tmp_path / "a.pdf", "secret"), "password")


def test_progress_comes_page_by_page_and_passages_before_the_end(tmp_path: Path) -> None:
    shares: list[float] = []
    path = make.pdf(tmp_path / "a.pdf")
    batches = list(read_apart(path, path.name, progress=shares.append, cancelled=lambda: False))
    assert shares[0] == 0.0 and shares[-1] == 1.0 and shares == sorted(shares) and len(shares) >= 100
    out = [batch.share for batch in batches]
    assert out == sorted(out) and out[0] < 0.5 and out[-1] == 1.0
    # One paragraph without end comes out piece by piece, too.
    path = make.chinese_text(tmp_path / "a.txt", 5000)
    out = [batch.share for batch in read_apart(path, "a.txt", progress=shares.append, cancelled=lambda: False)]
    assert out == sorted(out) and out[0] < 0.5 and len(set(out)) > 5


def test_the_process_starts_with_little() -> None:
    code = (
        "import sys, knowledge.documents.files\n"
        "heavy = ('numpy', 'torch', 'chromadb', 'gradio', 'sqlalchemy', 'pypdf', 'lxml')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- attacks -----------------------------------------------------------------------------------------------


def wide_docx(path: Path) -> Path:
    """A small file whose one paragraph unpacks to a tree of gigabytes."""
    return make.package(path, "<w:p>" + "<w:r><w:t>x</w:t></w:r>" * 1_500_000 + "</w:p>")


def deep_docx(path: Path) -> Path:
    return make.package(path, "<w:tbl><w:tr><w:tc>" * 80 + make.paragraph("deep") + "</w:tc></w:tr></w:tbl>" * 80)


@linux
def test_a_small_file_that_takes_gigabytes_ends_at_its_limit(tmp_path: Path) -> None:
    path = wide_docx(tmp_path / "a.docx")
    assert path.stat().st_size < 400_000
    before = memory_of("self")
    refused(path, "takes more memory", replace(LIMITS, memory=256 * MIB))
    assert memory_of("self") - before < 64 * MIB


@linux
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", '"' + "\n" * 100 + '",' + ",".join(f'"{n}"' for n in range(1_500_000))),
        ("letters.txt", "😀" + "a" * 30 * MIB),
        ("deep.html", "<p>" + "<b>" * 600_000),
    ],
)
def test_text_that_takes_much_memory_leaves_the_server_as_it_was(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path / name, content)
    del content
    before = memory_of("self")
    refused(path, "takes more memory|takes too long|no text", replace(SMALL, memory=160 * MIB))
    assert memory_of("self") - before < 64 * MIB


@linux
def test_a_parser_that_does_not_end_is_ended(tmp_path: Path) -> None:
    refused(make.form_bomb_pdf(tmp_path / "a.pdf"), "takes too long", replace(LIMITS, seconds=1.0))


def test_a_process_that_waits_for_nothing_is_ended_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "child.py", "import sys, time\nsys.stdin.readline()\ntime.sleep(600)")
    monkeypatch.setattr(reading_process.reading_child, "__file__", str(tmp_path / "child.py"))
    refused(write(tmp_path / "a.txt", "words"), "takes too long", replace(LIMITS, seconds=0.1, seconds_a_mib=0.0))


def test_headings_that_hold_nothing_are_too_many(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "".join(f"# {n}\n" for n in range(450_000)))
    count = 0
    with pytest.raises(DocumentError, match="more than .* passages"):
        for batch in read_apart(path, "a.md", progress=lambda share: None, cancelled=lambda: False):
            count += len(batch.passages)
    assert 10_000 <= count < 20_000  # seen long before all are there


def test_many_passages_of_a_real_text_are_taken(tmp_path: Path) -> None:
    path = make.chinese_text(tmp_path / "a.txt", 20_000)
    assert len(read(path, replace(LIMITS, free_passages=100))) > 2000
    refused(path, "more than 2000 passages", replace(LIMITS, passages=2000))
    refused(path, "unpacks to more than 100000 characters", replace(LIMITS, characters=100_000))


def test_newlines_without_end_are_no_text(tmp_path: Path) -> None:
    refused(write(tmp_path / "a.txt", b"\n" * (4 * MIB)), "no text", replace(LIMITS, memory=256 * MIB))


def test_white_space_that_nothing_narrows_makes_no_huge_passage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "a" + "\u2003" * 300_000 + "b")
    assert [passage.text for passage in read(path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "make_file"),
    [
        ("a.docx", deep_docx),
        ("b.docx", make.entity_bomb),
        ("c.docx", make.zip_bomb),
        ("d.docx", make.lying_zip_bomb),
        ("a.html", lambda path: write(path, "<pre>" + "&#32;" * 100_000 + "x" + "<div>" * 100_000)),
        ("a.csv", lambda path: write(path, '"' * 300_001)),
        ("a.md", lambda path: write(path, "[" * 50_000 + "](" * 1000)),
    ],
)
def test_other_bombs_are_read_or_refused_with_a_sentence(
    tmp_path: Path, name: str, make_file: Callable[[Path], Path]
) -> None:
    path = make_file(tmp_path / name)
    try:
        assert read(path, replace(LIMITS, seconds=20.0))
    except DocumentError as error:
        assert name in str(error) and "parser broke" not in str(error)


# ---- cancel and crashes ------------------------------------------------------------------------------------


@linux
def test_cancel_ends_the_process_at_once(tmp_path: Path) -> None:
    path = make.form_bomb_pdf(tmp_path / "a.pdf")
    seen: list[int] = []

    def cancelled() -> bool:
        seen.extend(reading_children())
        return len(seen) > 3  # it runs

    with pytest.raises(Cancelled):
        read(path, cancelled=cancelled)
    assert reading_children() == []


@linux
def test_leaving_the_passages_ends_the_process(tmp_path: Path) -> None:
    path = make.text(tmp_path / "a.txt", 20_000)
    with closing(read_apart(path, "a.txt", progress=lambda share: None, cancelled=lambda: False)) as batches:
        assert next(batches).passages and len(reading_children()) == 1
    assert reading_children() == []


@linux
@pytest.mark.parametrize(
    ("signal_", "because"), [(signal.SIGKILL, "was killed"), (signal.SIGSEGV, "broke"), (signal.SIGXCPU, "too long")]
)
def test_a_process_that_dies_in_the_middle_is_told(tmp_path: Path, signal_: signal.Signals, because: str) -> None:
    path = make.text(tmp_path / "a.txt", 20_000)
    batches = read_apart(path, "a.txt", progress=lambda share: None, cancelled=lambda: False)
    assert next(batches).passages
    (child,) = reading_children()
    os.kill(child, signal_)
    with pytest.raises(DocumentError, match=because):
        list(batches)
    assert reading_children() == []


def test_the_process_is_never_far_ahead_of_who_takes_the_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = tmp_path / "sent"
    write(
        tmp_path / "child.py",
        "import json, struct, sys\nfrom pathlib import Path\nsys.stdin.readline()\n"
        "text = json.dumps({'passages': [['w' * 19_000, None, '']] * 8, 'out': 0.5}).encode()\n"
        "for number in range(200):\n"
        f"    Path({str(sent)!r}).write_text(f'{{number:06}}')\n"
        "    sys.stdout.buffer.write(struct.pack('>I', len(text)) + text)\n",
    )
    monkeypatch.setattr(reading_process.reading_child, "__file__", str(tmp_path / "child.py"))
    path = write(tmp_path / "a.txt", "words")
    with closing(read_apart(path, "a.txt", progress=lambda share: None, cancelled=lambda: False)) as batches:
        for taken, _ in zip(range(150), batches, strict=False):
            assert int(sent.read_text() or 0) <= taken + 8  # four in the queue, one in each hand, the pipe's 64 KiB


def frame(*values: object) -> str:
    """Source of a process that sends these values and ends well."""
    sent = ", ".join(json.dumps(json.dumps(value)) for value in values)
    return (
        "import struct, sys\nsys.stdin.readline()\n"
        f"for text in [{sent}]:\n    sys.stdout.buffer.write(struct.pack('>I', len(text)) + text.encode())\n"
    )


GOOD = {"passages": [["words", None, ""]], "out": 0.5}


@pytest.mark.parametrize(
    "source",
    [
        frame(GOOD),  # ends without a word
        frame(GOOD, {"passages": [["words", -1, ""]], "out": 0.5}),
        frame({"passages": [["words", True, ""]], "out": 0.5}),
        frame({"passages": [[" ", None, ""]], "out": 0.5}),
        frame({"passages": [["w" * 30_000, None, ""]], "out": 0.5}),
        frame({"passages": [["words", None, "\ud800"]], "out": 0.5}),
        frame({"passages": [["words"]], "out": 0.5}),
        frame({"passages": [], "out": 7.0}),
        frame({"read": "1"}),
        frame({"else": 1}),
        frame([1, 2]),
        "import sys\nsys.stdout.write('\\xff' * 100)",
        "import sys\nsys.stdout.buffer.write(b'\\0\\0\\0\\4{{{{')",
        "import sys\nsys.stdout.buffer.write(b'\\0\\1\\x86\\xa0' + b'[' * 100_000)",
        "import sys\nsys.stdout.buffer.write(b'\\0\\0\\1\\0abc')",
        "raise RuntimeError('a bug')",
        "",
    ],
)
def test_what_a_taken_over_process_sends_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    write(tmp_path / "child.py", source)
    monkeypatch.setattr(reading_process.reading_child, "__file__", str(tmp_path / "child.py"))
    refused(write(tmp_path / "a.txt", "words"), "its parser broke on it")


def test_what_it_prints_goes_to_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "child.py", "import sys\nsys.stderr.write('x' * 9000 + '\\x1b[2J a bug')\nsys.exit(3)")
    monkeypatch.setattr(reading_process.reading_child, "__file__", str(tmp_path / "child.py"))
    refused(write(tmp_path / "a.txt", "words"), "its parser broke on it")
    (record,) = caplog.records
    assert "?[2J a bug" in record.message and "code 3" in record.message and len(record.message) < 5000


@linux
def test_it_inherits_no_descriptor_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNEME_API_KEY", "secret")
    with (tmp_path / "own").open("w") as own:
        os.set_inheritable(own.fileno(), True)
        path = make.text(tmp_path / "a.txt", 20_000)
        with closing(read_apart(path, "a.txt", progress=lambda share: None, cancelled=lambda: False)) as batches:
            next(batches)
            (child,) = reading_children()
            opened = {os.readlink(one) for one in Path(f"/proc/{child}/fd").iterdir()}
            assert own.name not in opened and len(opened) <= 5
            assert b"secret" not in Path(f"/proc/{child}/environ").read_bytes()
            limits = Path(f"/proc/{child}/limits").read_text()
            assert f"{LIMITS.memory}" in limits
            assert Path(f"/proc/{child}/oom_score_adj").read_text() == "1000\n"


def may_unshare() -> bool:
    code = "import ctypes, os; flags = 0x40000000 | (0x10000000 if os.geteuid() else 0)\n"
    code += "raise SystemExit(ctypes.CDLL(None).unshare(flags) != 0)"
    return sys.platform == "linux" and subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.skipif(not may_unshare(), reason="this system grants no network of one's own")
def test_it_reaches_no_network(tmp_path: Path) -> None:
    path = make.text(tmp_path / "a.txt", 20_000)
    with closing(read_apart(path, "a.txt", progress=lambda share: None, cancelled=lambda: False)) as batches:
        next(batches)
        (child,) = reading_children()
        assert os.readlink(f"/proc/{child}/ns/net") != os.readlink("/proc/self/ns/net")


READER = """
import sys, time
from pathlib import Path
from knowledge.documents.reading_process import read_apart
batches = read_apart(Path(sys.argv[1]), "a.txt", progress=lambda share: None, cancelled=lambda: False)
next(batches)
print("reads", flush=True)
time.sleep(600)
"""


@linux
def test_it_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    path = make.text(tmp_path / "a.txt", 20_000)
    with subprocess.Popen([sys.executable, "-c", READER, str(path)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdout.readline() == b"reads\n"
        (child,) = children(server.pid)
        watched = os.pidfd_open(child)
        server.kill()
    try:
        assert select.select([watched], [], [], 30)[0], "it lives on"
    finally:
        os.close(watched)


def test_frames_come_back_as_they_were() -> None:
    pipe = io.BytesIO()
    values = [{"read": 0.5}, {"passages": [["鸟\n", 3, "A › B"]], "out": 1.0}]
    for value in values:
        frames.write(pipe, value)
    pipe.seek(0)
    assert [frames.read(pipe), frames.read(pipe), frames.read(pipe)] == [*values, None]


def test_a_bounded_number_of_files_is_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_process, "_AT_ONCE", threading.BoundedSemaphore(1))
    path = make.text(tmp_path / "a.txt", 2000)
    with closing(read_apart(path, "a.txt", progress=lambda share: None, cancelled=lambda: False)) as batches:
        assert isinstance(next(batches), Batch)
        with pytest.raises(Cancelled):
            read(path, cancelled=lambda: True)
    assert read(path)


def test_a_zip_with_thousands_of_entries_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as out:
        for number in range(5_000):
            out.writestr(f"{number}.xml", "")
    refused(tmp_path / "a.docx", "not a Word document")
