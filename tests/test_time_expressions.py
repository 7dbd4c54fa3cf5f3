"""Spans of time that a question names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from knowledge.text.time_expressions import DAY, nearness, spans

ASKED = datetime(2023, 10, 20, 12, tzinfo=UTC).timestamp()  # a Friday


def days(text: str) -> list[tuple[str, str]]:
    return [
        (datetime.fromtimestamp(a, UTC).strftime("%Y-%m-%d"), datetime.fromtimestamp(b, UTC).strftime("%Y-%m-%d"))
        for a, b in spans(text, ASKED)
    ]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("What did Ann do on October 13, 2023?", "2023-10-13", "2023-10-14"),
        ("on the 3rd of May 2022", "2022-05-03", "2022-05-04"),
        ("on 13 November", "2022-11-13", "2022-11-14"),  # the last one before the question
        ("What happened in May?", "2023-05-01", "2023-06-01"),
        ("in June 2021", "2021-06-01", "2021-07-01"),
        ("Where did she live in 2019?", "2019-01-01", "2020-01-01"),
        ("2023年5月", "2023-05-01", "2023-06-01"),
        ("last Tuesday", "2023-10-17", "2023-10-18"),
        ("yesterday", "2023-10-19", "2023-10-20"),
        ("the day before yesterday", "2023-10-18", "2023-10-19"),
        ("我前天说了什么？", "2023-10-18", "2023-10-19"),
        ("昨天我说了什么", "2023-10-19", "2023-10-20"),
        ("two weeks ago", "2023-10-03", "2023-10-10"),
        ("What did I buy today?", "2023-10-20", "2023-10-21"),
        ("What could she have meant yesterday?", "2023-10-19", "2023-10-20"),
    ],
)
def test_a_named_time_is_found(text: str, first: str, last: str) -> None:
    assert days(text) == [(first, last)]


@pytest.mark.parametrize(
    "text",
    [
        "What should I cook tonight?",
        "What will we do this weekend?",
        "Could I wear a coat today?",  # it lies ahead
        "Who may come?",
        "Where does my sister live?",
        "They march on",
        "the 45 of May 99",
        "on 31 February",
        "in 0000-99",
    ],
)
def test_no_time_is_made_up(text: str) -> None:
    assert [span for span in days(text) if span[0] < "1900" or span[0] > "2024"] == []
    if "of" not in text:
        assert days(text) == []


def test_nearness_is_one_inside_and_falls_off_outside() -> None:
    inside = spans("on 13 October 2023", ASKED)
    start = inside[0][0]
    assert nearness(start + 3600, inside) == 1.0
    assert 0.3 < nearness(start - 7 * DAY, inside) < 0.4
    assert nearness(start, []) == 0.0
