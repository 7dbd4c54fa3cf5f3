"""What a person chose on the Models page: kept in the data folder, in force for the replies that start from then on.

Flags and variables of the start are the defaults. Does not know: the page, the models.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput, StoreError
from knowledge.records import Sampling

logger = logging.getLogger(__name__)

HOTTEST = 2.0
LONGEST_REPLY = 100_000  # tokens
LONGEST_SYSTEM = 8000  # characters


@dataclass(frozen=True, slots=True)
class Chosen:
    """``model`` and ``encoder`` "" where nobody chose one; ``reply_tokens`` is the longest reply; ``system`` "" for the
    decoder's own prompt."""

    temperature: float
    reply_tokens: int
    system: str = ""
    model: str = ""
    encoder: str = ""

    @property
    def sampling(self) -> Sampling:
        """For replies whose caller brings none."""
        return Sampling(temperature=self.temperature, max_tokens=self.reply_tokens)


class Preferences:
    """``path``: of their file; ``defaults`` where it has none. A damaged file is told in the log and left out."""

    def __init__(self, path: Path, defaults: Chosen) -> None:
        self._path = path
        self._defaults = defaults
        self._lock = threading.Lock()
        self._chosen = self._read()

    @property
    def chosen(self) -> Chosen:
        """What is in force."""
        return self._chosen

    def set(self, given: Mapping[str, Any]) -> Chosen:
        """Change some of them. Raises BadInput for what is no such value, StoreError when they cannot be written."""
        with self._lock:
            chosen = replace(self._chosen, **checked(given))
            told = {key: value for key, value in asdict(chosen).items() if value != getattr(self._defaults, key)}
            new = self._path.with_name(self._path.name + ".new")
            try:
                new.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
                os.replace(new, self._path)
            except OSError as exc:
                raise StoreError(f"{self._path} cannot be written ({exc}); make room and try again.") from exc
            self._chosen = chosen
        return chosen

    def _read(self) -> Chosen:
        try:
            given = json.loads(self._path.read_text("utf-8"))
            return replace(self._defaults, **checked(given))
        except FileNotFoundError:
            return self._defaults
        except (OSError, ValueError, TypeError, AttributeError, BadInput) as exc:
            logger.warning("%s is left out: %s", self._path, exc)
            return self._defaults


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values among ``given`` that are preferences. Raises BadInput with a sentence for one out of bounds."""
    found: dict[str, Any] = {}
    if (value := given.get("temperature")) is not None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HOTTEST:
            raise BadInput("The temperature is a number from 0 to 2.")
        found["temperature"] = float(value)
    if (value := given.get("reply_tokens")) is not None:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value % 1 == 0
        if not whole or not 1 <= value <= LONGEST_REPLY:
            raise BadInput("The longest reply is a whole number of tokens from 1 to 100000.")
        found["reply_tokens"] = int(value)
    if (value := given.get("system")) is not None:
        if not isinstance(value, str) or len(value) > LONGEST_SYSTEM:
            raise BadInput("The system prompt is a text of at most 8000 characters.")
        found["system"] = value.strip()
    found |= {name: given[name] for name in ("model", "encoder") if isinstance(given.get(name), str)}
    return found
