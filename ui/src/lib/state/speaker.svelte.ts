import { toAppError, type Backend } from "../backend/backend";
import type { AppError, CaptionResult, Voice } from "../backend/types";
import { Announcer } from "../captions/announcer";
import { spokenCaption } from "../captions/brevity";
import type { SettingsStore } from "./settings.svelte";

/** Words a second at rate 1, about what system voices say, so that a new caption does not cut the one being said. */
const WORDS_PER_SECOND = 2.6;

/** Says captions with the system's voice: only changed ones, one after the other, the newest first. */
export class Speaker {
  error = $state<AppError | null>(null);
  voices = $state<Voice[]>([]);
  readonly #backend: Backend;
  readonly #settings: SettingsStore;
  readonly #turns: Announcer;

  constructor(backend: Backend, settings: SettingsStore) {
    this.#backend = backend;
    this.#settings = settings;
    this.#turns = new Announcer((text) => void this.say(text), {
      settleMs: 400,
      gapMs: (said) => 600 + (said.split(" ").length / WORDS_PER_SECOND / this.#settings.current.speech.rate) * 1000,
    });
  }

  get enabled(): boolean {
    return this.#settings.current.speech.enabled;
  }

  offer(caption: CaptionResult): void {
    if (this.enabled) {
      this.#turns.offer(spokenCaption(caption, this.#settings.current.speech.brevity));
    }
  }

  setEnabled(enabled: boolean): void {
    this.#settings.changeSpeech({ enabled });
    if (!enabled) {
      this.error = null;
      this.quiet();
    }
  }

  /** Stops the voice and forgets what is due. */
  quiet(): void {
    this.#turns.cancel();
    this.#backend.stopSpeaking().catch(() => undefined);
  }

  async say(text: string): Promise<void> {
    const { voice, rate } = this.#settings.current.speech;
    try {
      await this.#backend.speak(text, voice, rate);
      this.error = null;
    } catch (thrown) {
      this.error = toAppError(thrown);
    }
  }

  async loadVoices(): Promise<void> {
    try {
      this.voices = await this.#backend.voices();
      this.error = null;
    } catch (thrown) {
      this.error = toAppError(thrown);
    }
  }
}
