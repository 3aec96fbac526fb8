import { toAppError, type Backend } from "../backend/backend";
import type {
  AppError,
  CameraInfo,
  CaptionResult,
  LiveEvent,
  LiveStats,
  Notice,
  Region,
  Source,
} from "../backend/types";
import { PreviewPainter } from "../preview/painter";
import type { HistoryStore } from "./history.svelte";
import { Conversation } from "./questions.svelte";
import { liveOptions, type SettingsStore } from "./settings.svelte";
import type { Speaker } from "./speaker.svelte";

/** starting: nothing to see yet. problem: it could not start. lost: it ran and the camera is gone. ended: replay over. */
export type LivePhase = "starting" | "running" | "problem" | "lost" | "ended";

/** Seconds of measurements that the plot shows. */
export const TRAIL = 60;

export interface Resolution {
  width: number;
  height: number;
}

export interface TextInView {
  sequence: number;
  /** Of the frame it was read from, which quads are pixels of. */
  width: number;
  height: number;
  regions: Region[];
  /** Row by row, as a person would type it. */
  lines: string[];
}

/** What is seen live: the source, the newest caption and text, and what can be done with them. */
export class LiveSession {
  phase = $state<LivePhase>("starting");
  error = $state.raw<AppError | null>(null);
  cameras = $state.raw<CameraInfo[]>([]);
  source = $state.raw<Source | null>(null);
  sourceName = $state("");
  frame = $state.raw({ width: 4, height: 3 });
  caption = $state.raw<CaptionResult | null>(null);
  text = $state.raw<TextInView>({ sequence: 0, width: 4, height: 3, regions: [], lines: [] });
  /** Text was looked for at least once, so that "no text" can be told from "not yet". */
  textRead = $state(false);
  /** First frame of the scene in view. */
  #sceneStart = $state(0);
  /** What lies over the picture: boxes of a scene that is gone would sit on other things. */
  readonly boxes = $derived(this.text.sequence < this.#sceneStart ? [] : this.text.regions);
  frozen = $state(false);
  stats = $state.raw<LiveStats | null>(null);
  trail = $state.raw<LiveStats[]>([]);
  previewFps = $state(0);
  notices = $state.raw<Notice[]>([]);
  slow = $state<string | null>(null);
  readonly painter: PreviewPainter;
  readonly questions: Conversation;
  /** Of the scene in view; none once it changed. */
  #thumbnail: string | null = null;
  #tracks: readonly number[] = [];
  #run = 0;
  #paused = false;
  #paintedBefore = 0;
  readonly #backend: Backend;
  readonly #settings: SettingsStore;
  readonly #history: HistoryStore;
  readonly #speaker: Speaker;

  constructor(backend: Backend, settings: SettingsStore, history: HistoryStore, speaker: Speaker) {
    this.#backend = backend;
    this.#settings = settings;
    this.#history = history;
    this.#speaker = speaker;
    this.painter = new PreviewPainter({ onPaint: (frame) => this.#onPaint(frame.width, frame.height) });
    this.questions = new Conversation(
      (question) => backend.askLive(question),
      (answer) =>
        history.add({
          kind: "answer",
          text: answer.sure || answer.guess === null ? answer.answer : `not sure (best guess: ${answer.guess})`,
          question: answer.question,
          confidence: answer.confidence,
          thumbnail: this.#thumbnail,
        }),
    );
  }

  get running(): boolean {
    return this.phase === "running";
  }

  /** Opens what the settings name: a replay, a camera, or the first camera there is. */
  async open(resolution: Resolution | null = null): Promise<void> {
    const { replayPath, camera } = this.#settings.current;
    if (replayPath !== null) {
      await this.start({ kind: "replay", path: replayPath, fps: null, repeat: true });
      return;
    }
    this.phase = "starting";
    try {
      await this.listCameras();
    } catch (thrown) {
      this.#fail(toAppError(thrown));
      return;
    }
    const chosen = this.cameras.find(({ id }) => id === camera) ?? this.cameras[0];
    if (chosen === undefined) {
      this.#fail({
        code: "camera.none",
        message: "No camera was found.",
        next: "Connect one and try again, or replay a folder of pictures or a video.",
      });
      return;
    }
    await this.start({
      kind: "camera",
      id: chosen.id,
      width: resolution?.width ?? null,
      height: resolution?.height ?? null,
    });
  }

  async listCameras(): Promise<void> {
    this.cameras = await this.#backend.listCameras();
  }

  async start(source: Source): Promise<void> {
    this.#run += 1;
    const run = this.#run;
    this.phase = "starting";
    this.error = null;
    this.source = source;
    this.frozen = false;
    this.slow = null;
    this.trail = [];
    this.stats = null;
    this.#forget();
    try {
      await this.#backend.startLive(
        source,
        liveOptions(this.#settings.current),
        (event) => {
          if (run === this.#run) {
            this.#onEvent(event);
          }
        },
        (message) => {
          if (run === this.#run) {
            this.painter.push(message);
          }
        },
      );
    } catch (thrown) {
      if (run === this.#run) {
        this.#fail(toAppError(thrown));
      }
    }
  }

  /** Cadence and tasks, from the settings. */
  async configure(): Promise<void> {
    const options = liveOptions(this.#settings.current);
    if (!options.text) {
      this.text = { ...this.text, regions: [], lines: [] };
      this.textRead = false;
    }
    await this.#try(this.#backend.configureLive(options));
  }

  async pause(paused: boolean): Promise<void> {
    this.#paused = paused;
    if (this.running) {
      await this.#try(this.#backend.pauseLive(paused));
    }
  }

  async setFrozen(frozen: boolean): Promise<void> {
    if (this.running) {
      this.frozen = frozen;
      if (!(await this.#try(this.#backend.freezeLive(frozen)))) {
        this.frozen = !frozen;
      }
    }
  }

  async captionNow(): Promise<void> {
    if (this.running) {
      await this.#try(this.#backend.captionNow());
    }
  }

  dismiss(notice: Notice): void {
    this.notices = this.notices.filter((other) => other !== notice);
  }

  #forget(): void {
    this.caption = null;
    this.text = { ...this.text, sequence: 0, regions: [], lines: [] };
    this.#sceneStart = 0;
    this.textRead = false;
    this.questions.reset();
  }

  #fail(error: AppError): void {
    this.phase = "problem";
    this.error = error;
  }

  #notice(notice: Notice): void {
    if (!this.notices.some(({ code, message }) => code === notice.code && message === notice.message)) {
      this.notices = [...this.notices, notice].slice(-3);
    }
  }

