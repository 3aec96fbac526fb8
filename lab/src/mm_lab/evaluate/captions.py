"""CIDEr and BLEU-4 with the COCO caption tools (Chen et al., 2015)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer


@dataclass(frozen=True)
class CaptionScore:
    """Both times 100, as papers print them."""

    cider: float
    bleu4: float


class CaptionScorer:
    """Scores captions of fixed photos; the references go through the PTB tokenizer once (needs Java)."""

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._references = _tokenize(references)

    def __call__(self, captions: Sequence[str]) -> CaptionScore:
        """Scores one caption per photo, in the order of the references."""
        if len(captions) != len(self._references):
            raise ValueError(f"{len(captions)} captions for {len(self._references)} photos")
        said = _tokenize([[c] for c in captions])
        with contextlib.redirect_stdout(io.StringIO()):
            cider = Cider().compute_score(self._references, said)[0]
            bleu = Bleu(4).compute_score(self._references, said, verbose=0)[0]
        return CaptionScore(round(float(cider) * 100, 2), round(float(bleu[3]) * 100, 2))


def _tokenize(texts: Sequence[Sequence[str]]) -> dict[int, list[str]]:
    return PTBTokenizer().tokenize({i: [{"caption": t} for t in group] for i, group in enumerate(texts)})
