"""Words: what is cut, what is found, how it is scored, and that nothing of a query is syntax."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from knowledge.memory.lexical import LexicalIndex
from knowledge.reply.small_model.message_forms import is_small_talk
from knowledge.text.words import cjk_share, index_words, query_terms
from tests.make_memories import memory, talk


@pytest.fixture
def index(tmp_path: Path):
    lexical = LexicalIndex(tmp_path)
    yield lexical.of("ann")
    lexical.close()


def test_chinese_is_cut_into_pairs_and_characters() -> None:
    assert index_words("搬到里斯本 in 2019").split() == [
        *["搬", "到", "里", "斯", "本", "搬到", "到里", "里斯", "斯本"],
        "in",
        "2019",
    ]
    assert query_terms("里斯本") == ["里斯", "斯本"]
    assert query_terms("猫") == ["猫"]
    assert query_terms("我的猫叫什么名字？") == ["猫", "名字"]
    assert query_terms("ＡＢＣ ｶﾞ") == ["abc", "ガ"]  # full and half width


def test_stop_words_go_unless_nothing_else_remains() -> None:
    assert query_terms("Where does my sister live?") == ["sister", "live"]
    assert query_terms("Who am I?") == ["who", "am", "i"]
    assert query_terms("?!") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, True) for text in ("Hello!", "Hi there, how are you?", "Thanks a lot!", "OK", "你好！", "谢谢", "…")],
        *[(text, False) for text in ("And her?", "Who am I?", "What day is it?", "Lisbon", "你好，我妹妹在哪里？")],
    ],
)
def test_small_talk(text: str, expected: bool) -> None:
    assert is_small_talk(text) is expected


def test_share_of_chinese() -> None:
    assert cjk_share("里斯本") == 1.0
    assert cjk_share("Lisbon!") == cjk_share("") == 0.0
    assert cjk_share("ab里斯") == 0.5


def test_stems_accents_and_case_do_not_matter(index) -> None:
    index.put(talk("She LIVES near the Café.", "Nothing here."))
    assert list(index.matches("living in cafes").own) == ["talk-0"]


def test_chinese_is_found_by_words(index) -> None:
    index.put(talk("我的妹妹安娜2019年搬到了里斯本。", "今天天气很好。"))
    assert list(index.matches("我妹妹住在哪里？").own) == ["talk-0"]
    assert index.search("里斯本") == ["talk-0"]
    assert index.search("天") == ["talk-1"]


def test_score_is_about_one_when_every_word_is_there_and_falls_with_words_nobody_wrote(index) -> None:
    index.put(talk("red apple pie", "blue plum tart", "green pear cake"))
    everything = index.matches("red apple pie").own["talk-0"]
    part = index.matches("red apple zeppelin").own["talk-0"]
    assert everything == pytest.approx(1.0, abs=0.05)
    assert 0.2 < part < 0.7


def test_a_memory_of_one_turn_can_be_found(index) -> None:
    index.put(talk("My sister moved to Lisbon."))
    assert index.matches("my sister").own["talk-0"] > 0.5  # the classic idf would be 0


def test_the_window_is_what_stands_around(index) -> None:
    index.put([*talk("alpha", "beta", "gamma", "delta"), memory("other-1", "beta", container="other", position=1)])
    window = index.matches("alpha").window
    score = index.matches("alpha").own["talk-0"]
    assert window["talk", 1] == pytest.approx(0.5 * score)
    assert window["talk", 2] == pytest.approx(0.25 * score)
    assert ("talk", 0) not in window and ("talk", 3) not in window and ("other", 1) not in window


@pytest.mark.parametrize(
    "text", ['"', "a AND", "NEAR(", "text:apple", "app*", "^apple", "-apple", "'; DROP TABLE words", "(", "\0"]
)
def test_nothing_of_a_query_is_syntax(index, text: str) -> None:
    index.put(talk("apple", "a text and near drop table words"))
    index.matches(text)
    index.search(text)
    assert "talk-0" not in index.search("app OR pear")


def test_search_takes_every_word_and_an_unfinished_last_one(index) -> None:
    index.put(talk("Anna moved to Lisbon", "Anna moved to Porto"))
    assert index.search("anna lis") == ["talk-0"]
    assert sorted(index.search("anna")) == ["talk-0", "talk-1"]
    assert index.search("anna madrid") == []


def test_unreadable_is_found_by_people_only(index) -> None:
    one = memory("talk-0", "apple", muted=True)
    index.put([one])
    assert index.matches("apple").own == {} and index.search("apple") == ["talk-0"]
    assert index.unreadable(["talk-0", "unknown"]) == {"talk-0"}
    index.set_readable([memory("talk-0", "apple")])
    assert list(index.matches("apple").own) == ["talk-0"] and index.unreadable(["talk-0"]) == set()


def test_putting_again_replaces(index) -> None:
    index.put(talk("apple"))
    index.put(talk("pear"))
    assert index.count() == 1 and index.search("apple") == [] and index.search("pear") == ["talk-0"]


def test_owners_have_files_of_their_own_whatever_their_names(tmp_path: Path) -> None:
    lexical = LexicalIndex(tmp_path)
    for owner in ("ann", "../ann", "Ann", "a/b", "安"):
        lexical.of(owner).put([memory("m", f"secret {owner}")])
    assert len(list(tmp_path.glob("*.sqlite3"))) == 5
    assert all(lexical.of(owner).count() == 1 for owner in ("ann", "../ann", "Ann"))
    lexical.close()


@pytest.mark.parametrize("damage", ["garbage", "other tables", "newer"])
def test_a_file_that_cannot_be_used_is_replaced_by_an_empty_one(tmp_path: Path, damage: str) -> None:
    lexical = LexicalIndex(tmp_path)
    lexical.of("ann").put(talk("apple"))
    lexical.close()
    [path] = tmp_path.glob("*.sqlite3")
    if damage == "garbage":
        path.write_bytes(b"not a database " * 1000)
    else:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99" if damage == "newer" else "DROP TABLE places")
        connection.close()
    again = LexicalIndex(tmp_path)
    assert again.of("ann").count() == 0
    again.of("ann").put(talk("pear"))
    assert again.of("ann").search("pear") == ["talk-0"]
    again.close()


def test_an_index_whose_content_is_damaged_counts_as_empty(index, tmp_path: Path) -> None:
    index.put(talk("apple", "pear"))
    [path] = tmp_path.glob("*.sqlite3")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM words_content WHERE id = 1")
    connection.commit()
    connection.close()
    assert index.count() == 0


def test_counts_are_kept_until_somebody_writes(tmp_path: Path) -> None:
    one, other = LexicalIndex(tmp_path), LexicalIndex(tmp_path)
    index, elsewhere = one.of("ann"), other.of("ann")
    index.put(talk("apple", "pear"))
    rare = index.idf(["apple", "unheard"])
    assert index.idf(["apple", "unheard"]) == rare
    index.put(talk("apple", container="more"))  # by this connection
    common = index.idf(["apple", "unheard"])
    assert common["apple"] < rare["apple"] and common["unheard"] > rare["unheard"]
    elsewhere.put(talk("apple", "apple", container="elsewhere"))  # by another
    assert index.idf(["apple"])["apple"] < common["apple"]
    index.clear()
    index.put(talk("plum", "fig"))
    assert index.idf(["apple"])["apple"] > rare["apple"]
    one.close()
    other.close()
