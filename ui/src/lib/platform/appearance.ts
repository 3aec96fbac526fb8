import type { Settings } from "../backend/types";

const dark = (): MediaQueryList => matchMedia("(prefers-color-scheme: dark)");

/** Sets theme and text size on the page and follows the system where that is the choice. Returns the undo. */
export function applyAppearance(theme: Settings["theme"], textScale: number): () => void {
  const root = document.documentElement;
  const query = dark();
  const apply = (): void => {
    root.dataset.theme = theme === "system" ? (query.matches ? "dark" : "light") : theme;
  };
  apply();
  root.style.fontSize = `${textScale * 100}%`;
  query.addEventListener("change", apply);
  return () => query.removeEventListener("change", apply);
}
