"""Internal memory: a recurrent state over the turns of the running dialogue.

The query of a read is the new turn's vector, corrected by a projection of that vector and of an LSTM's state
(Hochreiter & Schmidhuber 1997) over the turns before it, so that "and her brother?" still asks the right question. The
correction is residual and starts at zero: an untrained internal memory asks exactly what the turn says.

Does not know: texts, the encoder, the external memory.

Shapes: B batch, T turns in order of time, D dimension of a turn's vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]  # hidden and cell of the LSTM, each (1, B, hidden)


class InternalMemory(nn.Module):
    """LSTM over turn vectors; ``query = turn + P[turn; state before the turn]`` with P starting at zero.

    dimension: D. hidden: width of the LSTM's state. dropout: on the LSTM's state while training.
    """

    def __init__(self, dimension: int, hidden: int | None = None, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dimension, self.hidden = dimension, hidden or dimension
        self.lstm = nn.LSTM(dimension, self.hidden, batch_first=True)
        self.project = nn.Linear(dimension + self.hidden, dimension)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        with torch.no_grad():  # start by remembering (Jozefowicz et al. 2015): forget gate's bias 1
            dict(self.lstm.named_parameters())["bias_ih_l0"][self.hidden : 2 * self.hidden] = 1.0

    def start(self, batch: int) -> State:
        """The state before any turn: zeros."""
        zeros = self.project.weight.new_zeros(1, batch, self.hidden)
        return zeros, zeros

    def forward(self, turns: Tensor, state: State | None = None) -> Tensor:
        """The query of every turn: (B, T, D) → (B, T, D). Query t sees turns 0…t only, so right padding is safe."""
        hidden, cell = state or self.start(turns.shape[0])
        states, _ = self.lstm(turns, (hidden, cell))
        before = torch.cat([hidden.transpose(0, 1), states[:, :-1]], dim=1)
        return self.combine(turns, before)

    def combine(self, turn: Tensor, hidden: Tensor) -> Tensor:
        """Query of a turn (…, D) given the LSTM's hidden state before it (…, hidden)."""
        correction: Tensor = self.project(torch.cat([turn, self.dropout(hidden)], dim=-1))
        return turn + correction

    def query(self, turn: Tensor, state: State) -> Tensor:
        """Query of a new turn (B, D) in a running dialogue."""
        return self.combine(turn, state[0][0])

    def step(self, turn: Tensor, state: State) -> State:
        """The state after a turn (B, D)."""
        _, after = self.lstm(turn[:, None], state)
        return after[0], after[1]
