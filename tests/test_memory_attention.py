"""Blocks in the decoder's attention: equal to the plain model where they must be, and weighed where they should."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    DynamicCache,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
)

from knowledge.reply.local.blocks import Block, Rotation, Workspace, beside
from knowledge.reply.local.memory_attention import FLOOR, ColumnBias, install

SMALL: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
FAMILIES = {
    "llama": LlamaConfig(**SMALL),
    "llama3 rope": LlamaConfig(
        **SMALL,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 10000.0,
            "factor": 4.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    ),
    "mistral": MistralConfig(**SMALL, sliding_window=None, head_dim=8),
    "qwen2": Qwen2Config(**SMALL),
    "qwen3": Qwen3Config(**SMALL, head_dim=8),
    "smollm3": SmolLM3Config(**SMALL, no_rope_layers=[1, 0, 1], use_sliding_window=False),
}
START, MEMORY, OTHER, TAIL = [3, 14, 15, 9, 26], [5, 35, 8, 97 - 9], [79, 32, 38], [46, 26, 43, 38, 3]


def model(name: str) -> Any:
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(FAMILIES[name]).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # attention that looks somewhere, not everywhere alike
            parameter.mul_(4) if parameter.dim() > 1 else None
    install(network)
    return network


def run(network: Any, ids: list[int], past: Any = None, **options: Any) -> torch.Tensor:
    with torch.no_grad():
        output = network(torch.tensor([ids]), past_key_values=past, use_cache=past is not None, **options)
    logits: torch.Tensor = output.logits[0]
    return logits


def start_cache(network: Any) -> Any:
    cache = DynamicCache(config=network.config)
    run(network, START, cache)
    return cache


def block_of(network: Any, ids: list[int]) -> Block:
    cache, n = start_cache(network), len(START)
    run(network, ids, cache)
    keys, values = (torch.cat([getattr(layer, name) for layer in cache.layers]) for name in ("keys", "values"))
    return Block(keys[:, :, n:].clone(), values[:, :, n:].clone(), n)


def with_blocks(network: Any, blocks: list[Block], *, batch: int = 1) -> Any:
    rotation = Rotation.of(network)
    assert rotation is not None
    cache, start = DynamicCache(config=network.config), start_cache(network)
    before = [(layer.keys, layer.values) for layer in start.layers]
    joined = beside(before, blocks, rotation, at=[len(START)] * len(blocks), room=3)
    assert joined.keys.shape[3] >= joined.columns + 3
    for number, (keys, values) in enumerate(zip(joined.keys, joined.values, strict=True)):
        cache.update(keys[:, :, : joined.columns], values[:, :, : joined.columns], number)
    cache.batch_repeat_interleave(batch)
    return cache


@pytest.mark.parametrize("name", FAMILIES)
def test_one_block_without_bias_is_the_plain_model_on_the_whole_text(name: str) -> None:
    network = model(name)
    expected = run(network, START + MEMORY + TAIL)[-len(TAIL) :]
    cache = with_blocks(network, [block_of(network, MEMORY)])
    found = run(network, TAIL, cache, column_bias=ColumnBias(torch.zeros(len(START + MEMORY))))
    assert torch.allclose(found, expected, atol=1e-4)


def test_a_workspace_serves_one_reply_after_the_other() -> None:
    network = model("llama")
    rotation = Rotation.of(network)
    assert rotation is not None
    before = [(layer.keys, layer.values) for layer in start_cache(network).layers]
    one, other, workspace = block_of(network, MEMORY), block_of(network, OTHER), Workspace()
    places = [len(START), len(START) + one.tokens]
    first = beside(before, [one, other], rotation, at=places, workspace=workspace)
    lent = first.keys.data_ptr()
    again = beside(before, [other, one], rotation, at=[len(START), len(START) + other.tokens], workspace=workspace)
    fresh = beside(before, [other, one], rotation, at=[len(START), len(START) + other.tokens])
    assert again.keys.data_ptr() == lent  # the same memory, with nothing left of what was there
    for found, expected in ((again.keys, fresh.keys), (again.values, fresh.values)):
        assert torch.equal(found[..., : again.columns, :], expected[..., : fresh.columns, :])
    moved = rotation.moved(one.keys, torch.full((one.tokens,), other.tokens))
    assert torch.allclose(again.keys[:, 0, :, len(START) + other.tokens : again.columns], moved, atol=1e-5)
    wide = [(keys.double(), values.double()) for keys, values in before]
    assert beside(wide, [], rotation, at=[], workspace=workspace).keys.dtype == torch.float64


@pytest.mark.parametrize("name", FAMILIES)
def test_a_block_moved_on_is_the_block_computed_there(name: str) -> None:
    network = model(name)
    rotation = Rotation.of(network)
    assert rotation is not None
    block = block_of(network, MEMORY)
    cache = DynamicCache(config=network.config)
    run(network, START, cache)
    positions = torch.arange(len(START) + 7, len(START) + 7 + len(MEMORY))[None]
    run(network, MEMORY, cache, position_ids=positions)
    first = cache.layers[0].keys[:, :, len(START) :]  # of the first layer: later ones depend on the distance
    assert torch.allclose(rotation.moved(block.keys, torch.full((len(MEMORY),), 7))[:1], first, atol=1e-4)


def test_a_muted_block_has_no_influence() -> None:
    network = model("llama")
    first, second = block_of(network, MEMORY), block_of(network, OTHER)
    positions = torch.arange(len(START + MEMORY), len(START + MEMORY + TAIL))[None]
    bias = torch.zeros(len(START + MEMORY + OTHER))
    bias[-len(OTHER) :] = FLOOR
    muted = run(
        network, TAIL, with_blocks(network, [first, second]), position_ids=positions, column_bias=ColumnBias(bias)
    )
    other = Block(second.keys * 3 + 1, second.values * -7, second.start)  # whatever it says
    replaced = run(
        network, TAIL, with_blocks(network, [first, other]), position_ids=positions, column_bias=ColumnBias(bias)
    )
    without = run(network, TAIL, with_blocks(network, [first]), position_ids=positions)
    heard = run(network, TAIL, with_blocks(network, [first, second]), position_ids=positions)
    assert torch.equal(muted, replaced)
    assert torch.allclose(muted, without, atol=1e-5)
    assert not torch.allclose(muted, heard, atol=1e-2)


def test_rows_of_a_batch_are_what_each_is_alone() -> None:
    network = model("qwen2")
    blocks = [block_of(network, MEMORY), block_of(network, OTHER)]
    columns = len(START + MEMORY + OTHER)
    biases = torch.zeros(3, columns)
    biases[1, len(START) : len(START + MEMORY)] = FLOOR
    biases[2, -len(OTHER) :] = -1.5
    with torch.no_grad():
        together = network(
            torch.tensor([TAIL] * 3),
            past_key_values=with_blocks(network, blocks, batch=3),
            column_bias=ColumnBias(biases),
        ).logits
    for row in range(3):
        alone = run(network, TAIL, with_blocks(network, blocks), column_bias=ColumnBias(biases[row]))
        assert torch.allclose(together[row], alone, atol=1e-4)


def test_mass_is_where_eager_attention_looks() -> None:
    network = model("qwen3")
    columns = len(START + MEMORY + OTHER)
    bias = torch.zeros(columns)
    bias[len(START) : len(START + MEMORY)] = -2.0
    memory = ColumnBias(bias, record=True)
    run(network, TAIL, with_blocks(network, [block_of(network, MEMORY), block_of(network, OTHER)]), column_bias=memory)
    whole = columns + len(TAIL)
    mask = torch.full((1, 1, len(TAIL), whole), 0.0)
    mask[..., columns:] += torch.full((len(TAIL), len(TAIL)), FLOOR).triu(1)
    mask[..., :columns] += bias
    cache = with_blocks(network, [block_of(network, MEMORY), block_of(network, OTHER)])
    network.set_attn_implementation("eager")
    with torch.no_grad():
        output = network(torch.tensor([TAIL]), past_key_values=cache, attention_mask=mask, output_attentions=True)
    expected = torch.stack(output.attentions)[:, 0, :, -1].mean((0, 1))
    assert torch.allclose(memory.mass[0], expected, atol=1e-4)
    assert memory.mass.sum() == pytest.approx(1, abs=1e-4)


def test_the_loss_reaches_the_read_through_its_weights() -> None:
    network = model("llama")
    blocks = [block_of(network, MEMORY), block_of(network, OTHER)]
    log_alpha = torch.log(torch.tensor([0.6, 0.3])).requires_grad_()
    bias = torch.cat([torch.zeros(len(START)), log_alpha[0].expand(len(MEMORY)), log_alpha[1].expand(len(OTHER))])
    output = network(torch.tensor([TAIL]), past_key_values=with_blocks(network, blocks), column_bias=ColumnBias(bias))
    output.logits[0, -1].log_softmax(-1)[7].backward()
    gradient = log_alpha.grad
    assert gradient is not None
    assert gradient.abs().min() > 0
    with torch.no_grad():  # by finite differences
        moved = ColumnBias(bias + 0.01 * torch.cat([torch.zeros(len(START)), torch.ones(4), torch.zeros(3)]))
        more = run(network, TAIL, with_blocks(network, blocks), column_bias=moved)[-1].log_softmax(-1)[7]
        less = output.logits[0, -1].log_softmax(-1)[7]
    assert float(more - less) == pytest.approx(0.01 * float(gradient[0]), rel=0.1, abs=2e-5)


def test_models_whose_keys_cannot_be_moved_are_told() -> None:
    sliding = MistralConfig(**SMALL, sliding_window=16, head_dim=8)
    dynamic = LlamaConfig(**SMALL, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})
    for config in (sliding, dynamic):
        assert Rotation.of(AutoModelForCausalLM.from_config(config)) is None
