import type { LibraryPage } from "../backend/types";

export type Understood = Pick<LibraryPage, "words" | "without" | "when">;

/** A part of a query that can be taken out of it. */
export interface QueryPart {
  kind: "words" | "without" | "when";
  /** As it is shown. */
  label: string;
  /** The query without this part. */
  rest: string;
}

/** Words that mean something at their places, unless they are quoted. */
const SPECIAL = /(?:^|\s)(?:-|no\s|without\s)/iu;

/** A query that is understood as these parts: dates are named in the words they were typed in, so they are read again. */
function compose(text: string, { words, without, when }: Understood): string {
  // What was quoted, or would be read in another way alone, is plain text between quotes.
  const plain = words !== "" && (/["“”„«»]/u.test(text) || SPECIAL.test(words)) ? `"${words}"` : words;
  const parts = [plain, when ?? "", ...without.map((phrase) => `without ${phrase}`)];
  return parts.filter((part) => part !== "").join(" ");
}

/** How a query was understood, part by part. Empty where it holds words alone: then it says what the search box says. */
export function queryParts(text: string, understood: Understood): QueryPart[] {
  const { words, without, when } = understood;
  if (without.length === 0 && when === null) {
    return [];
  }
  const rest = (part: Partial<Understood>): string => compose(text, { ...understood, ...part });
  return [
    ...(words === "" ? [] : [{ kind: "words" as const, label: words, rest: rest({ words: "" }) }]),
    ...without.map((phrase, index) => ({
      kind: "without" as const,
      label: `without ${phrase}`,
      rest: rest({ without: without.filter((_, other) => other !== index) }),
    })),
    ...(when === null ? [] : [{ kind: "when" as const, label: when, rest: rest({ when: null }) }]),
  ];
}

/** "Photos of dog, without cat, summer 2025": what a screen reader hears with the count. */
export function understoodSentence({ words, without, when }: Understood): string {
  const parts = [words === "" ? "Photos" : `Photos of ${words}`, ...without.map((phrase) => `without ${phrase}`)];
  return [...parts, ...(when === null ? [] : [when])].join(", ");
}
