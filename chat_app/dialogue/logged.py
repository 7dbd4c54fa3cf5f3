"""Errors that must not hide another one, or take back what is done: they go to the log."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def logged(what: str) -> Iterator[None]:
    """Run the block; an error in it is logged under ``what`` and goes no further."""
    try:
        yield
    except Exception:
        logger.exception("%s", what)
