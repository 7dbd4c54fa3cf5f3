"""Makes the files that the tests take in: real PDFs and Word files with known facts, and files that mean harm.

By hand: ``python -m tests.make_documents FOLDER`` writes one of each kind.
"""

from __future__ import annotations

import csv
import io
import struct
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

_FIRST = ("Vel", "Tor", "Mar", "Kes", "Lun", "Bra", "Sol", "Dor", "Nim", "Hal", "Oss", "Pra", "Rud", "Fen", "Gal")
_SECOND = ("mora", "hagen", "wick", "dalen", "stad", "fjord", "burgo", "minster", "holm", "vera")
_TRADES = ("ferryman", "baker", "surveyor", "clockmaker", "botanist", "organist", "saddler", "glazier", "beekeeper")
_PEOPLE = ("Oskar Lind", "Ilse Brandt", "Marek Novak", "Aino Salmi", "Paulo Reis", "Greta Holm", "Tomas Vacek")
_FILLER = (
    "The road follows the river for some hours and then climbs through woods to a plain where the wind never ends.",
    "Travellers of the last century praised the bridges of this country more than its inns, and little is new.",
    "Grain is stored in wooden towers on stone feet, which keep the mice away and let the air pass below the floor.",
    "In winter the market is held in the hall of the town council, because snow makes the open square impassable.",
    "The chronicle counts three great fires, after each of which the houses were built further away from the water.",
)
RUNNING_HEADER = "Gazetteer of the Northern Provinces"


@dataclass(frozen=True)
class Fact:
    """What stands on one page and nowhere else."""

    page: int
    town: str
    sentence: str
    question: str
    answer: str


