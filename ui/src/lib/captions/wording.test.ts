import { expect, test } from "vitest";
import { spokenCaption } from "./brevity";
import { suggestQuestions } from "./questions";
import { answerSentence, captionSentence, certaintyLevel, percent } from "./wording";

test.each([
  ["sure", "A dog on a beach"],
  ["probably", "Probably a dog on a beach"],
  ["perhaps", "Perhaps a dog on a beach"],
  ["not sure", "Not sure, maybe a dog on a beach"],
] as const)("a caption that is %s says so", (certainty, sentence) => {
  expect(captionSentence({ text: "A dog on a beach", certainty })).toBe(sentence);
});

test("words that are all capitals stay so behind a lead", () => {
  expect(captionSentence({ text: "TV on a table", certainty: "probably" })).toBe("Probably TV on a table");
});

test("more certainty fills more of the meter", () => {
  const levels = (["not sure", "perhaps", "probably", "sure"] as const).map(certaintyLevel);
  expect(levels).toEqual([1, 2, 3, 4]);
});

test.each([
  ["A red fire truck parked on a street", "A red fire truck parked"],
  ["A man sitting in front of a brick wall", "A man sitting"],
  ["A dog on a beach", "A dog on a beach"],
  ["Two people walking", "Two people walking"],
])("short speech of “%s” is “%s”", (text, short) => {
  expect(spokenCaption({ text, certainty: "sure" }, "short")).toBe(short);
});

test("doubt is said in short speech too, and full speech keeps everything", () => {
  const caption = { text: "A red fire truck parked on a street", certainty: "perhaps" } as const;
  expect(spokenCaption(caption, "short")).toBe("Perhaps a red fire truck parked");
  expect(spokenCaption(caption, "full")).toBe("Perhaps a red fire truck parked on a street");
});

test("a guess is named as one", () => {
  expect(answerSentence({ answer: "not sure", guess: "green", sure: false })).toBe("Not sure. Best guess: green");
  expect(answerSentence({ answer: "yes", guess: null, sure: true })).toBe("Yes");
});

test("shares are shown as whole percents", () => {
  expect(percent(0.6635)).toBe("66 %");
});

test("suggestions fit the caption, without repeats", () => {
  expect(suggestQuestions("A red fire truck parked on a street")).toEqual([
    "What colour is the truck?",
    "Is the truck moving?",
    "Is this outdoors?",
  ]);
  const questions = suggestQuestions("A man and a man beside a man", 10);
  expect(new Set(questions).size).toBe(questions.length);
});

test("there are suggestions before there is a caption", () => {
  expect(suggestQuestions("")).toHaveLength(3);
});
