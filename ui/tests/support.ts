import AxeBuilder from "@axe-core/playwright";
import type { FixtureLog } from "../src/lib/backend/fixture";
import { expect, test as base, type Locator, type Page } from "@playwright/test";

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

/** A page that fails its test when anything goes wrong behind it: an exception, an error on the console, or something that the content policy stopped. */
export const test = base.extend({
  page: async ({ page }, use) => {
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        wrong.push(message.text());
      }
    });
    await use(page);
    expect(wrong).toEqual([]);
  },
});

export { expect };

/** What the recorded backend was asked to do. */
export const log = (page: Page): Promise<FixtureLog> =>
  page.evaluate(() => (window as unknown as { fixture: FixtureLog }).fixture);

export interface Start {
  state?: string;
  /** Stay on the scene with this number; null plays all. */
  only?: number | null;
  sceneMs?: number;
  settings?: object;
}

/** Opens the app on recorded results and waits until Live says something. */
export async function openApp(page: Page, start: Start = {}): Promise<void> {
  const query = new URLSearchParams();
  const { state, only = 0, sceneMs, settings } = start;
  if (state !== undefined) {
    query.set("state", state);
  }
  if (only !== null) {
    query.set("only", String(only));
  }
  if (sceneMs !== undefined) {
    query.set("scene-ms", String(sceneMs));
  }
  if (settings !== undefined) {
    query.set("settings", JSON.stringify(settings));
  }
  await page.goto(`?${query}`);
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

/** Opens the Photos page; states of it are called library-…. */
export async function openPhotos(page: Page, state?: string): Promise<void> {
  await openApp(page, state === undefined ? {} : { state });
  await page.getByRole("button", { name: "Photos", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Photos", exact: true })).toBeVisible();
}

export const caption = (page: Page): Locator => page.getByTestId("live-caption");

/** Waits until the preview shows something else than nothing. */
export async function waitForPicture(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const canvas = document.querySelector("canvas");
    return (canvas?.getContext("2d")?.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0] ?? 0) > 0;
  });
}

/** Everything axe knows of WCAG 2.2 A and AA, and its best practices. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => {
    const places = nodes.map(({ html, any }) => `${html.slice(0, 160)} ${JSON.stringify(any[0]?.data ?? {})}`);
    return `${id}: ${places.join(" | ")}`;
  });
  expect(found, what).toEqual([]);
}
