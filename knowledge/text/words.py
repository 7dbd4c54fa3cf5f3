"""Cuts text into what the word index stores and a query asks for. Chinese, Japanese and Korean as overlapping pairs.

Knows: scripts, stop words, and stems as FTS5's porter tokenizer makes them. Does not know: any index.
CJK runs are cut as by Lucene's CJKBigramFilter: pairs and single characters in the index (its outputUnigrams), pairs in
the query. No dictionary is needed, and a word of any length is found.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

_CJK = (
    r"\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    r"\uf900-\ufaff\U00020000-\U0003134f"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*")
_PLAIN = re.compile(r"\w+")
TERM = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
# Question words and particles split a Chinese query: what they would pair into says nothing.
_CJK_STOP = re.compile(
    "什么|哪里|哪儿|哪个|怎么|怎样|为什么|多少|告诉|你好|您好|谢谢|"
    "谁|几|吗|呢|吧|啊|的|了|是|在|我|你|您|他|她|它|们|和|有|请|叫|很|也|都|这|那"
)
STOP_WORDS = frozenset(
    """a about after again all also am an and any are aren as at be because been before being both but by can cannot
    could couldn d did didn do does doesn doing don down during each few for from further had hadn has hasn have haven
    having he her here hers herself him himself his how i if in into is isn it its itself just ll m may me might more
    most must my myself no nor not now of off on once only or other our ours ourselves out over own re s same shall
    shan she should shouldn so some such t than that the their theirs them themselves then there these they this those
    through to too under until up ve very was wasn we were weren what when where which while who whom whose why will
    with won would wouldn y you your yours yourself yourselves""".split()  # noqa: SIM905
)
UNREADABLE = 0.5  # share of a text's letters that an encoder does not know from which only its words are looked at
_STEMMER = Stemmer.Stemmer("porter")
_STEMS_KEPT = 65536


def index_words(text: str) -> str:
    """Text as it is indexed: each CJK run as its characters and its overlapping pairs."""

    def rewrite(run: re.Match[str]) -> str:
        characters = run.group()
        return f" {' '.join([*characters, *_pairs(characters)])} "

    return _CJK_RUN.sub(rewrite, unicodedata.normalize("NFKC", text))


def query_terms(text: str) -> list[str]:
    """The words a query asks for, once each: CJK runs as pairs (one character alone as itself), others without stop
    words unless nothing else remains."""
    words: list[str] = []
    cjk: list[str] = []
    for term in TERM.findall(unicodedata.normalize("NFKC", text).lower()):
        if _CJK_RUN.fullmatch(term):
            pieces = [piece for piece in _CJK_STOP.split(term) if piece]
            for piece in pieces or [term]:
                cjk += _pairs(piece) or [piece]
        else:
            words.append(term)
    telling = [word for word in words if word not in STOP_WORDS]
    return list(dict.fromkeys([*telling, *cjk] or words))


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def is_cjk(term: str) -> bool:
    """Is this term written in Chinese, Japanese or Korean script altogether?"""
    return _CJK_RUN.fullmatch(term) is not None


def cjk_share(text: str) -> float:
    """Share of the text's letters and digits that are Chinese, Japanese or Korean, 0…1."""
    cjk = sum(map(len, _CJK_RUN.findall(text)))
    return cjk / max(1, sum(map(str.isalnum, text)))


def sentences(text: str) -> list[str]:
    """The sentences of a text with their end marks; the last may lack one."""
    return _SENTENCE.findall(text)


def plain(text: str) -> str:
    """A text's words alone, for telling whether two texts say the same."""
    return " ".join(_PLAIN.findall(text.casefold()))


class _Stems(dict[str, str]):
    """Word → its stem, made when it is first asked for: a look-up in C, of which a read makes thousands."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _STEMS_KEPT:
            self.clear()
        made = self[word] = word if is_cjk(word) else str(_STEMMER.stemWord(word))
        return made


STEMS = _Stems()


def stem(word: str) -> str:
    return STEMS[word]


@lru_cache(maxsize=4096)
def telling(text: str) -> frozenset[str]:
    """Stems of what the text would ask for as a query, without stop words."""
    return frozenset(stem(word) for word in query_terms(text) if word not in STOP_WORDS)