def fact(page: int) -> Fact:
    """The fact of a page, 1-based; towns are distinct for 150 pages."""
    town = _FIRST[page % 15] + _SECOND[(page // 15) % 10]
    trade, person, year = _TRADES[page % 9], _PEOPLE[page % 7], 1500 + 3 * page
    sentence = f"The {trade} of {town} was called {person} and came to the town in the year {year}."
    return Fact(page, town, sentence, f"Who was the {trade} of {town}?", person)


def chinese_fact(page: int) -> Fact:
    towns = ("青石镇", "白沙村", "云岭县", "柳河乡", "金桥镇", "松山村")
    goods = ("茶叶", "丝绸", "陶器", "药材", "木雕")
    town, ware = towns[page % 6], goods[page % 5]
    return Fact(page, town, f"{town}以{ware}闻名，镇上共有{page + 100}户人家。", f"{town}以什么闻名？", ware)


def pdf(path: Path, pages: int = 120, *, running_lines: bool = True, chinese: bool = False) -> Path:
    """A PDF with one fact a page among other text; header and page number on each page."""
    from reportlab.lib.pagesizes import A5
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    font = "Helvetica"
    if chinese:
        font = "STSong-Light"  # one of the fonts that every reader has
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    canvas = Canvas(str(path), pagesize=A5, invariant=1)
    for page in range(1, pages + 1):
        canvas.setFont(font, 9)
        if running_lines:
            canvas.drawString(40, 560, "北方各省地名志" if chinese else RUNNING_HEADER)
            canvas.drawString(180, 30, f"{page} / {pages}")
        lines = _chinese_lines(page) if chinese else _lines(page)
        for number, line in enumerate(lines):
            canvas.drawString(40, 530 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def _lines(page: int, width: int = 72) -> list[str]:
    filler = [_FILLER[(page + number) % len(_FILLER)] for number in range(3)]
    words = " ".join([filler[0], filler[1], fact(page).sentence, filler[2]]).split()
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _chinese_lines(page: int, width: int = 30) -> list[str]:
    text = "这条路沿着河走了几个小时，然后穿过山毛榉林。" + chinese_fact(page).sentence + "冬天的集市在大厅里举行。" * 2
    return [text[start : start + width] for start in range(0, len(text), width)]


def scanned_pdf(path: Path, pages: int = 3) -> Path:
    """Pages with a drawing and no text, as a scanner without OCR makes them."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    for _ in range(pages):
        canvas.rect(100, 100, 300, 500, fill=1)
        canvas.showPage()
    canvas.save()
    return path


def encrypted_pdf(path: Path, password: str, *, algorithm: str = "AES-256") -> Path:
    """``password`` "" only restricts what readers offer; the text opens without one."""
    from pypdf import PdfReader, PdfWriter

    plain = pdf(path.with_name("plain.pdf"), 2)
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.encrypt(user_password=password, owner_password="owner", algorithm=algorithm)
    writer.write(path)
    return path


CHAPTERS = {  # chapter → section → its text; "" is the text above the first section
    "Chapter 1 Arrival": {
        "": "The expedition reached the bay on the third of May.",
        "Harbour": "The harbour master was Ilse.",
    },
    "Chapter 2 Stay": {
        "Setup": "The tents stood on gravel, because the moss was wet.",
        "Weather": "On the ninth day a storm broke the mast of the radio station.",
    },
}
CHINESE_CHAPTERS = {
    "第一章 到达": {"": "考察队于五月三日抵达海湾。", "港口": "港务长名叫李敏，来自青岛。"},
    "第二章 停留": {"安装": "帐篷搭在砾石上，因为苔藓是湿的。", "天气": "第九天，风暴折断了电台的天线。"},
}


def docx(path: Path, *, chinese: bool = False) -> Path:
    """A Word file with chapters, sections, a list and a table, written by python-docx."""
    from docx import Document

    document = Document()
    document.add_heading("考察日记" if chinese else "Diary of the expedition", 0)
    for chapter, sections in (CHINESE_CHAPTERS if chinese else CHAPTERS).items():
        document.add_heading(chapter, 1)
        for section, text in sections.items():
            if section:
                document.add_heading(section, 2)
            document.add_paragraph(text)
    document.add_heading("附录" if chinese else "Appendix", 1)
    for entry in ("绳子", "灯") if chinese else ("rope", "lamp"):
        document.add_paragraph(entry, style="List Bullet")
    table = document.add_table(rows=0, cols=2)
    for left, right in (("姓名", "职务"), ("王芳", "厨师")) if chinese else (("Name", "Duty"), ("Marek", "cook")):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = left, right
    document.save(str(path))
    return path


def html(path: Path) -> Path:
    path.write_text(
        "<!doctype html><html><head><title>Field guide</title><style>p{color:red}</style>"
        "<script>var secret = 'script-text';</script></head><body><nav>Home</nav><p>Before any heading.</p>"
        "<h1>Birds</h1><p>The <b>dipper</b>\nwalks under water.<br>It bobs.</p><h2>Owls &amp; co</h2>"
        "<ul><li>tawny owl<li>eagle owl</ul><table><tr><th>Bird<th>Eggs<tr><td>dipper<td>5</table>"
        "<p hidden>hidden-text</p><div style='display: none'>invisible-text</div>"
        "<h1>鸟类</h1><p>河乌在水\n下行走。</p><script>more()</script></body></html>",
        encoding="utf-8",
    )
    return path


def csv_file(path: Path, rows: int = 30, *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["name", "city", "profession"])
    for number in range(1, rows + 1):
        here = fact(number)
        writer.writerow([here.answer, f"{here.town}, North", _TRADES[number % 9]])
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def chinese_csv(path: Path, *, encoding: str = "gb18030") -> Path:
    path.write_bytes("姓名,城市\r\n安娜,里斯本\r\n王芳,青岛\r\n".encode(encoding))
    return path


def markdown(path: Path) -> Path:
    path.write_text(
        "---\ntags: trip\n---\nIntroduction before headings.\n\n# Chapter 1\n\nFirst text.\n\n"
        "## Setup [guide](http://x.y)\n\nInstall the `pump`.\n\n"
        "```sh\n# not a heading\nrun it\n```\n\nChapter 2\n=========\n\n### Deep\n\n- one\n- two\n",
        encoding="utf-8",
    )
    return path


def text(path: Path, paragraphs: int = 40, *, encoding: str = "utf-8") -> Path:
    body = "\n\n".join(f"{_FILLER[n % 5]}\n{fact(n).sentence}" for n in range(1, paragraphs + 1))
    path.write_bytes(body.encode(encoding))
    return path


def chinese_text(path: Path, sentences: int = 60, *, encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(chinese_fact(n).sentence for n in range(1, sentences + 1)).encode(encoding))
    return path


# ---- files that mean harm -----------------------------------------------------------------------------

_DOCUMENT = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
_FONT = b"/Font << /A << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def package(path: Path, document: str, *, prolog: str = "", main: str = "word/document.xml") -> Path:
    """A minimal Word package around the body's XML (or around a whole part, where it begins with ``<?xml``)."""
    xml = document if document.startswith("<?xml") else prolog + _DOCUMENT.format(document)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{_TYPE}" Target="{main}"/></Relationships>',
        )
        out.writestr(main, xml)
    return path


def paragraph(words: str) -> str:
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def zip_bomb(path: Path, mebibytes: int = 200) -> Path:
    """A Word package of some hundred kilobytes that unpacks to ``mebibytes``."""
    with (
        zipfile.ZipFile(package(path, paragraph("small")), "a", zipfile.ZIP_DEFLATED) as out,
        out.open("word/styles.xml", "w") as part,
    ):
        for _ in range(mebibytes):
            part.write(b" " * 2**20)
    return path


def lying_zip_bomb(path: Path) -> Path:
    """The same with a directory that declares one kilobyte only."""
    zip_bomb(path)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as bomb:
        real = bomb.getinfo("word/styles.xml").file_size
    path.write_bytes(data.replace(struct.pack("<L", real), struct.pack("<L", 1024)))
    return path


def entity_bomb(path: Path) -> Path:
    """A billion laughs in the document part."""
    entities = '<!ENTITY a "ha ha ha ha ha ha ha ha ha ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    return package(path, paragraph("&j;"), prolog=f"<!DOCTYPE x [{entities}]>")


def form_bomb_pdf(path: Path, depth: int = 6, width: int = 12) -> Path:
    """A page whose forms draw each other again and again: width ** depth drawings."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R "
        b"/Resources << /XObject << /F 5 0 R >> " + _FONT + b" >> >>",
        _stream(b"/F Do", b""),
    ]
    for level in range(depth):
        forms = b"/XObject << /F %d 0 R >>" % (6 + level) if level < depth - 1 else b""
        content = b"/F Do " * width if level < depth - 1 else b"BT /A 9 Tf (x) Tj ET " * 20_000
        head = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter /FlateDecode /Resources << %s %s >> "
        head %= (forms, _FONT)
        objects.append(_stream(zlib.compress(content), head))
    out = io.BytesIO(b"%PDF-1.5\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    path.write_bytes(out.getvalue())
    return path


def _stream(content: bytes, head: bytes) -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (head, len(content), content)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pdf(folder / "gazetteer.pdf")
    pdf(folder / "地名志.pdf", 12, chinese=True)
    docx(folder / "diary.docx")
    docx(folder / "日记.docx", chinese=True)
    html(folder / "birds.html")
    csv_file(folder / "people.csv")
    chinese_csv(folder / "人员.csv")
    markdown(folder / "notes.md")
    text(folder / "chronicle.txt")
    chinese_text(folder / "村志.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
