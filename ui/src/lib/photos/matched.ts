import type { Region } from "../backend/types";

/** A text as the index compares it: its words, in small letters and without accents. */
export function foldedWords(text: string): string[] {
  const bare = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return bare.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/**
 * Which words of the text in a picture answered a query: by the line's `track`, the places of those words in the line.
 * Words that begin with what was asked for count only where no word is it exactly.
 */
export function markedWords(regions: readonly Region[], asked: readonly string[]): ReadonlyMap<number, Set<number>> {
  const wanted = new Set(asked.flatMap(foldedWords));
  const marks = new Map<number, Set<number>>();
  for (const query of wanted) {
    const exact = mark(regions, (word) => word === query);
    const found = exact.length > 0 ? exact : mark(regions, (word) => word.startsWith(query));
    for (const [track, index] of found) {
      marks.set(track, (marks.get(track) ?? new Set()).add(index));
    }
  }
  return marks;
}

/** Words of a line: those the reader told apart, or what stands between blanks. */
export function wordsOf(region: Region): string[] {
  return region.words.length > 0 ? region.words.map(({ text }) => text) : (region.text.match(/\S+/gu) ?? []);
}

function mark(regions: readonly Region[], fits: (word: string) => boolean): [number, number][] {
  return regions.flatMap((region) =>
    wordsOf(region).flatMap((word, index) =>
      foldedWords(word).some(fits) ? [[region.track, index] as [number, number]] : [],
    ),
  );
}
