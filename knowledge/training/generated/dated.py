"""Queries by date alone: what somebody did in a month, around a day, or in the month before they are asked."""

from __future__ import annotations

from collections import defaultdict

from knowledge.training.generated import phrases as phrases
from knowledge.training.generated.grammar import expand, pick, tidy
from knowledge.training.generated.questions import Asker
from knowledge.training.generated.records import Draft, Fact
from knowledge.training.generated.times import DAY, date_text, moment, month_of


def dated(asker: Asker) -> list[Draft]:
    """What somebody did in a month, or around a date."""
    rng, found = asker.rng, []
    months: dict[tuple[int, str], list[Fact]] = defaultdict(list)
    for fact in asker.stage.facts:
        if fact.schema.kind == "event" and fact.date:
            months[id(fact.person), month_of(fact.date)].append(fact)
    for (_, month), facts in months.items():
        view, one = asker.view(facts[0].person), rng.choice(facts)
        around = [fact for fact in facts if abs(fact.date - one.date) < 9 * DAY]
        if one.exact and len(around) == 1 and rng.random() < 0.5:
            text = expand(pick(rng, phrases.DATED_ASKS[3:]), {**view, "date": date_text(one.date, rng)}, rng)
            found.append(Draft("temporal", tidy(text, rng, casual=False), frozenset({one.main})))
        elif len(facts) <= 3:
            text = expand(pick(rng, phrases.DATED_ASKS[:3]), {**view, "month": month}, rng)
            found.append(Draft("temporal", tidy(text, rng, casual=False), frozenset(fact.main for fact in facts)))
    return found


def lately(asker: Asker) -> list[Draft]:
    """What somebody did in the month before the query is asked, by the calendar of ``asked``."""
    rng, found = asker.rng, []
    asked = asker.stage.times[-1] + rng.uniform(1, 25) * DAY
    before = month_of(moment(asked).replace(day=1).timestamp() - DAY)
    for person in asker.people:
        facts = [fact for fact in asker.stage.facts if fact.person is person and fact.schema.kind == "event"]
        facts = [fact for fact in facts if fact.date and month_of(fact.date) == before]
        if 1 <= len(facts) <= 3:
            draft = asker.collect(pick(rng, phrases.LATELY_ASKS), asker.view(person), frozenset(f.main for f in facts))
            draft.kind, draft.asked = "temporal", asked
            found.append(draft)
    return found
