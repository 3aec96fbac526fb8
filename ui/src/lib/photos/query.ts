import type { LibraryPage } from "../backend/types";
import { foldedWords } from "./matched";

export type Understood = Pick<LibraryPage, "words" | "without" | "when">;

/** A part of a query that can be taken out of it. */
export interface QueryPart {
  kind: "words" | "without" | "when";
  /** As it is shown. */
  label: string;
  /** The query without this part. */
  rest: string;
}

const NEGATION = new Set(["without", "no", "not"]);

interface Token {
  text: string;
  negative: boolean;
}

/** The query's own words; one after "without", "no" or a minus sign says what to leave out. */
function tokens(text: string): Token[] {
  const found: Token[] = [];
  let negative = false;
  for (const word of text.match(/\S+/gu) ?? []) {
    if (NEGATION.has(word.toLowerCase())) {
      negative = true;
    } else if (word.startsWith("-") && word.length > 1) {
      found.push({ text: word.slice(1), negative: true });
      negative = false;
    } else {
      found.push({ text: word, negative });
      negative = false;
    }
  }
  return found;
}

const join = (parts: readonly string[]): string => parts.filter((part) => part !== "").join(" ");

/**
 * How a query was understood, part by part. Empty where it holds words alone: then it says what the search box says.
 *
 * What is neither looked for nor left out belongs to the date, whose words ("last summer") need not be its label.
 */
export function queryParts(text: string, { words, without, when }: Understood): QueryPart[] {
  if (without.length === 0 && when === null) {
    return [];
  }
  const looked = foldedWords(words);
  const dateWords: string[] = [];
  for (const token of tokens(text)) {
    if (token.negative) {
      continue;
    }
    const folded = foldedWords(token.text);
    const known = folded.length > 0 && folded.every((word) => looked.includes(word));
    if (!known) {
      dateWords.push(token.text);
    }
  }
  const date = when === null ? "" : join(dateWords);
  const left = (skip: number): string =>
    join(
      without
        .filter((_, index) => index !== skip)
        .map((word) =>
          foldedWords(word)
            .map((one) => `-${one}`)
            .join(" "),
        ),
    );
  const all = left(-1);
  return [
    ...(words === "" ? [] : [{ kind: "words" as const, label: words, rest: join([date, all]) }]),
    ...without.map((word, index) => ({
      kind: "without" as const,
      label: `without ${word}`,
      rest: join([words, date, left(index)]),
    })),
    ...(when === null ? [] : [{ kind: "when" as const, label: when, rest: join([words, all]) }]),
  ];
}

/** "Photos of dog, without cat, summer 2025": what a screen reader hears with the count. */
export function understoodSentence({ words, without, when }: Understood): string {
  const parts = [words === "" ? "Photos" : `Photos of ${words}`, ...without.map((word) => `without ${word}`)];
  return [...parts, ...(when === null ? [] : [when])].join(", ");
}
