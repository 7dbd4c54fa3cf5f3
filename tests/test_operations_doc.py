"""What docs/operations.md and the container file name is there: options, variables, metrics, files."""

from __future__ import annotations

import re
from pathlib import Path

from chat_app.settings import OPTIONS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
CONTAINER = (ROOT / "Containerfile").read_text("utf-8")


def test_options_and_variables_are_those_of_the_settings() -> None:
    flags = {option.flag for option in OPTIONS if not option.environment_only}
    commands = re.findall(r"python app\.py(?: \\\n|[^\n])*(?:\n  --[^\n]*)*", PAGE)
    named = {flag for command in commands for flag in re.findall(r"--[a-z-]+", command)} - {"--help"}
    named |= set(re.findall(r"`(--[a-z-]+)", PAGE)) - {"--build-arg"}
    assert {"--public-url", "--database", "--chroma", "--model", "--data"} <= named <= flags
    variables = set(re.findall(r"MNEME_[A-Z_]+", PAGE + CONTAINER))
    assert "MNEME_PASSWORD" in variables and variables <= {option.variable for option in OPTIONS}


def test_metrics_are_those_that_are_served() -> None:
    source = (ROOT / "chat_app" / "http" / "metrics.py").read_text("utf-8")
    served = set(re.findall(r'"(mneme_\w+)"', source))
    named = {re.sub(r"_(total|sum|count)$", "", name) for name in re.findall(r"`(mneme_\w+)`", PAGE)}
    assert named == served


def test_the_container_serves_others_as_nobody_in_particular() -> None:
    lines = CONTAINER.splitlines()
    assert [line for line in lines if line.startswith("FROM ")] == ["FROM docker.io/library/python:3.11-slim"]
    for copied in re.findall(r"^COPY (.+) \S+$", CONTAINER, re.MULTILINE):
        assert all((ROOT / name).exists() for name in copied.split())
    user = next(line for line in lines if line.startswith("USER "))
    assert user == "USER 10001" and lines.index(user) < lines.index('ENTRYPOINT ["python", "app.py"]')
    assert "VOLUME /data" in lines and "/healthz" in CONTAINER and "HEALTHCHECK" in CONTAINER
