"""The model card: a fixed text around measured facts. Whatever is missing is said to be not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import onnx

from mm_lab.evaluate.bundle_report import tables
from mm_lab.evaluate.runtime import Said
from mm_lab.release.examples import Example
from mm_lab.release.figures import NOT_MEASURED, Evaluation
from mm_lab.release.training_log import TrainingLog, steps_table
from mm_lab.stored_weights import groups, stored_weights
from mm_lab.tables import markdown


@dataclass(frozen=True)
class CardFacts:
    """Everything that fills the card. ``base`` is the manifest of the base checkpoint, where there is one."""

    manifest: dict[str, Any]
    bundle: Path
    evaluation: Evaluation | None = None
    others: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    log: TrainingLog = field(default_factory=lambda: TrainingLog(None, NOT_MEASURED, NOT_MEASURED, (), ()))
    examples: Sequence[Example] = ()
    base: dict[str, Any] | None = None


def write_card(facts: CardFacts, pictures: str | None) -> str:
    """The card as markdown. ``pictures`` leads from the card to the repository's root; None leaves pictures out."""
    text = (resources.files("mm_lab.release") / "texts" / "MODEL_CARD.md").read_text(encoding="utf-8")
    manifest = facts.manifest
    return Template(text).substitute(
        name=manifest["name"],
        version=manifest["version"],
        license=manifest["license"],
        contents=_contents(manifest),
        network=_network(manifest),
        bits=_bits(facts.bundle, manifest),
        base=_base(facts.base),
        seed=NOT_MEASURED if facts.log.seed is None else facts.log.seed,
        hardware=facts.log.hardware,
        steps=steps_table(facts.log),
        steps_command=facts.log.command,
        commands=_commands(facts.log),
        notes="".join(f"\n- {note}" for note in facts.log.notes),
        evaluation=_evaluation(facts.evaluation),
        calibration=_calibration(manifest),
        others=_others(facts.others),
        examples=_examples(facts.examples, pictures),
    )


def _contents(manifest: dict[str, Any]) -> str:
    rows = [[e["path"], e["role"], f"{e['bytes']:,}"] for e in manifest["files"] if e["role"] != "card"]
    total = sum(e["bytes"] for e in manifest["files"] if e["role"] != "card")
    return markdown(["file", "for", "bytes"], [*rows, ["all, beside this card and the manifest", "", f"{total:,}"]])


def _network(manifest: dict[str, Any]) -> str:
    models = manifest["models"]
    if "decoder" not in models:
        return "This bundle holds no captioning model."
    vision, decoder = models["vision"], models["decoder"]
    width = decoder["heads"] * decoder["head_size"]
    return (
        f"Photo {vision['size']}x{vision['size']}, an EfficientNet-Lite trunk, and one decoder of {decoder['layers']} "
        f"layers, width {width} and {decoder['heads']} heads for captions and answers, with {decoder['vocabulary']:,} "
        f"words; captions of at most {decoder['max_caption_tokens'] - 1} words, answers of at most "
        f"{decoder['max_answer_tokens'] - 1}; retrieval embeddings of {vision['embedding']} numbers, length 1."
    )


def _bits(bundle: Path, manifest: dict[str, Any]) -> str:
    rows = []
    for entry in manifest["files"]:
        if entry["path"].endswith(".onnx"):
            for group in groups(stored_weights(onnx.load(bundle / entry["path"]))):
                cells = [str(group.bits), f"{group.bits_each:.2f}", f"{group.count:,}", f"{group.bytes:,}"]
                rows.append([f"{entry['path']}: {group.kind}", *cells])
    return markdown(["weights", "bits of a code", "bits with scales", "count", "bytes"], rows)


def _base(base: dict[str, Any] | None) -> str:
    if base is None:
        return "A float checkpoint to fine-tune from is not part of this release."
    size = sum(e["bytes"] for e in base["files"])
    return (
        f"`models/{base['name']}` ({size:,} bytes, fp16 safetensors) is the float model to fine-tune from: "
        "`mm-lab finetune --help`."
    )


def _commands(log: TrainingLog) -> str:
    lines = [f"{step.command}" for step in log.steps if step.command]
    return "```sh\n" + "\n".join(lines) + "\n```" if lines else f"Commands: {NOT_MEASURED}."


def _evaluation(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return f"Captions, retrieval and answers: {NOT_MEASURED}."
    through = {
        "sdk": "the Rust core, Python package",
        "cli": "the Rust core, `mm`",
        "reference": "the graphs in Python",
    }
    return f"Through {through[evaluation.runtime]}: `{evaluation.command}`\n\n{tables(evaluation.metrics)}"


def _calibration(manifest: dict[str, Any]) -> str:
    found = manifest["provenance"].get("confidence")
    if not found:
        return f"Calibration: {NOT_MEASURED}; confidences are the geometric mean of word probabilities."
    rows = []
    for texts in ("captions", "answers"):
        rows.append([texts, *_calibrated(found[texts])])
        parts = found[texts].get("sources", {}) | found[texts].get("kinds", {})
        rows += [[f"{texts}, {name}", *_calibrated(part)] for name, part in parts.items()]
    settings = manifest["models"]["confidence"]
    threshold = settings["unsure_below"]
    search = found.get("search")
    floor = search and (
        f"\n\nIn search a photo looks like words from a cosine of {settings['looks_from']:g} on "
        f"({search['looks-from-rule']}); "
        f"{search['own-above']:g} % of {search['captions']:,} captions reach it with their own photo."
    )
    return (
        f"Confidence is fitted on {found['photos']:,} photos ({', '.join(found['data'])}): `{found['command']}`. The "
        f"errors below are cross-fitted over {found['folds']} folds: each photo is judged by a curve that did not see "
        f'it. Answers below {threshold:g} are given as "not sure" (rule: {found["unsure-below-rule"]}).\n\n'
        + markdown(["texts", "n", "right %", "ECE"], rows)
        + (floor or "")
    )


def _calibrated(row: dict[str, Any]) -> list[str]:
    return [f"{row['n']:,}", f"{row['right']:g}", f"{row['ece']:.3f}"]


def _others(others: dict[str, dict[str, Any]]) -> str:
    if not others:
        return f"Speed, memory and text reading: {NOT_MEASURED}."
    parts = []
    for name, record in others.items():
        rows = [
            [key, f"{value:g}" if isinstance(value, float) else str(value)] for key, value in record["figures"].items()
        ]
        parts.append(f"{name}: `{record['command']}`\n\n{markdown(['figure', 'value'], rows)}")
    return "\n\n".join(parts)


def _examples(examples: Sequence[Example], pictures: str | None) -> str:
    if not examples:
        return f"Examples: {NOT_MEASURED}."
    parts = []
    for example in examples:
        shown = "" if pictures is None else f"![{example.truth}]({pictures}/{example.picture})\n\n"
        lines = [f"- it shows: {example.truth}", f"- caption: {_said(example.caption)}"]
        lines += [f"- {question} {_said(answer)}" for question, answer in example.answers]
        lines += [f"- {example.comment}"] if example.comment else []
        parts.append(f"{shown}`{example.picture}`\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _said(said: Said) -> str:
    doubt = "" if said.sure else ', given as "not sure"'
    return f"*{said.text}* (confidence {said.confidence:.2f}{doubt})"
