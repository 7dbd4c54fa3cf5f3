"""What keeps the process from growing: told before torch is there, and heaps given back in quiet moments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import torch

from knowledge import process_memory

# In a process of its own: what the allocator was told stays told.
_FREED = """
import ctypes
from knowledge import process_memory

assert process_memory.bound({})
mixed = [(bytearray(1 << 16), bytes(600 + n % 7)) for n in range(2000)]  # 125 MiB, with small ones between
stay = [small for _, small in mixed]
def held():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
del mixed
before = held()
process_memory.give_back()
print(before - held())
"""


def test_torch_is_told_before_it_is_loaded_and_a_persons_choice_stays() -> None:
    environment = {"LRU_CACHE_CAPACITY": "500", "MALLOC_ARENA_MAX": "7"}
    code = "import sys; import app, chat_app.application; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    process_memory.bound(environment)
    assert environment["LRU_CACHE_CAPACITY"] == "500"
    assert int(environment["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) < 100


def _glibc() -> bool:
    return process_memory._glibc() is not None


@pytest.mark.skipif(not _glibc(), reason="only glibc's heaps can be told")
def test_what_lies_free_between_what_is_kept_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", _FREED], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 64 << 20


# Every number of tokens once, then again: what is kept of the first time is not made again.
_LENGTHS = """
import sys
if sys.argv[1] == "bound":
    from knowledge import process_memory
    process_memory.bound()
import torch
weight = torch.ones(64, 64, dtype=torch.bfloat16)
with torch.inference_mode():
    for again in range(2):
        print("round", again, flush=True)
        for tokens in range(2, 102):
            torch.nn.functional.linear(torch.ones(tokens, 64, dtype=torch.bfloat16), weight)
"""


def _made_again(how: str) -> int:
    # An application that an earlier test started has bound the caches of this process, and so of those it starts.
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("CACHE_CAPACITY")}
    environment = {**inherited, "ONEDNN_VERBOSE": "profile_create", "LD_BIND_NOW": "1"}
    command = ["stdbuf", "-oL", sys.executable, "-c", _LENGTHS, how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.partition("round 1")[2].count("create:cache_miss")


@pytest.mark.skipif(shutil.which("stdbuf") is None, reason="its lines would come at the end")
def test_of_many_lengths_only_some_stay_ready() -> None:
    assert _made_again("free") == 0
    made = _made_again("bound")
    if not made and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor multiplies 16-bit numbers without oneDNN")
    assert made >= 50
