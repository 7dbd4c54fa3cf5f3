"""The span of time that a message names, on the calendar of the person: "yesterday", "in May", "上周五".

Spans here are whole days, weeks and months, because a person who asks for "last week" means the one before this; the
read's evidence takes looser ones (knowledge/text/time_expressions.py). English and Chinese. dateparser was tried and is
wrong on "the day before yesterday", 三天前 and the bounds of a month, and costs seconds to load (LOG.md, 2026-11-27).
Does not know: memories, what the span is wanted for.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from knowledge.text.time_expressions import DAY, DAY_NUMBERS, SMALL_NUMBERS, Span, dates

_UNITS = {
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "year",
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "年": "year",
}
_COUNTS = SMALL_NUMBERS | {"a couple": 2, "a few": 3, "few": 3, "几": 3}
_HAN = {sign: number for number, sign in enumerate("零一二三四五六七八九十")} | {"两": 2, "十一": 11, "十二": 12}
_HAN_DAYS = {sign: number for number, sign in enumerate("一二三四五六")} | {"日": 6, "天": 6}
_WEEKDAY = "|".join(DAY_NUMBERS)
_BACK = {"this": 0, "这": 0, "这个": 0, "本": 0, "今": 0, "上上": 2, "上上个": 2, "前": 2}  # others: 1
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_COUNT = r"\d{1,3}|a couple|a few|few|an?|" + "|".join(SMALL_NUMBERS)
_NEAR = {
    "the day before yesterday": 2,
    "大前天": 3,
    "前天": 2,
    "yesterday": 1,
    "last night": 1,
    "昨": 1,
    "today": 0,
    "tonight": 0,
    "this morning": 0,
    "this afternoon": 0,
    "this evening": 0,
    "今天": 0,
    "今早": 0,
    "今晚": 0,
    "今日": 0,
}
_PATTERN = re.compile(
    rf"(?P<near>{'|'.join(_NEAR)})"
    rf"|(?P<count>\b(?:{_COUNT})\b|\d{{1,3}}|[零一二三四五六七八九十两几]{{1,2}})(?: of)?(?: |个)?"
    rf"(?P<ago>day|week|month|year|天|日|周|星期|礼拜|月|年)s?(?: ago\b|之?以?前)"
    rf"|\b(?:last|past) (?P<rolling>{_COUNT})(?: of)? (?P<unit>day|week|month|year)s?\b"
    rf"|(?P<which>\b(?:last|past|this)|上上个?|上个?|这个?|本|去|今|前) ?"
    rf"(?P<what>(?:week(?!end)|month|year)\b|(?:周|星期|礼拜)(?![一二三四五六日天末])|月|年)"
    rf"|(?P<weekend>(?:\b(?:last|past|this|over the|at the|on the|the) weekend\b)|上?个?周末)"
    rf"|(?P<lastly>\blast |上上个?|上个?|这个?|本)?"
    rf"(?:\b(?P<weekday>{_WEEKDAY})\b|(?:周|星期|礼拜)(?P<han>[一二三四五六日天]))"
    rf"|\b(?:in|since|during|last|for) (?P<month>{'|'.join(_MONTHS)})\b(?! \d)"
    rf"|(?P<number>\d{{1,2}}|[一二三四五六七八九十两]{{1,2}})月(?:份|(?P<date>\d{{1,2}}|[一二三四五六七八九十]{{1,3}})[日号])?",
    re.I,
)
_SINCE = re.compile(r"\bsince\s*$", re.I)
_SINCE_BEHIND = re.compile("^(?:以来|之后|起|到现在)")


def span_of(text: str, asked: float, offset: float) -> Span | None:
    """The first span that ``text`` names, as seen from ``asked``; None where it names none.

    Seconds since the epoch, UTC: from, until (exclusive). ``offset``: seconds that the person's clock is ahead of UTC.
    """
    local = asked + offset  # the person's wall clock, written as if it were UTC
    now = datetime.fromtimestamp(local, UTC)
    for match in _PATTERN.finditer(text):
        found = _meant(match, now)
        if found is None:
            continue
        named = dates(text, local)  # "on 3 May" is closer than "May"
        start, end = named[0] if match["month"] and named else found
        if (
            _SINCE.search(text[: match.start()])
            or match[0].lower().startswith("since")
            or _SINCE_BEHIND.match(text[match.end() :])
        ):
            end = local
        return start - offset, end - offset
    for start, end in dates(text, local):
        return start - offset, end - offset
    return None


def _meant(match: re.Match[str], now: datetime) -> Span | None:
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    monday = today - timedelta(days=today.weekday())
    try:
        if near := match["near"]:
            return _days(today - timedelta(days=_NEAR[near.lower()]))
        if count := match["count"]:
            return _ago(_number(count), _UNITS[match["ago"].lower()], today)
        if rolling := match["rolling"]:
            unit = _UNITS[match["unit"].lower()]
            return _ago(_number(rolling), unit, today)[0], now.timestamp()
        if which := match["which"]:
            unit = _UNITS[match["what"].lower()]
            if which in ("去", "今", "前") and unit != "year":
                return None
            return _ago(_BACK.get(which.lower(), 1), unit, today)
        if weekend := match["weekend"]:
            saturday = monday + timedelta(days=5)
            this = weekend.lower().startswith("this") and today >= saturday
            return _days(saturday if this else saturday - timedelta(days=7), 2)
        if match["weekday"] or match["han"]:
            number = DAY_NUMBERS[match["weekday"].lower()] if match["weekday"] else _HAN_DAYS[match["han"]]
            weeks = {"上": 1, "上个": 1, "上上": 2, "上上个": 2, "这": 0, "这个": 0, "本": 0}.get(match["lastly"] or "")
            if weeks is not None:
                return _days(monday + timedelta(days=number - 7 * weeks))
            return _days(today - timedelta(days=(today.weekday() - number) % 7 or 7))
        month = _MONTHS.index(match["month"].lower()) + 1 if match["month"] else _number(match["number"])
        day = _number(match["date"]) if match["date"] else 0
        year = today.year - ((month, day or 1) > (today.month, today.day))
        return _days(datetime(year, month, day, tzinfo=UTC)) if day else _month(year, month)
    except (KeyError, ValueError, OverflowError):
        return None  # no such day


def _number(text: str) -> int:
    text = text.lower()
    if text.isdigit():
        return int(text)
    if text in _COUNTS:
        return _COUNTS[text]
    if text in _HAN:
        return _HAN[text]
    tens, _, ones = text.partition("十")
    return (_HAN[tens] if tens else 1) * 10 + (_HAN[ones] if ones else 0)


def _ago(count: int, unit: str, today: datetime) -> Span:
    """The whole day, week, month or year so many before this one."""
    if unit == "day":
        return _days(today - timedelta(days=count))
    if unit == "week":
        return _days(today - timedelta(days=today.weekday() + 7 * count), 7)
    if unit == "month":
        months = today.year * 12 + today.month - 1 - count
        return _month(months // 12, months % 12 + 1)
    start = datetime(today.year - count, 1, 1, tzinfo=UTC)
    return start.timestamp(), datetime(start.year + 1, 1, 1, tzinfo=UTC).timestamp()


def _month(year: int, month: int) -> Span:
    start = datetime(year, month, 1, tzinfo=UTC)
    return start.timestamp(), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()


def _days(first: datetime, count: int = 1) -> Span:
    return first.timestamp(), first.timestamp() + count * DAY
