import type {
  AnswerResult,
  AppError,
  AppInfo,
  CameraInfo,
  ExportFormat,
  HistoryEntry,
  LibraryEvent,
  LibraryFailure,
  LibraryFolder,
  LibraryPage,
  LibraryPhoto,
  LibraryQuery,
  LibraryState,
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
export interface Backend extends LibraryBackend {
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

/** The photo library: folders, their index, and what is found in it. */
export interface LibraryBackend {
  /** Replaces an older subscription. */
  watchLibrary(onEvent: (event: LibraryEvent) => void): Promise<LibraryState>;
  libraryState(): Promise<LibraryState>;
  /** Null opens the system's dialog; the answer is null when that was cancelled. Indexing starts. */
  addLibraryFolder(path: string | null): Promise<LibraryFolder | null>;
  removeLibraryFolder(id: number): Promise<void>;
  startIndexing(): Promise<void>;
  pauseIndexing(paused: boolean): Promise<void>;
  cancelIndexing(): Promise<void>;
  /** Full speed does not spare the battery and does not wait for the machine to cool. */
  setIndexPace(full: boolean): Promise<void>;
  libraryFailures(offset: number, limit: number): Promise<LibraryFailure[]>;
  /** An empty query without a picture is every photo, newest first. */
  searchLibrary(query: LibraryQuery): Promise<LibraryPage>;
  libraryPhoto(id: number): Promise<LibraryPhoto>;
  /** As an open photo, so that questions about it can be asked. */
  openLibraryPhoto(id: number): Promise<Photo>;
  showInViewer(id: number): Promise<void>;
  revealLibraryPhoto(id: number): Promise<void>;
  /** The index alone; no photo is touched. */
  deleteLibrary(): Promise<void>;
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
