"""What an assistant is asked every day, where no memory matters: requests and advice, from templates, with a seed.

How the untrained decoder replies to requests is what it is to go on doing (knowledge/training/distillation.py); its
replies to people who ask for advice on their own life are examples (reply_mix.py), for they are asked like what memory
does not answer.
"""

from __future__ import annotations

import random
from itertools import product, zip_longest

_TOPICS = {
    "habit": "waking up early|eating more vegetables|drinking more water|walking every day|saving money|reading more|"
    "staying focused at work|keeping a diary|learning a language|packing a suitcase|growing tomatoes|cooking for one|"
    "making new friends|preparing for an exam|running a first race|keeping a room tidy|working from home|"
    "giving a speech|taking better photos|caring for a houseplant",
    "thing": "a rainbow|a volcano|the moon|a vaccine|inflation|a magnet|a black hole|the heart|a glacier|an algorithm|"
    "the stock market|the water cycle|an earthquake|electricity|a democracy|the greenhouse effect|a cell|the tides|"
    "a search engine|DNA",
    "pair": "a comet and an asteroid|jam and jelly|weather and climate|a lake and a pond|a loan and a lease|"
    "tea and coffee|a frog and a toad|speed and velocity|a novel and a short story|RAM and a hard disk|"
    "a violin and a viola|a simile and a metaphor",
    "poem": "autumn|an old lighthouse|the first snow|a sleepy cat|my grandmother's garden|a night train|the rain|"
    "a long journey|friendship|the stars",
    "place": "Paris|Tokyo|New York|Barcelona|Istanbul|Cairo|Berlin|Sydney|Prague|Kyoto",
    "dish": "tomato soup|rice pudding|an omelette|guacamole|vegetable curry|banana bread|lemonade|garlic bread|"
    "potato salad|hummus",
    "person": "Marie Curie|Leonardo da Vinci|Nelson Mandela|Ada Lovelace|Mozart|Cleopatra|Charles Darwin|Galileo|"
    "Frida Kahlo|Isaac Newton",
    "letter": "my neighbour about loud music|my boss to ask for a day off|a shop about a late parcel|"
    "a friend to say sorry for missing the party|my teacher about a missed lesson|a hotel to change a booking|"
    "a customer to say thank you|my team about a new meeting time",
    "gift": "a colleague|a five-year-old|my father|a friend who likes cooking|a couple with a new home|a teacher",
}
_REQUESTS = {
    "habit": "Give me three tips for {}.|How do I get better at {}?|What are the benefits of {}?|"
    "List five ideas to help with {}.|Can you make a simple plan for {}?|Why is {} hard for many people?",
    "thing": "Explain {} in simple words.|What is {}?|How does {} work?|Tell me an interesting fact about {}.|"
    "Explain {} to a child.",
    "pair": "What is the difference between {}?|Compare {}.",
    "poem": "Write a short poem about {}.|Write a short story about {}.|Describe {} in two sentences.",
    "place": "What should I see in {}?|Plan a weekend in {}.|What is {} known for?",
    "dish": "How do I make {}?|Give me a recipe for {}.",
    "person": "Who was {}?|What is {} known for?",
    "letter": "Write a polite message to {}.|Help me write an email to {}.",
    "gift": "What could I give {} as a present?|Give me gift ideas for {}.",
}
_ADVICE = {
    "meal": "cook|eat|have|make|prepare",
    "when": "tonight|for dinner|for lunch tomorrow|this weekend|for breakfast",
    "guest": "my parents|a friend|my boss|six guests|the children",
    "thing": "film|book|board game|hobby|podcast|song|museum|sport",
    "who": "my sister|my mother|my best friend|my colleague|my nephew|my neighbour",
    "day": "birthday|wedding|graduation|new job",
    "aim": "get fit|sleep better|save money|learn Spanish|remember names|get better at chess|cook more often|"
    "worry less|feel less tired|get up earlier|write better|drink less coffee",
    "matter": "go to the gym or for a run|take the train or the car|buy a cat or a dog|rent or buy a flat|"
    "learn the piano or the guitar|read or watch a film|stay at home or go out",
    "trip": "the mountains|a week at the sea|a long flight|a job interview|a camping trip|a concert",
}
_ASKED = {
    ("meal", "when"): "What should I {} {}?|What can I {} {}?|What could I {} {}?",
    ("guest",): "What should I cook for {}?|What can I do with {} on a rainy day?",
    ("thing",): "Can you recommend a {}?|Which {} should I try?|What is a good {} for a quiet evening?",
    ("who", "day"): "What should I give {} for the {}?|What could I write to {} for the {}?",
    ("aim",): "How can I {}?|How do I {}?|What helps to {}?|I want to {}. What should I do?",
    ("matter",): "Should I {}?|Is it better to {}?",
    ("trip",): "What should I pack for {}?|How do I prepare for {}?|What should I wear for {}?",
}


def advice(seed: int, count: int) -> list[str]:
    """``count`` different questions for advice on one's own life, of each kind as many, or all that there are."""
    rng = random.Random(f"{seed}:advice")
    kinds = []
    for slots, asked in _ASKED.items():
        fills = product(*(_ADVICE[slot].split("|") for slot in slots))
        made = [template.format(*words) for words in fills for template in asked.split("|")]
        rng.shuffle(made)
        kinds.append(made)
    return [one for some in zip_longest(*kinds) for one in some if one][:count]


def instructions(seed: int, count: int) -> list[str]:
    """``count`` different requests, or all that there are."""
    made = [
        request.format(topic)
        for kind, requests in _REQUESTS.items()
        for request in requests.split("|")
        for topic in _TOPICS[kind].split("|")
    ]
    random.Random(f"{seed}:instructions").shuffle(made)
    return made[:count]
