"""Questions whose answer follows from a fact without being said ("Would she enjoy a steakhouse?"), with their answers.

For the decoder: a card's own ``infer:`` queries have no answer, since they teach the read alone. Does not know: stages,
tokens.
"""

from __future__ import annotations

# schema → (question, answer); brackets and {} as in the cards (knowledge/training/generator_schemas.py)
INFERENCES: dict[str, tuple[tuple[str, str], ...]] = {
    "aged": (("Would {P} [be considered|count as] a [teenager|child]?", "No"), ("{is} {P} an adult?", "Yes")),
    "haspet": (
        ("Would {P} [appreciate|like] a gift card for a pet shop?", "Likely yes"),
        ("{is} {P} likely to be an animal lover?", "Yes"),
        ("Would {P} [live in|rent] a flat where no animals are allowed?", "Likely no"),
    ),
    "drives": (("{does} {P} need a lift to the airport?", "Likely no"),
               ("{does} {P} likely have a driving licence?", "Yes")),
    "learns": (("Would {P} enjoy a [language course|phrase book] as a present?", "Likely yes"),),
    "newjob": (("{is} {P} [unemployed|out of work] at the moment?", "No"),),
    "lostjob": (
        ("[{is} {P} likely|Would {P} be able] to [buy an expensive house|make big purchases] right now?", "Likely no"),
        ("Would {P} be [looking for|interested in] a new position?", "Likely yes"),
    ),
    "promotion": (
        ("Would {P} be considered ambitious [at work|in {his} career]?", "Likely yes"),
        ("Would {P} want to [quit|leave] {his} job soon?", "Likely no"),
    ),
    "child": (
        ("{is} {P} likely to be [getting little sleep|tired] these days?", "Likely yes"),
        ("Would {P} be considered a parent?", "Yes"),
        ("Would {P} be open to a [long trip through the desert|move to another country] soon?", "Likely no"),
    ),
    "wedding": (("{is} {P} [single|likely to be dating somebody new]?", "No"), ("{is} {P} married?", "Yes")),
    "breakup": (("{is} {P} likely to be single [now|at the moment]?", "Likely yes"),
                ("Would {P} celebrate an anniversary this year?", "Likely no")),  # fmt: skip
    "house": (("{does} {P} [pay rent|need a landlord's permission to paint]?", "Likely no"),
              ("What might {Ps} financial status be?", "Well-off or middle-class")),  # fmt: skip
    "renovation": (("Would {P} be considered handy?", "Likely yes"),),
    "school": (("What might {Ps} degree be in?", "{subject}"), ("{is} {P} a student?", "Yes"),
               ("Would {P} still be working full-time?", "Likely no")),  # fmt: skip
    "business": (("Would {P} rather work for [a big company|somebody else] or be {his} own boss?", "{his} own boss"),
                 ("Would {P} be considered [an entrepreneur|willing to take risks]?", "Yes")),  # fmt: skip
    "camping": (
        ("Would {P} [prefer|rather have] a night under the stars or a stay in a luxury hotel?",
         "A night under the stars"),
        ("Would {P} enjoy a [trip to a national park|week in a cabin without electricity]?", "Likely yes"),
        ("Would {P} be more interested in a shopping mall or a national park?", "A national park"),
    ),
    "hike": (("{is} {P} [an outdoor person|physically fit]?", "Likely yes"),
             ("Would {P} rather go up a mountain or watch television?", "Go up a mountain")),
    "hobby": (("What present might {P} enjoy?", "Something for {hobby}"),
              ("Would {P} join a club for {hobby}?", "Likely yes")),  # fmt: skip
    "sport": (("Would {P} be happy about [new sports shoes|a gift card for a sports store]?", "Likely yes"),
              ("{is} {P} likely to be [lazy|unfit]?", "Likely no")),  # fmt: skip
    "race": (("Would {P} be considered [athletic|sporty]?", "Likely yes"),),
    "instrument": (
        ("Would {P} enjoy [a subscription to the symphony|a jam session]?", "Likely yes"),
        ("Could {P} [play in a band|accompany a choir]?", "Likely yes"),
        ("Would {P} be considered [musical|a musical person]?", "Yes"),
    ),
    "book": (("Would {P} enjoy [an afternoon in a bookshop|joining a reading circle]?", "Likely yes"),
             ("Would {P} likely have books by {author} on {his} shelf?", "Yes")),  # fmt: skip
    "favfilm": (("Would {P} want to watch {title} again?", "Likely yes"),),
    "painting": (
        ("Would {P} [enjoy a trip to an art museum|like a set of brushes as a present]?", "Likely yes"),
        ("Would {P} be considered [creative|artistic]?", "Yes"),
    ),
    "writing": (("What alternative career might {P} consider?", "Writer"),
                ("Would {P} enjoy a workshop with a novelist?", "Likely yes")),  # fmt: skip
    "cooking": (("Would {P} [appreciate a cookbook|like a new set of pans]?", "Likely yes"),),
    "baking": (("Would {P} enjoy [a pastry course|a new cake tin]?", "Likely yes"),),
    "diet": (("Would {P} [enjoy a steakhouse|order anything on the menu]?", "Likely no"),
             ("Would {P} read the list of ingredients before buying food?", "Likely yes")),  # fmt: skip
    "allergy": (("Would {P} be happy with {thing} as a present?", "No"),
                ("Should {P} stay away from {thing}?", "Yes")),  # fmt: skip
    "volunteering": (
        ("Would {P} [be considered|describe {self} as] a [helpful|compassionate] person?", "Yes"),
        ("Would {P} be considered selfish?", "Likely no"),
        ("What [personality traits|attributes] might describe {P}?", "Helpful, compassionate, caring"),
    ),
    "donation": (("What [traits|attributes] describe {P}?", "Generous, thoughtful"),
                 ("Would {P} be considered generous?", "Yes")),  # fmt: skip
    "quarrel": (("Would {P} invite {who} to a party right after that?", "Likely no"),),
    "goal": (("Would {P} be considered [ambitious|driven]?", "Likely yes"),),
    "award": (("What [traits|attributes] might describe {P}?", "Driven, talented"),
              ("{was} {P} proud of {his} work?", "Likely yes")),  # fmt: skip
    "fear": (("What would make {P0} [nervous|uncomfortable]?", "{fear}"),),
    "museum": (("Would {P} be considered interested in culture?", "Likely yes"),),
    "concert": (("Would {P} go to see {band} again?", "Likely yes"),
                ("Would {P} likely have songs by {band} on {his} phone?", "Yes")),  # fmt: skip
    "trip": (("Would {P} enjoy a [travel guide|new suitcase]?", "Likely yes"),),
    "tattoo": (("{is} {P} likely to be afraid of needles?", "Likely no"),),
    "therapy": (("Would {P} want to stop doing that soon?", "Likely no"),),
    "garden": (("Would {P} enjoy [a visit to a plant nursery|new garden tools]?", "Likely yes"),),
    "origin": (("{does} {P} know {city} well?", "Likely yes"),),
}
