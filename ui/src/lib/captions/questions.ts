/**
 * Suggested questions that fit what was captioned.
 *
 * The model answers short questions about things, colours, counts and yes or no; what stands in the picture as text is
 * read by OCR, so no suggestion asks it to read.
 */

interface Theme {
  readonly words: readonly string[];
  /** `{}` stands for the word of the caption that matched. */
  readonly questions: readonly string[];
}

const THEMES: readonly Theme[] = [
  {
    words: ["people", "men", "women", "children", "boys", "girls", "crowd", "group"],
    questions: ["How many people are there?", "What are the people doing?"],
  },
  {
    words: ["man", "woman", "person", "boy", "girl", "child", "baby", "player"],
    questions: ["What is the {} doing?", "What is the {} wearing?"],
  },
  {
    words: ["dog", "cat", "horse", "bird", "cow", "sheep", "elephant", "bear", "zebra", "giraffe"],
    questions: ["What is the {} doing?", "What colour is the {}?"],
  },
  {
    words: ["truck", "car", "bus", "train", "motorcycle", "bicycle", "boat", "plane", "airplane", "van"],
    questions: ["What colour is the {}?", "Is the {} moving?"],
  },
  {
    words: ["sign", "clock", "tower", "building", "wall", "bench", "umbrella", "kite"],
    questions: ["What colour is the {}?"],
  },
  {
    words: ["plate", "food", "pizza", "sandwich", "cake", "salad", "bowl", "table"],
    questions: ["What food is this?", "What is on the {}?"],
  },
  {
    words: ["kitchen", "room", "bathroom", "bedroom", "office"],
    questions: ["What room is this?"],
  },
];

/** Asked when the caption names nothing better known, and to fill up. */
const GENERAL: readonly string[] = [
  "Is this outdoors?",
  "What is in the background?",
  "What colour is it?",
  "Is there a person?",
];

/** Up to `limit` questions, those nearest to the caption first; the general ones for an empty caption. */
export function suggestQuestions(caption: string, limit = 3): string[] {
  const words = caption.toLowerCase().match(/[a-z]+/gu) ?? [];
  const found: string[] = [];
  for (const word of words) {
    const theme = THEMES.find((candidate) => candidate.words.includes(word));
    for (const question of theme?.questions ?? []) {
      found.push(question.replace("{}", word));
    }
  }
  return [...new Set([...found, ...GENERAL])].slice(0, limit);
}
