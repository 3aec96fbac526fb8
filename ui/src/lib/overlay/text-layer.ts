import type { Quad, Region } from "../backend/types";
import { apply, invert, mirrorQuad, quadSize, rectangleToQuad, toCss } from "./matrix";

export interface PlacedWord {
  text: string;
  /** Along the line, in the line's own pixels. */
  left: number;
  width: number;
}

export interface PlacedRegion {
  track: number;
  text: string;
  quad: Quad;
  width: number;
  height: number;
  transform: string;
  words: PlacedWord[];
}

/**
 * Lays a line of text over its quad: an upright box as long and as high as the line, carried onto the picture by a
 * perspective transform, with each word where it was read.
 *
 * In a mirrored picture the box moves to the other side but its text still reads from left to right, so the words are
 * spread over the line by length: their places in the picture run the other way.
 */
export function placeRegion(region: Region, mirrored: boolean, pictureWidth: number): PlacedRegion | null {
  const quad = mirrored ? mirrorQuad(region.quad, pictureWidth) : region.quad;
  const { width, height } = quadSize(quad);
  const onto = rectangleToQuad(width, height, quad);
  if (onto === null) {
    return null;
  }
  const back = mirrored ? null : invert(onto);
  const words =
    back === null || region.words.length === 0
      ? spread(region.text, width)
      : region.words.map(({ text, quad: word }) => {
          const xs = word.map((corner) => apply(back, corner)[0]);
          const left = Math.max(0, (at(xs, 0) + at(xs, 3)) / 2);
          const right = Math.min(width, (at(xs, 1) + at(xs, 2)) / 2);
          return { text, left, width: Math.max(1, right - left) };
        });
  return { track: region.track, text: region.text, quad, width, height, transform: toCss(onto), words };
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}

/** Every letter the same width: near enough where the text is shown on a plate of its own. */
function spread(text: string, width: number): PlacedWord[] {
  const letter = width / Math.max(1, text.length);
  return [...text.matchAll(/\S+/gu)].map((match) => ({
    text: match[0],
    left: match.index * letter,
    width: match[0].length * letter,
  }));
}

/** Whether a line holds what is searched for; nothing is found by an empty search. */
export function matches(text: string, query: string): boolean {
  const wanted = query.trim().toLowerCase();
  return wanted !== "" && text.toLowerCase().includes(wanted);
}
