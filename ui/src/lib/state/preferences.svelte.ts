import type { Resolution } from "./live.svelte";

const STORE = "mm.preferences";

interface Stored {
  /** Keys without a modifier do something (WCAG 2.1.4 asks that this can be switched off). */
  singleKeys: boolean;
  resolution: Resolution | null;
}

function read(): Stored {
  const fallback: Stored = { singleKeys: true, resolution: null };
  try {
    return { ...fallback, ...(JSON.parse(localStorage.getItem(STORE) ?? "{}") as Partial<Stored>) };
  } catch {
    return fallback;
  }
}

/** What concerns this screen alone and so stays in the web view's own storage. */
export class Preferences {
  #stored = $state.raw<Stored>(read());

  get singleKeys(): boolean {
    return this.#stored.singleKeys;
  }

  set singleKeys(singleKeys: boolean) {
    this.#write({ ...this.#stored, singleKeys });
  }

  get resolution(): Resolution | null {
    return this.#stored.resolution;
  }

  set resolution(resolution: Resolution | null) {
    this.#write({ ...this.#stored, resolution });
  }

  #write(stored: Stored): void {
    this.#stored = stored;
    try {
      localStorage.setItem(STORE, JSON.stringify(stored));
    } catch {
      // Storage may be full or forbidden; the choice then lasts until the window closes.
    }
  }
}
