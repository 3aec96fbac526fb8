// The live view, from the first caption to the exported history.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { By, Key } from "selenium-webdriver";
import { App, GOLDEN, PATIENCE, goldenRegions, scratch } from "./support/app.mjs";
import { iou } from "./support/geometry.mjs";

/** Boxes of the models and boxes drawn by hand agree to about 0.7 where both are right (tests/golden/ocr/SOURCES.md). */
const LEAST_IOU = 0.5;

const SOURCE = { MM_APP_SOURCE: `replay:${GOLDEN}` };
const letters = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * Freezes until a golden picture with text is what is frozen and read, and gives back its lines as found and as they are.
 * A frozen picture is read once more in full quality, however slow the machine: what is frozen is told by its size.
 */
async function freezeOnText(app) {
  const golden = await goldenRegions();
  const end = Date.now() + 150_000;
  while (Date.now() < end) {
    await app.caption();
    await app.press("Freeze");
    const [width, height] = await app.frameSize();
    const picture = golden.find((one) => one.width === width && one.height === height);
    const lines = (picture?.regions ?? []).filter(({ text }) => text !== "###");
    // A picture without text is left at once: waiting for it would fall into step with the replay's round of 30 s.
    const deadline = lines.length > 1 ? Date.now() + 15_000 : 0;
    while (Date.now() < deadline) {
      const found = await app.regions();
      const pairs = lines.map((line) => [found.find(({ text }) => letters(text) === letters(line.text)), line]);
      if (pairs.every(([region]) => region !== undefined)) {
        return pairs;
      }
      await app.driver.sleep(500);
    }
    await app.press("Freeze");
    await app.driver.sleep(1000);
  }
  return assert.fail("no picture with text was frozen and read");
}

