import type { HistoryEntry } from "../backend/types";

/** Entries kept; the oldest go first. A thumbnail is about 5 kB, so this is some megabytes at most. */
export const HISTORY_LIMIT = 500;

/** The history with one entry more, newest last. What repeats the newest caption or text adds nothing. */
export function addEntry(entries: readonly HistoryEntry[], entry: HistoryEntry, limit = HISTORY_LIMIT): HistoryEntry[] {
  const previous = entries.findLast((other) => other.kind === entry.kind);
  if (entry.kind !== "answer" && previous?.text === entry.text) {
    return [...entries];
  }
  return [...entries, entry].slice(-limit);
}

/** One line of Markdown may not start a new one. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}

/** The entries as Markdown, oldest first, without pictures: for the clipboard. */
export function toMarkdown(entries: readonly HistoryEntry[], formatTime: (iso: string) => string): string {
  const lines = entries.map((entry) => {
    const sure = entry.confidence === null ? "" : ` (${Math.round(entry.confidence * 100)} %)`;
    const text = oneLine(entry.text);
    const said =
      entry.kind === "answer"
        ? `**${oneLine(entry.question ?? "")}** ${text}`
        : entry.kind === "text"
          ? `Text: “${text}”`
          : text;
    return `- ${formatTime(entry.time)} ${said}${sure}`;
  });
  return `# Captions\n\n${lines.join("\n")}\n`;
}

/** Entries that hold every word of the query, in text or question. */
export function filterEntries(entries: readonly HistoryEntry[], query: string): HistoryEntry[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  return entries.filter((entry) => {
    const text = `${entry.question ?? ""} ${entry.text}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
