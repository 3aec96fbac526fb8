import { expect, test } from "vitest";
import { queryParts, understoodSentence } from "./query";

const rests = (...args: Parameters<typeof queryParts>): Record<string, string> =>
  Object.fromEntries(queryParts(...args).map(({ label, rest }) => [label, rest]));

test("each part can be taken out, and the others stay", () => {
  const understood = { words: "dog", without: ["cat"], when: "last summer" };
  expect(rests("dog -cat last summer", understood)).toEqual({
    dog: "last summer without cat",
    "without cat": "dog last summer",
    "last summer": "dog without cat",
  });
});

test("several things left out are taken back one by one, phrases as phrases", () => {
  const understood = { words: "red bus", without: ["red hats", "cars"], when: null };
  expect(rests("red bus without red hats or cars", understood)).toEqual({
    "red bus": "without red hats without cars",
    "without red hats": "red bus without cars",
    "without cars": "red bus without red hats",
  });
});

test("what was quoted stays plain text", () => {
  expect(rests('"no parking" 2024', { words: "no parking", without: [], when: "2024" })).toEqual({
    "no parking": "2024",
    "2024": '"no parking"',
  });
});

test("a date alone leaves an empty query", () => {
  expect(rests("2024", { words: "", without: [], when: "2024" })).toEqual({ "2024": "" });
});

test("words alone need no explanation", () => {
  expect(queryParts("a dog on a beach", { words: "a dog on a beach", without: [], when: null })).toEqual([]);
});

test("what was understood is one sentence", () => {
  expect(understoodSentence({ words: "dog", without: ["cat"], when: "summer 2025" })).toBe(
    "Photos of dog, without cat, summer 2025",
  );
  expect(understoodSentence({ words: "", without: [], when: "2024" })).toBe("Photos, 2024");
});
