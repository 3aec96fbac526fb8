import { expect, test } from "vitest";
import { subject, suggestQueries } from "./suggestions";

test("the subject of a caption is what stands before the place", () => {
  expect(subject("A red stop sign in front of a brick wall")).toBe("red stop sign");
  expect(subject("A man riding a horse.")).toBe("man riding a horse");
  expect(subject("")).toBe("");
});

test("suggestions come from the photos, the most frequent first, with a year and something left out", () => {
  const photo = (caption: string, taken: string | null = null): { caption: string; taken: string | null } => ({
    caption,
    taken,
  });
  expect(
    suggestQueries([
      photo("A tall clock tower under a cloudy sky", "2024-05-01T10:00:00"),
      photo("A brown dog on a beach", "2025-07-02T10:00:00"),
      photo("A brown dog near a lake"),
      photo("A black and white photo of a boat"),
    ]),
  ).toEqual(["brown dog", "tall clock tower", "dog 2025", "tower -dog"]);
});

test("nothing is suggested for nothing", () => {
  expect(suggestQueries([])).toEqual([]);
});
