import { toAppError, type Backend } from "../backend/backend";
import { DEFAULT_SETTINGS } from "../backend/defaults";
import type { AppError, LiveOptions, Settings } from "../backend/types";

export const LIMITS = {
  textScale: { least: 1, most: 2, step: 0.25 },
  rate: { least: 0.5, most: 2, step: 0.1 },
  captionEverySeconds: { least: 0.5, most: 10, step: 0.5 },
  textEverySeconds: { least: 0.5, most: 10, step: 0.5 },
} as const;

function clamp(value: number, { least, most }: { least: number; most: number }): number {
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : least;
}

/** Settings with every number inside its range: a file may have been edited by hand. */
export function sanitize(settings: Settings): Settings {
  return {
    ...settings,
    textScale: clamp(settings.textScale, LIMITS.textScale),
    captionEverySeconds: clamp(settings.captionEverySeconds, LIMITS.captionEverySeconds),
    textEverySeconds: clamp(settings.textEverySeconds, LIMITS.textEverySeconds),
    speech: { ...settings.speech, rate: clamp(settings.speech.rate, LIMITS.rate) },
  };
}

export function liveOptions(settings: Settings): LiveOptions {
  const { captions, text, captionEverySeconds, textEverySeconds, maxFps } = settings;
  return { captions, text, captionEverySeconds, textEverySeconds, maxFps };
}

export type SaveState = "saved" | "saving" | "failed";

/** The settings in use. A change applies at once and is written when no other follows for a moment. */
export class SettingsStore {
  current = $state<Settings>(DEFAULT_SETTINGS);
  saveState = $state<SaveState>("saved");
  error = $state<AppError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #backend: Backend;
  readonly #delayMs: number;

  constructor(backend: Backend, delayMs = 300) {
    this.#backend = backend;
    this.#delayMs = delayMs;
  }

  async load(): Promise<void> {
    try {
      this.current = sanitize(await this.#backend.loadSettings());
    } catch (thrown) {
      this.error = toAppError(thrown);
    }
  }

  change(part: Partial<Settings>): void {
    this.current = sanitize({ ...this.current, ...part });
    this.saveState = "saving";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#save(), this.#delayMs);
  }

  changeSpeech(part: Partial<Settings["speech"]>): void {
    this.change({ speech: { ...this.current.speech, ...part } });
  }

  async #save(): Promise<void> {
    try {
      await this.#backend.saveSettings($state.snapshot(this.current));
      this.saveState = "saved";
      this.error = null;
    } catch (thrown) {
      this.saveState = "failed";
      this.error = toAppError(thrown);
    }
  }
}
