import { expect, test } from "vitest";
import type { IndexProgress, WhyMatched } from "../backend/types";
import * as say from "./wording";

const progress = (part: Partial<IndexProgress> = {}): IndexProgress => ({
  phase: "indexing",
  found: 640,
  done: 212,
  added: 200,
  unchanged: 12,
  moved: 0,
  failed: 0,
  removed: 0,
  photosPerSecond: 7.46,
  secondsLeft: 57,
  waiting: null,
  current: null,
  ...part,
});

test.each([
  [3, "a few seconds left"],
  [40, "less than a minute left"],
  [60, "about 1 minute left"],
  [600, "about 10 minutes left"],
  [7200, "about 2 hours left"],
  [260_000, "about 3 days left"],
])("%d seconds are %s", (seconds, words) => {
  expect(say.timeLeft(seconds)).toBe(words);
});

test("progress says how far, how fast and how long", () => {
  expect(say.progressWords(progress())).toBe("212 of 640 photos · 7.5 photos/s · about 1 minute left");
  expect(say.progressWords(progress({ secondsLeft: null, photosPerSecond: 0 }))).toBe("212 of 640 photos");
  expect(say.progressWords(progress({ waiting: "battery" }))).toBe("212 of 640 photos");
});

test("it says why it rests", () => {
  expect(say.phaseWords(progress())).toBe("Indexing");
  expect(say.phaseWords(progress({ waiting: "battery" }))).toBe("Waiting to spare the battery");
  expect(say.phaseWords(progress({ phase: "paused", waiting: "asked" }))).toBe("Paused");
  expect(say.phaseWords(progress({ phase: "scanning", found: 1 }))).toBe("Looking through the folders: 1 photo so far");
});

test("an index that is done or only watches is nothing to wait for", () => {
  expect(say.isBusy(null)).toBe(false);
  expect(say.isBusy(progress({ phase: "done" }))).toBe(false);
  expect(say.isBusy(progress({ phase: "watching" }))).toBe(false);
  expect(say.isBusy(progress({ phase: "paused" }))).toBe(true);
});

test("the count tells all photos from an answer", () => {
  expect(say.resultWords(1204, false)).toBe("1,204 photos");
  expect(say.resultWords(1, true)).toBe("1 photo matches");
  expect(say.resultWords(0, true)).toBe("No photo matches");
});

test("the reason that can be checked comes first", () => {
  const why: WhyMatched[] = [
    { kind: "looks", similarity: 0.31 },
    { kind: "text", words: ["MAPLE"], snippet: "MAPLE STREET" },
  ];
  expect(say.foremostReason({ why })?.kind).toBe("text");
  expect(say.foremostReason({ why: [] })).toBeUndefined();
});

test("sizes, places and file names are for people", () => {
  expect(say.bytes(999)).toBe("999 bytes");
  expect(say.bytes(1_234_567)).toBe("1.2 MB");
  expect(say.bytes(123_456_789_000)).toBe("123 GB");
  expect(say.placeWords({ latitude: 48.85837, longitude: -2.29448 })).toBe("48.85837° N, 2.29448° W");
  expect(say.baseName("C:\\Users\\Ada\\Pictures\\")).toBe("Pictures");
  expect(say.baseName("/media/ada/sign.jpg")).toBe("sign.jpg");
});

test("a date nobody knows is left out", () => {
  expect(say.takenDay(null)).toBe("");
  expect(say.takenDay("no date")).toBe("");
  expect(say.takenMoment("2025-07-02T10:00:00")).toContain("2025");
});
