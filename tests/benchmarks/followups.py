"""Follow-ups with pronouns: what the internal memory is worth.

    python -m tests.benchmarks.followups [--data FILE] [--questions 240]

A follow-up ("And where does she work?") can be answered only in the light of the turns before it: the memories hold the
same kind of fact about many people. Each is asked of the same read with the running dialogue and without it
(the baseline: the same weights and memories, no internal memory). By default the follow-ups are generated from
phrases and names that training has not seen; ``--data`` is a JSON file of
``[{"memories": [{"text", "speaker", "created"}], "queries": [{"text", "dialogue": [text…], "evidence": [index…]}…]}]``.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import WEIGHTS, Reader, make_reader
from knowledge.training.generated.generator import followups
from knowledge.training.read_data import memories_of, scratch_store
from knowledge.training.scenes import Query, Scene, Slot

CUTS = (1, 5, 10)
OWNER = "followups"


def scenes_of(path: Path) -> Iterator[Scene]:
    for number, one in enumerate(json.loads(path.read_text("utf-8"))):
        slots = [
            Slot(
                memory["text"],
                float(memory.get("created", at)),
                memory.get("speaker", ""),
                container=f"{number}",
                position=at,
            )
            for at, memory in enumerate(one["memories"])
        ]
        queries = [
            Query(q["text"], frozenset(q["evidence"]), tuple(("", text) for text in q["dialogue"]))
            for q in one["queries"]
        ]
        yield Scene(slots, queries, path.name)


def measure(scenes: Iterator[Scene], reader: Reader, encoder: Encoder) -> dict[str, Any]:
    recalls: dict[str, dict[int, list[float]]] = {name: {k: [] for k in CUTS} for name in ("with", "without")}
    for scene in scenes:
        with scratch_store(encoder) as store:
            memories = memories_of(scene)
            store.add(OWNER, memories, keys_of(encoder, memories))
            last = max(slot.created for slot in scene.slots) + 3600
            for query in scene.queries:
                if not query.evidence or not query.dialogue:
                    continue
                vector = encoder.encode_queries([query.text])[0]
                said = [text for _, text in query.dialogue]
                for name, dialogue in (("with", said), ("without", [])):
                    result = read_memory(
                        reader,
                        store,
                        encoder,
                        OWNER,
                        query.text,
                        vector,
                        dialogue,
                        asked=query.asked or last,
                        limit=max(CUTS),
                    )
                    order = [int(read.memory.id) for read in result.reads]
                    for k in CUTS:
                        recalls[name][k].append(len(query.evidence & set(order[:k])) / len(query.evidence))
        print(f"{len(recalls['with'][5])} follow-ups", flush=True)
    mean = {
        name: {f"recall@{k}": round(statistics.mean(values), 4) for k, values in by_cut.items()}
        for name, by_cut in recalls.items()
    }
    gain = round(100 * (mean["with"]["recall@5"] - mean["without"]["recall@5"]), 1)
    return {
        "questions": len(recalls["with"][5]),
        "with_internal_memory": mean["with"],
        "without_internal_memory": mean["without"],
        "gain_recall@5_points": gain,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="own follow-ups; by default they are generated")
    parser.add_argument("--questions", type=int, default=240, help="how many are generated")
    parser.add_argument("--seed", type=int, default=20261)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    encoder = Encoder()
    reader, note = make_reader(encoder.name, encoder.dimension, multilingual=False, path=options.weights)
    if not isinstance(reader, AttentionReader):
        raise SystemExit(note)
    willing = AttentionReader(reader.network, decline=2.0, negligible=0.0)
    scenes = scenes_of(options.data) if options.data else followups(options.seed, options.questions, unseen=True)
    print(json.dumps(measure(scenes, willing, encoder)))


if __name__ == "__main__":
    main()
