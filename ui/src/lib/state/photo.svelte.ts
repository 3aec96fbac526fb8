import { toAppError, type Backend } from "../backend/backend";
import type { AppError, Photo, PhotoResult, PhotoSource } from "../backend/types";
import type { HistoryStore } from "./history.svelte";
import { Conversation } from "./questions.svelte";

/** empty: none chosen. opening: being read. looking: shown, results on their way. */
export type PhotoPhase = "empty" | "opening" | "looking" | "done" | "problem";

/** One picture and what the model says about it. */
export class PhotoDesk {
  phase = $state<PhotoPhase>("empty");
  photo = $state.raw<Photo | null>(null);
  result = $state.raw<PhotoResult | null>(null);
  error = $state.raw<AppError | null>(null);
  readonly questions: Conversation;
  #turn = 0;
  readonly #backend: Backend;
  readonly #history: HistoryStore;

  constructor(backend: Backend, history: HistoryStore) {
    this.#backend = backend;
    this.#history = history;
    this.questions = new Conversation(
      (question) => {
        if (this.photo === null) {
          throw new Error("There is no photo to ask about.");
        }
        return backend.askPhoto(this.photo.id, question);
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

  open(source: PhotoSource): Promise<void> {
    return this.#take(() => this.#backend.openPhoto(source));
  }

  async openFile(file: File): Promise<void> {
    await this.#take(async () => this.#backend.openPhotoBytes(file.name, await file.arrayBuffer()));
  }

  /** Looks again at the picture that is open. */
  async analyse(): Promise<void> {
    const photo = this.photo;
    if (photo === null) {
      return;
    }
    this.#turn += 1;
    await this.#look(photo, this.#turn);
  }

  close(): void {
    this.#turn += 1;
    if (this.photo !== null) {
      this.#backend.closePhoto(this.photo.id).catch(() => undefined);
    }
    this.photo = null;
    this.result = null;
    this.error = null;
    this.phase = "empty";
    this.questions.reset();
  }

  async #take(read: () => Promise<Photo | null>): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const before = this.phase;
    this.phase = "opening";
    try {
      const photo = await read();
      if (turn !== this.#turn) {
        return;
      }
      if (photo === null) {
        this.phase = before;
        return;
      }
      this.close();
      this.photo = photo;
      await this.analyse();
    } catch (thrown) {
      if (turn === this.#turn) {
        this.close();
        this.phase = "problem";
        this.error = toAppError(thrown);
      }
    }
  }

  async #look(photo: Photo, turn: number): Promise<void> {
    this.phase = "looking";
    this.error = null;
    try {
      const result = await this.#backend.analysePhoto(photo.id);
      if (turn !== this.#turn) {
        return;
      }
      this.result = result;
      this.phase = "done";
      const { text, confidence } = result.caption;
      this.#history.add({ kind: "caption", text, question: null, confidence, thumbnail: null });
    } catch (thrown) {
      if (turn === this.#turn) {
        this.phase = "problem";
        this.error = toAppError(thrown);
      }
    }
  }
}
