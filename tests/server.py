"""A Mneme server as a user starts it: `python app.py` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Server:
    """Starts on a free port; ``url`` is known as soon as the constructor returns."""

    def __init__(self, data: Path, cache: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}-{time.time_ns()}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MNEME_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-u",
                    "app.py",
                    "--data",
                    str(data),
                    "--cache",
                    str(cache),
                    "--port",
                    "0",
                    "--model",
                    "smollm2-135m",
                    *arguments,
                ],  # a later --model wins; nothing large is fetched
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=inherited | {"HF_HUB_OFFLINE": "1"} | (environment or {}),
            )
        self.url = self._url()

    def _url(self, timeout: float = 120) -> str:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for line in self.text().splitlines():
                if "Mneme is on " in line:
                    return line.split("Mneme is on ")[1].strip()
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server did not start:\n{self.text()}")

    def text(self) -> str:
        """What the server printed so far."""
        return self.log.read_text(errors="replace")

    def health(self) -> tuple[int, dict[str, object]]:
        """Status code and body of /healthz; (0, {}) while the port is not answered yet."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def wait_until_ready(self, timeout: float = 300) -> None:
        """Block until models are loaded; AssertionError with the log when that fails."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.process.poll() is None:
            if self.health()[0] == 200:
                return
            time.sleep(0.1)
        raise AssertionError(f"the server did not get ready:\n{self.text()}")

    def kill(self) -> None:
        """kill -9."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ctrl-C, then harder."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
