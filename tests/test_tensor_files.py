"""Files of tensors: written tensor by tensor as the library reads them, rows read as a table in memory has them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from knowledge.cpu.packed_linear import GROUP, kernel_is_fast, pack, pack_large
from knowledge.cpu.tensor_files import FileRows, TensorWriter


def test_the_library_reads_what_was_written_piece_by_piece(tmp_path: Path) -> None:
    made = {
        "bytes": torch.arange(64, dtype=torch.uint8).view(4, 16),
        "half": torch.randn(5, 8).bfloat16(),
        "turned": torch.randn(6, 4).t(),
        "full": torch.randn(3),
    }
    path = tmp_path / "made.safetensors"
    with TensorWriter(path) as file:
        for name, tensor in made.items():
            file.put(name, tensor)
        file.put_rows("parts", made["half"].split(2))
        file.finish({"kinds": "{}"})
    found = load_file(path)
    assert found.keys() == {*made, "parts"} and torch.equal(found["parts"], made["half"])
    assert all(torch.equal(found[name], tensor) for name, tensor in made.items())
    with safe_open(path, "pt") as opened:
        assert opened.metadata() == {"kinds": "{}"}


def test_a_header_too_long_for_its_room_is_refused(tmp_path: Path) -> None:
    with TensorWriter(tmp_path / "made.safetensors", room=16) as file, pytest.raises(ValueError, match="header"):
        file.finish({})


@pytest.mark.parametrize("own", [True, False])
def test_rows_of_a_file_are_those_of_the_table(tmp_path: Path, own: bool) -> None:
    table, path = torch.randn(50, 12).bfloat16(), tmp_path / "table.safetensors"
    if own:
        with TensorWriter(path) as file:
            file.put("table", table)
            file.finish({})
    else:
        save_file({"other": torch.zeros(3), "table": table}, path)
    rows = FileRows(path, "table")
    assert torch.equal(rows[[3, 3, 49, 0]], table[[3, 3, 49, 0]])
    assert rows[[]].shape == (0, 12)
    numbers = torch.tensor([[1, 2, 3], [4, 5, 48]])
    assert torch.equal(rows(numbers), torch.nn.functional.embedding(numbers, table))


def test_rows_that_are_not_there_are_said_so(tmp_path: Path) -> None:
    path = tmp_path / "table.safetensors"
    save_file({"table": torch.zeros(5, 4)}, path)
    rows = FileRows(path, "table")
    with pytest.raises(IndexError, match="row 5"):
        rows[[5]]
    with pytest.raises(IndexError, match="row -1"):
        rows[[-1]]
    with pytest.raises(ValueError, match="no table 'words'"):
        FileRows(path, "words")
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="shorter"):
        FileRows(path, "table")


@pytest.mark.skipif(not kernel_is_fast(), reason="nothing is packed on this processor")
@pytest.mark.parametrize("mixed", [False, True])
def test_a_large_map_packed_in_parts_is_the_same_map(mixed: bool) -> None:
    weight = torch.randint(0, 16, (200, 2 * GROUP)).float()
    weight[:, ::GROUP], weight[:, 1::GROUP] = 0.0, 15.0  # on 16 even levels
    if mixed:
        weight[150] = torch.randn(2 * GROUP)  # one part is on no grid: then none is taken for one
    whole, parts = pack(weight), pack_large(lambda: iter(weight.split(64)))
    assert parts.kind == whole.kind == ("int8" if mixed else "int4")
    assert parts.outputs == whole.outputs and whole.scales is not None and parts.scales is not None
    assert torch.equal(parts.weights, whole.weights) and torch.equal(parts.scales, whole.scales)