  /** Whether it worked; if not, a notice says why. */
  async #try(call: Promise<void>): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (thrown) {
      this.#notice(toAppError(thrown));
      return false;
    }
  }

  #onPaint(width: number, height: number): void {
    if (this.frame.width !== width || this.frame.height !== height) {
      this.frame = { width, height };
    }
  }

  #onCaption(caption: CaptionResult, changed: boolean, thumbnail: string | null): void {
    this.caption = caption;
    this.#thumbnail = thumbnail ?? this.#thumbnail;
    if (changed) {
      this.#speaker.offer(caption);
      const { text, confidence } = caption;
      this.#history.add({ kind: "caption", text, question: null, confidence, thumbnail });
    }
  }

  #onText(sequence: number, width: number, height: number, regions: Region[], lines: string[]): void {
    this.text = { sequence, width, height, regions, lines };
    this.textRead = true;
    // Letters waver from read to read; a line that is followed counts once.
    const fresh = regions.some((region) => !this.#tracks.includes(region.track));
    this.#tracks = regions.map((region) => region.track);
    if (fresh && lines.length > 0) {
      const confidence = regions.reduce((least, region) => Math.min(least, region.confidence), 1);
      this.#history.add({ kind: "text", text: lines.join(" / "), question: null, confidence, thumbnail: null });
    }
  }

  #onEvent(event: LiveEvent): void {
    switch (event.kind) {
      case "started":
        this.phase = "running";
        this.sourceName = event.sourceName;
        if (this.#paused) {
          // Another screen was opened meanwhile.
          void this.#try(this.#backend.pauseLive(true));
        }
        // Some sources know their size with the first frame only.
        if (event.width > 0 && event.height > 0) {
          this.frame = { width: event.width, height: event.height };
        }
        break;
      case "caption":
        this.#onCaption(event.caption, event.changed, event.thumbnail);
        break;
      case "text":
        this.#onText(event.sequence, event.width, event.height, event.regions, event.lines);
        break;
      case "stats":
        this.stats = event.stats;
        this.trail = [...this.trail, event.stats].slice(-TRAIL);
        this.previewFps = Math.max(0, this.painter.painted - this.#paintedBefore);
        this.#paintedBefore = this.painter.painted;
        break;
      case "lost":
        this.phase = "lost";
        this.error = event.error;
        break;
      case "reconnected":
        this.phase = "running";
        this.error = null;
        break;
      case "ended":
        this.phase = "ended";
        break;
      case "failed":
        this.#notice(event.error);
        break;
      case "slow":
        this.slow = event.message;
        break;
      case "notice":
        this.#notice(event.notice);
        break;
      case "scene":
        this.#thumbnail = null;
        this.#sceneStart = event.sequence;
        break;
    }
  }
}
