import type { CaptionResult, SpeechSettings } from "../backend/types";
import { captionSentence } from "./wording";

/** Where a caption may end early: what follows says where, not what. */
const PLACE = /\s(?:in front of|next to|on top of|in|on|at|near|by|under|behind|beside|against|with)\s/u;

/** Words that must stay before the cut, so that "sitting on a bench" does not become "a". */
const LEAST_WORDS = 3;

/** What is said of a caption. "short" keeps what is seen and leaves out where; doubt is said either way. */
export function spokenCaption(
  caption: Pick<CaptionResult, "text" | "certainty">,
  brevity: SpeechSettings["brevity"],
): string {
  if (brevity === "full") {
    return captionSentence(caption);
  }
  const words = caption.text.split(" ");
  const start = words.slice(0, LEAST_WORDS).join(" ");
  const rest = ` ${words.slice(LEAST_WORDS).join(" ")} `;
  const cut = PLACE.exec(rest);
  const text = cut === null ? caption.text : `${start}${rest.slice(0, cut.index)}`.trim();
  return captionSentence({ text, certainty: caption.certainty });
}
