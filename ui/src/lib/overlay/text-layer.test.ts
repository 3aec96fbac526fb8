import { expect, test } from "vitest";
import type { Quad, Region } from "../backend/types";
import { matches, placeRegion } from "./text-layer";

const box = (left: number, top: number, right: number, bottom: number): Quad => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

const REGION: Region = {
  track: 3,
  text: "MAPLE STREET",
  quad: box(100, 50, 300, 90),
  confidence: 0.9,
  words: [
    { text: "MAPLE", quad: box(100, 50, 180, 90) },
    { text: "STREET", quad: box(200, 50, 300, 90) },
  ],
};

test("words stand along the line where they were read", () => {
  const placed = placeRegion(REGION, false, 640);
  expect(placed).toMatchObject({ track: 3, width: 200, height: 40 });
  expect(placed?.words.map(({ left, width }) => [Math.round(left), Math.round(width)])).toEqual([
    [0, 80],
    [100, 100],
  ]);
});

test("a mirrored line lies on the other side and reads from left to right", () => {
  const placed = placeRegion(REGION, true, 640);
  expect(placed?.quad).toEqual(box(340, 50, 540, 90));
  const [first, second] = placed?.words ?? [];
  expect(first?.text).toBe("MAPLE");
  expect((first?.left ?? 0) + (first?.width ?? 0)).toBeLessThan(second?.left ?? 0);
});

test("a line without words is cut at its spaces", () => {
  const placed = placeRegion({ ...REGION, words: [] }, false, 640);
  expect(placed?.words.map(({ text }) => text)).toEqual(["MAPLE", "STREET"]);
});

test("a line without area is left out", () => {
  expect(placeRegion({ ...REGION, quad: box(5, 5, 5, 5) }, false, 640)).toBeNull();
});

test("a search ignores case and blanks around it; an empty one finds nothing", () => {
  expect(matches("City Museum 350 m", " museum ")).toBe(true);
  expect(matches("City Museum", "mall")).toBe(false);
  expect(matches("City Museum", "  ")).toBe(false);
});
