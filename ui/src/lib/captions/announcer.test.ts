import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Announcer } from "./announcer";

let said: string[];
let announcer: Announcer;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  announcer = new Announcer((text) => said.push(text), { settleMs: 500, gapMs: 3000, now: () => Date.now() });
});

afterEach(() => vi.useRealTimers());

test("says a caption once it stood for a moment", () => {
  announcer.offer("a dog");
  vi.advanceTimersByTime(499);
  expect(said).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(said).toEqual(["a dog"]);
});

test("a scene that passes by is not said", () => {
  announcer.offer("a dog");
  vi.advanceTimersByTime(300);
  announcer.offer("a cat");
  vi.advanceTimersByTime(5000);
  expect(said).toEqual(["a cat"]);
});

test("the same caption again does not start the wait again, nor is it said twice", () => {
  announcer.offer("a dog");
  vi.advanceTimersByTime(400);
  announcer.offer("a dog");
  vi.advanceTimersByTime(100);
  announcer.offer("a dog");
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual(["a dog"]);
});

test("leaves time to finish a sentence, then says the newest", () => {
  announcer.offer("a dog");
  vi.advanceTimersByTime(500);
  announcer.offer("a cat");
  vi.advanceTimersByTime(600);
  announcer.offer("a bird");
  vi.advanceTimersByTime(2399);
  expect(said).toEqual(["a dog"]);
  vi.advanceTimersByTime(1);
  expect(said).toEqual(["a dog", "a bird"]);
});

test("a scene that comes back before its turn is not said again", () => {
  announcer.offer("a dog");
  vi.advanceTimersByTime(500);
  announcer.offer("a cat");
  announcer.offer("a dog");
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual(["a dog"]);
});

test("the gap may follow from what was said", () => {
  const spoken: string[] = [];
  const voice = new Announcer((text) => spoken.push(text), {
    settleMs: 0,
    gapMs: (text) => text.split(" ").length * 1000,
    now: () => Date.now(),
  });
  voice.offer("one two three");
  vi.advanceTimersByTime(1);
  voice.offer("four");
  vi.advanceTimersByTime(2998);
  expect(spoken).toHaveLength(1);
  vi.advanceTimersByTime(10);
  expect(spoken).toEqual(["one two three", "four"]);
});

test("nothing is said after cancel", () => {
  announcer.offer("a dog");
  announcer.cancel();
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual([]);
});
