"""What people ask an assistant for that says nothing lasting about them, and what it answers. Templates only.

Many share words with facts told elsewhere (a dish, a country, an instrument), so that words alone do not decide.
"""

from __future__ import annotations

import random

from knowledge.training.generated.values import value

PAIRS = (
    (
        "[[Can you|Could you] give me a recipe for {food}?|How do you make {food}?]",
        "[For {food} you need patience and fresh ingredients.|{food} is easier than it looks.] Start with the onions, \
season early and \
taste often. [It keeps for two days.|Serve it right away.]",
    ),
    (
        "[What's the [capital|population|currency] of {country}?|Tell me something about {country}.]",
        "{country} is known for its landscapes and its kitchen. [The capital is the largest city.|Most people live \
near the coast.]",
    ),
    (
        "[How do you say [thank you|good night|where is the station] in {language}?|Is {language} hard to learn?]",
        "In {language} it depends on how formal you want to be. [Practice a little each day.|The pronunciation takes \
time.]",
    ),
    (
        "[How does one [choose|tune|clean] a {instrument}?|Is a {instrument} loud?]",
        "A {instrument} should be kept dry and away from the sun. [A teacher can help you choose.|Rent one before you \
buy.]",
    ),
    (
        "[What should I know before getting a {animal}?|How long does a {animal} live?]",
        "A {animal} needs time, space and regular check-ups. [Ask a shelter first.|Think about holidays, too.]",
    ),
    (
        "[[Can you|Please] explain the rules of {sport}.|How many people play {sport}?]",
        "{sport} is played all over the world. [The rules differ a bit from club to club.|Beginners usually pick it up \
within weeks.]",
    ),
    (
        "[What's the weather like in {city} in [spring|autumn|winter]?|Is {city} expensive?|What can one do in {city} \
in a day?]",
        "{city} is mild at that time of the year. [Walk through the old center and bring an umbrella.|A day pass saves \
money.]",
    ),
    (
        "[What does a {job} do all day?|How much does a {job} earn?]",
        "A {job} usually works with people and paper alike. [Pay depends on the region.|Training takes two to four \
years.]",
    ),
    (
        "[Give me three ideas for [a rainy Sunday|a team lunch|a kids' party|a farewell card].]",
        "Sure: a quiz, something to eat, and a short walk. [Keep it simple.|"
        "The second one needs a little preparation.]",
    ),
    (
        "[How do I [fall asleep faster|stay focused|remember names|say no politely|stop procrastinating]?]",
        "[Small habits help most.|Start with five minutes.] Pick a fixed time, put the phone away, and don't judge the \
first week.",
    ),
    (
        "[How do I get [red wine|ink|grass|coffee|candle wax] out of [a shirt|the carpet|jeans]?]",
        "Cold water first, then a little soap, and never rub. [Test it on a corner.|Repeat if needed.]",
    ),
    (
        "[Explain [compound interest|inflation|photosynthesis|black holes|how vaccines work|the offside \
rule|blockchain] in one sentence.]",
        "In one sentence: small effects add up over time. [I can go deeper if you like.|"
        "There is more to it, of course.]",
    ),
    (
        "[What's the difference between [jam and marmalade|a virus and a bacterium|RAM and storage|latex and acrylic \
paint|a cold and the \
flu|a crocodile and an alligator]?]",
        "[In short, one is broader than the other.|They differ in where they come from.] People mix them up all the \
time.",
    ),
    (
        "[[Write|Help me write] [a polite reminder|a cover letter|a birthday poem|a complaint about noise|a short \
toast|a thank-you note].]",
        'Here\'s a draft: "I hope this finds you well. [I wanted to follow up briefly.|Please let me know what suits \
you.]" Shall I make it \
shorter?',
    ),
    (
        "[Tell me a joke.|Make me laugh.|Say something nice.]",
        "Why did the scarecrow get a prize? Because it was outstanding in its field. [Sorry!|I have more.]",
    ),
    (
        "[Summarize the plot of {title} for me.|Is {title} worth it?]",
        "I don't want to spoil {title}. [Reviews are mixed, but the ending is praised.|It starts slowly and picks up \
in the second half.]",
    ),
    (
        "[Convert [three miles to kilometers|eighty Fahrenheit to Celsius|two cups to milliliters] for me.|What is \
{number} times {small}?]",
        "That's easy to do by hand, too. [I rounded it a little.|Multiply and move the point.]",
    ),
    (
        "[What does {company} do?|Is {company} a good stock?]",
        "{company} is active in several markets. [I can't give advice on shares.|Their reports are public.]",
    ),
    (
        "[[Thanks, that helped.|You're good at this.|That's all for now.|Okay, got it.|Perfect.]]",
        "[You're welcome!|Glad I could help.|Any time.|My pleasure.]",
    ),
    (
        "[Make a packing list for {span} in {country}.|What should I pack for {country}?]",
        "Light layers, a rain jacket, chargers, copies of your papers. [For {country} also an adapter.|"
        "Leave some room.]",
    ),
    (
        "[Is {dessert} better with butter or oil?|How long can you keep {dessert}?]",
        "{dessert} is usually made with butter. [Keep it cool.|Oil makes it lighter.]",
    ),
    (
        "[When should one plant [tomatoes|tulips|garlic|lavender]?|Why are the leaves of my basil yellow?]",
        "It depends on the frost. [Too much water is the usual cause.|Wait until the nights are mild.]",
    ),
    (
        "[How can I [back up photos|speed up a laptop|reset a router|free up storage]?]",
        "Restart first, then check for updates. [Make a copy of everything important.|It takes ten minutes.]",
    ),
    (
        "[Do {wild} sleep at night?|What do {wild} eat?]",
        "{wild} are more active at dawn and dusk. [Their diet changes \
with the season.|]",
    ),
    (
        "[What's [a good|the best] exercise for [the back|the knees|the shoulders]?]",
        "Slow movements, a warm-up, and no pain. [Three times a week is enough.|Ask a doctor if it hurts.]",
    ),
    (
        "[Who won the [Nobel Prize|World Cup|Oscar] in {year}?|What happened in {year}?]",
        "In {year} a lot happened at once. [I may be wrong about details.|Tell me which field you mean.]",
    ),
)
OFFERS = (
    "[Is there anything else?|Let me know if you need more.|Shall I go into detail?|Do you want examples?]",
    "[Would you like a shorter version?|I can look at it from another side.|Tell me more about what you need.]",
    "[Hope that helps.|Good luck with it!|Take it step by step.|What do you think?]",
)


class Drawn(dict[str, str]):
    """Values for a request and its answer, drawn when first asked for."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng

    def __missing__(self, key: str) -> str:
        self[key] = value(key, self._rng)
        return self[key]
