"""A Neural Turing Machine out of the product's own addressing and erase/add write, and its two classic tasks.

Graves, Wayne & Danihelka 2014 (arXiv:1410.5401): a small controller steers one write and one read head over memory
slots by content, interpolation, shift and sharpening. How many slots there are is no part of the weights. The
controller of the copy task is feed-forward: an LSTM learns to count to the lengths it was trained on, a controller
without a state of its own has to keep everything in the memory. Recall needs an LSTM, to make one key of three vectors.

Copy (4.1): vectors of 8 random bits, then a delimiter; the vectors are to be repeated while the input is empty.
Associative recall (4.3): items of 3 vectors of 6 bits, each after a delimiter; then one of them as a query between two
query delimiters; the item after it is to be given.

Shapes: B sequences, T time steps, I input and O output width, N slots, M width of a slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from knowledge.read.addressing import FLOOR, Address, Addressing, erase_add, read, time_neighbours

BITS = {"copy": 8, "recall": 6}
DELIMITERS = {"copy": 1, "recall": 2}
ITEM = 3  # vectors of an item
CONTROLLER = {"copy": "feedforward", "recall": "lstm"}


@dataclass(frozen=True)
class Example:
    """inputs (B, T, I); targets (B, L, O), expected in the last L steps."""

    inputs: Tensor
    targets: Tensor


def copy_example(sequences: Tensor) -> Example:
    """(B, L, 8) bits."""
    batch, length, bits = sequences.shape
    inputs = torch.zeros(batch, 2 * length + 1, bits + 1)
    inputs[:, :length, :bits] = sequences
    inputs[:, length, bits] = 1
    return Example(inputs, sequences)


def recall_example(items: Tensor, query: Sequence[int]) -> Example:
    """(B, K, 3, 6) bits, and for each which item is asked for (its successor is the answer; not the last)."""
    batch, count, rows, bits = items.shape
    asked = torch.tensor(query)
    if int(asked.max()) > count - 2 or int(asked.min()) < 0:
        raise ValueError("The item asked for needs a successor.")
    step = rows + 1
    inputs = torch.zeros(batch, count * step + 2 + 2 * rows, bits + 2)
    for k in range(count):
        inputs[:, k * step, bits] = 1
        inputs[:, k * step + 1 : (k + 1) * step, :bits] = items[:, k]
    at = count * step
    every = torch.arange(batch)
    inputs[:, at, bits + 1] = 1
    inputs[:, at + 1 : at + 1 + rows, :bits] = items[every, asked]
    inputs[:, at + 1 + rows, bits + 1] = 1
    return Example(inputs, items[every, asked + 1])


def random_example(task: str, size: int, batch: int, generator: torch.Generator, *, hard: float = 0.0) -> Example:
    """``size``: length of the sequence, or number of items. ``hard``: share of what random bits hardly ever show.

    Copy: vectors of zeros, which look like the end of the input. Recall: sequences whose items differ in few bits, as
    the nearest ones of many items do.
    """
    if task == "copy":
        sequences = torch.randint(0, 2, (batch, size, BITS[task]), generator=generator).float()
        shown = torch.rand(batch, size, 1, generator=generator) >= hard
        return copy_example(sequences * shown)
    items = torch.randint(0, 2, (batch, size, ITEM, BITS[task]), generator=generator).float()
    if hard:
        alike = torch.rand(batch, 1, 1, 1, generator=generator) < hard
        flipped = torch.rand(batch, size, ITEM, BITS[task], generator=generator) < 0.2
        items = torch.where(alike, (items[:, :1] - flipped.float()).abs(), items)
    query = torch.randint(0, size - 1, (batch,), generator=generator)
    return recall_example(items, query.tolist())


class Machine(nn.Module):
    """Controller, one write head, one read head."""

    def __init__(
        self, task: str, *, hidden: int = 64, width: int = 20, beta: float = 5.0, controller: str | None = None
    ) -> None:
        super().__init__()
        self.task, self.width = task, width
        self.kind = controller or CONTROLLER[task]
        inputs = BITS[task] + DELIMITERS[task] + width
        self.controller = nn.LSTMCell(inputs, hidden) if self.kind == "lstm" else nn.Linear(inputs, hidden)
        self.heads = Addressing(
            hidden,
            width,
            heads=2,
            project_keys=False,
            interpolation=True,
            shift_radius=1,
            sharpening=True,
            strength=beta,
        )
        self.erase, self.add = nn.Linear(hidden, width), nn.Linear(hidden, width)
        self.out = nn.Linear(hidden + width, BITS[task])
        self.blank = nn.Parameter(torch.zeros(width))
        self._initialise()

    def _initialise(self) -> None:
        """The write head starts by walking on: gate to where it was, shift by one. The read head starts undecided."""
        steer = self.heads.steer
        assert steer is not None
        with torch.no_grad():
            _, gate, steps, gamma, _ = torch.split(steer.bias, self.heads.sizes)
            gate.copy_(torch.tensor([-2.0, 0.0]))
            steps.view(2, 3).copy_(torch.tensor([[-2.0, 0.0, 3.0], [-2.0, 1.0, 1.0]]))
            gamma.fill_(2.0)
            self.blank.normal_(std=0.1)

    def forward(self, inputs: Tensor, answers: int, *, slots: int = 128) -> Tensor:
        """(B, T, I) → logits (B, answers, O) of the last ``answers`` steps."""
        batch, steps, _ = inputs.shape
        memory = self.blank.tanh().expand(batch, slots, self.width)
        start = torch.full((1, 1, slots), FLOOR)
        start[..., 0] = 0.0
        address = Address(start.expand(batch, 2, slots))
        neighbours = time_neighbours(torch.ones(1, slots, dtype=torch.bool), 1, circular=True)
        found = inputs.new_zeros(batch, self.width)
        state: tuple[Tensor, Tensor] | None = None
        outputs = []
        for t in range(steps):
            seen = torch.cat([inputs[:, t], found], -1)
            if self.kind == "lstm":
                state = self.controller(seen, state)
                hidden = state[0]
            else:
                hidden = torch.tanh(self.controller(seen))
            address = self.heads(hidden, memory, previous=address, neighbours=neighbours)
            weights = address.weights
            erase, add = torch.sigmoid(self.erase(hidden)), torch.tanh(self.add(hidden))
            memory = erase_add(memory, weights[:, :1], erase[:, None], add[:, None])
            found = read(weights[:, 1:, None], memory)[:, 0, 0]
            if t >= steps - answers:
                outputs.append(self.out(torch.cat([hidden, found], -1)))
        return torch.stack(outputs, 1)
