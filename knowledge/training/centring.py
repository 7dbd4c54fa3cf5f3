"""Measures what all vectors of an encoder have in common: ``python -m knowledge.training centring --encoder NAME``.

The means are of generated memories and questions (English), the directions of languages those in which the same
sentences in eight languages differ from each other. Does not know: how it is used (``knowledge/input/centring.py``).
"""

from __future__ import annotations

import numpy as np

from knowledge.input.centring import Centring
from knowledge.input.encoder import Encoder
from knowledge.training.generated import generator
from knowledge.training.parallel_sentences import QUESTIONS, STATEMENTS


def measure(encoder: Encoder, seed: int, *, scenes: int = 6, languages: int = 7) -> Centring:
    """``scenes``: generated memories that the means are taken of. ``languages``: directions to take out."""
    made = list(generator.generate(seed, scenes))
    said = [slot.text for scene in made for slot in scene.slots]
    asked = [query.text for scene in made for query in scene.queries]
    stored, queries = encoder.raw(said, queries=False), encoder.raw(asked, queries=True)
    apart = []
    for sentences, asks in ((STATEMENTS, False), (QUESTIONS, True)):
        means = {name: encoder.raw(list(rows), queries=asks).mean(0) for name, rows in sentences.items()}
        apart += [mean - means["en"] for name, mean in means.items() if name != "en"]
    directions = np.linalg.svd(np.stack(apart), full_matrices=False)[2][:languages]
    return Centring(stored.mean(0), queries.mean(0), directions)
