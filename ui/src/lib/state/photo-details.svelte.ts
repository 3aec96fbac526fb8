import { toAppError, type Backend } from "../backend/backend";
import type { AppError, LibraryHit, LibraryPhoto, Photo } from "../backend/types";
import type { HistoryStore } from "./history.svelte";
import type { PhotoSearch } from "./photo-search.svelte";
import { Conversation } from "./questions.svelte";

/** One photo of the answer, seen at large, with everything the index knows about it. */
export class PhotoDetails {
  /** Its place in the answer; null while none is open. */
  index = $state<number | null>(null);
  /** What the answer says about it, and so why it matched. */
  hit = $state.raw<LibraryHit | null>(null);
  photo = $state.raw<LibraryPhoto | null>(null);
  error = $state.raw<AppError | null>(null);
  readonly questions: Conversation;
  /** Open for questions, once one was asked. */
  #open: Promise<Photo> | null = null;
  #turn = 0;
  readonly #backend: Backend;
  readonly #search: PhotoSearch;

  constructor(backend: Backend, history: HistoryStore, search: PhotoSearch) {
    this.#backend = backend;
    this.#search = search;
    this.questions = new Conversation(
      async (question) => {
        if (this.hit === null) {
          throw new Error("There is no photo to ask about.");
        }
        this.#open ??= this.#backend.openLibraryPhoto(this.hit.id);
        const opening = this.#open;
        try {
          return await this.#backend.askPhoto((await opening).id, question);
        } catch (thrown) {
          await opening.catch(() => {
            // It could not be opened; the next question tries again.
            this.#open = null;
          });
          throw thrown;
        }
      },
      (answer) =>
        history.add({
          kind: "answer",
          text: answer.sure || answer.guess === null ? answer.answer : `not sure (best guess: ${answer.guess})`,
          question: answer.question,
          confidence: answer.confidence,
          thumbnail: null,
        }),
    );
  }

  get hasPrevious(): boolean {
    return this.index !== null && this.index > 0;
  }

  get hasNext(): boolean {
    return this.index !== null && this.index + 1 < (this.#search.total ?? 0);
  }

  async show(index: number): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#forget();
    this.index = index;
    this.#search.hold("details", true);
    // Mostly at hand: then nothing else is shown first.
    this.hit = this.#search.hit(index) ?? null;
    try {
      const hit = this.hit ?? (await this.#search.fetch(index));
      if (turn !== this.#turn) {
        return;
      }
      if (hit === null) {
        // The answer became shorter meanwhile.
        this.close();
        return;
      }
      this.hit = hit;
      const photo = await this.#backend.libraryPhoto(hit.id);
      if (turn === this.#turn) {
        this.photo = photo;
      }
    } catch (thrown) {
      if (turn === this.#turn) {
        this.error = toAppError(thrown);
      }
    }
  }

  async step(by: 1 | -1): Promise<void> {
    if (this.index !== null && (by === 1 ? this.hasNext : this.hasPrevious)) {
      // Photos that came meanwhile may have moved it.
      const place = this.hit === null ? null : this.#search.placeOf(this.hit.id);
      await this.show((place ?? this.index) + by);
    }
  }

  close(): void {
    this.#turn += 1;
    this.#forget();
    this.index = null;
    this.#search.hold("details", false);
  }

  async openInViewer(): Promise<void> {
    await this.#outside((id) => this.#backend.showInViewer(id));
  }

  async reveal(): Promise<void> {
    await this.#outside((id) => this.#backend.revealLibraryPhoto(id));
  }

  async #outside(run: (id: number) => Promise<void>): Promise<void> {
    if (this.hit === null) {
      return;
    }
    const turn = this.#turn;
    this.error = null;
    try {
      await run(this.hit.id);
    } catch (thrown) {
      if (turn === this.#turn) {
        this.error = toAppError(thrown);
      }
    }
  }

  #forget(): void {
    this.#open?.then((photo) => this.#backend.closePhoto(photo.id)).catch(() => undefined);
    this.#open = null;
    this.hit = null;
    this.photo = null;
    this.error = null;
    this.questions.reset();
  }
}
