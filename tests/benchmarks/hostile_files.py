"""Files that mean harm: good ones changed at random, by seed, and bombs made by hand, for each parser.

Does not know: servers, what becomes of the files.
"""

from __future__ import annotations

import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import make_documents as make

KINDS = ("txt", "md", "html", "csv", "docx", "pdf")
# What a parser looks for, and numbers at the edges of what it expects; one a line.
_TOKENS = [
    token.encode("latin-1")
    for token in [
        "<",
        ">",
        "</",
        "<!--",
        "]]>",
        "<![CDATA[",
        "&#0;",
        "&#xD800;",
        "&a;",
        "<!DOCTYPE x [",
        "<w:p>",
        "</w:p>",
        "endobj",
        "endstream",
        "/Length -1",
        "/Length 99999999999",
        "/Kids [1 0 R]",
        "/Parent 3 0 R",
        "0 0 R",
        "4294967296 0 R",
        "/Filter [/FlateDecode /FlateDecode /ASCII85Decode]",
        "BT",
        "Do",
        "xref",
        '"',
        ",",
        "|",
        "\t",
        "# ",
        "---",
        "```",
        "[",
        "](",
        "ÿ",
        "þÿ",
        "ï»¿",
        "í\xa0\x80",
        "â\x80®",
        "ð\x9f\x98\x80",
        "\x00",
        "\x0c",
    ]
] + [b"\n", b"\r\n", b"\r", b"\x85"]


def texts(folder: Path | None, most: int = 200_000) -> list[str]:
    """Paragraphs of the JSON files of a folder; without one, those that the tests' documents are made of."""
    found: list[str] = []

    def gather(value: object) -> None:
        if isinstance(value, str) and len(value) > 40:
            found.append(value)
        elif isinstance(value, dict):
            for one in value.values():
                gather(one)
        elif isinstance(value, list):
            for one in value:
                gather(one)

    for path in sorted(folder.glob("*.json")) if folder else ():
        gather(json.loads(path.read_text("utf-8")))
        if sum(map(len, found)) > most:
            break
    return found or [make.fact(page).sentence + " " + make.chinese_fact(page).sentence for page in range(1, 60)]


def good_files(paragraphs: list[str], chance: random.Random) -> dict[str, list[bytes]]:
    """Some ordinary files of each kind, written from paragraphs."""
    some = [" ".join(one.split()) for one in chance.sample(paragraphs, min(24, len(paragraphs)))]
    plain = [one.replace("&", "and").replace("<", "(") for one in some]
    markdown = "".join(f"{'#' * (1 + n % 4)} Part {n}\n\n{one}\n\n" for n, one in enumerate(some))
    page = "".join(f"<h{1 + n % 6}>Part {n}</h{1 + n % 6}><p>{one}" for n, one in enumerate(plain))
    table = "\n".join(f'{n},"{one[:60]}",{len(one)}' for n, one in enumerate(some))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = {
            "txt": [make.chinese_text(folder / "a.txt")],
            "md": [make.markdown(folder / "a.md")],
            "html": [make.html(folder / "a.html")],
            "csv": [make.csv_file(folder / "a.csv")],
            "docx": [
                make.docx(folder / "a.docx"),
                make.package(folder / "b.docx", "".join(map(make.paragraph, plain))),
            ],
            "pdf": [
                make.pdf(folder / "a.pdf", 4),
                make.pdf(folder / "b.pdf", 2, chinese=True),
                _open_pdf(folder / "c.pdf", plain),
            ],
        }
        good = {kind: [path.read_bytes() for path in paths] for kind, paths in made.items()}
    good["txt"] += ["\n\n".join(some).encode(), "\n".join(some).encode("utf-16")]
    good["md"].append(markdown.encode())
    good["html"].append(page.encode())
    good["csv"].append(table.encode())
    return good


