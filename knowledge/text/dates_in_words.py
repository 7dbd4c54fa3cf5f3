"""Dates as words, and what a relative time expression in a dated text means: "yesterday" → "yesterday (7 May 2023)".

A memory is read long after it was said. A small decoder cannot count back from its date; a calendar can, once, when the
memory's line is made. English, and the days around today in Chinese. Does not know: memories, prompts; which spans a
question names is knowledge/text/time_expressions.py's.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

from knowledge.text.time_expressions import DAY, DAY_NUMBERS, SMALL_NUMBERS, dates

_UNIT = "day|week|weekend|month|year"
_WEEKDAY = "|".join(DAY_NUMBERS)
_COUNT = "|".join(SMALL_NUMBERS)
_PATTERN = re.compile(
    rf"\b(?:(?P<near>the day after tomorrow|the day before yesterday|today|tonight"
    rf"|this morning|this afternoon|this evening|yesterday|last night|tomorrow)"
    rf"|(?P<past>(?:over|at) the weekend|(?:earlier|before) today)"
    rf"|(?P<which>last|this past|past|this|next|coming) (?P<what>week|weekend|month|year|{_WEEKDAY})"
    rf"|(?P<count>\d{{1,3}}|{_COUNT})(?: of)? (?P<unit>{_UNIT})s? ago"
    rf"|(?P<ahead>\d{{1,3}}|{_COUNT})(?: of)? (?P<step>{_UNIT})s? from (?P<start>now|today|tomorrow))\b(?!\s*\()",
    re.I,
)
_DAYS = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "tomorrow": 1,
    "the day after tomorrow": 2,
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨晚": -1,
    "今天": 0,
    "今早": 0,
    "今晚": 0,
    "明天": 1,
    "明早": 1,
    "明晚": 1,
    "后天": 2,
    "大后天": 3,
}
_CJK_DAY = re.compile(  # 以后天天 and 后天性 are no days
    r"(大前天|(?<!大)前天|昨天|昨晚|今天|今早|今晚|明天|明早|明晚|大后天|(?<![大以之往最今])后天(?![天性]))(?!\s*[（(])"
)
_MONTHS = "|".join(calendar.month_name[1:])
DATED = re.compile(  # what `resolved` puts in
    rf"\(((?:the |\d+ )?(?:\w+ (?:before|of|after) )?(?:\d{{1,2}} )?(?:(?:{_MONTHS}) )?\d{{4}})\)"
)
_LONGEST = 4000  # characters: of a longer text only the beginning is looked at


def day_in_words(when: datetime) -> str:
    """As in "7 May 2023"."""
    return f"{when.day} {calendar.month_name[when.month]} {when.year}"


def date_in_words(seconds: float) -> str:
    """The day (UTC) of a time in seconds since the epoch, as "7 May 2023"."""
    return day_in_words(datetime.fromtimestamp(seconds, UTC))


def resolved(text: str, said: float) -> str:
    """``text`` with the dates that its relative time expressions meant at ``said`` (seconds since the epoch, UTC)."""
    now = datetime.fromtimestamp(said, UTC)

    def with_date(match: re.Match[str]) -> str:
        meant = _meant(match, now)
        return f"{match[0]} ({meant})" if meant else match[0]

    made = _PATTERN.sub(with_date, text[:_LONGEST])
    return _CJK_DAY.sub(lambda match: f"{match[0]}（{_cjk_day(match[0], now)}）", made) + text[_LONGEST:]


def explicit_days(text: str, said: float) -> list[datetime]:
    """The single days that a text names by their date ("on March 5"), as seen from ``said``."""
    return [datetime.fromtimestamp(start, UTC) for start, end in dates(text, said) if end - start <= DAY]


def _meant(match: re.Match[str], now: datetime) -> str:
    try:
        if near := match["near"]:
            return day_in_words(now + timedelta(days=_DAYS.get(near.lower(), 0)))
        if match["past"]:
            return _around("last", "weekend", now) if "weekend" in match["past"].lower() else day_in_words(now)
        if match["which"]:
            which = {"coming": "next", "past": "last", "this past": "last"}.get(match["which"].lower(), match["which"])
            return _around(which.lower(), match["what"].lower(), now)
        number = (match["count"] or match["ahead"]).lower()
        count = SMALL_NUMBERS.get(number) or int(number)
        if match["count"]:
            return _ago(count, match["unit"].lower(), now)
        return _ahead(count, match["step"].lower(), now + timedelta(days=match["start"].lower() == "tomorrow"))
    except (OverflowError, ValueError):  # before the calendar's first year
        return ""


def _around(which: str, what: str, now: datetime) -> str:
    step = {"last": -1, "this": 0, "next": 1}[which]
    if what in DAY_NUMBERS:
        ahead = (DAY_NUMBERS[what] - now.weekday()) % 7
        days = {"last": ahead - 7, "this": ahead, "next": ahead or 7}[which]
        return day_in_words(now + timedelta(days=days))
    if what == "year":
        return str(now.year + step)
    if what == "month":
        return _month(now, step)
    place = {"last": "before", "this": "of", "next": "after"}[which]
    return f"the {what} {place} {day_in_words(now)}"


def _ago(count: int, unit: str, now: datetime) -> str:
    if unit == "year":
        return str(now.year - count)
    if unit == "month":
        return _month(now, -count)
    if unit == "day":
        return day_in_words(now - timedelta(days=count))
    weeks = f"{count} {unit}s" if count > 1 else f"the {unit}"
    return f"{weeks} before {day_in_words(now)}"


def _ahead(count: int, unit: str, now: datetime) -> str:
    if unit == "year":
        return str(now.year + count)
    if unit == "month":
        return _month(now, count)
    return day_in_words(now + timedelta(days=count * (1 if unit == "day" else 7)))


def _cjk_day(word: str, now: datetime) -> str:
    when = now + timedelta(days=_DAYS[word])
    return f"{when.year}年{when.month}月{when.day}日"


def _month(now: datetime, step: int) -> str:
    months = now.year * 12 + now.month - 1 + step
    return f"{calendar.month_name[months % 12 + 1]} {months // 12}"
