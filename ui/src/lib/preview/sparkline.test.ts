import { expect, test } from "vitest";
import { sparkline } from "./sparkline";

test("the newest value stands at the right edge, the greatest at the top", () => {
  expect(sparkline([10, 5, 5], 3)).toBe("M0.0 2.0L60.0 16.0L120.0 16.0");
});

test("few values start late, and more than there is room for are cut", () => {
  expect(sparkline([4], 5)).toBe("M120.0 2.0");
  expect(sparkline([9, 9, 9, 4, 4], 2)).toBe("M0.0 2.0L120.0 2.0");
});

test("where nothing was measured the line has a gap, and nothing draws nothing", () => {
  expect(sparkline([4, 0, 4, 4], 4)).toBe("M0.0 2.0M80.0 2.0L120.0 2.0");
  expect(sparkline([], 2)).toBe("");
});
