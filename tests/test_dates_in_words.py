"""What a relative time expression meant when it was said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from knowledge.text.dates_in_words import DATED, date_in_words, explicit_days, resolved

SAID = datetime(2023, 5, 8, 13, 56, tzinfo=UTC).timestamp()  # a Monday


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("I went yesterday.", "7 May 2023"),
        ("Last night we sang.", "7 May 2023"),
        ("See you tomorrow!", "9 May 2023"),
        ("We met last Friday.", "5 May 2023"),
        ("We met last Monday.", "1 May 2023"),
        ("It is next Monday.", "15 May 2023"),
        ("It was last week.", "the week before 8 May 2023"),
        ("I swam over the weekend.", "the weekend before 8 May 2023"),
        ("Next month I move.", "June 2023"),
        ("Last year was hard.", "2022"),
        ("I began five years ago.", "2018"),
        ("Six months ago I began.", "November 2022"),
        ("We met 10 days ago.", "28 April 2023"),
        ("We met two weeks ago.", "2 weeks before 8 May 2023"),
        ("I fly to Oslo the day after tomorrow.", "10 May 2023"),
        ("The day before yesterday it rained.", "6 May 2023"),
        ("Three days from now we marry.", "11 May 2023"),
        ("A week from tomorrow I am free.", "16 May 2023"),
        ("Two months from now we move.", "July 2023"),
    ],
)
def test_a_relative_expression_gets_its_date(text: str, meant: str) -> None:
    made = resolved(text, SAID)
    assert f"({meant})" in made and DATED.findall(made) == [meant]
    assert made.replace(f" ({meant})", "") == text  # nothing else changes


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("我后天去奥斯陆", "我后天（2023年5月10日）去奥斯陆"),
        ("大后天出差", "大后天（2023年5月11日）出差"),
        ("前天下雨，昨天晴", "前天（2023年5月6日）下雨，昨天（2023年5月7日）晴"),
        ("以后天天跑步", "以后天天跑步"),
    ],
)
def test_days_around_today_in_chinese(text: str, made: str) -> None:
    assert resolved(text, SAID) == made and resolved(made, SAID) == made


@pytest.mark.parametrize("text", ["", "Nothing here.", "On 5 March we met.", "999 years ago (a joke)", "the last one"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert resolved(text, SAID) == text


def test_dates_before_the_calendar_are_left_alone() -> None:
    assert resolved("900 years ago", datetime(100, 1, 1, tzinfo=UTC).timestamp()).startswith("900 years ago")


def test_days_are_named() -> None:
    assert date_in_words(SAID) == "8 May 2023"
    assert [day.day for day in explicit_days("We met on March 5, and in April.", SAID)] == [5]
