import { expect, test } from "vitest";
import { commandFor, SHORTCUTS, type KeyPress } from "./shortcuts";

const press = (key: string, part: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  defaultPrevented: false,
  ...part,
});

test("every key on the help sheet does what it says", () => {
  for (const shortcut of SHORTCUTS) {
    expect(commandFor(press(shortcut.key), "page")).toBe(shortcut.command);
  }
});

test("no two shortcuts share a key", () => {
  expect(new Set(SHORTCUTS.map(({ key }) => key)).size).toBe(SHORTCUTS.length);
});

test("typing is left alone, and the space bar presses the button it is on", () => {
  expect(commandFor(press("s"), "typing")).toBeNull();
  expect(commandFor(press(" "), "control")).toBeNull();
  expect(commandFor(press("s"), "control")).toBe("speak");
});

test("capital letters count, but not keys held down or with a modifier", () => {
  expect(commandFor(press("S"), "page")).toBe("speak");
  expect(commandFor(press("c", { ctrlKey: true }), "page")).toBeNull();
  expect(commandFor(press("s", { repeat: true }), "page")).toBeNull();
  expect(commandFor(press("s", { defaultPrevented: true }), "page")).toBeNull();
});
