"""Times of one run: the bundle, its float form and the peers, in turns on the same machine."""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mm_lab.bundle import read_manifest
from mm_lab.speed.davit import DaViT
from mm_lab.speed.float_copy import float_copy
from mm_lab.speed.shapes import WORDS_SAID, Encoder, Peer, Prefill, Size, Step
from mm_lab.tables import markdown

Feed = dict[str, NDArray[Any]]
_WARM_UP = 2
_TURN_SECONDS = 0.4

PEERS = (
    Peer(
        "SmolVLM-256M shape",
        # SigLIP-base, patch 16 at 512: 1024 patches, joined 4x4 to 64 tokens. One tile; the published
        # processing of a large photo adds up to sixteen more.
        lambda: Encoder(Size(12, 768, 12, 3072), patch=16, out=576, shuffle=4),
        side=512, tokens=64, picture_width=576,
        decoder=Size(30, 576, 9, 1536, kv_heads=3, gated=True), vocabulary=49280, prompt=16,
    ),
    Peer(
        "BLIP-base shape",
        lambda: Encoder(Size(12, 768, 12, 3072), patch=16),
        side=384, tokens=576, picture_width=768,
        decoder=Size(12, 768, 12, 3072, cross=True), vocabulary=30524,
    ),
    Peer(
        "Florence-2-base shape",
        DaViT,
        side=768, tokens=577, picture_width=768,
        decoder=Size(6, 768, 12, 3072, cross=True), vocabulary=51289, encoder=Size(6, 768, 12, 3072), prompt=8,
    ),
)  # fmt: skip


@dataclass
class Contender:
    """Graphs of one network with the inputs they are timed on."""

    name: str
    megabytes: float
    graphs: dict[str, tuple[ort.InferenceSession, Feed]]
    ms: dict[str, list[float]] = field(default_factory=dict)

    def turn(self) -> None:
        """Runs every graph for a while: the network before it in the turn has emptied the caches."""
        for role, (session, feed) in self.graphs.items():
            for _ in range(_WARM_UP):
                session.run(None, feed)
            begun = time.perf_counter()
            while time.perf_counter() - begun < _TURN_SECONDS:
                started = time.perf_counter()
                session.run(None, feed)
                self.ms.setdefault(role, []).append((time.perf_counter() - started) * 1e3)

    def median(self, role: str) -> float:
        """Median in ms; 0 for a graph it does not have."""
        return statistics.median(self.ms[role]) if role in self.ms else 0.0

    def caption(self) -> float:
        """Vision, what is done once per picture, and the words."""
        return self.median("vision") + self.median("prefill") + WORDS_SAID * self.median("step")


def session_of(path: Path, threads: int) -> ort.InferenceSession:
    """A session with the app's threading."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def bundle_contenders(bundle: Path, workspace: Path, threads: int) -> list[Contender]:
    """The shipped graphs, and the same with fp32 weights, both in ONNX Runtime's Python API."""
    manifest = read_manifest(bundle)
    files = {f["role"]: bundle / f["path"] for f in manifest["files"] if f["role"] in ("vision", "decoder")}
    plain: dict[str, Path] = {}
    for role, path in files.items():
        plain[role] = workspace / f"plain-{role}.onnx"
        onnx.save(float_copy(onnx.load(path)), plain[role])
    feeds = _bundle_feeds(manifest["models"])
    out = []
    for name, paths in (("this bundle, 2-bit and int8", files), ("the same network, fp32", plain)):
        vision, step = session_of(paths["vision"], threads), session_of(paths["decoder"], threads)
        keys = vision.run(["picture_keys", "picture_values"], feeds["vision"])
        step_feed = feeds["decoder"] | {"picture_keys": np.asarray(keys[0]), "picture_values": np.asarray(keys[1])}
        size = sum(p.stat().st_size for p in paths.values()) / 1e6
        out.append(Contender(name, size, {"vision": (vision, feeds["vision"]), "step": (step, step_feed)}))
    return out


def _bundle_feeds(models: dict[str, Any]) -> dict[str, Feed]:
    decoder, side = models["decoder"], models["vision"]["size"]
    rng = np.random.default_rng(0)
    half = WORDS_SAID // 2
    past = rng.standard_normal((decoder["layers"], 1, decoder["heads"], half, decoder["head_size"])).astype(np.float32)
    return {
        "vision": {models["vision"]["inputs"][0]: rng.uniform(-1, 1, (1, 3, side, side)).astype(np.float32)},
        "decoder": {
            "tokens": np.array([[9]]), "start": np.array([half]), "past_keys": past, "past_values": past,
        },
    }  # fmt: skip


