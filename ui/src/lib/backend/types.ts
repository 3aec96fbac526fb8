/**
 * What the shell and the screens exchange, as src-tauri defines it: `gen/ts/bindings.ts` is generated from there. Quads
 * are in pixels of the frame or photo, clockwise from the text's top left.
 */
export type {
  AnswerResult,
  AppError,
  AppInfo,
  CameraInfo,
  CaptionResult,
  Certainty,
  ExportFormat,
  HistoryEntry,
  LiveEvent,
  LiveOptions,
  LiveStats,
  ModelInfo,
  Notice,
  Photo,
  PhotoResult,
  PhotoSource,
  Point,
  ProviderStatus,
  Quad,
  Region,
  ReplayKind,
  Settings,
  Source,
  SpeechSettings,
  Voice,
} from "../../../../gen/ts/bindings";

import type { AppError, Certainty, Region } from "../../../../gen/ts/bindings";

/** A folder whose photos can be searched. */
export interface LibraryFolder {
  id: number;
  path: string;
  photos: number;
  /** Not there now: a drive that is not connected. Its photos stay in the index. */
  missing: boolean;
}

export interface IndexProgress {
  phase: "scanning" | "indexing" | "watching" | "paused" | "done";
  found: number;
  done: number;
  added: number;
  unchanged: number;
  moved: number;
  failed: number;
  removed: number;
  photosPerSecond: number;
  secondsLeft: number | null;
  /** Why it rests; null while it works. */
  waiting: "battery" | "heat" | "asked" | null;
  /** The file it is at. */
  current: string | null;
}

export interface LibraryState {
  folders: LibraryFolder[];
  photos: number;
  failed: number;
  databasePath: string;
  databaseBytes: number;
  progress: IndexProgress | null;
  /** Says that the index was damaged and is made anew. */
  recovered: string | null;
  /** Why the indexer ended before it was done. */
  problem: AppError | null;
}

export type LibraryEvent =
  | { kind: "progress"; progress: IndexProgress }
  | { kind: "failed"; path: string; error: AppError }
  | { kind: "folderMissing"; path: string }
  | { kind: "finished"; progress: IndexProgress }
  /** Photos came or went. */
  | { kind: "changed" };

export interface LibraryFailure {
  path: string;
  error: AppError;
}

export interface LibraryQuery {
  text: string;
  /** A photo of the library that results should look like. */
  likePhoto: number | null;
  /** An open {@link Photo} that results should look like. */
  likeOpen: number | null;
  offset: number;
  limit: number;
}

export type WhyMatched =
  | { kind: "looks"; similarity: number }
  | { kind: "caption"; words: string[] }
  | { kind: "text"; words: string[]; snippet: string }
  | { kind: "name"; words: string[] }
  | { kind: "date"; label: string }
  | { kind: "picture"; similarity: number };

export interface LibraryHit {
  id: number;
  /** Of the file. */
  name: string;
  path: string;
  caption: string;
  confidence: number;
  certainty: Certainty;
  /** ISO 8601 without a zone: the camera's own clock. */
  taken: string | null;
  width: number;
  height: number;
  /** Address of a small JPEG. */
  thumbnail: string;
  score: number;
  why: WhyMatched[];
}

export interface LibraryPage {
  hits: LibraryHit[];
  /** Of the whole answer, not of this page. */
  total: number;
  /** How the query was understood: what is looked for, what is left out, and when. */
  words: string;
  without: string[];
  when: string | null;
}

export interface LibraryPhoto extends LibraryHit {
  /** Every place where the same picture lies. */
  paths: string[];
  camera: string | null;
  place: { latitude: number; longitude: number } | null;
  lines: string[];
  regions: Region[];
  /** Address of a JPEG of at most 2048 pixels. */
  preview: string;
}
