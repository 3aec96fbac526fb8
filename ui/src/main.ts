import { mount } from "svelte";
import App from "./App.svelte";
import type { Backend } from "./lib/backend/backend";
import { App as AppState } from "./lib/state/app.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

// The mode is a constant of the build, so that each bundle holds one backend only.
async function loadBackend(): Promise<Backend> {
  if (import.meta.env.MODE === "fixture") {
    return (await import("./lib/backend/fixture")).createFixtureBackend();
  }
  return (await import("./lib/backend/tauri")).createTauriBackend();
}

const target = document.getElementById("app");
if (target === null) {
  throw new Error("index.html has no #app");
}
const app = new AppState(await loadBackend());
// First, so that the first thing painted has the colours and the size of letters that were chosen.
await app.settings.load();
mount(App, { target, props: { app } });
