import { getContext, setContext } from "svelte";
import type { Backend } from "../backend/backend";
import type { AppInfo } from "../backend/types";
import { HistoryStore } from "./history.svelte";
import { Library } from "./library.svelte";
import { LiveSession } from "./live.svelte";
import { PhotoDesk } from "./photo.svelte";
import { Preferences } from "./preferences.svelte";
import { SettingsStore } from "./settings.svelte";
import { Speaker } from "./speaker.svelte";

export type ViewName = "live" | "photo" | "photos" | "settings";

export const VIEWS: readonly { name: ViewName; label: string }[] = [
  { name: "live", label: "Live" },
  { name: "photo", label: "Photo" },
  { name: "photos", label: "Photos" },
  { name: "settings", label: "Settings" },
];

/** What every screen shares. */
export class App {
  view = $state<ViewName>("live");
  info = $state.raw<AppInfo | null>(null);
  helpOpen = $state(false);
  historyOpen = $state(false);
  /** A file is held over the window. */
  dropping = $state(false);
  /** Said once by the screen reader and shown for a moment. */
  toast = $state("");
  readonly backend: Backend;
  readonly preferences = new Preferences();
  readonly settings: SettingsStore;
  readonly history: HistoryStore;
  readonly speaker: Speaker;
  readonly live: LiveSession;
  readonly photo: PhotoDesk;
  readonly library: Library;
  #toastTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(backend: Backend) {
    this.backend = backend;
    this.settings = new SettingsStore(backend);
    this.history = new HistoryStore(backend);
    this.speaker = new Speaker(backend, this.settings);
    this.live = new LiveSession(backend, this.settings, this.history, this.speaker);
    this.photo = new PhotoDesk(backend, this.history);
    this.library = new Library(backend, this.history);
  }

  /** Once the settings are loaded and the page is there. */
  async start(): Promise<void> {
    void this.live.open(this.preferences.resolution);
    this.info = await this.backend.appInfo().catch(() => null);
  }

  /** Where a picture that is dropped or pasted finds photos like it, instead of being looked at. */
  get searchesByPicture(): boolean {
    return this.view === "photos" && this.library.folders.length > 0;
  }

  /** Live rests while another screen is open: it would warm the machine for nobody. */
  show(view: ViewName): void {
    if (view === this.view) {
      return;
    }
    this.view = view;
    if (view === "live" && this.live.phase === "problem") {
      // Another screen may have mended it: a model was chosen, access was given.
      void this.live.open(this.preferences.resolution);
    } else {
      void this.live.pause(view !== "live");
    }
    if (view !== "live") {
      this.speaker.quiet();
    }
  }

  say(text: string): void {
    clearTimeout(this.#toastTimer);
    this.toast = text;
    this.#toastTimer = setTimeout(() => (this.toast = ""), 4000);
  }
}

const KEY = Symbol("app");

export function provideApp(app: App): App {
  return setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
