import type {
  AnswerResult,
  AppError,
  AppInfo,
  CameraInfo,
  ExportFormat,
  HistoryEntry,
  LiveEvent,
  LiveOptions,
  ModelInfo,
  Photo,
  PhotoResult,
  PhotoSource,
  ProviderStatus,
  ReplayKind,
  Settings,
  Source,
  Voice,
} from "./types";

export type FileDrop = { kind: "over" } | { kind: "leave" } | { kind: "drop"; paths: string[] };

/**
 * Everything the screens ask of the program around them. Every method that fails rejects with an {@link AppError}.
 *
 * `tauri.ts` is the app; `fixture/` answers with recorded results, for `npm run dev` and the browser tests.
 */
export interface Backend {
  appInfo(): Promise<AppInfo>;
  listCameras(): Promise<CameraInfo[]>;

  /** Replaces a running source. A preview frame is an 8-byte header and a JPEG: see `preview/frame.ts`. */
  startLive(
    source: Source,
    options: LiveOptions,
    onEvent: (event: LiveEvent) => void,
    onFrame: (message: ArrayBuffer) => void,
  ): Promise<void>;
  stopLive(): Promise<void>;
  configureLive(options: LiveOptions): Promise<void>;
  pauseLive(paused: boolean): Promise<void>;
  freezeLive(frozen: boolean): Promise<void>;
  captionNow(): Promise<void>;
  askLive(question: string): Promise<AnswerResult>;
  /** The system's dialog; null when it was cancelled. */
  pickReplay(kind: ReplayKind): Promise<string | null>;

  /** null when the dialog was cancelled. */
  openPhoto(source: PhotoSource): Promise<Photo | null>;
  openPhotoBytes(name: string, bytes: ArrayBuffer): Promise<Photo>;
  analysePhoto(id: number): Promise<PhotoResult>;
  askPhoto(id: number, question: string): Promise<AnswerResult>;
  closePhoto(id: number): Promise<void>;
  /** Files dragged from outside over the window, where the web view does not report them itself. Returns the undo. */
  watchFileDrop(onDrop: (drop: FileDrop) => void): Promise<() => void>;

  loadSettings(): Promise<Settings>;
  saveSettings(settings: Settings): Promise<void>;
  providerStatus(): Promise<ProviderStatus>;
  resetProviders(): Promise<void>;
  listModels(): Promise<ModelInfo[]>;

  voices(): Promise<Voice[]>;
  speak(text: string, voice: string | null, rate: number): Promise<void>;
  stopSpeaking(): Promise<void>;

  exportHistory(entries: HistoryEntry[], format: ExportFormat): Promise<{ path: string }>;
  revealPath(path: string): Promise<void>;
  copyDiagnostics(): Promise<string>;
  licences(): Promise<string>;
}

/** Whatever was thrown, as an error with a code. */
export function toAppError(thrown: unknown): AppError {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
    const { code, message } = thrown;
    if (typeof code === "string" && typeof message === "string") {
      const next = "next" in thrown && typeof thrown.next === "string" ? thrown.next : null;
      return { code, message, next };
    }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "app.unexpected", message, next: "Copy the diagnostics in Settings and report this." };
}
