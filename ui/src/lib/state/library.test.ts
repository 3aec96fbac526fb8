import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Backend } from "../backend/backend";
import type { IndexProgress, LibraryEvent, LibraryHit, LibraryPhoto, LibraryState } from "../backend/types";
import { HistoryStore } from "./history.svelte";
import { Library, REFRESH_MS } from "./library.svelte";

const LOCKED = { code: "library.database_locked", message: "The index is in use.", next: "Close the other program." };

const PROGRESS: IndexProgress = {
  phase: "indexing",
  found: 10,
  done: 4,
  added: 4,
  unchanged: 0,
  moved: 0,
  failed: 0,
  removed: 0,
  photosPerSecond: 2,
  secondsLeft: 3,
  waiting: null,
  current: null,
};

const STATE: LibraryState = {
  folders: [{ id: 1, path: "/photos", photos: 4, missing: false }],
  photos: 4,
  failed: 0,
  databasePath: "/data/library.sqlite",
  databaseBytes: 4096,
  progress: PROGRESS,
  recovered: null,
  problem: null,
};

let photos: LibraryHit[];
let calls: string[];
let failing: ReadonlySet<string>;
let emit: (event: LibraryEvent) => void;

const hit = (id: number): LibraryHit => ({
  id,
  name: `${id}.jpg`,
  path: `/photos/${id}.jpg`,
  caption: "A dog",
  confidence: 0.8,
  certainty: "sure",
  taken: null,
  width: 4,
  height: 3,
  thumbnail: "",
  score: 1,
  why: [],
});

function library(): Library {
  const call = <T>(name: string, value: T): Promise<T> => {
    calls.push(name);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as the shell rejects
    return failing.has(name) ? Promise.reject(LOCKED) : Promise.resolve(value);
  };
  const backend: Partial<Backend> = {
    watchLibrary: (onEvent) => {
      emit = onEvent;
      return call("watch", STATE);
    },
    libraryState: () => call("state", { ...STATE, photos: photos.length }),
    searchLibrary: ({ offset, limit }) =>
      call("search", {
        hits: photos.slice(offset, offset + limit),
        total: photos.length,
        words: "",
        without: [],
        when: null,
      }),
    setIndexPace: (full) => call(`pace ${full}`, undefined),
    removeLibraryFolder: (id) => call(`remove ${id}`, undefined),
    libraryFailures: (offset) =>
      call("failures", [{ path: `/photos/bad-${offset}.jpg`, error: { ...LOCKED, code: "image.corrupt" } }]),
    libraryPhoto: (id) =>
      call(`photo ${id}`, {
        ...hit(id),
        paths: [],
        camera: null,
        place: null,
        lines: [],
        regions: [],
        preview: "",
      } satisfies LibraryPhoto),
    openLibraryPhoto: (id) => call(`open ${id}`, { id: 70 + id, name: "", width: 4, height: 3, preview: "" }),
    askPhoto: (id, question) =>
      call(`ask ${id}`, { question, answer: "yes", guess: null, sure: true, confidence: 0.9, kind: "yes/no", ms: 1 }),
    closePhoto: (id) => call(`close ${id}`, undefined),
  };
  return new Library(backend as Backend, new HistoryStore(backend as Backend));
}

const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const asked = (name: string): number => calls.filter((one) => one === name).length;

beforeEach(() => {
  vi.useFakeTimers();
  photos = [hit(1), hit(2), hit(3)];
  calls = [];
  failing = new Set();
});

afterEach(() => vi.useRealTimers());

test("an index that cannot be opened says why, and can be tried again", async () => {
  const one = library();
  failing = new Set(["watch"]);
  await one.start();
  expect(one.error?.code).toBe("library.database_locked");
  failing = new Set();
  await one.start();
  await one.start();
  expect(one.error).toBeNull();
  expect(one.search.total).toBe(3);
  expect(asked("watch")).toBe(2);
});

test("photos that come in refresh folders and grid together, once per while", async () => {
  const one = library();
  await one.start();
  photos = [...photos, hit(4)];
  for (let tick = 0; tick < 5; tick += 1) {
    emit({ kind: "changed" });
    emit({ kind: "progress", progress: { ...PROGRESS, done: 5 + tick } });
  }
  expect(one.progress?.done).toBe(9);
  expect(one.search.total).toBe(3);
  await settle(REFRESH_MS);
  expect(one.search.total).toBe(4);
  expect(one.state?.photos).toBe(4);
  expect(asked("state")).toBe(1);
});

test("photos keep their places while somebody goes through them, until the index is done", async () => {
  const one = library();
  await one.start();
  one.search.hold("grid", true);
  photos = [hit(9), ...photos];
  emit({ kind: "changed" });
  await settle(REFRESH_MS);
  expect(one.search.hit(0)?.id).toBe(1);
  one.search.hold("grid", false);
  await settle();
  expect(one.search.hit(0)?.id).toBe(9);
  one.search.hold("grid", true);
  photos = [hit(10), ...photos];
  emit({ kind: "finished", progress: { ...PROGRESS, phase: "done" } });
  await settle();
  expect(one.search.hit(0)?.id).toBe(10);
});

test("what did not work is told, and taken back on the screen", async () => {
  const one = library();
  await one.start();
  failing = new Set(["pace true", "remove 1"]);
  await one.setFullSpeed(true);
  expect(one.fullSpeed).toBe(false);
  expect(one.notice?.code).toBe("library.database_locked");
  expect(await one.removeFolder({ id: 1, path: "/photos", photos: 4, missing: false })).toBe(false);
  failing = new Set();
  await one.setFullSpeed(true);
  expect(one.fullSpeed).toBe(true);
  expect(one.notice).toBeNull();
});

test("failed files are read on from where the list ends", async () => {
  const one = library();
  await one.loadFailures(false);
  await one.loadFailures(true);
  expect(one.failures.map(({ path }) => path)).toEqual(["/photos/bad-0.jpg", "/photos/bad-1.jpg"]);
  await one.loadFailures(false);
  expect(one.failures).toHaveLength(1);
});

test("next and previous follow the photo when others came before it", async () => {
  const one = library();
  await one.start();
  await one.details.show(1);
  expect(one.details.hit?.id).toBe(2);
  photos = [hit(9), ...photos];
  emit({ kind: "finished", progress: { ...PROGRESS, phase: "done" } });
  await settle();
  await one.details.step(1);
  expect(one.details.hit?.id).toBe(3);
  expect(one.details.hasNext).toBe(false);
  await one.details.step(1);
  expect(one.details.hit?.id).toBe(3);
});

test("a photo is opened for its first question only, and closed with the next photo", async () => {
  const one = library();
  await one.start();
  await one.details.show(0);
  failing = new Set(["open 1"]);
  await one.details.questions.ask("Is it a dog?");
  expect(one.details.questions.error?.code).toBe("library.database_locked");
  failing = new Set();
  await one.details.questions.ask("Is it a dog?");
  await one.details.questions.ask("Is it red?");
  expect(one.details.questions.answer?.question).toBe("Is it red?");
  expect(asked("open 1")).toBe(2);
  expect(asked("ask 71")).toBe(2);
  await one.details.step(1);
  await settle();
  expect(asked("close 71")).toBe(1);
  expect(one.details.questions.answer).toBeNull();
});
