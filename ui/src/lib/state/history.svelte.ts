import { toAppError, type Backend } from "../backend/backend";
import type { AppError, ExportFormat, HistoryEntry } from "../backend/types";
import { addEntry } from "../history/history";

/** ISO 8601, to the millisecond. */
function timestamp(): string {
  return new Date().toISOString();
}

/** What was captioned, read and answered since the app was opened. It stays in memory unless it is exported. */
export class HistoryStore {
  entries = $state.raw<HistoryEntry[]>([]);
  exportedTo = $state<string | null>(null);
  error = $state<AppError | null>(null);
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  add(entry: Omit<HistoryEntry, "time">): void {
    this.entries = addEntry(this.entries, { time: timestamp(), ...entry });
  }

  clear(): void {
    this.entries = [];
    this.exportedTo = null;
    this.error = null;
  }

  async export(format: ExportFormat): Promise<void> {
    this.error = null;
    this.exportedTo = null;
    try {
      this.exportedTo = (await this.#backend.exportHistory(this.entries, format)).path;
    } catch (thrown) {
      this.error = toAppError(thrown);
    }
  }

  async reveal(): Promise<void> {
    if (this.exportedTo === null) {
      return;
    }
    try {
      await this.#backend.revealPath(this.exportedTo);
    } catch (thrown) {
      this.error = toAppError(thrown);
    }
  }
}
