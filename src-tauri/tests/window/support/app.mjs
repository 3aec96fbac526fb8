// The app in a real window, driven through WebKitWebDriver, which starts the program itself: what `tauri-driver` would
// pass on to it on Linux.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, mkdir, readFile, readdir, readlink, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Builder, By, Capabilities, until } from "selenium-webdriver";
import { installed } from "./package.mjs";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
/** Pictures with text, and where each line of it is. */
export const GOLDEN = path.join(repository, "tests/golden/ocr");
const SCREENSHOTS = path.join(repository, "src-tauri/test-output");
/** Cold caches and a busy machine; a wait ends as soon as what it waits for is there. */
export const PATIENCE = 60_000;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the app keeps between two starts, and where it looks for anything: nothing of this machine's user. */
export async function scratch(t) {
  const folder = await mkdtemp(path.join(tmpdir(), "mm-window-"));
  t.after(() => remove(folder));
  return folder;
}

function remove(folder) {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** An open app. */
export class App {
  /**
   * Opens the app on the data in `folder`; `environment` is added to its own. It is closed after the test `t`, unless it
   * was before.
   */
  static async open(t, folder, environment = {}) {
    const app = new App();
    const [port, program] = [await freePort(), await installed()];
    const home = path.join(folder, "home");
    await mkdir(home, { recursive: true });
    app.driverProcess = spawn("WebKitWebDriver", [`--port=${port}`], {
      stdio: ["ignore", "inherit", "inherit"],
      // The program is started by the driver and takes its environment.
      env: {
        PATH: process.env.PATH,
        DISPLAY: process.env.DISPLAY,
        XAUTHORITY: process.env.XAUTHORITY ?? "",
        DBUS_SESSION_BUS_ADDRESS: process.env.DBUS_SESSION_BUS_ADDRESS,
        HOME: home,
        XDG_RUNTIME_DIR: home,
        LANG: "C.UTF-8",
        // There is no accessibility bus and no graphics card here.
        NO_AT_BRIDGE: "1",
        LIBGL_ALWAYS_SOFTWARE: "1",
        // The program would choose 1 here; with that, the driver's screenshot of a page where nothing moves never comes.
        WEBKIT_DISABLE_DMABUF_RENDERER: "0",
        // As `tauri-driver` does: without it the window cannot be driven.
        TAURI_AUTOMATION: "true",
        TAURI_WEBVIEW_AUTOMATION: "true",
        MM_APP_DATA: path.join(folder, "data"),
        ...environment,
      },
    });
    // The folder's own turn comes before this one, and a window that closes writes once more.
    t.after(() => app.close().finally(() => remove(folder)));
    const capabilities = new Capabilities();
    capabilities.set("browserName", "wry");
    capabilities.set("webkitgtk:browserOptions", { binary: program, args: [] });
    app.opened = Date.now();
    app.driver = await connect(`http://127.0.0.1:${port}`, capabilities);
    return app;
  }

  /** A button by its accessible name. */
  button(name) {
    return this.find(`//button[@aria-label="${name}" or normalize-space(.)="${name}"]`);
  }

  /** Waits for an element, by XPath. */
  async find(xpath) {
    return this.driver.wait(until.elementLocated(By.xpath(xpath)), PATIENCE, `nothing is ${xpath}`);
  }

  async press(name) {
    const button = await this.button(name);
    await this.driver.wait(until.elementIsEnabled(button), PATIENCE, `"${name}" stays disabled`);
    await button.click();
    return button;
  }

  /** Elements with this `data-testid`, now. */
  all(id) {
    return this.driver.findElements(By.css(`[data-testid="${id}"]`));
  }

  /** Waits until an element with this `data-testid` has a text that `accept` takes, and gives the text back. */
  async text(id, accept = (text) => text !== "") {
    let [all, last] = [[], null];
    const read = async () => {
      // Read in one step: an element may be replaced between finding and reading it.
      all = await this.driver.executeScript(
        "return [...document.querySelectorAll(`[data-testid=\"${arguments[0]}\"]`)].map((e) => e.innerText.trim())",
        id,
      );
      last = all.find(accept);
      return last !== undefined;
    };
    await this.driver.wait(read, PATIENCE, () => `${id} stays ${JSON.stringify(all)}`);
    return last;
  }

  /** Waits until what the camera sees has a caption that `accept` takes, and gives it back. */
  async caption(accept = () => true) {
    let last = null;
    const read = async () => {
      // Until the first caption, what stands there says what is awaited, and has no certainty.
      last = await this.driver.executeScript(
        "return document.querySelector('[data-certainty] [data-testid=\"live-caption\"]')?.innerText.trim() ?? null",
      );
      return last !== null && /[a-z]{3}/i.test(last) && accept(last);
    };
    await this.driver.wait(read, PATIENCE, () => `the caption stays ${JSON.stringify(last)}`);
    return last;
  }

  /** The text boxes on the picture: their text and their corners in pixels of the frame. */
  regions() {
    return this.driver.executeScript(`return [...document.querySelectorAll('[data-testid="ocr-region"]')].map(
      (region) => ({ text: region.textContent.trim(), quad: JSON.parse(region.dataset.quad) }))`);
  }

  /** Width and height of the frame in the preview. */
  frameSize() {
    return this.driver.executeScript("const { width, height } = document.querySelector('canvas'); return [width, height]");
  }

  /** What is on the screen, once everything that should be there is painted. */
  async screenshot(name) {
    await mkdir(SCREENSHOTS, { recursive: true });
    await this.driver.executeAsyncScript(`const done = arguments[0];
      Promise.allSettled([...document.images].map((image) => image.decode())).then(() =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 250))))`);
    await writeFile(path.join(SCREENSHOTS, `${name}.png`), await this.driver.takeScreenshot(), "base64");
  }

  /** Closes the window and waits for the program to have ended: until then the next one would give way to it. */
  async close() {
    if (this.driver === undefined) {
      return;
    }
    await this.driver.quit().catch(() => {});
    this.driver = undefined;
    for (const deadline = Date.now() + 20_000; (await isRunning(await installed())) || isOnBus(); ) {
      assert.ok(Date.now() < deadline, "the program does not end when its window is closed");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const driver = this.driverProcess;
    if (driver.exitCode === null && driver.signalCode === null) {
      const gone = new Promise((resolve) => driver.once("exit", resolve));
      driver.kill();
      await gone;
    }
  }
}

/** Whether a process runs this program. */
async function isRunning(program) {
  const links = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map((id) => `/proc/${id}/exe`);
  const programs = await Promise.all(links.map((link) => readlink(link).catch(() => null)));
  return programs.includes(await realpath(program));
}

/** Whether the bus still thinks that an app is there: it notices an end a moment later. */
function isOnBus() {
  const words = ["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"];
  const name = "string:org.mobilemultimodal.desktop.SingleInstance";
  const { stdout } = spawnSync("dbus-send", [...words, "org.freedesktop.DBus.NameHasOwner", name], { encoding: "utf8" });
  return stdout?.includes("true") ?? false;
}

/** The driver takes a moment to listen. */
async function connect(server, capabilities) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await new Builder().withCapabilities(capabilities).usingServer(server).build();
    } catch (error) {
      if (tries === 40 || !String(error).includes("ECONNREFUSED")) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** The golden pictures: size in pixels, and lines of text with their quads. */
export async function goldenRegions() {
  const files = ["gt.jsonl", "photographs.jsonl"].map((file) => readFile(path.join(GOLDEN, file), "utf8"));
  const lines = (await Promise.all(files)).join("\n").split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}
