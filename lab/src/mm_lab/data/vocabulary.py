"""Word-level vocabulary shared by captions, questions and answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

PAD, CAPTION, ANSWER, END, SEPARATOR, UNKNOWN = range(6)
SPECIALS = ("<pad>", "<caption>", "<answer>", "<end>", "<sep>", "<unk>")

WORD_PATTERN = r"'s|[a-z0-9]+(?:-[a-z0-9]+)*"
_WORD = re.compile(WORD_PATTERN)
# British spellings fold into American ones so that the two data sets agree on a word.
SPELLINGS = {"colour": "color", "colours": "colors", "coloured": "colored", "grey": "gray", "colourful": "colorful"}


def words(text: str) -> list[str]:
    """Lower-case words of ``text``: ASCII letters and digits, inner hyphens, and ``'s``."""
    return [SPELLINGS.get(w.group(), w.group()) for w in _WORD.finditer(text.lower())]


class Vocabulary:
    """Words and their numbers; the specials come first, then words by falling frequency."""

    def __init__(self, entries: Sequence[str]) -> None:
        if tuple(entries[: len(SPECIALS)]) != SPECIALS:
            raise ValueError("a vocabulary starts with the special tokens")
        self.entries = list(entries)
        self.ids = {word: number for number, word in enumerate(self.entries)}

    def __len__(self) -> int:
        """How many tokens there are, specials included."""
        return len(self.entries)

    @classmethod
    def build(cls, texts: Iterable[str], min_count: int, always: Iterable[str] = ()) -> Vocabulary:
        """Words seen at least ``min_count`` times in ``texts``, and every word of ``always``."""
        counts = Counter(w for text in texts for w in words(text))
        required = Counter(w for text in always for w in words(text))
        kept = {w for w, n in counts.items() if n >= min_count} | set(required)
        counts.update(required)
        return cls([*SPECIALS, *sorted(kept, key=lambda w: (-counts[w], w))])

    def encode(self, text: str) -> list[int]:
        """Numbers of the words of ``text``; unknown words become ``<unk>``."""
        return [self.ids.get(w, UNKNOWN) for w in words(text)]

    def decode(self, tokens: Iterable[int]) -> str:
        """Words up to the end token, specials left out."""
        out = []
        for token in tokens:
            if token in (END, PAD):
                break
            if token >= len(SPECIALS):
                out.append(self.entries[token])
        return " ".join(out).replace(" 's", "'s")

    def save(self, path: Path) -> None:
        """Writes the entries as a JSON list."""
        path.write_text(json.dumps(self.entries, ensure_ascii=True, indent=0))

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Reads what :meth:`save` wrote."""
        return cls(json.loads(path.read_text()))


def swap_sides(tokens: Sequence[int], vocabulary: Vocabulary) -> list[int]:
    """The text of a mirrored photo: left becomes right and the reverse."""
    left, right = vocabulary.ids.get("left"), vocabulary.ids.get("right")
    if left is None or right is None:
        return list(tokens)
    return [right if t == left else left if t == right else t for t in tokens]
