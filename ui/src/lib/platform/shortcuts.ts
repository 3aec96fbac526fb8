export type Command =
  | "freeze"
  | "ask"
  | "speak"
  | "caption"
  | "text"
  | "history"
  | "readout"
  | "mirror"
  | "help"
  | "live"
  | "photo"
  | "photos"
  | "settings";

export interface Shortcut {
  key: string;
  /** As it is printed on the sheet. */
  shown: string;
  command: Command;
  does: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { key: " ", shown: "Space", command: "freeze", does: "Freeze the picture, or go on" },
  { key: "/", shown: "/", command: "ask", does: "Ask a question, or search photos" },
  { key: "s", shown: "S", command: "speak", does: "Speak captions, or stop" },
  { key: "c", shown: "C", command: "caption", does: "Caption now" },
  { key: "t", shown: "T", command: "text", does: "Look for text, or stop" },
  { key: "h", shown: "H", command: "history", does: "Open the history" },
  { key: "r", shown: "R", command: "readout", does: "Show or hide the speed" },
  { key: "m", shown: "M", command: "mirror", does: "Mirror the picture" },
  { key: "1", shown: "1", command: "live", does: "Go to Live" },
  { key: "2", shown: "2", command: "photo", does: "Go to Photo" },
  { key: "3", shown: "3", command: "photos", does: "Go to Photos" },
  { key: "4", shown: "4", command: "settings", does: "Go to Settings" },
  { key: "?", shown: "?", command: "help", does: "Show this help" },
];

/** What a control needs to know about a key press; `target` is where the focus is. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
  defaultPrevented: boolean;
}

/** Where the focus is: typing takes every key, a button or menu takes the space bar. */
export type FocusPlace = "page" | "control" | "typing";

export function focusPlace(target: Element | null): FocusPlace {
  if (
    target?.closest(
      "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [role=menu], [role=dialog]",
    )
  ) {
    return "typing";
  }
  return target?.closest("button, a[href], input, summary, [role=switch], [role=slider]") ? "control" : "page";
}

/** The command of a key press, if it is one here. */
export function commandFor(press: KeyPress, place: FocusPlace): Command | null {
  if (press.defaultPrevented || press.repeat || press.ctrlKey || press.metaKey || press.altKey || place === "typing") {
    return null;
  }
  if (press.key === " " && place === "control") {
    return null;
  }
  const key = press.key.toLowerCase();
  return SHORTCUTS.find((shortcut) => shortcut.key === key)?.command ?? null;
}
