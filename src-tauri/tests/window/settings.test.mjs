// Settings, notices and states that are not the happy path.
import assert from "node:assert/strict";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { App, GOLDEN, PATIENCE, scratch } from "./support/app.mjs";

const SOURCE = { MM_APP_SOURCE: `replay:${GOLDEN}` };

/** Leaves settings as an earlier run would have. */
async function leave(folder, text) {
  await mkdir(path.join(folder, "data"), { recursive: true });
  await writeFile(path.join(folder, "data/settings.json"), text);
}

const saved = async (folder) => JSON.parse(await readFile(path.join(folder, "data/settings.json"), "utf8")).settings;

test("settings survive a restart", async (t) => {
  const folder = await scratch(t);
  const theme = (app) => app.driver.executeScript("return document.documentElement.dataset.theme");
  const first = await App.open(t, folder, SOURCE);
  await first.caption();
  await first.press("Settings");
  await (await first.find('//*[@role="radio" and normalize-space(.)="Dark"]')).click();
  await first.driver.wait(async () => (await theme(first)) === "dark", PATIENCE);
  await first.driver.wait(async () => (await saved(folder).catch(() => ({}))).theme === "dark", PATIENCE);
  await first.screenshot("settings");
  await first.close();

  assert.equal((await saved(folder)).replayPath, null, "what the environment asks for is not remembered");
  const second = await App.open(t, folder, SOURCE);
  await second.caption();
  assert.equal(await theme(second), "dark");
  await second.screenshot("live-dark");
});

test("a provider that cannot start is told, and so is one that crashed", async (t) => {
  const folder = await scratch(t);
  await leave(folder, JSON.stringify({ version: 1, settings: { provider: "qnn" } }));
  const first = await App.open(t, folder, SOURCE);
  assert.match(await first.text("notice", (text) => /qnn/i.test(text)), /qnn cannot run/i);
  await first.caption();
  await first.screenshot("provider-notice");
  await first.close();

  // What a process leaves that died while the provider started.
  await mkdir(path.join(folder, "data/providers"), { recursive: true });
  await writeFile(path.join(folder, "data/providers/qnn.crashed"), "");
  const second = await App.open(t, folder, SOURCE);
  assert.match(await second.text("notice", (text) => /qnn/i.test(text)), /skipped|left out|ended/i);
  await second.press("Settings");
  await second.press("Reset providers");
  const marks = async () => (await readdir(path.join(folder, "data/providers"))).filter((n) => n.endsWith("crashed"));
  await second.driver.wait(async () => (await marks()).length === 0, PATIENCE, "the mark stays");
});

test("settings that cannot be read are kept and told", async (t) => {
  const folder = await scratch(t);
  await leave(folder, '{"version": 1, "settings": {"theme": "da');
  const app = await App.open(t, folder, SOURCE);
  await app.text("notice", (text) => text.includes("settings could not be read"));
  const kept = await readFile(path.join(folder, "data/settings.unreadable-1.json"), "utf8");
  assert.equal(kept, '{"version": 1, "settings": {"theme": "da');
});

test("no camera and no replay: what to do is said", async (t) => {
  const app = await App.open(t, await scratch(t), { MM_APP_SOURCE: "replay:no/such/folder" });
  assert.match(await app.text("state", (text) => text.includes("replayed")), /cannot be replayed.*no\/such\/folder/is);
  await app.screenshot("no-replay");
});
