import type { AnswerResult, CaptionResult, Certainty } from "../backend/types";

/** What stands before a caption, so that its certainty is read with it. */
const LEADS: Record<Certainty, string> = {
  sure: "",
  probably: "Probably",
  perhaps: "Perhaps",
  "not sure": "Not sure, maybe",
};

/** Segments of four that a certainty fills. */
const LEVELS: Record<Certainty, number> = { sure: 4, probably: 3, perhaps: 2, "not sure": 1 };

/** A lower-case start after a lead, except for words that are capital by themselves ("I", "TV"). */
function lowerStart(text: string): string {
  const [first = "", second = ""] = text;
  return second !== "" && second === second.toUpperCase() && second !== " "
    ? text
    : first.toLowerCase() + text.slice(1);
}

export interface CaptionParts {
  lead: string;
  body: string;
}

/** A caption as it is shown: "Probably" and "a dog on a beach". */
export function captionParts(caption: Pick<CaptionResult, "text" | "certainty">): CaptionParts {
  const lead = LEADS[caption.certainty];
  return lead === "" ? { lead, body: caption.text } : { lead, body: lowerStart(caption.text) };
}

/** A caption in one piece, for the clipboard, a screen reader or a voice. */
export function captionSentence(caption: Pick<CaptionResult, "text" | "certainty">): string {
  const { lead, body } = captionParts(caption);
  return lead === "" ? body : `${lead} ${body}`;
}

export function certaintyLevel(certainty: Certainty): number {
  return LEVELS[certainty];
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** An answer in one piece. A guess is named as one. */
export function answerSentence(answer: Pick<AnswerResult, "answer" | "guess" | "sure">): string {
  const text = answer.answer.charAt(0).toUpperCase() + answer.answer.slice(1);
  return !answer.sure && answer.guess !== null ? `${text}. Best guess: ${answer.guess}` : text;
}
