"""Taking note of what a person tells, where nothing was read: in which words, and when.

What an assistant may say to news is endless, and what a small model finds likeliest of it is often wrong ("I'm sorry
for any confusion, but as a helpful AI assistant …", LOG.md 2026-11-26). That it takes note is one meaning in few words:
once these are likely enough together they are said, as "not known" is (knowledge/reply/small_model/abstention.py). To
requests they have a hundredth of that. Whether it is sad news the model says as well: by how much likelier it finds
being sorry than being glad.

Does not know: models, or what was read.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from knowledge.reply.small_model.message_forms import asks, is_small_talk, requests

_HEARD = {  # how a reply that takes note begins → what is said then
    "I'll remember that": "I'll remember that.",
    "Got it": "Got it, I'll remember that.",
    "Noted": "Noted, I'll remember that.",
    "Thanks for telling me": "Thanks for telling me.",
}
_SADLY, _GLADLY = "I'm sorry to hear that. I'll remember that.", "That's great! I'll remember that."
ACKNOWLEDGEMENTS = (*_HEARD.values(), _SADLY, _GLADLY)
_SORRY = ("I'm sorry to hear that", "I'm so sorry", "I'm sorry for your loss", "Oh no")
_GLAD = ("That's great", "That's wonderful", "Congratulations")
BEGINNINGS = (*_HEARD, *_SORRY, *_GLAD)  # whose probabilities ``acknowledgement`` wants, in this order
OWN, OTHER = 0.006, 0.02  # probability of taking note from which it is done: of news on the person, of other news
SAD, GLAD = 3.0, 3.0  # nats by which being sorry is likelier than being glad, and the other way round
_SELF = re.compile(r"\b(?:I|I'm|I've|I'd|[Mm]y|[Ww]e|[Oo]ur)\b")


def least(text: str) -> float:
    """The probability from which this message is taken note of: less where it tells something of the person who writes
    it, more where it need not, 1 where it tells nothing."""
    if asks(text) or is_small_talk(text) or requests(text):
        return 1.0
    words = len(text.split())
    return OWN if _SELF.search(text) and words >= 3 else OTHER if words >= 4 else 1.0


def acknowledgement(found: Tensor, needed: float) -> str:
    """The words to take note in, or "" to reply as usual. ``found``: log-probabilities of ``BEGINNINGS`` in nats."""
    heard, sorry, glad = torch.split(found, [len(_HEARD), len(_SORRY), len(_GLAD)])
    if float(heard.exp().sum()) < needed:
        return ""
    sadness = float(sorry.logsumexp(0) - glad.logsumexp(0))
    if sadness >= SAD:
        return _SADLY
    if sadness <= -GLAD:
        return _GLADLY
    return list(_HEARD.values())[int(heard.argmax())]
