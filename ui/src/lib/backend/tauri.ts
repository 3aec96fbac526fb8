import { Channel, invoke } from "@tauri-apps/api/core";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import type { Backend, FileDrop } from "./backend";
import type { LiveEvent } from "./types";

function channel<T>(onMessage: (message: T) => void): Channel<T> {
  const made = new Channel<T>();
  made.onmessage = onMessage;
  return made;
}

/** The app: every call is a command of src-tauri. */
export function createTauriBackend(): Backend {
  return {
    appInfo: () => invoke("app_info"),
    listCameras: () => invoke("list_cameras"),

    startLive: (source, options, onEvent, onFrame) =>
      invoke("start_live", {
        source,
        options,
        events: channel<LiveEvent>(onEvent),
        frames: channel<ArrayBuffer>((message) => {
          onFrame(message);
          // The shell keeps back further previews until it knows that this one arrived.
          invoke("preview_received").catch(() => undefined);
        }),
      }),
    stopLive: () => invoke("stop_live"),
    configureLive: (options) => invoke("configure_live", { options }),
    pauseLive: (paused) => invoke("pause_live", { paused }),
    freezeLive: (frozen) => invoke("freeze_live", { frozen }),
    captionNow: () => invoke("caption_now"),
    askLive: (question) => invoke("ask_live", { question }),
    pickReplay: (kind) => invoke("pick_replay", { kind }),

    openPhoto: (source) => invoke("open_photo", { source }),
    // The bytes are the body itself; a name may hold any letter, a header may not.
    openPhotoBytes: (name, bytes) =>
      invoke("open_photo_bytes", bytes, { headers: { "x-photo-name": encodeURIComponent(name) } }),
    analysePhoto: (id) => invoke("analyse_photo", { id }),
    askPhoto: (id, question) => invoke("ask_photo", { id, question }),
    closePhoto: (id) => invoke("close_photo", { id }),
    watchFileDrop: (onDrop) =>
      getCurrentWebview().onDragDropEvent(({ payload }) => {
        const drop: FileDrop =
          payload.type === "drop"
            ? { kind: "drop", paths: payload.paths }
            : { kind: payload.type === "leave" ? "leave" : "over" };
        onDrop(drop);
      }),

    loadSettings: () => invoke("load_settings"),
    saveSettings: (settings) => invoke("save_settings", { settings }),
    providerStatus: () => invoke("provider_status"),
    resetProviders: () => invoke("reset_providers"),
    listModels: () => invoke("list_models"),

    voices: () => invoke("voices"),
    speak: (text, voice, rate) => invoke("speak", { text, voice, rate }),
    stopSpeaking: () => invoke("stop_speaking"),

    exportHistory: (entries, format) => invoke("export_history", { entries, format }),
    revealPath: (path) => invoke("reveal_path", { path }),
    copyDiagnostics: () => invoke("copy_diagnostics"),
    licences: () => invoke("licences"),
  };
}
