import type { Page } from "@playwright/test";
import * as said from "./recordings";
import { caption, DESKTOP, expect, expectAccessible, openApp, openPhotos, PHONE, test } from "./support";

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true });

/** Every screen and state, and how to get there. */
const STATES: readonly { name: string; reach: (page: Page) => Promise<void> }[] = [
  {
    name: "live, with speed and a notice",
    reach: async (page) => {
      await openApp(page, { state: "provider", settings: { showReadout: true } });
      await expect(page.getByTestId("notice")).toBeVisible();
      await expect(caption(page)).toHaveText(said.caption(said.sign));
    },
  },
  {
    name: "live, mirrored, frozen, a question answered, a line found and chosen",
    reach: async (page) => {
      await openApp(page, { settings: { mirror: true } });
      await button(page, "Freeze").click();
      await button(page, said.suggested(said.sign)).click();
      await expect(page.getByTestId("answer")).toBeVisible();
      await page.getByLabel("Search in the text").fill("maple");
      await button(page, "MAPLE STREET").click();
    },
  },
  {
    name: "history",
    reach: async (page) => {
      await openApp(page);
      await expect(caption(page)).toHaveText(said.caption(said.sign));
      await button(page, "History").click();
      await button(page, "Export JSON").click();
      await expect(page.getByTestId("export-path")).toBeVisible();
    },
  },
  {
    name: "source menu",
    reach: async (page) => {
      await openApp(page);
      await button(page, "Source: Built-in camera").click();
      await expect(page.getByRole("menuitemradio", { name: "USB camera" })).toBeVisible();
    },
  },
  {
    name: "replay dialog",
    reach: async (page) => {
      await openApp(page, { state: "no-camera" });
      await button(page, "Replay a folder or video…").click();
      await button(page, "Replay").click();
      await expect(page.getByRole("alert").filter({ hasText: "Nothing is chosen" })).toBeVisible();
    },
  },
  {
    name: "help",
    reach: async (page) => {
      await openApp(page);
      await expect(caption(page)).toHaveText(said.caption(said.sign)); // with it the questions behind are enabled
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
    },
  },
  {
    name: "photo, none yet",
    reach: async (page) => {
      await openApp(page);
      await button(page, "Photo").click();
      await expect(button(page, "Open a picture")).toBeVisible();
    },
  },
  {
    name: "photo, with results",
    reach: async (page) => {
      await openApp(page);
      await button(page, "Photo").click();
      await button(page, "Open a picture").click();
      await expect(page.getByTestId("photo-caption")).toHaveText(said.caption(said.sign));
    },
  },
  {
    name: "photo, no model",
    reach: async (page) => {
      await openApp(page, { state: "no-model" });
      await button(page, "Photo").click();
      await button(page, "Open a picture").click();
      await expect(page.getByRole("heading", { name: "No model" })).toBeVisible();
    },
  },
  {
    name: "photos, first run",
    reach: async (page) => {
      await openPhotos(page, "library-empty");
      await expect(button(page, "Add folder")).toBeVisible();
    },
  },
  {
    name: "photos, indexing and a drive that is away",
    reach: async (page) => {
      await openPhotos(page, "library-battery");
      await expect(button(page, "Index at full speed")).toBeVisible();
      await expect(page.getByTestId("photo-item").first()).toBeVisible();
    },
  },
  {
    name: "photos, found",
    reach: async (page) => {
      await openPhotos(page, "library-missing");
      await page.getByLabel("Search photos").fill("street summer 2025");
      await expect(page.getByTestId("query-parts")).toBeVisible();
    },
  },
  {
    name: "photos, nothing found",
    reach: async (page) => {
      await openPhotos(page);
      await page.getByLabel("Search photos").fill("zebra");
      await expect(page.getByRole("heading", { name: "Nothing found" })).toBeVisible();
    },
  },
  {
    name: "photos, one at large",
    reach: async (page) => {
      await openPhotos(page);
      await page.getByLabel("Search photos").fill("museum");
      await expect(page.getByTestId("result-count")).toHaveText(/match/u);
      await page.getByTestId("photo-item").first().click();
      await expect(page.getByTestId("ocr-match").first()).toBeVisible();
    },
  },
  {
    name: "photos, folders and failures, asked before the index is deleted",
    reach: async (page) => {
      await openPhotos(page, "library-failures");
      await button(page, "Folders and index").click();
      await expect(page.getByTestId("library-failures")).toContainText("image.corrupt");
      await button(page, "Delete index").click();
      await expect(page.getByRole("alertdialog", { name: "Delete the index?" })).toBeVisible();
    },
  },
  {
    name: "settings, a provider left out and no voice",
    reach: async (page) => {
      await openApp(page, { state: "provider" });
      await button(page, "Settings").click();
      await expect(button(page, "Reset providers")).toBeVisible();
    },
  },
  {
    name: "licences",
    reach: async (page) => {
      await openApp(page, { state: "no-voice" });
      await button(page, "Settings").click();
      await expect(page.getByTestId("notice")).toContainText("no voice");
      await button(page, "Licences").click();
      await expect(page.getByRole("dialog", { name: "Licences" })).toBeVisible();
    },
  },
  ...(
    [
      ["loading", "Starting"],
      ["denied", "No access to the camera"],
      ["busy", "The camera is in use"],
      ["unplugged", "The camera is gone"],
      ["ended", "The replay is over"],
      ["failed", "This did not work"],
    ] as const
  ).map(([state, heading]) => ({
    name: `live, ${state}`,
    reach: async (page: Page) => {
      await openApp(page, { state });
      await expect(page.getByRole("heading", { name: heading })).toBeVisible();
    },
  })),
];

/** These differ from "denied" by their words alone. */
const SAME = ["busy", "failed", "ended", "unplugged"].map((state) => `live, ${state}`);

for (const { size, theme, viewport, states } of [
  { size: "desktop", theme: "light", viewport: DESKTOP, states: STATES },
  { size: "phone", theme: "dark", viewport: PHONE, states: STATES.filter(({ name }) => !SAME.includes(name)) },
  { size: "phone", theme: "light", viewport: PHONE, states: STATES.slice(0, 2) },
  { size: "desktop", theme: "dark", viewport: DESKTOP, states: STATES.slice(0, 2) },
] as const) {
  test.describe(`${size}, ${theme}`, () => {
    test.use({ viewport, colorScheme: theme, reducedMotion: "reduce" });
    for (const { name, reach } of states) {
      test(name, async ({ page }) => {
        await reach(page);
        await expectAccessible(page, name);
      });
    }
  });
}
