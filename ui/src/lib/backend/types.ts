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
