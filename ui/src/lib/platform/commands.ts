import type { App } from "../state/app.svelte";
import type { Command } from "./shortcuts";

/** Does what a shortcut stands for. What needs the picture does nothing where there is none. */
export function runCommand(app: App, command: Command): void {
  const { live, settings, speaker } = app;
  switch (command) {
    case "live":
    case "photo":
    case "photos":
    case "settings":
      app.show(command);
      break;
    case "help":
      app.helpOpen = true;
      break;
    case "history":
      app.historyOpen = true;
      break;
    case "ask":
      document.getElementById(app.view === "photos" ? "photo-search" : "question")?.focus();
      break;
    case "freeze":
      if (app.view === "live") {
        void live.setFrozen(!live.frozen);
      }
      break;
    case "caption":
      if (app.view === "live") {
        void live.captionNow();
      }
      break;
    case "speak":
      speaker.setEnabled(!speaker.enabled);
      app.say(speaker.enabled ? "Captions are spoken" : "Captions are silent");
      break;
    case "text":
      settings.change({ text: !settings.current.text });
      void live.configure();
      break;
    case "readout":
      settings.change({ showReadout: !settings.current.showReadout });
      break;
    case "mirror":
      settings.change({ mirror: !settings.current.mirror });
      break;
  }
}
