import { toAppError } from "../backend/backend";
import type { AnswerResult, AppError } from "../backend/types";

/** One question at a time about one picture. A newer question makes the answer to an older one worthless. */
export class Conversation {
  asking = $state<string | null>(null);
  answer = $state<AnswerResult | null>(null);
  error = $state<AppError | null>(null);
  #turn = 0;
  readonly #ask: (question: string) => Promise<AnswerResult>;
  readonly #onAnswer: (answer: AnswerResult) => void;

  constructor(ask: (question: string) => Promise<AnswerResult>, onAnswer: (answer: AnswerResult) => void) {
    this.#ask = ask;
    this.#onAnswer = onAnswer;
  }

  async ask(question: string): Promise<void> {
    const wanted = question.trim();
    if (wanted === "") {
      this.error = {
        code: "question.empty",
        message: "There is no question yet.",
        next: "Type one, or choose one below.",
      };
      return;
    }
    this.#turn += 1;
    const turn = this.#turn;
    this.asking = wanted;
    this.error = null;
    try {
      const answer = await this.#ask(wanted);
      if (turn === this.#turn) {
        this.answer = answer;
        this.#onAnswer(answer);
      }
    } catch (thrown) {
      if (turn === this.#turn) {
        this.answer = null;
        this.error = toAppError(thrown);
      }
    } finally {
      if (turn === this.#turn) {
        this.asking = null;
      }
    }
  }

  reset(): void {
    this.#turn += 1;
    this.asking = null;
    this.answer = null;
    this.error = null;
  }
}
