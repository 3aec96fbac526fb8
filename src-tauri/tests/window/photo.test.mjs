// A photo: pasted, described, read, asked about.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { Key } from "selenium-webdriver";
import { App, GOLDEN, PATIENCE, scratch } from "./support/app.mjs";

const SOURCE = { MM_APP_SOURCE: `replay:${GOLDEN}` };

/** Pastes bytes as a file, as the web view does with a copied picture. */
const PASTE = `
  const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], arguments[1], { type: arguments[2] }));
  (document.activeElement ?? document.body).dispatchEvent(
    new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));`;

test("a pasted photo is described, read and asked about", async (t) => {
  const app = await App.open(t, await scratch(t), SOURCE);
  await app.press("Photo");
  const picture = await readFile(path.join(GOLDEN, "fire-engine.jpg"), "base64");
  await app.driver.executeScript(PASTE, picture, "Feuerwehr – größer.jpg", "image/jpeg");
  assert.match(await app.text("photo-caption", (text) => /[a-z]{3}/i.test(text)), /[a-z]/i);
  assert.match(await app.text("photo-text", (text) => /fire/i.test(text)), /FIRE-RESCUE/);
  const shown = 'return [...document.images].some((image) => image.src.includes("mm-photo") && image.naturalWidth === 660)';
  await app.driver.wait(() => app.driver.executeScript(shown), PATIENCE, "the photo is not shown");
  const input = await app.find('//input[@id=//label[normalize-space(.)="Question"]/@for]');
  await input.sendKeys("is this a truck?", Key.ENTER);
  t.diagnostic(`answer: ${await app.text("answer")}`);
  await app.screenshot("photo");
});
