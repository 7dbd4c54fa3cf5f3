"""A second instance on the first one's endpoint; an instance on a real Chroma server; one data folder, one process."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow


def say(url: str, text: str, **extra: object) -> dict:
    answer = httpx.post(
        f"{url}/v1/chat/completions",
        timeout=120,
        json={"model": "mneme", "max_tokens": 24, "messages": [{"role": "user", "content": text}]} | extra,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def start_and_fail(data: Path, cache: Path, port: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", "--data", str(data), "--cache", str(cache), "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).resolve().parent.parent,
    )


def test_a_second_instance_chats_through_the_first_ones_endpoint(start_server, tmp_path):
    first = start_server(data=tmp_path / "first")
    second = start_server("--model", f"{first.url}/v1", data=tmp_path / "second")
    say(second.url, "My cat is called Pixel.")
    reply = say(second.url, "What is my cat called?")
    assert reply["choices"][0]["message"]["content"].strip()
    assert "Pixel" in reply["reads"][0]["text"]


def test_an_unreachable_endpoint_is_said_at_the_first_message(start_server, tmp_path):
    server = start_server("--model", "http://127.0.0.1:9/v1")
    answer = httpx.post(
        f"{server.url}/v1/chat/completions",
        timeout=60,
        json={"model": "mneme", "messages": [{"role": "user", "content": "hello"}]},
    )
    assert answer.status_code >= 500
    assert "127.0.0.1:9" in answer.json()["error"]["message"]


def test_with_a_chroma_server(start_server, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = shutil.which("chroma", path=str(Path(sys.executable).parent))
    assert command, "the chroma command comes with chromadb"
    chroma = subprocess.Popen(
        [command, "run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        server = start_server("--chroma", f"http://127.0.0.1:{port}")
        say(server.url, "My garden has three pear trees.")
        assert "pear trees" in say(server.url, "How many pear trees are in my garden?")["reads"][0]["text"]
        assert not (tmp_path / "data" / "chroma").exists()
    finally:
        chroma.terminate()
        chroma.wait(20)


def test_a_second_process_on_the_same_data_folder_is_refused(start_server, tmp_path, cache):
    start_server(data=tmp_path / "data", ready=False)
    again = start_and_fail(tmp_path / "data", cache, "0")
    assert again.returncode == 1
    assert "Another Mneme already uses" in again.stderr and again.stderr.count("\n") == 1


def test_a_taken_port_is_one_line(tmp_path, cache):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        again = start_and_fail(tmp_path / "data", cache, port)
    assert again.returncode == 2
    assert port in again.stderr and again.stderr.count("\n") == 1
