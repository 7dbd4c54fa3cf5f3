"""A conversation's nodes, as an export links them, → messages of which each stands behind the one that it follows.

Nodes without a message (settings, tools, what was not shown) are passed over; what follows them follows the message
above. Pieces of one reply, between which a tool was called, become one message. No step goes deeper with the tree, and
what leads round in a circle is never reached. Does not know: any app's format.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.records import OutsideConversation, OutsideMessage, Role

LONGEST = 100_000  # characters of one message; the rest is cut off
MOST_MESSAGES = 50_000  # of one conversation
MOST_CHARACTERS = 20_000_000  # of one conversation
_MOST_PIECES = 1000  # of one reply

APART = "\n\n"  # between the pieces of a reply


@dataclass(slots=True)
class Node:
    """One node of an app's tree. ``role`` "" passes it over; ``children``: in the app's order, where it tells one."""

    parent: str = ""
    role: Role | str = ""
    text: str = ""
    created: float = 0.0
    children: Sequence[str] = ()
    off_record: bool = False


@dataclass(slots=True)
class Told:
    """A conversation as an app tells it. ``current``: the node at the end of the open branch, "" where it does not
    say."""

    app: str
    key: str
    title: str = ""
    created: float = 0.0
    updated: float = 0.0
    current: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def conversation(told: Told) -> OutsideConversation | None:
    """The conversation, or None where it holds no message, or more than one conversation may hold."""
    told.nodes.pop("", None)  # an id that is none
    order, above = _walk(told.nodes)
    told.left_out["circle"] += len(told.nodes) - len(order)
    kept = [id for id in order if told.nodes[id].role]
    if not kept or len(kept) > MOST_MESSAGES:
        told.left_out["large" if kept else "empty"] += 1
        return None
    place = {id: at for at, id in enumerate(kept)}
    parents = [place.get(above[id]) for id in kept]
    nodes = [told.nodes[id] for id in kept]
    ends, messages, instead = _joined(kept, nodes, parents, told.left_out)
    if sum(len(message.text) for message in messages) > MOST_CHARACTERS:
        told.left_out["large"] += 1
        return None
    leaf = _leaf(told, above, place, instead, ends, messages)
    left_out = {kind: count for kind, count in told.left_out.items() if count}
    return OutsideConversation(
        told.app, told.key or _sum(messages), told.title, told.created, told.updated, leaf, tuple(messages), left_out
    )


def _sum(messages: Sequence[OutsideMessage]) -> str:
    """A key of what is said, for a conversation that has none."""
    said = hashlib.sha256()
    for message in messages:
        said.update(f"{message.parent}\n{message.role}\n{len(message.text)}\n{message.text}\n".encode())
    return said.hexdigest()


def _walk(nodes: Mapping[str, Node]) -> tuple[list[str], dict[str, str]]:
    """All nodes that a first one leads to, parents first, siblings in their order; and of each the nearest message
    above it ("" for none)."""
    below: dict[str, list[str]] = {}
    for id, node in nodes.items():
        below.setdefault(node.parent if node.parent in nodes else "", []).append(id)
    for id, ids in below.items():
        if id:
            rank = {child: at for at, child in enumerate(nodes[id].children)}
            ids.sort(key=lambda child, rank=rank: rank.get(child, len(rank)))  # type: ignore[misc]
    order: list[str] = []
    above: dict[str, str] = {}
    waiting = [(id, "") for id in reversed(below.get("", ()))]
    while waiting:
        id, message = waiting.pop()
        order.append(id)
        above[id] = message
        message = id if nodes[id].role else message
        waiting += [(child, message) for child in reversed(below.get(id, ()))]
    return order, above


def _joined(
    keys: Sequence[str], nodes: Sequence[Node], parents: Sequence[int | None], left_out: Counter[str]
) -> tuple[list[int], list[OutsideMessage], list[int]]:
    """The messages, with the pieces of a reply as one; the places of their last pieces; and for every piece the place
    of a last one that it leads to."""
    goes_on, answered = [False] * len(nodes), [False] * len(nodes)
    for at, parent in enumerate(parents):
        if parent is not None and nodes[at].role == nodes[parent].role == "assistant":
            goes_on[parent] = True
        elif parent is not None:
            answered[parent] = True
    ends: list[int] = []
    number: dict[int, int] = {}  # place of a last piece → number of its message
    messages: list[OutsideMessage] = []
    for at, node in enumerate(nodes):
        if goes_on[at] and not answered[at]:
            continue
        pieces, first = [at], at
        while node.role == "assistant" and len(pieces) < _MOST_PIECES:
            parent = parents[first]
            if parent is None or nodes[parent].role != "assistant":
                break
            pieces.append(first := parent)
        said = node.text
        if len(pieces) > 1:
            said = APART.join(nodes[one].text.strip("\n") for one in reversed(pieces))
        if len(said) > LONGEST:
            left_out["cut"] += 1
            said = said[:LONGEST]
        before = parents[first]
        number[at] = len(messages)
        ends.append(at)
        role: Role = "assistant" if node.role == "assistant" else "user"
        above = None if before is None else number.get(before)
        off_record = any(nodes[piece].off_record for piece in pieces)
        messages.append(OutsideMessage(keys[at], above, role, said, nodes[first].created, off_record))
    instead = list(range(len(nodes)))
    for at in range(len(nodes) - 1, -1, -1):
        parent = parents[at]
        if parent is not None and parent not in number:
            instead[parent] = instead[at]
    return ends, messages, [number[instead[at]] for at in range(len(nodes))]


def _leaf(
    told: Told,
    above: Mapping[str, str],
    place: Mapping[str, int],
    instead: Sequence[int],
    ends: Sequence[int],
    messages: Sequence[OutsideMessage],
) -> int:
    """The end of the branch through the current node; without one, of the branch on which something was said last."""
    current = told.current if told.current in place else above.get(told.current, "")
    latest = max(range(len(ends)), key=lambda one: (messages[one].created, one))
    at = instead[place[current]] if current else latest
    last = {message.parent: number for number, message in enumerate(messages)}
    while at in last:
        at = last[at]
    return at
