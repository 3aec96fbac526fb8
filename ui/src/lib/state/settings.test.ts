import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Backend } from "../backend/backend";
import type { Settings } from "../backend/types";
import { DEFAULT_SETTINGS } from "../backend/defaults";
import { liveOptions, sanitize, SettingsStore } from "./settings.svelte";

let saved: Settings[];
let failing: boolean;

function store(loaded: Partial<Settings> = {}): SettingsStore {
  const backend: Partial<Backend> = {
    loadSettings: () => Promise.resolve({ ...DEFAULT_SETTINGS, ...loaded }),
    saveSettings: (settings) => {
      saved.push(settings);
      return failing
        ? // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as the shell rejects
          Promise.reject({ code: "file.unwritable", message: "The disk is full.", next: "Make room." })
        : Promise.resolve();
    },
  };
  return new SettingsStore(backend as Backend, 100);
}

beforeEach(() => {
  vi.useFakeTimers();
  saved = [];
  failing = false;
});

afterEach(() => vi.useRealTimers());

test("numbers of an edited file come back into their ranges", () => {
  const settings = sanitize({
    ...DEFAULT_SETTINGS,
    textScale: 9,
    captionEverySeconds: -1,
    textEverySeconds: Number.NaN,
    speech: { ...DEFAULT_SETTINGS.speech, rate: 7 },
  });
  expect(settings).toMatchObject({ textScale: 2, captionEverySeconds: 0.5, textEverySeconds: 0.5 });
  expect(settings.speech.rate).toBe(2);
});

test("a change applies at once and a flurry of them is saved once", async () => {
  const settings = store();
  await settings.load();
  settings.change({ textScale: 1.25 });
  settings.change({ textScale: 1.5 });
  settings.changeSpeech({ brevity: "short" });
  expect(settings.current.textScale).toBe(1.5);
  expect(settings.saveState).toBe("saving");
  await vi.advanceTimersByTimeAsync(100);
  expect(saved).toHaveLength(1);
  expect(saved[0]).toMatchObject({ textScale: 1.5, speech: { brevity: "short", rate: 1 } });
  expect(settings.saveState).toBe("saved");
});

test("a failed save is told, and the next one clears it", async () => {
  const settings = store();
  failing = true;
  settings.change({ mirror: true });
  await vi.advanceTimersByTimeAsync(100);
  expect(settings.saveState).toBe("failed");
  expect(settings.error?.code).toBe("file.unwritable");
  expect(settings.current.mirror).toBe(true);
  failing = false;
  settings.change({ mirror: false });
  await vi.advanceTimersByTimeAsync(100);
  expect(settings.error).toBeNull();
});

test("the live options are the settings' own", () => {
  expect(liveOptions({ ...DEFAULT_SETTINGS, maxFps: 5, text: false })).toEqual({
    captions: true,
    text: false,
    captionEverySeconds: DEFAULT_SETTINGS.captionEverySeconds,
    textEverySeconds: 1,
    maxFps: 5,
  });
});
