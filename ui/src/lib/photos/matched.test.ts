import { expect, test } from "vitest";
import type { Region } from "../backend/types";
import { foldedWords, markedWords } from "./matched";

const line = (track: number, ...words: string[]): Region => ({
  track,
  text: words.join(" "),
  quad: [
    [0, 0],
    [9, 0],
    [9, 9],
    [0, 9],
  ],
  confidence: 0.9,
  words: words.map((text) => ({
    text,
    quad: [
      [0, 0],
      [9, 0],
      [9, 9],
      [0, 9],
    ],
  })),
});

test("words are compared without accents, case and punctuation", () => {
  expect(foldedWords("Café “Zürich”, No. 4718-X")).toEqual(["cafe", "zurich", "no", "4718", "x"]);
  expect(foldedWords("  ")).toEqual([]);
});

test("the words that were asked for are marked in their lines", () => {
  const marks = markedWords([line(1, "MAPLE", "STREET"), line(2, "City", "Museum")], ["maple", "museum"]);
  expect([...marks.entries()].map(([track, words]) => [track, [...words]])).toEqual([
    [1, [0]],
    [2, [1]],
  ]);
});

test("a beginning counts only where no word is it exactly", () => {
  expect([...(markedWords([line(1, "category", "cat")], ["cat"]).get(1) ?? [])]).toEqual([1]);
  expect([...(markedWords([line(1, "Museum", "350")], ["mus"]).get(1) ?? [])]).toEqual([0]);
});

test("a line without words of its own is cut at its blanks, and nothing asked marks nothing", () => {
  expect([...(markedWords([{ ...line(4, "GRAND", "HOTEL"), words: [] }], ["hotel"]).get(4) ?? [])]).toEqual([1]);
  expect(markedWords([line(1, "MAPLE")], []).size).toBe(0);
});
