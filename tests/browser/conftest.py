"""What the tests of the page share; which server they talk to is each file's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.talk import open_chat
from tests.page_server import PageServer


@pytest.fixture
def opened(server: PageServer, page: Any) -> Any:
    """The chat page, open and ready."""
    open_chat(page, server.url)
    return page
