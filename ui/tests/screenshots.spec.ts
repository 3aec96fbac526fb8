import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as said from "./recordings";
import { caption, DESKTOP, expect, openApp, openPhotos, PHONE, test, waitForPicture } from "./support";

// Pictures for the documentation: UPDATE_SCREENSHOTS=1 npm run test:browser -- screenshots
test.skip(process.env.UPDATE_SCREENSHOTS !== "1", "only on demand");

const FOLDER = new URL("../../docs/images/", import.meta.url);

/** Few colours are enough and make the file a fifth of the size. Needs ImageMagick. */
function shrink(path: string): void {
  execFileSync("convert", [
    path,
    "-strip",
    "+dither",
    "-colors",
    "255",
    "-define",
    "png:compression-level=9",
    `PNG8:${path}`,
  ]);
}

for (const { name, viewport, theme, view, settings } of [
  { name: "live-desktop-dark", viewport: DESKTOP, theme: "dark", view: "Live", settings: { showReadout: true } },
  { name: "live-desktop-light", viewport: DESKTOP, theme: "light", view: "Live", settings: {} },
  { name: "live-phone-dark", viewport: PHONE, theme: "dark", view: "Live", settings: {} },
  { name: "photo-desktop-light", viewport: DESKTOP, theme: "light", view: "Photo", settings: {} },
  { name: "settings-desktop-light", viewport: DESKTOP, theme: "light", view: "Settings", settings: {} },
  { name: "history-phone-light", viewport: PHONE, theme: "light", view: "History", settings: {} },
] as const) {
  test.describe(name, () => {
    test.use({ viewport, colorScheme: theme });
    test("is taken", async ({ page }) => {
      await openApp(page, { only: 1, settings });
      await expect(caption(page)).toHaveText(said.caption(said.truck));
      await waitForPicture(page);
      if (view !== "Settings") {
        await page.getByRole("button", { name: said.suggested(said.truck) }).click();
        await expect(page.getByTestId("answer")).toHaveText(said.answer(said.truck, said.suggested(said.truck)));
      }
      if (view !== "Live") {
        await page.getByRole("button", { name: view, exact: true }).click();
      }
      if (view === "Photo") {
        await page.getByRole("button", { name: "Open a picture" }).click();
        await expect(page.getByTestId("photo-text")).toContainText("MAPLE STREET");
        await page.getByRole("button", { name: said.suggested(said.sign) }).click();
        await expect(page.getByTestId("answer")).toHaveText(said.answer(said.sign, said.suggested(said.sign)));
      }
      await page.mouse.move(0, 0);
      await page.evaluate(() => document.querySelector("main")?.scrollTo(0, 0));
      // Enough of the plot to see what it is.
      await page.waitForTimeout(view === "Live" ? 6000 : 500);
      const path = fileURLToPath(new URL(`app-${name}.png`, FOLDER));
      await page.screenshot({ path });
      shrink(path);
    });
  });
}

for (const { name, viewport, theme, state, query, large } of [
  { name: "photos-desktop-light", viewport: DESKTOP, theme: "light", state: "ok", query: "", large: false },
  {
    name: "photos-search-desktop-dark",
    viewport: DESKTOP,
    theme: "dark",
    state: "ok",
    query: "sign -fragile summer 2025",
    large: false,
  },
  {
    name: "photos-details-desktop-light",
    viewport: DESKTOP,
    theme: "light",
    state: "ok",
    query: "museum",
    large: true,
  },
  { name: "photos-phone-dark", viewport: PHONE, theme: "dark", state: "library-battery", query: "", large: false },
] as const) {
  test.describe(name, () => {
    test.use({ viewport, colorScheme: theme });
    test("is taken", async ({ page }) => {
      await openPhotos(page, state);
      await expect(page.getByTestId("photo-item").first()).toBeVisible();
      if (query !== "") {
        await page.getByLabel("Search photos").fill(query);
        await expect(page.getByTestId("result-count")).toContainText("match");
      }
      if (large) {
        await page.getByTestId("photo-item").first().click();
        await expect(page.getByTestId("ocr-match")).toBeVisible();
      }
      await page.mouse.move(0, 0);
      await page.waitForTimeout(500);
      const path = fileURLToPath(new URL(`app-${name}.png`, FOLDER));
      await page.screenshot({ path });
      shrink(path);
    });
  });
}
