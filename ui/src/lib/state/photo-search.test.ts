import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Backend } from "../backend/backend";
import type { LibraryHit, LibraryPage, LibraryQuery, Photo } from "../backend/types";
import { PAGE } from "../photos/pages";
import { DEBOUNCE_MS, PhotoSearch } from "./photo-search.svelte";

interface Pending {
  query: LibraryQuery;
  answer: (page: Partial<LibraryPage>) => Promise<void>;
  fail: () => Promise<void>;
}

let pending: Pending[];
let closed: number[];

const PHOTO: Photo = { id: 7, name: "dog.jpg", width: 4, height: 3, preview: "dog.jpg" };

const hits = (first: number, number: number): LibraryHit[] =>
  Array.from({ length: number }, (_, index) => ({
    id: first + index,
    name: `${first + index}.jpg`,
    path: `/photos/${first + index}.jpg`,
    caption: "A dog",
    confidence: 0.6,
    certainty: "probably",
    taken: null,
    width: 4,
    height: 3,
    thumbnail: "",
    score: 1,
    why: [],
  }));

function search(): PhotoSearch {
  const backend: Partial<Backend> = {
    searchLibrary: (query) =>
      new Promise((resolve, reject) => {
        pending.push({
          query,
          answer: async (page) => {
            resolve({ hits: [], total: 0, words: query.text, without: [], when: null, ...page });
            await vi.advanceTimersByTimeAsync(0);
          },
          fail: async () => {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as the shell rejects
            reject({ code: "library.failed", message: "The index cannot be read.", next: "Try again." });
            await vi.advanceTimersByTimeAsync(0);
          },
        });
      }),
    openPhoto: () => Promise.resolve(PHOTO),
    closePhoto: (id) => {
      closed.push(id);
      return Promise.resolve();
    },
  };
  return new PhotoSearch(backend as Backend);
}

const asked = (index: number): Pending => {
  const one = pending[index];
  if (one === undefined) {
    throw new Error(`search ${index} was not asked for`);
  }
  return one;
};

beforeEach(() => {
  vi.useFakeTimers();
  pending = [];
  closed = [];
});

afterEach(() => vi.useRealTimers());

test("typing is searched for once it pauses", async () => {
  const found = search();
  for (const text of ["d", "do", "dog"]) {
    found.type(text);
    await vi.advanceTimersByTimeAsync(DEBOUNCE_MS - 1);
  }
  expect(pending).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(pending.map(({ query }) => query.text)).toEqual(["dog"]);
});

test("an answer that comes late does not take the place of a newer one", async () => {
  const found = search();
  void found.ask("dog");
  void found.ask("cat");
  await asked(1).answer({ hits: hits(1, 2), total: 2 });
  await asked(0).answer({ hits: hits(50, 9), total: 9 });
  expect(found.total).toBe(2);
  expect(found.hit(0)?.id).toBe(1);
  expect(found.answered).toBe("cat");
  expect(found.searching).toBe(false);
});

test("a failed search says so and keeps what was found before", async () => {
  const found = search();
  void found.ask("dog");
  await asked(0).answer({ hits: hits(1, 2), total: 2 });
  void found.ask("cat");
  await asked(1).fail();
  expect(found.error?.code).toBe("library.failed");
  expect(found.total).toBe(2);
  void found.ask("dog");
  await asked(2).answer({ total: 0 });
  expect(found.error).toBeNull();
});

test("pages are fetched when they come into view, each once", async () => {
  const found = search();
  void found.run();
  await asked(0).answer({ hits: hits(0, PAGE), total: 500 });
  found.need(0, 20);
  expect(pending).toHaveLength(1);
  found.need(PAGE - 5, PAGE + 5);
  found.need(PAGE - 4, PAGE + 6);
  expect(pending.slice(1).map(({ query }) => query.offset)).toEqual([PAGE]);
  await asked(1).answer({ hits: hits(PAGE, PAGE), total: 500 });
  expect(found.hit(PAGE)?.id).toBe(PAGE);
  expect(found.turn).toBe(1);
});

test("a page of an older question is not mixed in", async () => {
  const found = search();
  void found.ask("dog");
  await asked(0).answer({ hits: hits(0, PAGE), total: 500 });
  found.need(PAGE, PAGE + 1);
  void found.ask("cat");
  await asked(2).answer({ hits: hits(900, 3), total: 3 });
  await asked(1).answer({ hits: hits(PAGE, PAGE), total: 500 });
  expect(found.total).toBe(3);
  expect(found.hit(PAGE)).toBeUndefined();
});

test("a refresh keeps the place and is no new answer", async () => {
  const found = search();
  void found.run();
  await asked(0).answer({ hits: hits(0, PAGE), total: 500 });
  found.need(2 * PAGE, 2 * PAGE + 20);
  await asked(1).answer({ hits: hits(2 * PAGE, PAGE), total: 500 });
  void found.refresh();
  expect(asked(2).query.offset).toBe(2 * PAGE);
  await asked(2).answer({ hits: hits(1000, PAGE), total: 510 });
  expect(found.hit(2 * PAGE)?.id).toBe(1000);
  expect(found.total).toBe(510);
  expect(found.turn).toBe(1);
});

test("a picture takes part in the question, and is closed when it is taken away", async () => {
  const found = search();
  void found.likeSource({ kind: "dialog" });
  await vi.advanceTimersByTimeAsync(0);
  expect(asked(0).query).toMatchObject({ likeOpen: 7, likePhoto: null });
  await asked(0).answer({ hits: hits(1, 1), total: 1 });
  expect(found.asked).toBe(true);
  hits(3, 1).forEach((photo) => void found.similarTo(photo));
  expect(closed).toEqual([7]);
  expect(asked(1).query).toMatchObject({ likeOpen: null, likePhoto: 3, text: "" });
  void found.clear();
  await asked(2).answer({ total: 0 });
  expect(found.asked).toBe(false);
});
