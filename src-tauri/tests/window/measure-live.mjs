// `npm run measure:live`: what the read-out of a running app says after a while, and how often the page paints. Not a
// test, since figures depend on the machine. `MM_APP_PROGRAM` or `MM_APP_PACKAGE` names what is measured, and
// `MM_MEASURE_SOURCE` what it watches; `MM_MEASURE_SECONDS` and `MM_MEASURE_OUT` (a file) are optional.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { App, scratch } from "./support/app.mjs";

const SECONDS = Number(process.env.MM_MEASURE_SECONDS ?? 20);

/** Paints of the page in `seconds`, each a call of `requestAnimationFrame`, and the longest time between two. */
const COUNT_PAINTS = `
  const [seconds, done] = arguments;
  const begin = performance.now();
  let [paints, last, longest] = [0, begin, 0];
  const paint = (now) => {
    paints += 1;
    longest = Math.max(longest, now - last);
    last = now;
    if (now - begin < seconds * 1000) requestAnimationFrame(paint);
    else done({ paintsPerSecond: (paints * 1000) / (now - begin), longestMs: longest });
  };
  requestAnimationFrame(paint);`;

test("the live view's speed", async (t) => {
  const source = process.env.MM_MEASURE_SOURCE;
  if (source === undefined) throw new Error("set MM_MEASURE_SOURCE, for example to replay:video.y4m");
  const folder = await scratch(t);
  const start = path.join(folder, "start.json");
  await mkdir(path.join(folder, "data"));
  const settings = JSON.stringify({ version: 1, settings: { showReadout: true } });
  await writeFile(path.join(folder, "data/settings.json"), settings);
  const ofWebView = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("WEBKIT_")));
  const app = await App.open(t, folder, {
    MM_APP_SOURCE: source,
    MM_APP_MEASURE_START: start,
    WEBKIT_DISABLE_DMABUF_RENDERER: undefined, // the program's own choice, unless the caller made one
    ...ofWebView,
  });
  await app.caption();
  await app.driver.manage().setTimeouts({ script: (SECONDS + 30) * 1000 });
  const paints = await app.driver.executeAsyncScript(COUNT_PAINTS, SECONDS);
  const shown = (await app.text("readout")).replaceAll("\n", " ");
  const marks = JSON.parse(await readFile(start, "utf8"));
  const report = JSON.stringify({ source, seconds: SECONDS, ...paints, shown, start: marks });
  t.diagnostic(report);
  if (process.env.MM_MEASURE_OUT) await writeFile(process.env.MM_MEASURE_OUT, `${report}\n`);
});
