"""The benchmark of a long use: what it says, and what its curve comes to."""

from __future__ import annotations

import pytest

from tests.benchmarks.embedded import decoder_of
from tests.benchmarks.long_use import LONG, figures, messages


def test_a_growing_curve_has_a_slope_and_a_flat_one_none() -> None:
    flat = figures(1000, [1100, 1200, 1200, 1200])
    assert (flat["slope_mib_100"], flat["last_half_spread"]) == (0.0, 0.0)
    assert flat["rss_mib"]["most"] == 1200 and flat["rss_mib"]["at_start"] == 1000
    growing = figures(1000, [1000, 1010, 1020, 1030, 1040, 1050])  # by 10 MiB in ten turns
    assert growing["slope_mib_100"] == pytest.approx(100.0)
    assert growing["last_half_spread"] == pytest.approx(20 / 1040, abs=1e-3)
    assert figures(1000, [])["rss_mib"]["after"] == 1000


def test_things_are_told_asked_for_and_pasted() -> None:
    texts = [f"My friend number {n} lives in a town by the sea." for n in range(50)]
    made = messages(texts, 2 * LONG)
    assert len(made) == 2 * LONG and made[0] == texts[0]
    assert made[1].endswith("?") and len(made[LONG - 1]) > LONG * len(texts[0])


def test_an_endpoint_is_refused_in_one_sentence() -> None:
    with pytest.raises(SystemExit, match="endpoint"):
        decoder_of("http://127.0.0.1:9/v1")
