import type { Settings } from "./types";

/** The program's own defaults (`Settings::default` in src-tauri): in use until those on disk are loaded. */
export const DEFAULT_SETTINGS: Settings = {
  theme: "system",
  textScale: 1,
  mirror: false,
  showReadout: false,
  camera: null,
  captions: true,
  text: true,
  captionEverySeconds: 1,
  textEverySeconds: 1,
  maxFps: null,
  provider: "auto",
  threads: null,
  model: "mobile-mm-llm-int2",
  speech: { enabled: false, voice: null, rate: 1, brevity: "full" },
  replayPath: null,
};
