"""The lean decode step against transformers on tiny random networks of each family."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from transformers import DynamicCache

from knowledge.cpu.lean_decode import MOST_ROWS, LeanDecode, Row
from knowledge.cpu.packed_linear import kernel_is_fast

SIZES: dict[str, Any] = dict(
    vocab_size=101,
    hidden_size=96,
    intermediate_size=64,
    num_hidden_layers=3,
    num_attention_heads=6,
    num_key_value_heads=2,
    head_dim=16,
    max_position_embeddings=4096,
    initializer_range=0.3,
    eos_token_id=2,
    pad_token_id=0,
    attn_implementation="eager",
)
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 1e4,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 64}
LINEAR = {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {}),
    "llama with biases": ("Llama", {"attention_bias": True, "mlp_bias": True}),
    "llama3 positions": ("Llama", {"rope_parameters": LLAMA3}),
    "yarn positions": ("Llama", {"rope_parameters": YARN}),
    "linear positions": ("Llama", {"rope_parameters": LINEAR}),
    "tied": ("Llama", {"tie_word_embeddings": True}),
    "mistral": ("Mistral", {"sliding_window": None}),
    "qwen2": ("Qwen2", {}),
    "qwen3": ("Qwen3", {}),
    "smollm3": ("SmolLM3", {"no_rope_layers": [1, 0, 1]}),
}
IDS = torch.randint(3, 101, (40,), generator=torch.Generator().manual_seed(0)).tolist()


def network(family: str, **options: Any) -> Any:
    """Random weights, norms and biases (the latter are 1 and 0 in a fresh network, which would hide a mistake)."""
    torch.manual_seed(5)
    name, own = FAMILIES[family]
    config = getattr(transformers, f"{name}Config")(**{**SIZES, **own, **options})
    made = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    for parameter in made.parameters():
        if parameter.dim() == 1:
            parameter.data.add_(torch.randn(parameter.shape) * 0.3)
    return made


def lean(of: Any, **options: Any) -> LeanDecode:
    made = LeanDecode.of(of, **options)
    assert made is not None
    return made


def one(step: LeanDecode, token: int, position: int, row: Row) -> Tensor:
    """A step of one row alone: (vocabulary,)."""
    return step.step([row], [token], [position])[0]


def prefilled(
    of: Any, step: LeanDecode, count: int, capacity: int = 8, bias: Tensor | None = None
) -> tuple[Row, DynamicCache]:
    """Keys and values of the first ``count`` tokens, for the step and for transformers."""
    cache = of(input_ids=torch.tensor([IDS[:count]]), use_cache=True).past_key_values
    values = step.new_values(capacity)
    values.load([(layer.keys, layer.values) for layer in cache.layers])
    return Row(values, bias), cache


def reference(of: Any, cache: DynamicCache, tokens: list[int], positions: list[int], bias: Tensor) -> Any:
    """transformers' own pass over ``tokens`` with ``bias`` (columns,) on the attention logits."""
    start, count = len(bias) - len(tokens), len(tokens)
    mask = bias.repeat(count, 1)  # (count, columns)
    mask[:, start:] += torch.full((count, count), float("-inf")).triu(1)
    return of(
        input_ids=torch.tensor([tokens]),
        position_ids=torch.tensor([positions]),
        attention_mask=mask[None, None],
        past_key_values=cache,
        use_cache=True,
        output_attentions=True,
    )


def mean_attention(output: Any) -> Tensor:
    """(columns,): the last token's attention, mean over heads and layers."""
    return torch.stack([layer[0, :, -1] for layer in output.attentions]).mean((0, 1))


def close(found: Tensor, wanted: Tensor, tolerance: float = 1e-4) -> bool:
    return torch.allclose(found, wanted, atol=tolerance * float(wanted.abs().max()), rtol=0)


@pytest.fixture(autouse=True)
def _no_gradients() -> Any:
    with torch.no_grad():
        yield


