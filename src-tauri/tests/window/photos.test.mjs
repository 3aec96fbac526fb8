// The photo library: indexed, searched by what pictures show and by what is written in them, watched, and deleted.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { By, Key } from "selenium-webdriver";
import { App, GOLDEN, PATIENCE, goldenRegions, scratch } from "./support/app.mjs";
import { iou } from "./support/geometry.mjs";

const PICTURE = /\.(jpg|png)$/;
const ICON = path.join(GOLDEN, "../../../icons/128x128.png");

/** The golden pictures, some of them a folder deeper, as a person has photos. */
async function photoFolder(folder) {
  const photos = path.join(folder, "My photos – größer");
  await mkdir(path.join(photos, "2024 trip"), { recursive: true });
  const names = (await readdir(GOLDEN)).filter((name) => PICTURE.test(name)).sort();
  const places = names.map((name, i) => path.join(photos, i % 2 === 0 ? name : path.join("2024 trip", name)));
  await Promise.all(names.map((name, i) => copyFile(path.join(GOLDEN, name), places[i])));
  return { photos, places };
}

/** Every file below a folder, as one hash of names and bytes. */
async function fingerprint(folder) {
  const hash = createHash("sha256");
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
  for (const file of paths.sort()) {
    hash.update(file).update(await readFile(file));
  }
  return `${paths.length} files ${hash.digest("hex")}`;
}

/** A viewer that notes what it is given, where the system looks for one. */
async function viewer(folder) {
  const [programs, noted] = [path.join(folder, "programs"), path.join(folder, "viewed")];
  await mkdir(programs);
  await writeFile(path.join(programs, "xdg-open"), `#!/bin/sh\nprintf '%s' "$1" > "${noted}.new" && mv "${noted}.new" "${noted}"\n`);
  await chmod(path.join(programs, "xdg-open"), 0o755);
  return { path: `${programs}:${process.env.PATH}`, viewed: () => readFile(noted, "utf8") };
}

/** Types a query and waits for its answer. */
async function searchFor(app, words) {
  const box = await app.find('//input[@id=//label[normalize-space(.)="Search photos"]/@for]');
  await box.clear();
  await box.sendKeys(words, Key.ENTER);
  const answered = "return document.querySelector('[data-testid=\"photo-grid\"]')?.ariaBusy === 'false'";
  await app.driver.wait(() => app.driver.executeScript(answered), PATIENCE, "the search does not end");
  await app.text("result-count", (text) => /match/.test(text));
}

/** Opens the first photo of the answer and gives back its file name. */
async function openFirst(app) {
  await app.driver.wait(
    () => app.driver.executeScript(`const first = document.querySelector('[data-testid="photo-item"][data-index="0"]');
      first?.click(); return first !== null`),
    PATIENCE,
    "there is no first photo",
  );
  return app.driver.wait(
    () => app.driver.executeScript("return document.querySelector('[data-testid=\"photo-details\"] [role=\"heading\"]')?.textContent"),
    PATIENCE,
    "no photo is opened",
  );
}

const close = async (app) => {
  await app.driver.findElement(By.css('[data-testid="photo-details"] [aria-label="Close"]')).click();
  await app.driver.wait(async () => (await app.all("photo-details")).length === 0, PATIENCE, "the photo stays open");
};

