"""Questions whose answer follows from a fact without being said ("Would she enjoy a steakhouse?"), with their answers.

For the decoder: a card's own ``infer:`` queries have no answer, since they teach the read alone. Does not know: stages,
tokens.
"""

from __future__ import annotations


def _choice(asks: str, right: str, other: str, end: str = "?") -> tuple[str, str]:
    """A question between two things, which stand in either order, and its answer."""
    return f"{asks}[{right} or {other}|{other} or {right}]{end}", right[0].upper() + right[1:]


def _present(right: str, other: str) -> tuple[str, str]:
    return _choice("Would {P} [prefer|be happier with] ", right, other, " as a present?")


# schema → (question, answer); brackets and {} as in the cards (knowledge/training/generated/schemas.py)
INFERENCES: dict[str, tuple[tuple[str, str], ...]] = {
    "aged": (("Would {P} [be considered|count as] a [teenager|child]?", "No"), ("{is} {P} an adult?", "Yes")),
    "haspet": (
        ("Would {P} [appreciate|like] a gift card for a pet shop?", "Likely yes"),
        ("{is} {P} likely to be an animal lover?", "Yes"),
        ("Would {P} [live in|rent] a flat where no animals are allowed?", "Likely no"),
        _choice("Would {P} prefer ", "a walk in the zoo", "a night in the casino"),
        ("Would {P} still buy pet food if {p} had no animals?", "Likely no"),
    ),
    "drives": (
        ("{does} {P} need a lift to the airport?", "Likely no"),
        ("{does} {P} likely have a driving licence?", "Yes"),
    ),
    "learns": (("Would {P} enjoy a [language course|phrase book] as a present?", "Likely yes"),),
    "newjob": (
        ("{is} {P} [unemployed|out of work] at the moment?", "No"),
        ("Would {P} still be [sending out|writing] applications?", "Likely no"),
        ("{is} {P} likely to be getting to know new colleagues?", "Likely yes"),
    ),
    "lostjob": (
        ("[{is} {P} likely|Would {P} be able] to [buy an expensive house|make big purchases] right now?", "Likely no"),
        ("Would {P} be [looking for|interested in] a new position?", "Likely yes"),
        ("Would {P} [book a luxury cruise|lend somebody a lot of money] now?", "Likely no"),
    ),
    "promotion": (
        ("Would {P} be considered ambitious [at work|in {his} career]?", "Likely yes"),
        ("Would {P} want to [quit|leave] {his} job soon?", "Likely no"),
        ("Would {P} have got that far if {p} had been lazy?", "Likely no"),
    ),
    "child": (
        ("{is} {P} likely to be [getting little sleep|tired] these days?", "Likely yes"),
        ("Would {P} be considered a parent?", "Yes"),
        ("Would {P} be open to a [long trip through the desert|move to another country] soon?", "Likely no"),
        ("Would {P} have much time for long evenings out?", "Likely no"),
        _present("a pram", "a motorbike"),
    ),
    "wedding": (
        ("{is} {P} [single|likely to be dating somebody new]?", "No"),
        ("{is} {P} married?", "Yes"),
        ("Would {P} be looking for a partner online?", "Likely no"),
    ),
    "breakup": (
        ("{is} {P} likely to be single [now|at the moment]?", "Likely yes"),
        ("Would {P} celebrate an anniversary this year?", "Likely no"),
        ("Would {P} want to spend a romantic weekend with {his} ex?", "Likely no"),
    ),
    "house": (
        ("{does} {P} [pay rent|need a landlord's permission to paint]?", "Likely no"),
        ("What might {Ps} financial status be?", "Well-off or middle-class"),
        ("Would {P} want to move again soon?", "Likely no"),
    ),
    "renovation": (
        ("Would {P} be considered handy?", "Likely yes"),
        ("Would {P} want to sell the place right after that?", "Likely no"),
        _present("a toolbox", "a perfume"),
    ),
    "school": (
        ("What might {Ps} degree be in?", "{subject}"),
        ("{is} {P} a student?", "Yes"),
        ("Would {P} still be working full-time?", "Likely no"),
        ("Would {P} be interested in a lecture on {subject}?", "Likely yes"),
        ("Would {P} skip every book on {subject}?", "Likely no"),
    ),
    "business": (
        ("Would {P} rather work for [a big company|somebody else] or be {his} own boss?", "{his} own boss"),
        ("Would {P} be considered [an entrepreneur|willing to take risks]?", "Yes"),
        ("Would {P} want to go back to a nine-to-five job?", "Likely no"),
    ),
    "camping": (
        (
            "Would {P} [prefer|rather have] a night under the stars or a stay in a luxury hotel?",
            "A night under the stars",
        ),
        ("Would {P} enjoy a [trip to a national park|week in a cabin without electricity]?", "Likely yes"),
        ("Would {P} be more interested in a shopping mall or a national park?", "A national park"),
        ("Would {P} still sleep in a tent if {p} hated nature?", "Likely no"),
        _present("a sleeping bag", "an evening dress"),
    ),
    "hike": (
        ("{is} {P} [an outdoor person|physically fit]?", "Likely yes"),
        ("Would {P} rather go up a mountain or watch television?", "Go up a mountain"),
        ("Would {P} still do that if {p} disliked walking?", "Likely no"),
        _present("hiking boots", "a video game"),
    ),
    "hobby": (
        ("What present might {P} enjoy?", "Something for {hobby}"),
        ("Would {P} join a club for {hobby}?", "Likely yes"),
        ("Would {P} give up {hobby} soon?", "Likely no"),
    ),
    "sport": (
        ("Would {P} be happy about [new sports shoes|a gift card for a sports store]?", "Likely yes"),
        ("{is} {P} likely to be [lazy|unfit]?", "Likely no"),
        _present("a gym membership", "a chess set"),
        ("Would {P} do that if {p} hated to sweat?", "Likely no"),
    ),
    "race": (
        ("Would {P} be considered [athletic|sporty]?", "Likely yes"),
        _present("running shoes", "a board game"),
        ("Would {P} have finished without any training?", "Likely no"),
    ),
    "instrument": (
        ("Would {P} enjoy [a subscription to the symphony|a jam session]?", "Likely yes"),
        ("Could {P} [play in a band|accompany a choir]?", "Likely yes"),
        ("Would {P} be considered [musical|a musical person]?", "Yes"),
        _present("sheet music", "a football"),
        ("Would {P} move to a house where music is forbidden?", "Likely no"),
    ),
    "book": (
        ("Would {P} enjoy [an afternoon in a bookshop|joining a reading circle]?", "Likely yes"),
        ("Would {P} likely have books by {author} on {his} shelf?", "Yes"),
        _choice("Would {P} enjoy ", "books by {author}", "car magazines", " more?"),
        _choice("Would {P} prefer ", "an evening with a novel", "a night in a club"),
    ),
    "favfilm": (
        ("Would {P} want to watch {title} again?", "Likely yes"),
        _choice("Would {P} rather see ", "{title}", "a game show"),
        ("Would {P} call {title} a waste of time?", "Likely no"),
    ),
    "painting": (
        ("Would {P} [enjoy a trip to an art museum|like a set of brushes as a present]?", "Likely yes"),
        ("Would {P} be considered [creative|artistic]?", "Yes"),
        _present("an easel", "a tennis racket"),
        ("What career might {P} be good at?", "Artist or illustrator"),
    ),
    "writing": (
        ("What alternative career might {P} consider?", "Writer"),
        ("Would {P} enjoy a workshop with a novelist?", "Likely yes"),
        _present("a fountain pen", "a drill"),
        _choice("Would {P} rather ", "keep a diary", "learn to weld"),
    ),
    "cooking": (
        ("Would {P} [appreciate a cookbook|like a new set of pans]?", "Likely yes"),
        _choice("Would {P} rather ", "cook for friends", "order a pizza"),
        ("What job might suit {P}?", "Chef or cook"),
        ("Would {P} live on frozen meals?", "Likely no"),
    ),
    "baking": (
        ("Would {P} enjoy [a pastry course|a new cake tin]?", "Likely yes"),
        ("What kind of shop might {P} open one day?", "A bakery"),
        _present("a rolling pin", "a hammer"),
    ),
    "diet": (
        ("Would {P} [enjoy a steakhouse|order anything on the menu]?", "Likely no"),
        ("Would {P} read the list of ingredients before buying food?", "Likely yes"),
    ),
    "allergy": (
        ("Would {P} be happy with {thing} as a present?", "No"),
        ("Should {P} stay away from {thing}?", "Yes"),
    ),
    "volunteering": (
        ("Would {P} [be considered|describe {self} as] a [helpful|compassionate] person?", "Yes"),
        ("Would {P} be considered selfish?", "Likely no"),
        ("What [personality traits|attributes] might describe {P}?", "Helpful, compassionate, caring"),
        ("What [career|job] might {P} be good at?", "Social worker or counsellor"),
        ("Would {P} walk past somebody who needs help?", "Likely no"),
    ),
    "donation": (
        ("What [traits|attributes] describe {P}?", "Generous, thoughtful"),
        ("Would {P} be considered generous?", "Yes"),
        ("Would {P} be considered stingy?", "Likely no"),
    ),
    "quarrel": (
        ("Would {P} invite {who} to a party right after that?", "Likely no"),
        ("{is} {P} likely to be on good terms with {who} after that?", "Likely no"),
    ),
    "goal": (
        ("Would {P} be considered [ambitious|driven]?", "Likely yes"),
        ("Would {P} be satisfied without even trying?", "Likely no"),
    ),
    "award": (
        ("What [traits|attributes] might describe {P}?", "Driven, talented"),
        ("{was} {P} proud of {his} work?", "Likely yes"),
        ("Would {P} have won it without any effort?", "Likely no"),
    ),
    "fear": (
        ("What would make {P0} [nervous|uncomfortable]?", "{fear}"),
        ("Would {P} enjoy [an afternoon with|a film about] {fear}?", "Likely no"),
    ),
    "museum": (
        ("Would {P} be considered interested in culture?", "Likely yes"),
        _choice("Would {P} prefer ", "an exhibition", "a boxing match"),
    ),
    "concert": (
        ("Would {P} go to see {band} again?", "Likely yes"),
        ("Would {P} likely have songs by {band} on {his} phone?", "Yes"),
        _present("concert tickets", "a vacuum cleaner"),
        ("Would {P} have gone if {p} disliked {band}?", "Likely no"),
    ),
    "trip": (
        ("Would {P} enjoy a [travel guide|new suitcase]?", "Likely yes"),
        _choice("Would {P} rather ", "see a new city", "stay at home all year"),
        ("Would {P} be considered adventurous?", "Likely yes"),
    ),
    "tattoo": (
        ("{is} {P} likely to be afraid of needles?", "Likely no"),
        ("Would {P} be considered a very timid person?", "Likely no"),
    ),
    "therapy": (("Would {P} want to stop doing that soon?", "Likely no"),),
    "garden": (
        ("Would {P} enjoy [a visit to a plant nursery|new garden tools]?", "Likely yes"),
        _present("a bag of seeds", "a video game"),
        ("Would {P} move to a flat without a balcony?", "Likely no"),
    ),
    "origin": (("{does} {P} know {city} well?", "Likely yes"),),
    "tripplan": (
        ("Would {P} enjoy a guidebook about {country}?", "Likely yes"),
        ("Would {P} be at home all that time?", "Likely no"),
    ),
    "setback": (("Would {P} call that a good month?", "Likely no"),),
    "accident": (
        ("Would {P} be [careful|nervous] for a while after that?", "Likely yes"),
        ("Would {P} call that a lucky day?", "Likely no"),
    ),
    "illness": (("Would {P} have gone dancing that week?", "Likely no"),),
    "lostthing": (("Would {P} be happy if somebody found it?", "Yes"),),
    "exam": (
        ("Would {P} have spent the nights before it at parties?", "Likely no"),
        ("{was} {P} likely to be nervous before it?", "Likely yes"),
    ),
    "course": (("Would {P} be considered curious?", "Likely yes"),),
    "friendship": (("Would {P} be considered a loner?", "Likely no"),),
    "festival": (
        ("Would {P} go to another one next year?", "Likely yes"),
        ("Would {P} call that a boring day?", "Likely no"),
    ),
    "roommate": (("{does} {P} live alone?", "Likely no"),),
    "commute": (("Would {P} have to set an alarm on workdays?", "Likely yes"),),
    "glasses": (("Would {P} see everything sharply without them?", "Likely no"),),
    "crash": (("Would {P} make a copy of everything from now on?", "Likely yes"),),
}
