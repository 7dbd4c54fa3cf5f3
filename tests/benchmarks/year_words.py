"""What is said in a year of chats around the facts: frames, small talk, requests with answers that say something.

Written for the benchmarks; nothing is trained on it. Templates as of the generator's grammar.
"""

from __future__ import annotations

from knowledge.training.generated import requests
from knowledge.training.generated.values import value

AGAIN = (
    "As I said, {x}",
    "Like I told you, {x}",
    "You may remember: {x}",
    "I know I've said it before. {x}",
    "Just so you keep it in mind: {x}",
    "Did I mention this? {x}",
    "Not that it's news to you, but {x}",
)
CHANGED = (
    "That has changed, by the way. {x}",
    "Small update: {x}",
    "Not like before any more: {x}",
    "Things are different now. {x}",
    "What I told you is out of date. {x}",
    "News on that front: {x}",
)
CORRECTED = (
    "Sorry, I mixed something up. {x}",
    "Correction: {x}",
    "I got that wrong the other day. {x}",
    "No wait, what I told you wasn't right. {x}",
    "I misspoke earlier: {x}",
)
ENDED = (
    "{P} {is} not going to {base} after all.",
    "The idea to {base} is off the table, {P} {has} dropped it.",
    "{P} called it off: no plan to {base} any more.",
)
ECHO = (
    "So {x}",
    "Noted: {x}",
    "You told me this: {x}",
    "Let me see. {x}",
    "From what you said, {x}",
)
UNTOLD = (
    "You haven't told me that.",
    "I don't think you've mentioned it.",
    "That hasn't come up between us so far.",
    "I don't know, you never said.",
)
NEW = ("now", "these days", "new", "from now on", "just")  # a form with one of them says by itself that it changed
TELLS_MORE = (  # pieces of the cards' forms that tell more than their values
    "face swells up",
    "people never guess",
    "never really played",
    "loud laugh",
    "Not that I",
)
SMALL_TALK = (
    ("[Hi|Hey|Hello] [there|again|]!", "[Hello|Hi]! [What's up?|Good to see you.|How can I help?]"),
    (
        "[Good morning|Good evening], [how are you|you there|are you awake]?",
        "[I'm here|All good], [and you?|go ahead.]",
    ),
    ("[Thanks|Thank you], [that's really helpful|you're the best|exactly what I needed]!", "[Gladly!|Any time!]"),
    ("[Haha|Lol], [good one|that made my day|you're funny].", "[Happy to amuse.|I do my best.]"),
    ("[Ugh|Phew], [what a day|I'm so tired right now|it's way too hot today].", "[Take a breath.|Rest a little.]"),
    ("It's [raining|snowing|pouring] [again|outside|cats and dogs] [right now|today].", "[Stay dry!|Cosy weather.]"),
    ("[Okay|Alright|Right], [got it|makes sense|I see].", "[Great.|Good.] [Anything else?|]"),
    ("[Good night|See you tomorrow|Talk to you later|Bye for now]!", "[Sleep well!|See you!|Until then!]"),
    (
        "[I'm bored|I can't sleep|I'm just waiting for the kettle], [say something|entertain me|talk to me].",
        "[Sure.|Happy to.] What are you in the mood for?",
    ),
    ("[Hmm|Well], [not sure|I'll think about it|maybe later].", "[No hurry.|Of course.]"),
    ("[You're right|True|Fair point], [I hadn't seen it that way|as always|I suppose].", "[Glad we agree.|Thank you.]"),
    ("[Sorry|Oops], [wrong window|that was a typo|I hit enter too early].", "[No problem.|It happens.]"),
    ("[Nice|Cool|Great|Perfect][!|.]", "[:)|Wonderful.]"),
    (
        "[The bus is late again|I'm stuck in traffic|My coffee's gone cold], [typical|of course|argh].",
        "[How annoying.|Hang in there.]",
    ),
    ("[One second|Hold on], [the door|phone's ringing|be right back].", "[Take your time.|I'll wait.]"),
)
REQUESTS = (
    (
        "[How do you make {food}?|Give me a recipe for {food}, please.|What goes into {food}?]",
        "For {food}, soften {small} {herb} in butter, add {spice}, and let everything cook for {number} minutes. \
[It serves {small2}.|Finish with {herb2}.]",
    ),
    (
        "[What should I see in {city}?|Plan me a day in {city}.|Any sights in {city}?]",
        "In {city}, begin at the {sight} in the morning, take line {number} to the {sight2}, and end the day at the \
river. [Mondays the {sight} is closed.|Book the {sight2} ahead.]",
    ),
    (
        "[How do I take care of a {animal}?|What does a {animal} need?|Is a {animal} much work?]",
        "A {animal} wants fresh water twice a day, about {number} grams of food, and a place of {small} square meters. \
[Have it checked every {small2} months.|Never keep it in the sun.]",
    ),
    (
        "[How does one clean a {instrument}?|Give me tips to practice the {instrument}.]",
        "Wipe the {instrument} with a dry cloth, loosen it after {number} minutes of playing, and keep it at {number2} \
percent humidity. [Scales first, pieces later.|Oil it every {small} weeks.]",
    ),
    (
        "[Explain {topic} to me.|What is {topic}, in simple words?|How does {topic} work?]",
        "{topic} comes down to {small} steps: something is collected, it is changed under {cause}, and what comes out \
drives the next round. [A full round takes about {number} days.|It was first described in {year}.]",
    ),
    (
        "[Write me a short poem about {topic}.|A haiku on {topic}, please.]",
        'Here you are: "{topic} at the door, / {number} {herb} in the rain, / {spice} on the wind."',
    ),
    (
        "[Write an email to {company}: the delivery is {small} days late.|Complain to {company} about a late parcel.]",
        "Subject: order {number}{number2}. Dear {company}, my parcel was due {small} days ago. Tell me by Friday \
when it arrives, or refund the {number} euros.",
    ),
    (
        "[What's the capital of {country}?|Tell me about {country}.|How many people live in {country}?]",
        "{country} has about {number} million people, {small} large rivers and a coast of {number2}0 kilometers. [Its \
main export is {spice}.|The best time to visit is early {season}.]",
    ),
    (
        '[How do I say "see you soon" in {language}?|Is {language} hard?|Teach me some {language}.]',
        "{language} has {small} cases and about {number} sounds; begin with greetings, numbers and the {small2} most \
common verbs. [Expect {number2} weeks to a first chat.|Listen to the radio every day.]",
    ),
    (
        "[Recommend me a book like {title}.|What is {title} about?|Should I watch {title}?]",
        "{title} follows {small} siblings who search for a lost {instrument} in {city}. [If you like it, try {title2}.|\
It runs {number} chapters and ends in {season}.]",
    ),
    (
        "[Explain the rules of {sport}.|How long is a match of {sport}?]",
        "In {sport}, two sides of {small} play {small2} rounds of {number} minutes; a fault gives the others a free \
turn. [Ties are settled by a draw.|Shoes with studs are allowed.]",
    ),
    (
        "[What does a {job} earn?|How does one become a {job}?|What does a {job} do all day?]",
        "A {job} trains for {small} years, starts at about {number} thousand a year and spends most of the day with \
{cause}. [Night shifts are common.|Schools in {city} have the best name.]",
    ),
    (
        "[Make a packing list for {span} in {country}.|What do I pack for {country} in {season}?]",
        "For {country}: {small} shirts, a rain jacket, {herb} tea, an adapter, copies of papers, and {number} euros \
in cash. [Leave the umbrella.|Shoes for {season} mud.]",
    ),
    (
        "[What is {number} times {number2}?|Convert {number} miles to kilometers.]",
        "That is easiest in two steps: {number} times ten, then the rest of {number2}, and add both. [For miles, \
multiply by 1.609.|Round at the end.]",
    ),
    (
        "[How do I get {stain} out of {cloth}?|{stain} on {cloth}, what now?]",
        "Against {stain} on {cloth}: dab it with cold water, leave {spice} on it for {number} minutes, then wash at \
{small}0 degrees. [Never rub.|Try a corner first.]",
    ),
    (
        "[When should one plant {herb}?|Why are my {herb} turning yellow?|Do {herb} grow on a balcony?]",
        "{herb} go out {small} weeks after the last frost, {number} centimeters apart; yellow leaves mean too much \
water. [They like {herb2} beside them.|Cut them in {season}.]",
    ),
    (
        "[Fix this code: it stops after {number} rounds.|Write a function that sums every {small}th number up to \
{number}.]",
        "def total(limit={number}): return sum(range(0, limit + 1, {small})). [The end has to be counted in.|Start at \
{small2} if you want to leave the first out.]",
    ),
    (
        "[How do {wild} sleep?|What do {wild} eat?|Where do {wild} live?]",
        "{wild} sleep {small} hours in turns, eat up to {number} kilos a week and live in groups of {small2}. [In \
{season} they wander off.|They are seen near {city}.]",
    ),
)
_POOLS = {
    "herb": (
        "leeks",
        "shallots",
        "carrots",
        "tomatoes",
        "peppers",
        "radishes",
        "beans",
        "onions",
        "parsnips",
        "courgettes",
        "fennel",
        "chives",
    ),
    "spice": (
        "cumin",
        "saffron",
        "salt",
        "thyme",
        "vinegar",
        "nutmeg",
        "paprika",
        "cardamom",
        "sugar",
        "ginger",
        "mustard",
        "cinnamon",
    ),
    "sight": (
        "old harbor",
        "clock tower",
        "glass market",
        "rose garden",
        "ship museum",
        "north gate",
        "cathedral steps",
        "tram depot",
    ),
    "topic": (
        "inflation",
        "photosynthesis",
        "the tides",
        "compound interest",
        "vaccination",
        "plate tectonics",
        "the stock market",
        "fermentation",
        "radar",
        "the immune system",
        "encryption",
        "erosion",
        "a heat pump",
        "the water cycle",
        "supply and demand",
    ),
    "cause": ("pressure", "light", "time", "demand", "heat", "paperwork", "friction", "chance"),
    "season": ("spring", "summer", "autumn", "winter"),
    "stain": ("red wine", "ink", "grass", "coffee", "candle wax", "tar", "beetroot", "rust"),
    "cloth": ("a shirt", "the carpet", "jeans", "a tablecloth", "a silk tie", "the sofa", "wool"),
}


class Drawn(requests.Drawn):
    """Values for a request and its answer; ``herb2`` is a second one of ``herb``."""

    def __missing__(self, key: str) -> str:
        pool = _POOLS.get(key.rstrip("2"))
        if pool is None and not key.endswith("2"):
            return super().__missing__(key)
        draw = self._rng.choice(pool) if pool else value(key.rstrip("2"), self._rng)
        return self.setdefault(key, draw)
