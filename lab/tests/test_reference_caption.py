import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training tests need the [train] extra")
pytest.importorskip("timm")

from mm_lab.data.vocabulary import END, SPECIALS, Vocabulary  # noqa: E402
from mm_lab.export.reference_caption import DRAWINGS, TEXTS, write_record  # noqa: E402
from mm_lab.model.network import Network, NetworkConfig  # noqa: E402
from mm_lab.model.trunk import Trunk  # noqa: E402


def test_the_record_agrees_with_itself(tmp_path: Path):
    torch.manual_seed(0)
    vocabulary = Vocabulary([*SPECIALS, *(f"w{i}" for i in range(30))])
    config = NetworkConfig(len(vocabulary), 0, 64, width=64, heads=2, layers=2, embedding=32, embedding_hidden=32)
    network = Network(config).eval()
    network.output_bias.data[END] += 2
    write_record(tmp_path / "record.json", network, Trunk(0, 64, pretrained=False).eval(), vocabulary)
    record = json.loads((tmp_path / "record.json").read_text())
    assert [t["text"] for t in record["texts"]] == list(TEXTS)
    assert len(record["pictures"]) == len(DRAWINGS)
    for picture in record["pictures"]:
        assert (tmp_path / picture["image"]).stat().st_size < 2_000
        for said, steps in [
            (picture["greedy"], picture["steps"]),
            *((a["said"], a["steps"]) for a in picture["answers"]),
        ]:
            assert len(said) == len(steps)
            for token, step in zip(said, steps, strict=True):
                best = [t for t in step["tokens"] if t >= len(SPECIALS) or t == END]
                assert token == best[0]
                assert all(logit < step["normaliser"] for logit in step["logits"])
        assert picture["beam_score"] <= 0
        assert len(picture["keys"]["values"]) >= 96