def _open_pdf(path: Path, paragraphs: list[str]) -> Path:
    """A PDF whose streams are not packed, so that a change hits operators and not only the packing."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pageCompression=0, invariant=1)
    for start in range(0, len(paragraphs), 6):
        for number, one in enumerate(paragraphs[start : start + 6]):
            canvas.drawString(40, 700 - 20 * number, one[:90])
        canvas.showPage()
    canvas.save()
    return path


def mutated(good: dict[str, list[bytes]], kind: str, chance: random.Random) -> bytes:
    """One file of the kind, changed in some places; a Word file mostly inside its parts."""
    data = chance.choice(good[kind])
    if kind == "docx" and chance.random() < 0.8:
        return _inside_package(data, good, chance)
    return _changed(data, good[kind], chance)


def _changed(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(out) + 1)
        length = chance.choice((1, 2, 8, 64, 1024))
        match chance.randrange(8):
            case 0:
                out[at : at + length] = chance.randbytes(length)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length] * chance.choice((2, 16, 256))
            case 3:
                out[at:at] = chance.choice(_TOKENS) * chance.choice((1, 1, 1, 16, 4096))
            case 4:
                other = chance.choice(others)
                start = chance.randrange(len(other))
                out[at : at + length] = other[start : start + length]
            case 5:
                del out[at:]
            case 6 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case _:
                digits = [place for place in range(len(out)) if 48 <= out[place] < 58]
                if digits:
                    out[chance.choice(digits)] = 48 + chance.randrange(10)
        out = out or bytearray(b" ")
    return bytes(out[: 2**21])


def _inside_package(data: bytes, good: dict[str, list[bytes]], chance: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as changed:
        names = package.namelist()
        chosen = {name for name in names if "document.xml" in name or ".rels" in name or "styles" in name}
        chosen = set(chance.sample(sorted(chosen), min(len(chosen), chance.choice((1, 1, 2)))))
        for name in names:
            part = package.read(name)
            changed.writestr(name, _changed(part, [part, *good["html"]], chance) if name in chosen else part)
    return out.getvalue()


Bomb = Callable[[Path], object]


def bombs() -> Iterator[tuple[str, Bomb]]:
    """(file name, function that writes it) of attacks made by hand."""
    cells = "<w:tr><w:tc>" + make.paragraph("x") + "</w:tc></w:tr>"
    opened, closed = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
    texts_of = {
        "newlines.txt": lambda: "\n" * 20_000_000,
        "spaces.txt": lambda: "a" + "\u2003" * 4_000_000 + "b",
        "letters.txt": lambda: "a" * 2_000_000,
        "wide.txt": lambda: "😀" * 200_000,
        "marks.txt": lambda: "a\u0301" * 200_000,
        "dots.txt": lambda: ". " * 500_000,
        "headings.md": lambda: "".join(f"# {n}\n" for n in range(700_000)),
        "brackets.md": lambda: "# " + "[a](" * 200_000,
        "fences.md": lambda: "```\n~~~\n" * 200_000,
        "matter.md": lambda: "---\n" + "a: b\n" * 100_000,
        "deep.html": lambda: "<div>" * 2_000_000 + "deep",
        "bold.html": lambda: "<p>" + "<b>" * 1_000_000,
        "angles.html": lambda: "<" * 5_000_000,
        "entities.html": lambda: "<p>" + "&#32;" * 2_000_000 + "x" + "&amp;" * 1_000_000,
        "attributes.html": lambda: "<p " + " ".join(f"a{n}=b" for n in range(500_000)) + ">x",
        "style.html": lambda: "<p style='" + "display " * 500_000 + "'>x",
        "table.html": lambda: "<table>" + "<tr><td>x" * 200_000,
        "headings.html": lambda: "<h1>a" * 700_000,
        "quotes.csv": lambda: '"' * 10_000_001,
        "columns.csv": lambda: ",".join(f"c{n}" for n in range(20_000)) + "\n" + ",".join("v" * 20_000),
        "repeats.csv": lambda: ",".join("n" * 90 + str(n) for n in range(50)) + "\n" + ("v," * 50 + "\n") * 2000,
        "rows.csv": lambda: "a\n" * 1_000_000,
    }
    bodies = {
        "wide.docx": lambda: "<w:p>" + "<w:r><w:t>x</w:t></w:r>" * 4_000_000 + "</w:p>",
        "deep.docx": lambda: "<w:p>" * 200 + make.paragraph("x") + "</w:p>" * 200,
        "deeper.docx": lambda: "<w:p>" * 1_000_000,
        "paragraphs.docx": lambda: make.paragraph("x") * 300_000,
        "rows.docx": lambda: f"<w:tbl>{cells * 300_000}</w:tbl>",
        "nested.docx": lambda: opened * 60 + make.paragraph("x") * 9000 + closed * 60,
        "attributes.docx": lambda: "<w:p " + " ".join(f"a{n}='b'" for n in range(300_000)) + "/>",
    }
    for name, text in texts_of.items():
        yield name, lambda path, text=text: path.write_bytes(text().encode())
    for name, body in bodies.items():
        yield name, lambda path, body=body: make.package(path, body())
    yield "packed.docx", make.zip_bomb
    yield "lying.docx", make.lying_zip_bomb
    yield "entities.docx", make.entity_bomb
    yield "forms.pdf", make.form_bomb_pdf
    yield "pages.pdf", lambda path: make.pdf(path, 3000)
