import { beforeEach, expect, test } from "vitest";
import type { Backend } from "../backend/backend";
import type { AnswerResult, LiveEvent, Region, Source } from "../backend/types";
import { HistoryStore } from "./history.svelte";
import { LiveSession } from "./live.svelte";
import { SettingsStore } from "./settings.svelte";
import { Speaker } from "./speaker.svelte";

const CAMERA = { id: "7", name: "Camera", detail: "" };
let sources: Source[];
let emit: ((event: LiveEvent) => void)[];
let answers: ((answer: AnswerResult) => void)[];
let history: HistoryStore;
let live: LiveSession;
let cameras: (typeof CAMERA)[];
let paused: boolean[];

beforeEach(() => {
  sources = [];
  emit = [];
  answers = [];
  cameras = [CAMERA];
  paused = [];
  const backend: Partial<Backend> = {
    listCameras: () => Promise.resolve(cameras),
    startLive: (source, _options, onEvent) => {
      sources.push(source);
      emit.push(onEvent);
      return Promise.resolve();
    },
    askLive: () => new Promise((answer) => answers.push(answer)),
    pauseLive: (wanted) => {
      paused.push(wanted);
      return Promise.resolve();
    },
    freezeLive: () =>
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as the shell rejects
      Promise.reject({ code: "live.no_frame", message: "There is no picture to freeze yet.", next: null }),
    stopSpeaking: () => Promise.resolve(),
  };
  const settings = new SettingsStore(backend as Backend);
  history = new HistoryStore(backend as Backend);
  live = new LiveSession(backend as Backend, settings, history, new Speaker(backend as Backend, settings));
});

const caption = (text: string, changed = true): LiveEvent => ({
  kind: "caption",
  sequence: 1,
  caption: { text, confidence: 0.6, certainty: "probably", calibrated: true, ms: 5 },
  changed,
  thumbnail: null,
});

const region = (track: number, text: string): Region => ({
  track,
  text,
  quad: [
    [0, 0],
    [10, 0],
    [10, 5],
    [0, 5],
  ],
  confidence: 0.8,
  words: [],
});

const textEvent = (...regions: Region[]): LiveEvent => ({
  kind: "text",
  sequence: 1,
  width: 20,
  height: 10,
  regions,
  lines: regions.map(({ text }) => text),
});

test("opens the first camera when none is chosen, and says so when there is none", async () => {
  await live.open();
  expect(sources).toEqual([{ kind: "camera", id: "7", width: null, height: null }]);
  cameras = [];
  await live.open();
  expect(live.phase).toBe("problem");
  expect(live.error?.code).toBe("camera.none");
});

test("events of a source that was replaced are not shown", async () => {
  await live.open();
  await live.start({ kind: "replay", path: "b", fps: null, repeat: false });
  emit[0]?.(caption("of the first"));
  expect(live.caption).toBeNull();
  emit[1]?.(caption("of the second"));
  expect(live.caption?.text).toBe("of the second");
});

test("an unplugged camera is told and comes back", async () => {
  await live.open();
  emit[0]?.({ kind: "started", sourceName: "Camera", width: 640, height: 480 });
  emit[0]?.({ kind: "lost", error: { code: "camera.lost", message: "Gone.", next: null } });
  expect(live.phase).toBe("lost");
  emit[0]?.({ kind: "reconnected" });
  expect(live.phase).toBe("running");
  expect(live.error).toBeNull();
});

test("boxes of a scene that is gone are taken away until its text is read", async () => {
  await live.open();
  emit[0]?.(textEvent(region(1, "EXIT")));
  expect(live.boxes).toHaveLength(1);
  emit[0]?.({ kind: "scene", sequence: 2, distance: 0.5 });
  expect(live.boxes).toHaveLength(0);
  emit[0]?.({ ...textEvent(region(2, "STOP")), sequence: 2 } as LiveEvent);
  expect(live.boxes.map(({ text }) => text)).toEqual(["STOP"]);
});

test("the history keeps changed captions, and a followed line of text once", async () => {
  await live.open();
  emit[0]?.(caption("A dog"));
  emit[0]?.(caption("A dog again", false));
  emit[0]?.(textEvent(region(1, "EXIT")));
  emit[0]?.(textEvent(region(1, "EXlT")));
  emit[0]?.(textEvent(region(1, "EXIT"), region(2, "12")));
  expect(history.entries.map(({ text }) => text)).toEqual(["A dog", "EXIT", "EXIT / 12"]);
});

test("only the newest question is answered", async () => {
  const answer = (question: string): AnswerResult => ({
    question,
    answer: "yes",
    guess: null,
    sure: true,
    confidence: 0.9,
    kind: "yes/no",
    ms: 1,
  });
  const first = live.questions.ask("first?");
  const second = live.questions.ask("second?");
  answers[1]?.(answer("second?"));
  answers[0]?.(answer("first?"));
  await Promise.all([first, second]);
  expect(live.questions.answer?.question).toBe("second?");
  expect(history.entries).toHaveLength(1);
});

test("an empty question is refused without asking", async () => {
  await live.questions.ask("   ");
  expect(live.questions.error?.code).toBe("question.empty");
  expect(answers).toHaveLength(0);
});

test("a source that starts while another screen is open rests at once", async () => {
  await live.open();
  await live.pause(true);
  expect(paused).toEqual([]);
  emit[0]?.({ kind: "started", sourceName: "Camera", width: 0, height: 0 });
  expect(paused).toEqual([true]);
  expect(live.frame.width).toBeGreaterThan(0);
});

test("a picture that cannot be frozen is not shown as frozen", async () => {
  await live.open();
  emit[0]?.({ kind: "started", sourceName: "Camera", width: 640, height: 480 });
  await live.setFrozen(true);
  expect(live.frozen).toBe(false);
  expect(live.notices[0]?.code).toBe("live.no_frame");
});