def peer_contender(peer: Peer, workspace: Path, threads: int) -> Contender:
    """Exports a peer's graphs with random weights, fp32."""
    torch.manual_seed(0)
    width = peer.decoder.width
    parts: dict[str, tuple[Callable[[], nn.Module], dict[str, Tensor]]] = {
        "vision": (peer.vision, {"image": torch.rand(1, 3, peer.side, peer.side)}),
        "prefill": (
            lambda: Prefill(peer.encoder, peer.decoder, peer.picture_width),
            {"picture": torch.rand(1, peer.tokens, peer.picture_width), "prompt": torch.rand(1, peer.prompt, width)},
        ),
        "step": (
            lambda: Step(peer.decoder, peer.vocabulary),
            {
                "x": torch.rand(1, 1, width),
                "past": torch.rand(peer.past_shape()),
                "memory": torch.rand(peer.memory_shape()),
            },
        ),
    }
    graphs, size = {}, 0.0
    for role, (build, inputs) in parts.items():
        folder = workspace / f"{peer.name.split()[0]}-{role}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "graph.onnx"
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                build().eval(), tuple(inputs.values()), str(path), dynamo=False, opset_version=18,
                input_names=list(inputs), do_constant_folding=False,
            )  # fmt: skip
        session = session_of(path, threads)
        used = {i.name for i in session.get_inputs()}
        graphs[role] = (session, {k: v.numpy() for k, v in inputs.items() if k in used})
        # A decoder that attends to the prompt runs the same weights before and during the caption.
        if role != "prefill" or peer.decoder.cross:
            size += sum(p.stat().st_size for p in folder.iterdir()) / 1e6
    return Contender(peer.name, size, graphs)


def rust_bench(mm: Path, bundle: Path, threads: int, iterations: int) -> dict[str, Any]:
    """What ``mm bench --json`` printed."""
    command = [str(mm), "bench", "--json", "--only", "language", "--model", str(bundle), "--threads", str(threads)]
    done = subprocess.run(
        [*command, "--iterations", str(iterations)], capture_output=True, text=True, check=True, timeout=600
    )
    return json.loads(done.stdout)


def rust_table(rounds: Sequence[dict[str, Any]]) -> str:
    """What the app itself takes, from the reports of ``mm bench``."""
    names = ("preprocess", "vision", "caption_greedy", "caption_beam", "answer_after_vision")
    found = [r["language"] for r in rounds]
    rows = [
        [name.replace("_", " ") + " ms", f"{statistics.median(i[name]['p50'] for r in found for i in r['images']):.1f}"]
        for name in names
    ]
    rows.append(["embed text ms", f"{statistics.median(r['embed_text']['p50'] for r in found):.2f}"])
    rows.append(["load graphs ms", f"{statistics.median(r['load_graphs_ms'] for r in found):.0f}"])
    rows.append(["peak memory MiB", f"{statistics.median(r['peak_memory_bytes'] for r in rounds) / 2**20:.0f}"])
    return markdown(["mm bench --only language", "median"], rows)


def compare(
    bundle: Path, mm: Path | None, workspace: Path, *, threads: int, rounds: int, report: Callable[[str], None]
) -> str:
    """Entry point of ``mm-lab compare-speed``: a table of medians over ``rounds`` turns."""
    contenders = bundle_contenders(bundle, workspace, threads)
    for peer in PEERS:
        report(f"exporting the {peer.name}")
        contenders.append(peer_contender(peer, workspace, threads))
    rust: list[dict[str, Any]] = []
    for number in range(rounds):
        for contender in contenders:
            contender.turn()
        if mm is not None:
            rust.append(rust_bench(mm, bundle, threads, 10))
        report(f"round {number + 1} of {rounds}")
    base = contenders[0].caption()
    rows = [
        [
            c.name, f"{c.megabytes:.1f}", f"{c.median('vision'):.1f}", f"{c.median('prefill'):.1f}",
            f"{c.median('step'):.2f}", f"{c.caption():.1f}", f"{c.caption() / base:.2f}x",
        ]
        for c in contenders
    ]  # fmt: skip
    header = [
        "network",
        "MB",
        "vision ms",
        "once per photo ms",
        "word ms",
        f"caption of {WORDS_SAID} words ms",
        "ratio",
    ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        f"ONNX Runtime {ort.__version__}, {threads} threads, {platform.machine()}, medians of {rounds} rounds.",
        "",
        markdown(header, rows),
        "",
        f"Peak memory of this process with every network loaded: {memory:.0f} MiB.",
    ]
    if rust:
        lines += ["", "`mm bench` in the same run, medians of the rounds' medians:", "", rust_table(rust)]
    return "\n".join(lines)
