import recorded from "../src/lib/backend/fixture/recorded.json" with { type: "json" };
import { suggestQuestions } from "../src/lib/captions/questions";
import { answerSentence, captionSentence, percent } from "../src/lib/captions/wording";

// What the tests expect follows from the recording, so that a new model needs no new tests.

export type Scene = (typeof recorded.scenes)[number];

export const provider = recorded.provider;

function scene(name: string): Scene {
  const found = recorded.scenes.find((one) => one.name === name);
  if (found === undefined) {
    throw new Error(`${name} was not recorded`);
  }
  return found;
}

/** In the order in which the recorded backend plays them. */
export const sign = scene("street-sign.jpg");
export const truck = scene("fire-engine.jpg");
export const rocket = scene("rocket.jpg");
export const receipt = scene("receipt.jpg");
export const empty = scene("empty.jpg");
export const vertical = scene("vertical.jpg");

/** The caption as it is shown, with its certainty by the steps that `mm` documents. */
export function caption({ caption: { text, confidence } }: Scene): string {
  const certainty =
    confidence >= 0.75 ? "sure" : confidence >= 0.5 ? "probably" : confidence >= 0.25 ? "perhaps" : "not sure";
  return captionSentence({ text, certainty });
}

export const confidence = (one: Scene): string => `${percent(one.caption.confidence)} likely right`;

/** A question that is suggested for the scene. */
export function suggested(one: Scene): string {
  return suggestQuestions(one.caption.text)[0] ?? "";
}

/** The answer as it is shown. */
export function answer(one: Scene, question: string): string {
  const found = one.answers.find((candidate) => candidate.question === question);
  if (found === undefined) {
    throw new Error(`“${question}” was not asked about ${one.name}`);
  }
  return answerSentence(found);
}
