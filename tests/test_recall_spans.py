"""Which days a message names, in English and Chinese."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from knowledge.read.recall_spans import span_of

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC).timestamp()  # a Friday


def days(text: str, offset: float = 0.0) -> str:
    found = span_of(text, NOW, offset)
    if found is None:
        return ""
    first, last = (datetime.fromtimestamp(one, UTC) for one in (found[0] + offset, found[1] + offset - 1))
    return f"{first:%Y-%m-%d} {last:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("what did I tell you yesterday?", "2026-11-26 2026-11-26"),
        ("what did I say the day before yesterday", "2026-11-25 2026-11-25"),
        ("What did I tell you this morning?", "2026-11-27 2026-11-27"),
        ("what did I say last week?", "2026-11-16 2026-11-22"),
        ("what have I told you this week", "2026-11-23 2026-11-29"),
        ("What did I tell you on Friday?", "2026-11-20 2026-11-20"),
        ("what did i tell u last monday", "2026-11-23 2026-11-23"),
        ("What did I tell you at the weekend?", "2026-11-21 2026-11-22"),
        ("What did I tell you in May?", "2026-05-01 2026-05-31"),
        ("what did i tell you in may", "2026-05-01 2026-05-31"),
        ("What did I tell you in December?", "2025-12-01 2025-12-31"),
        ("What did we talk about on 3 May?", "2026-05-03 2026-05-03"),
        ("What did I tell you on May 3rd, 2025?", "2025-05-03 2025-05-03"),
        ("what did I say two weeks ago?", "2026-11-09 2026-11-15"),
        ("what did I say 3 days ago?", "2026-11-24 2026-11-24"),
        ("What did I mention last month", "2026-10-01 2026-10-31"),
        ("what did I tell you in 2025", "2025-01-01 2025-12-31"),
        ("What did I tell you in the last two days?", "2026-11-25 2026-11-27"),
        ("what did I say since Monday", "2026-11-23 2026-11-27"),
        ("我昨天跟你说了什么？", "2026-11-26 2026-11-26"),
        ("我昨晚跟你说了什么？", "2026-11-26 2026-11-26"),
        ("前天我说了什么", "2026-11-25 2026-11-25"),
        ("三天前我跟你说了什么", "2026-11-24 2026-11-24"),
        ("两个星期前我说了什么", "2026-11-09 2026-11-15"),
        ("上周我说了什么", "2026-11-16 2026-11-22"),
        ("上个星期我说了什么", "2026-11-16 2026-11-22"),
        ("我星期三跟你说了什么", "2026-11-25 2026-11-25"),
        ("我上周五说了什么", "2026-11-20 2026-11-20"),
        ("我五月份告诉过你什么？", "2026-05-01 2026-05-31"),
        ("我5月3日说过什么", "2026-05-03 2026-05-03"),
        ("上个月我提到了什么", "2026-10-01 2026-10-31"),
        ("去年我告诉过你什么", "2025-01-01 2025-12-31"),
        ("周末我说了什么", "2026-11-21 2026-11-22"),
        ("What did I tell you last time?", ""),
        ("last thing I told you?", ""),
        ("上次我跟你聊了什么？", ""),
        ("What may I have told you?", ""),
    ],
)
def test_the_days_that_are_meant(text: str, wanted: str) -> None:
    assert days(text) == wanted


def test_days_are_those_of_the_person() -> None:
    """At 15:00 UTC it is the next day already where the clock is ten hours ahead."""
    assert days("what did I tell you yesterday?", 36_000.0) == "2026-11-27 2026-11-27"
    start, _ = span_of("what did I tell you yesterday?", NOW, 36_000.0) or (0.0, 0.0)
    assert datetime.fromtimestamp(start, UTC) == datetime(2026, 11, 26, 14, tzinfo=UTC)