@pytest.mark.parametrize("family", FAMILIES)
def test_steps_equal_transformers_while_the_buffer_grows(family: str) -> None:
    model = network(family)
    step = lean(model)
    row, _ = prefilled(model, step, 6)
    wanted = model(input_ids=torch.tensor([IDS]), output_attentions=True)
    for index in range(6, 40):  # the buffer starts with room for 8
        assert close(one(step, IDS[index], index, row), wanted.logits[0, index])
    assert row.values.length == 40 and row.values.capacity == 64
    assert close(row.mass, mean_attention(wanted))
    assert float(row.mass.sum()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_bias_and_free_positions(family: str) -> None:
    model = network(family)
    step = lean(model)
    bias = torch.randn(12) * 2
    bias[3:6] = float("-inf")
    row, cache = prefilled(model, step, 12, bias=bias)
    bias_with_new = torch.cat([bias, torch.zeros(1)])
    output = reference(model, cache, [IDS[12]], [7], bias_with_new)  # a position that other columns have too
    assert close(one(step, IDS[12], 7, row), output.logits[0, -1])
    assert close(row.mass, mean_attention(output))
    assert row.mass[3:6].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("family", ["llama", "llama with biases", "qwen2", "qwen3", "smollm3"])
def test_rows_together_equal_rows_alone(family: str) -> None:
    """Of unlike lengths, positions and biases, beginning and ending at other steps."""
    model = network(family)
    step = lean(model)
    bias = torch.randn(10)
    bias[2] = float("-inf")
    biases, lengths = [None, bias, None], [3, 12, 7]
    alone, together = (
        [prefilled(model, step, n, bias=b)[0] for n, b in zip(lengths, biases, strict=True)] for _ in range(2)
    )
    for turn, there in enumerate(([0], [0, 1], [2, 1, 0], [1, 2], [2])):
        tokens, positions = [IDS[turn + at] for at in there], [20 * at + turn for at in there]
        found = step.step([together[at] for at in there], tokens, positions)
        for at, token, position, logits in zip(there, tokens, positions, found, strict=True):
            assert close(logits, one(step, token, position, alone[at]))
            assert close(together[at].mass, alone[at].mass)
    assert [row.values.length for row in together] == [6, 15, 10]
    for one_row, other in zip(alone, together, strict=True):
        for wanted, made in zip(one_row.values.export(0, 6), other.values.export(0, 6), strict=True):
            assert close(made[0], wanted[0]) and close(made[1], wanted[1])


def test_from_nothing_and_far_positions() -> None:
    model = network("llama")
    step = lean(model)
    row = Row(step.new_values())
    far = [3000, 3001, 3002]
    wanted = model(input_ids=torch.tensor([IDS[:3]]), position_ids=torch.tensor([far])).logits[0]
    for token, position, logits in zip(IDS[:3], far, wanted, strict=True):
        assert close(one(step, token, position, row), logits, 1e-3)  # float32 angles of large positions


def test_a_muted_column_has_no_influence() -> None:
    model = network("llama")
    step = lean(model)
    bias = torch.zeros(12)
    bias[4:8] = float("-inf")
    row, _ = prefilled(model, step, 12, bias=bias)
    muted = one(step, IDS[12], 12, row)
    row, _ = prefilled(model, step, 12, bias=bias)
    other = row.values.export(4, 8)
    tail = row.values.export(8, 12)
    row.values.load([(torch.randn_like(keys), torch.randn_like(contents)) for keys, contents in other], at=4)
    row.values.load(tail, at=8)
    assert torch.equal(one(step, IDS[12], 12, row), muted)
    assert not torch.allclose(one(step, IDS[12], 12, Row(row.values)), muted)


@pytest.mark.skipif(not kernel_is_fast(), reason="torch's 4-bit kernel is not vectorized on this CPU")
@pytest.mark.parametrize("family", ["llama", "llama with biases", "qwen2", "qwen3"])
def test_packed_weights_stay_close(family: str) -> None:
    model = network(family, initializer_range=0.1).bfloat16()
    step = lean(model)
    assert step.kinds == {"int8"} and step.nbytes > 0
    row, _ = prefilled(model, step, 6)
    wanted = model.float()(input_ids=torch.tensor([IDS])).logits[0]
    for index in range(6, 40):
        found = one(step, IDS[index], index, row)
        assert torch.nn.functional.cosine_similarity(found, wanted[index], dim=0) > 0.995


def test_unpacked_on_demand() -> None:
    step = lean(network("llama").bfloat16(), packed=False)
    assert step.kinds == {"plain"} and step.nbytes == 0


def test_unknown_networks_are_refused() -> None:
    assert LeanDecode.of(network("mistral", sliding_window=8)) is None
    assert LeanDecode.of(network("qwen2", use_sliding_window=True, sliding_window=8, max_window_layers=1)) is None
    assert LeanDecode.of(network("llama", rope_parameters=DYNAMIC)) is None
    assert LeanDecode.of(network("llama", hidden_act="gelu")) is None
    assert LeanDecode.of(network("llama").half()) is None
    gemma = transformers.Gemma2ForCausalLM(transformers.Gemma2Config(**SIZES))
    assert LeanDecode.of(gemma) is None


def test_changed_networks_are_refused() -> None:
    class Adapted(torch.nn.Linear):
        pass

    with_adapter = network("llama")
    with_adapter.model.layers[1].mlp.up_proj = Adapted(96, 64, bias=False)
    assert LeanDecode.of(with_adapter) is None
    with_part = network("llama")
    with_part.model.layers[2].extra = torch.nn.Identity()
    assert LeanDecode.of(with_part) is None
    with_hook = network("llama")
    with_hook.model.layers[0].register_forward_hook(lambda module, inputs, output: output)
    assert LeanDecode.of(with_hook) is None


def test_no_rows_and_too_many() -> None:
    step = lean(network("llama"))
    for count in (0, MOST_ROWS + 1):
        rows = [Row(step.new_values()) for _ in range(count)]
        with pytest.raises(ValueError, match="rows"):
            step.step(rows, IDS[:count], range(count))
    with pytest.raises(ValueError, match="a token and a position"):
        step.step([Row(step.new_values())], IDS[:2], [0])
