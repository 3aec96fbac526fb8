export interface AnnouncerOptions {
  /** A caption must stand this long before it is announced, so that a passing scene is not. */
  settleMs?: number;
  /** Least time from one announcement to the next, so that a sentence can end; may depend on what was said. */
  gapMs?: number | ((said: string) => number);
  now?: () => number;
}

/**
 * Decides which captions a screen reader or a voice says. Only changed ones, only those that stand, never two at once: while one
 * is due, a newer one takes its place.
 */
export class Announcer {
  #last = "";
  #lastAt = Number.NEGATIVE_INFINITY;
  #due = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #say: (text: string) => void;
  readonly #settleMs: number;
  readonly #gapMs: (said: string) => number;
  readonly #now: () => number;

  constructor(say: (text: string) => void, options: AnnouncerOptions = {}) {
    this.#say = say;
    this.#settleMs = options.settleMs ?? 700;
    const gap = options.gapMs ?? 4000;
    this.#gapMs = typeof gap === "number" ? () => gap : gap;
    this.#now = options.now ?? (() => performance.now());
  }

  offer(text: string): void {
    if (text === this.#due) {
      return;
    }
    this.cancel();
    if (text === "" || text === this.#last) {
      return;
    }
    this.#due = text;
    const wait = Math.max(this.#settleMs, this.#lastAt + this.#gapMs(this.#last) - this.#now());
    this.#timer = setTimeout(() => this.#announce(), wait);
  }

  /** Forgets what is due; what was announced stays known. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#due = "";
  }

  #announce(): void {
    this.#last = this.#due;
    this.#lastAt = this.#now();
    this.#due = "";
    this.#say(this.#last);
  }
}
