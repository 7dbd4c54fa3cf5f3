"""What one file may take while it is read. Constants: no person needs others, and real documents stay far below.

Does not know: how the limits are held.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file.

    ``memory``: bytes of address space. A text of 100 MiB, decoded and cleaned, takes some 600 MiB.
    ``seconds``: of the processor, ``seconds_a_mib`` more for each MiB of the file. A PDF of 1,000 pages takes four
    seconds here and is several MiB large; a text of 100 MiB takes two minutes and is given eighteen.
    ``passages``: in memory each takes about 2.5 KB of the server for good, so that the largest document takes 600 MB.
    100 MiB of Chinese text are 210,000, of English 120,000, a PDF of 1,000 pages about 3,000.
    ``free_passages``, ``characters_a_passage``: beyond the first passages they have to have so many characters on
    average: those of a text have 900, of a Chinese one 170, of a table 200; those of a list of empty headings ten.
    ``characters``: of all passages together; a table repeats its column names in every row.
    """

    memory: int = 1280 * 2**20
    seconds: float = 120.0
    seconds_a_mib: float = 10.0
    passages: int = 250_000
    free_passages: int = 10_000
    characters_a_passage: int = 25
    characters: int = 400_000_000

    def seconds_of(self, size: int) -> float:
        """Seconds of the processor that a file of ``size`` bytes may take."""
        return self.seconds + self.seconds_a_mib * size / 2**20

    def passages_of(self, characters: int) -> int:
        """Passages that so many characters may be parted into."""
        return min(self.passages, self.free_passages + characters // self.characters_a_passage)


LIMITS = Limits()
