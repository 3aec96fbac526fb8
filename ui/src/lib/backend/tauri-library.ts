import { Channel, invoke } from "@tauri-apps/api/core";
import type { LibraryBackend } from "./backend";
import type { LibraryEvent } from "./types";

/** The photo library of the app: commands of src-tauri. */
export function createTauriLibrary(): LibraryBackend {
  return {
    watchLibrary: (onEvent) => invoke("watch_library", { events: new Channel<LibraryEvent>(onEvent) }),
    libraryState: () => invoke("library_state"),
    addLibraryFolder: (path) => invoke("add_library_folder", { path }),
    removeLibraryFolder: (id) => invoke("remove_library_folder", { id }),
    startIndexing: () => invoke("start_indexing"),
    pauseIndexing: (paused) => invoke("pause_indexing", { paused }),
    cancelIndexing: () => invoke("cancel_indexing"),
    setIndexPace: (full) => invoke("set_index_pace", { full }),
    libraryFailures: (offset, limit) => invoke("library_failures", { offset, limit }),
    searchLibrary: (query) => invoke("search_library", { query }),
    libraryPhoto: (id) => invoke("library_photo", { id }),
    openLibraryPhoto: (id) => invoke("open_library_photo", { id }),
    showInViewer: (id) => invoke("show_in_viewer", { id }),
    revealLibraryPhoto: (id) => invoke("reveal_library_photo", { id }),
    deleteLibrary: () => invoke("delete_library"),
  };
}