test("photos are indexed, found, explained and forgotten", async (t) => {
  const folder = await scratch(t);
  const { photos, places } = await photoFolder(folder);
  const before = await fingerprint(photos);
  const { path: programs, viewed } = await viewer(folder);
  const environment = { MM_APP_SOURCE: `replay:${GOLDEN}`, MM_APP_LIBRARY: photos, PATH: programs };
  const app = await App.open(t, folder, environment);
  const database = path.join(folder, "data/library.sqlite");

  await t.test("every photo is in the grid when indexing is done", async () => {
    await app.caption();
    await app.press("Photos");
    await app.text("index-progress", (text) => /\d/.test(text));
    const begun = Date.now();
    await app.text("result-count", (text) => text.startsWith(`${places.length} photos`));
    await app.driver.wait(async () => (await app.all("index-progress")).length === 0, PATIENCE, "indexing does not end");
    t.diagnostic(`${places.length} photos indexed in ${Date.now() - begun} ms`);
    const shown = `const images = [...document.querySelectorAll('[data-testid="photo-item"] img')];
      return images.length === arguments[0] && images.every((i) => i.src.includes("/thumbnail/") && i.naturalWidth > 0)`;
    await app.driver.wait(() => app.driver.executeScript(shown, places.length), PATIENCE, "thumbnails are missing");
    await app.screenshot("photos");
  });

  await t.test("words find what a picture shows", async () => {
    await searchFor(app, "fire truck");
    assert.equal(await openFirst(app), "fire-engine.jpg");
    await close(app);
  });

  await t.test("a word in a picture finds and marks it", async () => {
    await searchFor(app, "bakery");
    await app.screenshot("photos-search");
    assert.equal(await openFirst(app), "receipt.jpg");
    assert.match(await app.text("why"), /bakery/i);
    assert.match(await app.text("ocr-match"), /^bakery$/i);
    const picture = (await goldenRegions()).find(({ image }) => image === "receipt.jpg");
    const line = picture.regions.find(({ text }) => /bakery/i.test(text));
    const found = (await app.regions()).find(({ text }) => /bakery/i.test(text));
    assert.ok(iou(found.quad, line.quad) >= 0.5, `${JSON.stringify(found)} is not at ${JSON.stringify(line.quad)}`);
    const shown = `const image = document.querySelector('[data-testid="photo-details"] img');
      return image.src.includes("/library/") && image.naturalWidth === arguments[0]`;
    await app.driver.wait(() => app.driver.executeScript(shown, picture.width), PATIENCE, "the photo is not shown");
    await app.screenshot("photos-details");
  });

  await t.test("a photo can be asked about and opened in the system's viewer", async () => {
    const details = await app.driver.findElement(By.css('[data-testid="photo-details"]'));
    const question = await details.findElement(By.xpath('.//input[@id=//label[normalize-space(.)="Question"]/@for]'));
    await question.sendKeys("is this outside?", Key.ENTER);
    t.diagnostic(`answer: ${await app.text("answer")}`);
    await app.press("Open in viewer");
    const seen = await app.driver.wait(() => viewed().catch(() => null), PATIENCE, "no viewer was started");
    assert.equal(seen, places.find((place) => place.endsWith("receipt.jpg")));
  });

  await t.test("photos that look like another are found", async () => {
    await app.press("Find similar");
    await app.text("query-parts", (text) => text.includes("Like receipt.jpg"));
    await app.text("result-count", (text) => /match/.test(text));
    await openFirst(app);
    assert.match(await app.text("why"), /look|similar|like/i);
    await close(app);
    await app.press("Remove: photos like receipt.jpg");
    await app.text("result-count", (text) => text.startsWith(`${places.length} photos`));
  });

  await t.test("what comes into the folder and goes from it is noticed", async () => {
    const added = path.join(photos, "added.png");
    await copyFile(ICON, added);
    await app.text("result-count", (text) => text.startsWith(`${places.length + 1} photos`));
    await rm(added);
    await app.text("result-count", (text) => text.startsWith(`${places.length} photos`));
  });

  await t.test("deleting the index leaves the photos", async () => {
    assert.ok((await readFile(database)).length > 0);
    await app.press("Folders and index");
    assert.equal(await app.text("library-path"), database);
    await app.press("Delete index");
    const confirm = '//*[@role="alertdialog"]//button[normalize-space(.)="Delete index"]';
    await (await app.find(confirm)).click();
    await app.find('//*[normalize-space(.)="Search your photos"]');
    assert.equal(await fingerprint(photos), before);
    const left = (await readdir(path.join(folder, "data"))).filter((name) => name.startsWith("library"));
    assert.deepEqual(left, [], "nothing of the index is left");
  });

  await t.test("neither photos nor searches are in the log", async () => {
    const logs = path.join(folder, "data/logs");
    const log = await readFile(path.join(logs, (await readdir(logs))[0]), "utf8");
    assert.match(log, /the photo index is up to date/);
    for (const secret of ["bakery", "fire truck", "receipt", "trip", "added.png"]) {
      assert.ok(!log.toLowerCase().includes(secret), `"${secret}" is in the log`);
    }
  });
});
