import { Channel } from "@tauri-apps/api/core";
import { commands } from "../../../../gen/ts/bindings";
import type { LibraryBackend } from "./backend";
import { done } from "./done";
import type { LibraryEvent } from "./types";

/** The photo library of the app: commands of src-tauri. */
export function createTauriLibrary(): LibraryBackend {
  return {
    watchLibrary: (onEvent) => commands.watchLibrary(new Channel<LibraryEvent>(onEvent)),
    libraryState: commands.libraryState,
    addLibraryFolder: commands.addLibraryFolder,
    removeLibraryFolder: (id) => done(commands.removeLibraryFolder(id)),
    startIndexing: () => done(commands.startIndexing()),
    pauseIndexing: (paused) => done(commands.pauseIndexing(paused)),
    cancelIndexing: () => done(commands.cancelIndexing()),
    setIndexPace: (full) => done(commands.setIndexPace(full)),
    libraryFailures: commands.libraryFailures,
    searchLibrary: commands.searchLibrary,
    libraryPhoto: commands.libraryPhoto,
    openLibraryPhoto: commands.openLibraryPhoto,
    showInViewer: (id) => done(commands.showInViewer(id)),
    revealLibraryPhoto: (id) => done(commands.revealLibraryPhoto(id)),
    deleteLibrary: () => done(commands.deleteLibrary()),
  };
}
