"""Dates of the generator: sessions over months, relative expressions ("last Friday") and how questions write dates.

All times are seconds since the epoch, UTC.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

DAY = 86_400.0
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def moment(seconds: float) -> datetime:
    """The UTC date and time of it."""
    return datetime.fromtimestamp(seconds, UTC)


def month_of(seconds: float) -> str:
    """ "May 2023"."""
    when = moment(seconds)
    return f"{MONTHS[when.month - 1]} {when.year}"


def date_text(seconds: float, rng: random.Random) -> str:
    """A full date in one of the usual spellings."""
    when = moment(seconds)
    month, draw = MONTHS[when.month - 1], rng.random()
    if draw < 0.4:
        return f"{when.day} {month} {when.year}"
    if draw < 0.8:
        return f"{month} {when.day}, {when.year}"
    return f"{when.day} {month}, {when.year}" if draw < 0.9 else when.strftime("%Y-%m-%d")


def session_times(rng: random.Random, sessions: int) -> list[float]:
    """Starts of the sessions, some days apart, between 7 and 23 o'clock."""
    at = datetime(rng.randrange(2019, 2027), rng.randrange(1, 13), rng.randrange(1, 28), tzinfo=UTC)
    times = []
    for _ in range(sessions):
        times.append((at + timedelta(minutes=rng.randrange(7 * 60, 23 * 60))).timestamp())
        at += timedelta(days=rng.choice((1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 28)))
    return times


def past_phrase(rng: random.Random, now: float) -> tuple[str, float, bool]:
    """(expression, time of the event, is the day exact?) for something that has happened."""
    today, draw = moment(now), rng.random()
    if draw < 0.14:
        return rng.choice(("yesterday", "yesterday", "last night", "yesterday evening")), now - DAY, True
    if draw < 0.20:
        return rng.choice(("today", "this morning", "earlier today")), now, True
    if draw < 0.38:
        back = rng.randrange(2, 7)
        name = DAYS[moment(now - back * DAY).weekday()]
        return rng.choice((f"last {name}", f"on {name}", f"this past {name}")), now - back * DAY, True
    if draw < 0.48:
        back = rng.randrange(2, 6)
        return rng.choice((f"{_word(back)} days ago", "a few days ago", "the other day")), now - back * DAY, back < 4
    if draw < 0.58:
        back = today.weekday() + 1
        return rng.choice(("last weekend", "over the weekend", "at the weekend")), now - back * DAY, True
    if draw < 0.70:
        return rng.choice(("last week", "a week ago", "about a week ago")), now - 7 * DAY, True
    if draw < 0.80:
        weeks = rng.randrange(2, 4)
        return f"{_word(weeks)} {rng.choice(('weeks', 'weeks', 'weekends'))} ago", now - weeks * 7 * DAY, True
    if draw < 0.88:
        return rng.choice(("last month", "a month ago")), now - 30 * DAY, False
    if draw < 0.94:
        then = now - rng.randrange(40, 200) * DAY
        return rng.choice(("in ", "back in ")) + MONTHS[moment(then).month - 1], then, False
    then = now - rng.randrange(3, 25) * DAY
    when = moment(then)
    return f"on {MONTHS[when.month - 1]} {when.day}", then, True


def future_phrase(rng: random.Random, now: float) -> tuple[str, float, bool]:
    """(expression, time, is the day exact?) for a plan."""
    draw = rng.random()
    if draw < 0.15:
        return rng.choice(("tomorrow", "tomorrow morning")), now + DAY, True
    if draw < 0.35:
        return rng.choice(("next week", "in a week", "a week from now")), now + 7 * DAY, True
    if draw < 0.55:
        return rng.choice(("next month", "in a month")), now + 30 * DAY, False
    if draw < 0.7:
        ahead = rng.randrange(2, 7)
        return (
            f"{rng.choice(('on', 'next', 'this'))} {DAYS[moment(now + ahead * DAY).weekday()]}",
            now + ahead * DAY,
            True,
        )
    later = now + rng.randrange(40, 200) * DAY
    return f"in {MONTHS[moment(later).month - 1]}", later, False


def _word(number: int) -> str:
    return ("zero", "one", "two", "three", "four", "five", "six")[number]
