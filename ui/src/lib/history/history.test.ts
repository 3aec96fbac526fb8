import { expect, test } from "vitest";
import type { HistoryEntry } from "../backend/types";
import { addEntry, filterEntries, toMarkdown } from "./history";

const entry = (part: Partial<HistoryEntry>): HistoryEntry => ({
  time: "2026-03-14T08:41:00.000Z",
  kind: "caption",
  text: "A dog",
  question: null,
  confidence: 0.663,
  thumbnail: null,
  ...part,
});

test("a caption that repeats the newest one adds nothing, even with text between", () => {
  const first = addEntry([], entry({}));
  const second = addEntry(first, entry({ kind: "text", text: "EXIT" }));
  expect(addEntry(second, entry({}))).toHaveLength(2);
  expect(addEntry(second, entry({ text: "A cat" }))).toHaveLength(3);
});

test("the same answer twice was asked for twice", () => {
  const answer = entry({ kind: "answer", question: "Is it red?", text: "yes" });
  expect(addEntry([answer], answer)).toHaveLength(2);
});

test("the oldest entries make room", () => {
  let entries: HistoryEntry[] = [];
  for (let index = 0; index < 5; index += 1) {
    entries = addEntry(entries, entry({ text: String(index) }), 3);
  }
  expect(entries.map(({ text }) => text)).toEqual(["2", "3", "4"]);
});

test("Markdown has one line per entry, whatever the text holds", () => {
  const entries = [
    entry({}),
    entry({ kind: "answer", question: "Is it\nred?", text: "yes", confidence: 0.9 }),
    entry({ kind: "text", text: "EXIT\n# not a heading", confidence: null }),
  ];
  expect(toMarkdown(entries, () => "08:41")).toBe(
    "# Captions\n\n- 08:41 A dog (66 %)\n- 08:41 **Is it red?** yes (90 %)\n- 08:41 Text: “EXIT # not a heading”\n",
  );
});

test("a search needs every word, in question or text", () => {
  const entries = [
    entry({ text: "A red truck" }),
    entry({ kind: "answer", question: "Is the truck red?", text: "no" }),
  ];
  expect(filterEntries(entries, "truck RED")).toHaveLength(2);
  expect(filterEntries(entries, "truck no")).toHaveLength(1);
  expect(filterEntries(entries, "")).toHaveLength(2);
});
