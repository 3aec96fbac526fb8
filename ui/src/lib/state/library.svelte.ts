import { toAppError, type Backend } from "../backend/backend";
import type {
  AppError,
  IndexProgress,
  LibraryEvent,
  LibraryFailure,
  LibraryFolder,
  LibraryState,
} from "../backend/types";
import { PhotoDetails } from "./photo-details.svelte";
import { PhotoSearch } from "./photo-search.svelte";
import type { HistoryStore } from "./history.svelte";

/** Failed files asked for at a time. */
const FAILURES = 50;

/** While photos come in, folders and grid are brought up to date no more often than this. */
export const REFRESH_MS = 2000;

/** The first photos are shown sooner. */
const FIRST_MS = 300;

/** The folders that can be searched and the state of their index. */
export class Library {
  /** Null until it is known. */
  state = $state.raw<LibraryState | null>(null);
  progress = $state.raw<IndexProgress | null>(null);
  /** Why the library cannot be used at all. */
  error = $state.raw<AppError | null>(null);
  /** Why the last thing that was asked for did not work. */
  notice = $state.raw<AppError | null>(null);
  recovered = $state<string | null>(null);
  failures = $state.raw<LibraryFailure[]>([]);
  fullSpeed = $state(false);
  readonly search: PhotoSearch;
  readonly details: PhotoDetails;
  #watching = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #backend: Backend;

  constructor(backend: Backend, history: HistoryStore) {
    this.#backend = backend;
    this.search = new PhotoSearch(backend);
    this.details = new PhotoDetails(backend, history, this.search);
  }

  get folders(): LibraryFolder[] {
    return this.state?.folders ?? [];
  }

  /** Follows the library from the first time it is looked at. */
  async start(): Promise<void> {
    if (this.#watching) {
      return;
    }
    this.#watching = true;
    this.error = null;
    try {
      const state = await this.#backend.watchLibrary((event) => this.#onEvent(event));
      this.#take(state);
      await this.search.run();
    } catch (thrown) {
      this.#watching = false;
      this.error = toAppError(thrown);
    }
  }

  /** Asks for a folder with the system's dialog. True if one was added. */
  async addFolder(): Promise<boolean> {
    return this.#try(async () => {
      const folder = await this.#backend.addLibraryFolder(null);
      if (folder !== null) {
        await this.#refresh(true);
      }
      return folder !== null;
    });
  }

  removeFolder(folder: LibraryFolder): Promise<boolean> {
    return this.#change(() => this.#backend.removeLibraryFolder(folder.id));
  }

  deleteIndex(): Promise<boolean> {
    return this.#change(() => this.#backend.deleteLibrary());
  }

  startIndexing(): Promise<boolean> {
    return this.#change(() => this.#backend.startIndexing());
  }

  pause(paused: boolean): Promise<boolean> {
    return this.#try(async () => {
      await this.#backend.pauseIndexing(paused);
      return true;
    });
  }

  stop(): Promise<boolean> {
    return this.#change(() => this.#backend.cancelIndexing());
  }

  async setFullSpeed(full: boolean): Promise<void> {
    this.fullSpeed = full;
    const done = await this.#try(async () => {
      await this.#backend.setIndexPace(full);
      return true;
    });
    if (!done) {
      this.fullSpeed = !full;
    }
  }

  /** The files that could not be indexed, from the start or the next ones. */
  async loadFailures(more: boolean): Promise<void> {
    await this.#try(async () => {
      const before = more ? this.failures : [];
      this.failures = [...before, ...(await this.#backend.libraryFailures(before.length, FAILURES))];
      return true;
    });
  }

  #take(state: LibraryState): void {
    // Told once, though the index goes on saying it.
    if (state.recovered !== this.state?.recovered) {
      this.recovered = state.recovered;
    }
    this.state = state;
    this.progress = state.progress;
  }

  async #refresh(due: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#take(await this.#backend.libraryState());
    await this.search.refresh(due);
  }

  /** Soon, and once for all that happens until then. */
  #refreshSoon(): void {
    const wait = (this.search.total ?? 0) === 0 ? FIRST_MS : REFRESH_MS;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#try(async () => {
        await this.#refresh(false);
        return true;
      });
    }, wait);
  }

  #change(run: () => Promise<void>): Promise<boolean> {
    return this.#try(async () => {
      await run();
      await this.#refresh(true);
      return true;
    });
  }

  async #try(run: () => Promise<boolean>): Promise<boolean> {
    this.notice = null;
    try {
      return await run();
    } catch (thrown) {
      this.notice = toAppError(thrown);
      return false;
    }
  }

  #onEvent(event: LibraryEvent): void {
    switch (event.kind) {
      case "progress":
        this.progress = event.progress;
        break;
      case "finished":
        this.progress = event.progress;
        void this.#try(async () => {
          await this.#refresh(true);
          return true;
        });
        break;
      case "failed":
      case "folderMissing":
      case "changed":
        this.#refreshSoon();
        break;
    }
  }
}
