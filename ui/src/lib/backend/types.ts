/** What the shell and the screens exchange. Quads are in pixels of the frame or photo, clockwise from the text's top left. */

export type Point = [number, number];
export type Quad = [Point, Point, Point, Point];

export interface AppError {
  /** Stable; what callers match on. */
  code: string;
  message: string;
  /** What to do about it. */
  next: string | null;
}

export interface Notice {
  code: string;
  message: string;
  next: string | null;
}

export interface AppInfo {
  version: string;
  platform: string;
  dataFolder: string;
  logFolder: string;
  modelName: string;
  bundleBytes: number;
  runtimeVersion: string;
  desktop: boolean;
}

export interface CameraInfo {
  id: string;
  name: string;
  detail: string;
}

export type Source =
  | { kind: "camera"; id: string; width: number | null; height: number | null }
  | { kind: "replay"; path: string; fps: number | null; repeat: boolean };

export interface LiveOptions {
  captions: boolean;
  text: boolean;
  captionEverySeconds: number;
  textEverySeconds: number;
  maxFps: number | null;
}

export interface Word {
  text: string;
  quad: Quad;
}

export interface Region {
  /** Stays the same while the same text is followed from frame to frame. */
  track: number;
  text: string;
  quad: Quad;
  confidence: number;
  words: Word[];
}

export type Certainty = "sure" | "probably" | "perhaps" | "not sure";

export interface CaptionResult {
  text: string;
  confidence: number;
  certainty: Certainty;
  /** Without it, the confidence ranks captions but is no probability. */
  calibrated: boolean;
  ms: number;
}

export interface AnswerResult {
  question: string;
  /** "not sure" when it is not. */
  answer: string;
  guess: string | null;
  sure: boolean;
  confidence: number;
  kind: string;
  ms: number;
}

export interface StageStats {
  count: number;
  p50Ms: number;
  p95Ms: number;
}

export interface LiveStats {
  captured: number;
  analysed: number;
  dropped: number;
  capturedFps: number;
  analysedFps: number;
  vision: StageStats;
  caption: StageStats;
  text: StageStats;
  glassToCaption: StageStats;
  provider: string;
  memoryBytes: number;
}

export type LiveEvent =
  | { kind: "started"; sourceName: string; width: number; height: number }
  | { kind: "caption"; sequence: number; caption: CaptionResult; changed: boolean; thumbnail: string | null }
  | { kind: "text"; sequence: number; width: number; height: number; regions: Region[]; lines: string[] }
  | { kind: "scene"; distance: number }
  | { kind: "stats"; stats: LiveStats }
  | { kind: "lost"; error: AppError }
  | { kind: "reconnected" }
  | { kind: "ended" }
  | { kind: "failed"; stage: string; error: AppError }
  | { kind: "slow"; message: string }
  | { kind: "notice"; notice: Notice };

export type PhotoSource = { kind: "path"; path: string } | { kind: "dialog" };

export interface Photo {
  id: number;
  name: string;
  width: number;
  height: number;
  /** An address an <img> can show. */
  preview: string;
}

export interface PhotoResult {
  caption: CaptionResult;
  regions: Region[];
  lines: string[];
  ms: { caption: number; text: number };
}

export interface ProviderStatus {
  asked: string;
  active: string;
  available: string[];
  notices: Notice[];
  /** Providers that ended the program once and are left out until reset. */
  skipped: string[];
}

export interface ModelEntry {
  name: string;
  path: string;
  bytes: number;
  valid: boolean;
  message: string | null;
}

export interface Voice {
  id: string;
  name: string;
  language: string;
}

export interface SpeechSettings {
  enabled: boolean;
  voice: string | null;
  /** 0.5 to 2. */
  rate: number;
  brevity: "full" | "short";
}

export interface Settings {
  theme: "system" | "light" | "dark";
  /** 1 to 2. */
  textScale: number;
  mirror: boolean;
  showReadout: boolean;
  camera: string | null;
  captions: boolean;
  text: boolean;
  captionEverySeconds: number;
  textEverySeconds: number;
  maxFps: number | null;
  provider: string;
  threads: number | null;
  model: string;
  speech: SpeechSettings;
  replayPath: string | null;
}

export type ExportFormat = "markdown" | "json";

export interface HistoryEntry {
  /** ISO 8601. */
  time: string;
  kind: "caption" | "answer" | "text";
  text: string;
  question: string | null;
  confidence: number | null;
  thumbnail: string | null;
}
