import { expect, test } from "vitest";
import { gridShape, MOST_PIXELS, moveInGrid, OVERSCAN, rowWindow, scrollToRow } from "./windowing";

const view = (part: Partial<Parameters<typeof rowWindow>[0]> = {}): Parameters<typeof rowWindow>[0] => ({
  rows: 1000,
  row: 100,
  scrolled: 0,
  viewport: 800,
  ...part,
});

test("columns follow the width and the text size", () => {
  expect(gridShape(358, 16).columns).toBe(3);
  expect(gridShape(1100, 16).columns).toBe(6);
  expect(gridShape(288, 32).columns).toBe(1);
  const { columns, cell } = gridShape(1100, 16);
  expect(columns * cell + (columns - 1) * 8).toBeLessThanOrEqual(1100);
});

test("only the rows in view and a few around them are drawn", () => {
  expect(rowWindow(view())).toEqual({ first: 0, end: 9 + OVERSCAN, height: 100_000, shift: 0 });
  const middle = rowWindow(view({ scrolled: 50_050 }));
  expect([middle.first, middle.end]).toEqual([500 - OVERSCAN, 509 + OVERSCAN]);
  const end = rowWindow(view({ scrolled: 99_200 }));
  expect([end.first, end.end]).toEqual([992 - OVERSCAN, 1000]);
});

test("a grid below what stands over it starts with its first row, and an empty one draws nothing", () => {
  expect(rowWindow(view({ scrolled: -300 })).first).toBe(0);
  expect(rowWindow(view({ rows: 0 }))).toMatchObject({ first: 0, end: 0, height: 0 });
});

test("a million rows stay within what browsers lay out, and the last can be reached", () => {
  const rows = 1_000_000;
  const bottom = rowWindow(view({ rows, scrolled: MOST_PIXELS - 800 }));
  expect(bottom.height).toBe(MOST_PIXELS);
  expect(bottom.end).toBe(rows);
  // The last row ends where the grid ends.
  expect((rows - 1) * 100 + bottom.shift + 100).toBeCloseTo(MOST_PIXELS, 3);
  const middle = rowWindow(view({ rows, scrolled: MOST_PIXELS / 2 }));
  expect(middle.first).toBeGreaterThan(490_000);
  expect(middle.end - middle.first).toBeLessThan(20);
});

test("a row out of view is scrolled to by the nearest edge, one in view is left", () => {
  expect(scrollToRow(view({ scrolled: 500 }), 7)).toBe(0);
  expect(scrollToRow(view({ scrolled: 500 }), 2)).toBe(-300);
  expect(scrollToRow(view({ scrolled: 500 }), 2, 60)).toBe(-360);
  expect(scrollToRow(view({ scrolled: 500 }), 13)).toBe(100);
});

test("a row of a million comes into view with one scroll", () => {
  const before = view({ rows: 1_000_000 });
  const scrolled = scrollToRow(before, 700_000);
  const after = rowWindow({ ...before, scrolled });
  expect(after.first).toBeLessThanOrEqual(700_000);
  expect(after.end).toBeGreaterThan(700_000);
});

const move = (key: string, index: number, ctrlKey = false): number | null =>
  moveInGrid({ key, ctrlKey, metaKey: false }, index, { total: 23, columns: 5, pageRows: 2 });

test("keys move by photo, row, page and to the ends", () => {
  expect(move("ArrowRight", 4)).toBe(5);
  expect(move("ArrowLeft", 0)).toBeNull();
  expect(move("ArrowDown", 7)).toBe(12);
  expect(move("ArrowDown", 19)).toBe(22);
  expect(move("ArrowDown", 21)).toBeNull();
  expect(move("ArrowUp", 3)).toBeNull();
  expect(move("Home", 8)).toBe(5);
  expect(move("End", 8)).toBe(9);
  expect(move("End", 21)).toBe(22);
  expect(move("Home", 8, true)).toBe(0);
  expect(move("End", 8, true)).toBe(22);
  expect(move("PageDown", 8)).toBe(18);
  expect(move("PageUp", 8)).toBe(3);
  expect(move("a", 8)).toBeNull();
});
