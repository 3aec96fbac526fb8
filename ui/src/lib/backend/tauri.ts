import { Channel } from "@tauri-apps/api/core";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { commands, openPhotoBytes } from "../../../../gen/ts/bindings";
import type { Backend, FileDrop } from "./backend";
import { done } from "./done";
import { createTauriLibrary } from "./tauri-library";
import type { LiveEvent } from "./types";

/** The app: every call is a command of src-tauri. */
export function createTauriBackend(): Backend {
  return {
    ...createTauriLibrary(),
    appInfo: commands.appInfo,
    listCameras: commands.listCameras,

    async startLive(source, options, onEvent, onFrame) {
      const events = new Channel<LiveEvent>(onEvent);
      const frames = new Channel<ArrayBuffer>((message) => {
        onFrame(message);
        // The shell keeps back further previews until it knows that this one arrived.
        commands.previewReceived().catch(() => undefined);
      });
      await commands.startLive(source, options, events, frames);
    },
    stopLive: () => done(commands.stopLive()),
    configureLive: (options) => done(commands.configureLive(options)),
    pauseLive: (paused) => done(commands.pauseLive(paused)),
    freezeLive: (frozen) => done(commands.freezeLive(frozen)),
    captionNow: () => done(commands.captionNow()),
    askLive: commands.askLive,
    pickReplay: commands.pickReplay,

    openPhoto: commands.openPhoto,
    openPhotoBytes,
    analysePhoto: commands.analysePhoto,
    askPhoto: commands.askPhoto,
    closePhoto: (id) => done(commands.closePhoto(id)),
    watchFileDrop: (onDrop) =>
      getCurrentWebview().onDragDropEvent(({ payload }) => {
        const drop: FileDrop =
          payload.type === "drop"
            ? { kind: "drop", paths: payload.paths }
            : { kind: payload.type === "leave" ? "leave" : "over" };
        onDrop(drop);
      }),

    loadSettings: commands.loadSettings,
    saveSettings: (settings) => done(commands.saveSettings(settings)),
    providerStatus: commands.providerStatus,
    resetProviders: () => done(commands.resetProviders()),
    listModels: commands.listModels,

    voices: commands.voices,
    speak: (text, voice, rate) => done(commands.speak(text, voice, rate)),
    stopSpeaking: () => done(commands.stopSpeaking()),

    exportHistory: commands.exportHistory,
    revealPath: (path) => done(commands.revealPath(path)),
    copyDiagnostics: commands.copyDiagnostics,
    licences: commands.licences,
  };
}
