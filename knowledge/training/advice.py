"""What people ask an assistant for advice on in their own life, from templates, with a seed.

The untrained decoder's replies to it are examples (replies/mix.py), for it is asked like what memory does not answer.
"""

from __future__ import annotations

import random
from itertools import product, zip_longest

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
