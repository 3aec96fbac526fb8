import { expect, test } from "vitest";
import { itemAt, MOST_PAGES, PAGE, pagesOf, withPage, type Pages } from "./pages";

test("the pages in view are those that hold an item of it", () => {
  expect(pagesOf(0, 10, 1000)).toEqual([0]);
  expect(pagesOf(PAGE - 1, PAGE + 1, 1000)).toEqual([0, 1]);
  expect(pagesOf(PAGE, 2 * PAGE, 1000)).toEqual([1]);
  expect(pagesOf(0, 500, PAGE + 1)).toEqual([0, 1]);
  expect(pagesOf(0, 10, 0)).toEqual([]);
});

test("items are found by their place in the whole answer", () => {
  const pages = withPage<string>(new Map(), 2, ["a", "b"]);
  expect(itemAt(pages, 2 * PAGE + 1)).toBe("b");
  expect(itemAt(pages, 2 * PAGE + 2)).toBeUndefined();
  expect(itemAt(pages, 0)).toBeUndefined();
});

test("the pages farthest away are forgotten", () => {
  let pages: Pages<number> = new Map();
  for (let page = 0; page < MOST_PAGES + 5; page += 1) {
    pages = withPage(pages, page, [page]);
  }
  expect(pages.size).toBe(MOST_PAGES);
  expect(pages.has(4)).toBe(false);
  expect(pages.has(5)).toBe(true);
  pages = withPage(pages, 5, [-1]);
  expect(pages.size).toBe(MOST_PAGES);
  expect(itemAt(pages, 5 * PAGE)).toBe(-1);
});
