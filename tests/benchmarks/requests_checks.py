"""What a rule can tell of a reply to an everyday request: canned, empty, an echo, the wrong language, plainly wrong.

``checked`` gives the verdict of the request's kind: True or False where a rule can tell, None where a person has to
read it. ``from_memory``: what the reply names that only memory holds. Does not know: the application.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from tests.benchmarks.answer_forms import forms_of, plain, telling

# Requests whose answer is a few words that anybody can look up (answer_forms.py).
FACTS = {
    "What's the capital of Australia?": ["Canberra"],
    "When did the Berlin Wall fall?": ["1989"],
    "how many legs does a spider have": ["8"],
    "What language do they speak in Brazil?": ["Portuguese"],
    "Who painted the Mona Lisa?": ["Leonardo | da Vinci"],
    "What is 17 times 23?": ["391"],
    "If a train goes 180 km in 2 hours, how fast is it?": ["90"],
    "How many minutes are in three and a half hours?": ["210"],
}
# Little words by which a language shows; Chinese shows by its characters.
_LITTLE = {
    "French": "le la les est où je vous bonjour une un des et pour gare que de il nous",
    "Spanish": "el la los las una un es para por favor quisiera mesa me gustaría de dos que y",
    "German": "der die das ist ich und ein eine nicht bitte wo zu den mit guten",
    "Italian": "il la è un una per di che e dove vorrei buongiorno sono i le",
    "English": "the is a and to of you it in that i for are with this your be",
}
_LANGUAGES = {name: frozenset(words.split()) for name, words in _LITTLE.items()}
_COMMON = frozenset(
    plain(
        "Mr Mrs Dr January February March April May June July August September October November "
        "December Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
    ).split()
)
_ASKED_FOR = re.compile(
    r"\b(?:in|into|to)\s+(French|Spanish|German|Italian|Chinese|English)\b|译成(中文|英文)|用(中文|英文)"
)
_NAMED = {"中文": "Chinese", "英文": "English"}
_CODE = re.compile(r"```[ \t]*(\w*)[^\n]*\n(.*?)(?:```|\Z)", re.S)


def wanted_language(request: str) -> str:
    """The language that the reply should be in: the one asked for, else the request's own."""
    if found := _ASKED_FOR.search(request):
        name = next(group for group in found.groups() if group)
        return _NAMED.get(name, name)
    return language_of(request)


def language_of(text: str) -> str:
    """English where nothing else shows."""
    if len(re.findall(r"[\u3400-\u9fff]", text)) * 3 > len(re.findall(r"\w", text)):
        return "Chinese"
    words = re.findall(r"[^\W\d_]+", text.casefold())
    shares = {name: sum(word in little for word in words) for name, little in _LANGUAGES.items()}
    best = max(shares, key=lambda name: (shares[name], name == "English"))
    return best if shares[best] else "English"


def holds_language(reply: str, language: str) -> bool:
    """Is some sentence or quotation of the reply in this language? ("In French: « Bonjour … »" is.)"""
    pieces = [piece for piece in re.split(r"[.!?:;\n\"“”«»。！？：]+", reply) if re.search(r"\w", piece)]
    return any(language_of(piece) == language for piece in [reply, *pieces])


def echo(request: str, reply: str) -> bool:
    """Does the reply say little but the request itself?"""
    said, asked = telling(reply), set(telling(request))
    return len(said) >= 2 and sum(word in asked for word in said) >= 0.9 * len(said)


def from_memory(request: str, reply: str, told: Sequence[str]) -> list[str]:
    """Names, and numbers of three digits and more, of what was told that the reply says and the request does not."""
    names = {
        word
        for text in told
        for name in re.findall(r"(?<![.!?] )(?<!^)\b[A-Z]\w+|\b\d{3,}\b", text)
        for word in plain(name).split()
    }
    return sorted((names - _COMMON - set(plain(request).split())) & set(plain(reply).split()))


def checked(kind: str, request: str, reply: str) -> bool | None:
    """Is the reply right as far as a rule can tell? None: a person has to read it."""
    if request in FACTS:
        return forms_of(FACTS[request]).held_by(reply)
    if kind == "code":
        return _compiles(reply) if re.search(r"python", request, re.I) else _runs_as_sql(reply)
    if kind == "translate":
        return holds_language(reply, wanted_language(request)) and not echo(request, reply)
    if kind == "summarise":
        return None if 15 <= len(reply.split()) < 0.8 * len(request.split()) else False
    if kind == "write":
        return None if len(reply.split()) >= 12 else False
    return None


def _blocks(reply: str) -> list[str]:
    return [code for _, code in _CODE.findall(reply)] or [reply]


def _compiles(reply: str) -> bool:
    """Is there Python in the reply that does something?"""
    for code in _blocks(reply):
        try:
            tree = ast.parse(code.strip("`\n "))
        except (SyntaxError, ValueError):
            continue
        if any(isinstance(node, ast.FunctionDef | ast.For | ast.Call) for node in ast.walk(tree)):
            return True
    return False


def _runs_as_sql(reply: str) -> bool:
    """Does a query of the reply count orders per customer, on a small table?"""
    for code in _blocks(reply):
        for query in re.findall(r"\bselect\b[^;]*", code, re.I):
            with closing(sqlite3.connect(":memory:")) as database:
                database.execute("create table orders(customer_id, total)")
                database.executemany("insert into orders values (?, ?)", [(7, 10), (7, 20), (8, 30)])
                try:
                    rows = database.execute(query).fetchall()
                except sqlite3.Error:
                    continue
                if {7, 2} <= {value for row in rows for value in row if 7 in row}:
                    return True
    return False
