"""Reordered weights give what the plain ones gave, for any number of rows."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from knowledge.cpu.reordered_linear import reorder


@pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
    reason="this torch has no oneDNN",
)
def test_a_reordered_network_maps_as_before() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(48, 96), nn.GELU(), nn.Sequential(nn.Linear(96, 7, bias=False))).eval()
    inputs = [torch.randn(*shape, 48) for shape in ((1,), (5,), (2, 3), (1, 1500))]
    with torch.inference_mode():
        before = [network(rows) for rows in inputs]
        assert reorder(network) == 2
        assert not any(isinstance(part, nn.Linear) for part in network.modules())
        for rows, expected in zip(inputs, before, strict=True):
            torch.testing.assert_close(network(rows), expected, atol=1e-5, rtol=1e-5)


def test_other_types_stay_as_they_are() -> None:
    network = nn.Sequential(nn.Linear(8, 8, dtype=torch.float64), nn.Linear(8, 8, dtype=torch.bfloat16))
    assert reorder(network) == 0
    assert all(isinstance(part, nn.Linear) for part in network)
