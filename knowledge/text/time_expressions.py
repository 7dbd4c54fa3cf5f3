"""Time expressions of a question, as spans on the time axis.

Knows: English dates, months, years, weekdays and the common relative expressions ("last week", "two months ago"), and
Chinese year-month-day dates and days around today. Does not know: memories or how a match is weighed. Regular
expressions of a few microseconds: the date-finding libraries take tens of milliseconds a question, as long as the whole
read.
"""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, datetime, timedelta

_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
DAY_NUMBERS = {name.lower(): n for n, name in enumerate(calendar.day_name)}
SMALL_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "couple": 2, "few": 3}
_UNITS = {"day": 1.0, "week": 7.0, "weekend": 7.0, "month": 30.44, "year": 365.25}
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?,?(?: (\d{{4}}))?", re.I)
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?", re.I)
_MONTH_YEAR = re.compile(rf"\b({_MONTH})\b\.?,?(?: (?:of )?(\d{{4}}))?", re.I)
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})(?:-(\d{1,2}))?\b|(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})日)?)?")
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_AGO = re.compile(
    r"\b(\d+|a|an|one|two|three|four|five|six|couple|few)(?: of)? (day|week|weekend|month|year)s? ago\b", re.I
)
_LAST = re.compile(rf"\b(last|this|past) (week|weekend|month|year|{'|'.join(DAY_NUMBERS)})\b", re.I)
_NEAR = re.compile(r"\b(today|(?:the day before )?yesterday|tonight|this morning)\b|前天|昨天|昨晚|今天|今早", re.I)
_BACK = {"yesterday": 1, "the day before yesterday": 2, "昨天": 1, "昨晚": 1, "前天": 2}  # days
_AHEAD = re.compile(r"\b(?:should|shall|will|would|could|can|may|might|going to|want to|need to|let's)\b", re.I)
_AMBIGUOUS = {"may", "mar", "march", "dec", "jan", "sun"}  # words besides months: they need a capital and company
DAY = 86400.0

Span = tuple[float, float]  # seconds since the epoch, UTC: from, until


def spans(text: str, asked: float) -> list[Span]:
    """The spans of time a text names, as seen from ``asked`` (seconds since the epoch, UTC). Most texts name none.

    Of what lies ahead ("What should I cook tonight?") nothing was said in that span more than at other times.
    """
    now = datetime.fromtimestamp(asked, UTC)
    found, rest = _dates(text, now)
    for match in _AGO.finditer(rest):
        count = SMALL_NUMBERS.get(match[1].lower()) or int(match[1])
        unit = _UNITS[match[2].lower()]
        middle = asked - min(count, 500) * unit * DAY
        found.append((middle - unit * DAY / 2, middle + unit * DAY / 2))
    ahead = _AHEAD.search(rest) is not None
    for match in _LAST.finditer(rest):
        if ahead and match[1].lower() == "this":
            continue
        found.append(_relative(match[1].lower(), match[2].lower(), asked, now))
    for match in _NEAR.finditer(rest):
        back = _BACK.get(match[0].lower(), 0)
        if ahead and not back:
            continue
        start = datetime(now.year, now.month, now.day, tzinfo=UTC).timestamp() - back * DAY
        found.append((start, start + DAY))
    return found


def dates(text: str, asked: float) -> list[Span]:
    """The dates, months and years a text names, without the relative expressions of :func:`spans`."""
    return _dates(text, datetime.fromtimestamp(asked, UTC))[0]


def nearness(when: float, named: list[Span], scale: float = 7 * DAY) -> float:
    """1 inside a named span, falling off by e every ``scale`` seconds outside; 0 without a span."""
    gaps = [max(start - when, when - end, 0.0) for start, end in named]
    return math.exp(-min(gaps) / scale) if gaps else 0.0


def _dates(text: str, now: datetime) -> tuple[list[Span], str]:
    """The spans of dates, and the text without them."""
    found: list[Span] = []
    rest = text
    for pattern, order in ((_DAY_MONTH, (3, 2, 1)), (_MONTH_DAY, (3, 1, 2))):
        for match in pattern.finditer(rest):
            year, month, day = (match[n] for n in order)
            found += _date(int(year) if year else None, _MONTHS[month.lower()], int(day), now)
        rest = pattern.sub(" ", rest)
    for match in _ISO.finditer(rest):
        numbers = [int(part) for part in match.groups() if part]
        year, month, day = (*numbers, 0, 0)[:3]
        found += _date(year, month, day, now)
    rest = _ISO.sub(" ", rest)
    for match in _MONTH_YEAR.finditer(rest):
        if match[2] or match[1][0].isupper() and (match[1].lower() not in _AMBIGUOUS or _after_in(rest, match)):
            found += _date(int(match[2]) if match[2] else None, _MONTHS[match[1].lower()], 0, now)
    rest = _MONTH_YEAR.sub(lambda m: " " if m[2] else m[0], rest)
    found += [span for match in _YEAR.finditer(rest) for span in _date(int(match[1]), 0, 0, now)]
    return found, rest


def _after_in(text: str, match: re.Match[str]) -> bool:
    return bool(re.search(r"\b(in|since|during|until|of|last|this|early|late|by)\s*$", text[: match.start()], re.I))


def _date(year: int | None, month: int, day: int, now: datetime) -> list[Span]:
    """A day, a month or a year; without a year the last such one before now."""
    if month > 12 or day > 31:
        return []
    if year is None:
        year = now.year if (month, day) <= (now.month, now.day or 1) else now.year - 1
    try:
        start = datetime(year, month or 1, day or 1, tzinfo=UTC)
    except ValueError:
        return []
    if day:
        end = start + timedelta(days=1)
    elif month:
        end = start + timedelta(days=calendar.monthrange(year, month)[1])
    else:
        end = start + timedelta(days=366 if calendar.isleap(year) else 365)
    return [(start.timestamp(), end.timestamp())]


def _relative(which: str, unit: str, asked: float, now: datetime) -> Span:
    if unit in DAY_NUMBERS:
        back = (now.weekday() - DAY_NUMBERS[unit]) % 7 or 7
        start = datetime(now.year, now.month, now.day, tzinfo=UTC).timestamp() - back * DAY
        return (start, start + DAY)
    length = _UNITS[unit] * DAY
    return (asked - length, asked) if which != "last" else (asked - 2 * length, asked)