test("captions, text boxes, freeze, ask, history and export", async (t) => {
  const folder = await scratch(t);
  const app = await App.open(t, folder, { ...SOURCE, MM_APP_MEASURE_START: path.join(folder, "start.json") });

  let lines = [];

  await t.test("a caption appears and changes with the scene", async () => {
    const first = await app.caption();
    await app.text("caption-confidence");
    await app.screenshot("live");
    const second = await app.caption((text) => text !== first);
    assert.notEqual(first, second);
  });

  await t.test("the start is measured", async () => {
    const marks = JSON.parse(await readFile(path.join(folder, "start.json"), "utf8"));
    for (const name of ["window_open", "page_loaded", "captions_ready", "first_preview", "first_caption"]) {
      assert.ok(marks[name] > 0, `${name} in ${JSON.stringify(marks)}`);
    }
    t.diagnostic(`start, milliseconds: ${JSON.stringify(marks)}`);
  });

  await t.test("the preview shows the frames", async () => {
    const painted = `const canvas = document.querySelector("canvas");
      const [r, g, b] = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
      return canvas.width > 100 && r + g + b > 0`;
    await app.driver.wait(() => app.driver.executeScript(painted), PATIENCE, "the preview stays black");
  });

  await t.test("text boxes sit on the words", async () => {
    lines = await freezeOnText(app);
    for (const [region, line] of lines) {
      const agreement = iou(region.quad, line.quad);
      t.diagnostic(`"${line.text}": IoU ${agreement.toFixed(2)}`);
      assert.ok(agreement >= LEAST_IOU, `"${line.text}": IoU ${agreement}`);
    }
    await app.screenshot("frozen");
  });

  await t.test("the boxes on the screen lie where the words are in the picture", async () => {
    const [, line] = lines[0];
    // What was read live is replaced when the frozen picture has been read in full quality: the letters are the same.
    const placed = () => app.driver.executeScript(
      `const box = (element) => { const { left, top, right, bottom } = element.getBoundingClientRect();
        return { left, top, right, bottom } };
      const region = [...document.querySelectorAll('[data-testid="ocr-region"]')].find(
        (element) => element.textContent.toLowerCase().replace(/[^a-z0-9]/g, "") === arguments[0]);
      const canvas = document.querySelector("canvas");
      return region && [box(region), { ...box(canvas), width: canvas.width, height: canvas.height }]`,
      letters(line.text),
    );
    const [onScreen, canvas] = await app.driver.wait(placed, PATIENCE, `no box says "${line.text}"`);
    // The canvas may show the picture with bars beside it: object-fit contain.
    const scale = Math.min((canvas.right - canvas.left) / canvas.width, (canvas.bottom - canvas.top) / canvas.height);
    const left = (canvas.left + canvas.right - canvas.width * scale) / 2;
    const top = (canvas.top + canvas.bottom - canvas.height * scale) / 2;
    const xs = line.quad.map(([x]) => left + x * scale);
    const ys = line.quad.map(([, y]) => top + y * scale);
    const expected = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const actual = [onScreen.left, onScreen.top, onScreen.right, onScreen.bottom];
    actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 25, `${actual} instead of ${expected}`));
  });

  await t.test("a question about the frozen picture is answered", async () => {
    const input = await app.find('//input[@id=//label[normalize-space(.)="Question"]/@for]');
    await input.sendKeys("what color is it?", Key.ENTER);
    const answer = await app.text("answer");
    assert.match(answer, /[a-z]/i);
    t.diagnostic(`answer: ${answer}`);
    await app.screenshot("answered");
  });

  await t.test("a question without words says what to do", async () => {
    const input = await app.find('//input[@id=//label[normalize-space(.)="Question"]/@for]');
    await input.clear();
    await input.sendKeys("???", Key.ENTER);
    assert.match(await app.text("ask-error"), /no words.*Ask something/s);
  });

  await t.test("going on brings new captions", async () => {
    const frozen = await app.caption();
    await app.press("Freeze");
    await app.caption((text) => text !== frozen);
  });

  await t.test("the history is exported in both formats", async () => {
    await app.press("History");
    await app.screenshot("history");
    const exported = async (name, extension) => {
      await app.press(name);
      const said = await app.text("export-path", (text) => text.endsWith(extension));
      return readFile(said.replace(/^Saved to\s*/, ""), "utf8");
    };
    const { entries } = JSON.parse(await exported("Export JSON", ".json"));
    const kinds = new Set(entries.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), ["answer", "caption", "text"]);
    const captions = entries.filter(({ kind }) => kind === "caption");
    assert.ok(captions.length >= 2);
    assert.match(captions[0].thumbnail, /^data:image\/jpeg;base64,/);
    const markdown = await exported("Export Markdown", ".md");
    assert.ok(markdown.includes(captions[0].text), markdown);
  });

  await t.test("nothing that was seen or asked is in the log", async () => {
    await app.driver.findElement(By.css("body")).sendKeys(Key.ESCAPE);
    const logs = path.join(folder, "data/logs");
    const names = await readdir(logs);
    assert.equal(names.length, 1);
    const log = await readFile(path.join(logs, names[0]), "utf8");
    assert.match(log, /live view started/);
    for (const secret of ["maple", "color is it", "street-sign"]) {
      assert.ok(!log.toLowerCase().includes(secret), `"${secret}" is in the log`);
    }
  });

  await t.test("ONNX Runtime collects nothing", async () => {
    // Official builds begin with an identifier of the device and a store of events, unless told not to.
    const left = await readdir(path.join(folder, "home"), { recursive: true });
    assert.deepEqual(left.filter((name) => /onnxruntime|deviceid/i.test(name)), []);
  });

  await t.test("the page broke no rule of its policy", async () => {
    const refused = await app.driver.executeAsyncScript(`
      const done = arguments[0];
      const seen = [];
      document.addEventListener("securitypolicyviolation", (event) => seen.push(event.violatedDirective));
      Promise.allSettled([fetch("https://example.org/"), fetch("http://127.0.0.1:9/")]).then((outcomes) =>
        setTimeout(() => done([seen.length, outcomes.map(({ status }) => status)]), 200));`);
    assert.deepEqual(refused, [2, ["rejected", "rejected"]], "the policy refuses every connection outside");
  });
});
