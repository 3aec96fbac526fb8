import type { IndexProgress, LibraryHit, WhyMatched } from "../backend/types";
import type { IconName } from "../components/icons";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

/** "1 photo", "1,204 photos". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

/** A number of bytes as disks are sold: "1.2 MB". */
export function bytes(number: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, number < 1000 ? 0 : Math.floor(Math.log10(number) / 3));
  const value = number / 1000 ** step;
  return `${step === 0 || value >= 100 ? whole.format(value) : value.toFixed(1)} ${units[step] ?? ""}`;
}

/** What is left, in words no more exact than the estimate. */
export function timeLeft(seconds: number): string {
  if (seconds < 15) {
    return "a few seconds left";
  }
  if (seconds < 55) {
    return "less than a minute left";
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) {
    return `about ${count(minutes, "minute")} left`;
  }
  const hours = Math.round(minutes / 60);
  return hours < 36 ? `about ${count(hours, "hour")} left` : `about ${count(Math.round(hours / 24), "day")} left`;
}

const WAITING: Record<NonNullable<IndexProgress["waiting"]>, string> = {
  battery: "Waiting to spare the battery",
  heat: "Waiting for the device to cool",
  asked: "Paused",
};

/** What the index is doing, in a few words. */
export function phaseWords({ phase, waiting, found }: IndexProgress): string {
  if (waiting !== null) {
    return WAITING[waiting];
  }
  switch (phase) {
    case "scanning":
      return `Looking through the folders: ${count(found, "photo")} so far`;
    case "indexing":
      return "Indexing";
    case "paused":
      return "Paused";
    case "watching":
    case "done":
      return "Up to date";
  }
}

/** How far it is, how fast, and how long it takes. */
export function progressWords(progress: IndexProgress): string {
  const { phase, found, done, photosPerSecond, secondsLeft, waiting } = progress;
  if (phase === "scanning") {
    return "";
  }
  const parts = [`${whole.format(done)} of ${count(found, "photo")}`];
  if (phase === "indexing" && waiting === null) {
    if (photosPerSecond > 0) {
      parts.push(`${photosPerSecond.toFixed(1)} photos/s`);
    }
    if (secondsLeft !== null) {
      parts.push(timeLeft(secondsLeft));
    }
  }
  return parts.join(" · ");
}

/** Whether there is something to wait for. */
export function isBusy(progress: IndexProgress | null): progress is IndexProgress {
  return progress !== null && progress.phase !== "done" && (progress.phase !== "watching" || progress.waiting !== null);
}

/** "10 photos", or how much of a query's answer: "3 photos match". */
export function resultWords(total: number, asked: boolean): string {
  if (total === 0) {
    return asked ? "No photo matches" : "No photos yet";
  }
  return asked ? `${count(total, "photo")} ${total === 1 ? "matches" : "match"}` : count(total, "photo");
}

/** The cosine of two embeddings: no share of anything, so no per cent. */
const alike = (similarity: number): string => `similarity ${similarity.toFixed(2)}`;
const quoted = (words: readonly string[]): string => words.map((word) => `“${word}”`).join(", ");

/** Why a photo was found. */
export function reasonWords(why: WhyMatched): string {
  switch (why.kind) {
    case "looks":
      return `Looks like what you asked for, ${alike(why.similarity)}`;
    case "caption":
      return `Caption says ${quoted(why.words)}`;
    case "text":
      return `Text in the picture: ${quoted(why.words)}`;
    case "name":
      return `File or folder name has ${quoted(why.words)}`;
    case "date":
      return `Taken: ${why.label}`;
    case "picture":
      return `Looks like the picture, ${alike(why.similarity)}`;
  }
}

/** The same under a thumbnail. */
export function shortReason(why: WhyMatched): string {
  switch (why.kind) {
    case "looks":
      return "Looks like it";
    case "caption":
    case "name":
      return why.words.join(", ");
    case "text":
      return quoted(why.words);
    case "date":
      return why.label;
    case "picture":
      return alike(why.similarity);
  }
}

const ICONS: Record<WhyMatched["kind"], IconName> = {
  looks: "photo",
  caption: "caption",
  text: "text",
  name: "folder",
  date: "history",
  picture: "photos",
};

export function reasonIcon(why: WhyMatched): IconName {
  return ICONS[why.kind];
}

/** What tells most about a match comes first: words that can be checked before a likeness. */
const ORDER: readonly WhyMatched["kind"][] = ["text", "caption", "name", "picture", "looks", "date"];

export function foremostReason(hit: Pick<LibraryHit, "why">): WhyMatched | undefined {
  return ORDER.map((kind) => hit.why.find((why) => why.kind === kind)).find((why) => why !== undefined);
}

/** The day a photo was taken; empty if nobody knows. */
export function takenDay(taken: string | null): string {
  return format(taken, day);
}

export function takenMoment(taken: string | null): string {
  return format(taken, moment);
}

function format(iso: string | null, as: Intl.DateTimeFormat): string {
  const date = iso === null ? null : new Date(iso);
  return date === null || Number.isNaN(date.getTime()) ? "" : as.format(date);
}

/** Coordinates as maps understand them: "48.85837° N, 2.29448° E". */
export function placeWords({ latitude, longitude }: { latitude: number; longitude: number }): string {
  const part = (degrees: number, [plus, minus]: readonly [string, string]): string =>
    `${Math.abs(degrees).toFixed(5)}° ${degrees < 0 ? minus : plus}`;
  return `${part(latitude, ["N", "S"])}, ${part(longitude, ["E", "W"])}`;
}

/** The last part of a path, of any system. */
export function baseName(path: string): string {
  return path.split(/[\\/]/u).findLast((part) => part !== "") ?? path;
}
