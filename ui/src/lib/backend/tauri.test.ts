import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildFrame } from "../preview/frame";
import type { LibraryEvent, LiveEvent } from "./types";
import { createTauriBackend } from "./tauri";

interface Call {
  command: string;
  args: unknown;
}

let calls: Call[];

/** The number a channel goes by when it is sent. */
const channelId = (channel: unknown): number => Number(/\d+/u.exec(JSON.stringify(channel))?.[0]);

/** Sends a message as the shell does. */
function deliver(channel: unknown, index: number, message: unknown): void {
  const internals = (window as unknown as { __TAURI_INTERNALS__: { runCallback: (id: number, data: unknown) => void } })
    .__TAURI_INTERNALS__;
  internals.runCallback(channelId(channel), { index, message });
}

beforeEach(() => {
  calls = [];
  vi.stubGlobal("window", globalThis);
  mockIPC((command, args) => {
    calls.push({ command, args });
    if (command === "ask_live") {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as the shell rejects
      throw { code: "live.not_running", message: "No camera is running.", next: "Start the live view first." };
    }
    return null;
  });
});

afterEach(() => {
  clearMocks();
  vi.unstubAllGlobals();
});

test("events and frames arrive by their channels, and every frame is acknowledged", async () => {
  const events: LiveEvent[] = [];
  const frames: ArrayBuffer[] = [];
  await createTauriBackend().startLive(
    { kind: "camera", id: "0", width: null, height: null },
    { captions: true, text: true, captionEverySeconds: 1, textEverySeconds: 1, maxFps: null },
    (event) => events.push(event),
    (frame) => frames.push(frame),
  );
  const [start] = calls;
  expect(start?.command).toBe("start_live");
  const args = start?.args as { events: unknown; frames: unknown };
  deliver(args.events, 0, { kind: "ended" });
  deliver(args.frames, 0, buildFrame(1, 4, 3, new Uint8Array([0xff, 0xd8])));
  deliver(args.frames, 1, buildFrame(2, 4, 3, new Uint8Array([0xff, 0xd8])));
  expect(events).toEqual([{ kind: "ended" }]);
  expect(frames).toHaveLength(2);
  expect(calls.filter(({ command }) => command === "preview_received")).toHaveLength(2);
});

test("pasted bytes are the body of the message, as they are", async () => {
  const bytes = new Uint8Array([1, 2, 3]).buffer;
  await createTauriBackend().openPhotoBytes("Überblick.png", bytes);
  expect(calls).toEqual([{ command: "open_photo_bytes", args: bytes }]);
});

test("errors keep their code and what to do", async () => {
  await expect(createTauriBackend().askLive("Is it red?")).rejects.toEqual({
    code: "live.not_running",
    message: "No camera is running.",
    next: "Start the live view first.",
  });
});

test("what happens in the library arrives by its channel, and a search is sent as it is", async () => {
  const events: LibraryEvent[] = [];
  const backend = createTauriBackend();
  await backend.watchLibrary((event) => events.push(event));
  const [watch] = calls;
  expect(watch?.command).toBe("watch_library");
  deliver((watch?.args as { events: unknown }).events, 0, { kind: "changed" });
  expect(events).toEqual([{ kind: "changed" }]);
  const query = { text: "dog -cat", likePhoto: null, likeOpen: 3, offset: 60, limit: 60 };
  await backend.searchLibrary(query);
  await backend.pauseIndexing(true);
  await backend.setIndexPace(true);
  expect(calls.slice(1)).toEqual([
    { command: "search_library", args: { query } },
    { command: "pause_indexing", args: { paused: true } },
    { command: "set_index_pace", args: { full: true } },
  ]);
});
