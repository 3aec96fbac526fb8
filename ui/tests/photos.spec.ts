import type { Page } from "@playwright/test";
import * as said from "./recordings";
import { DESKTOP, expect, log, openPhotos, PHONE, test } from "./support";

const box = (page: Page) => page.getByLabel("Search photos");
const count = (page: Page) => page.getByTestId("result-count");
const items = (page: Page) => page.getByTestId("photo-item");
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

/** Which photo has the focus, by its place in the answer. */
const focused = (page: Page): Promise<number> =>
  page.evaluate(() => Number(document.activeElement?.getAttribute("data-index") ?? -1));

/** Brings a picture as a drag or the clipboard does. */
const bring = (page: Page, way: "drop" | "paste", name: string): Promise<void> =>
  page.evaluate(
    ([how, file]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array([0xff, 0xd8])], file, { type: "image/jpeg" }));
      document.body.dispatchEvent(
        how === "drop"
          ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }),
      );
    },
    [way, name] as const,
  );

for (const { size, viewport } of [
  { size: "phone", viewport: PHONE },
  { size: "desktop", viewport: DESKTOP },
]) {
  test.describe(size, () => {
    test.use({ viewport });

    test("only what is in view is in the document, and the last photo can be reached", async ({ page }) => {
      await openPhotos(page);
      await expect(count(page)).toHaveText("640 photos");
      await expect(items(page).first()).toBeVisible();
      const most = async (): Promise<number> => {
        expect(await items(page).count()).toBeLessThan(100);
        return items(page).count();
      };
      expect(await most()).toBeGreaterThan(5);
      await page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight / 2));
      await expect(page.locator('[data-index="0"]')).toHaveCount(1);
      await expect(page.locator('[data-index="320"]')).toHaveAccessibleName(/\w/u);
      await most();
      await page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight));
      const last = page.locator('[data-index="639"]');
      await expect(last).toBeInViewport();
      await expect(last.locator("img")).toBeVisible();
      await most();
      // A new answer starts at its top.
      await box(page).fill("museum");
      await expect(count(page)).toContainText("photos match");
      await expect(page.locator('[data-index="0"]')).toBeInViewport();
    });

    test("a photo at large shows why it matched and what is known of it", async ({ page }) => {
      await openPhotos(page);
      await box(page).fill("museum");
      await expect(count(page)).toContainText("72 photos match");
      await items(page).first().click();
      const details = page.getByTestId("photo-details");
      await expect(details.getByTestId("details-caption")).toHaveText(said.caption(said.sign));
      await expect(details.getByTestId("why")).toContainText("Text in the picture: “museum”");
      await expect(details.getByTestId("ocr-region")).toHaveCount(2);
      await expect(details.getByTestId("ocr-match")).toHaveText("Museum");
      await expect(details).toContainText("48.85837° N, 2.29448° E");
      await expect(details).toContainText("/media/ada/Pictures/Copies/street-sign-001.jpg");
      await details.getByRole("button", { name: said.suggested(said.sign) }).click();
      await expect(details.getByTestId("answer")).toHaveText(said.answer(said.sign, said.suggested(said.sign)));
      await details.getByRole("button", { name: "Open in viewer" }).click();
      await details.getByRole("button", { name: "Show in folder" }).click();
      const asked = await log(page);
      expect(asked.viewed).toEqual(["/media/ada/Pictures/Holidays/street-sign-001.jpg"]);
      expect(asked.revealed).toEqual(asked.viewed);
      await details.getByRole("button", { name: "Next photo" }).click();
      await expect(details).toContainText("2 of 72 photos");
      // The answer was about the photo before.
      await expect(details.getByTestId("answer")).toHaveCount(0);
      await details.getByRole("button", { name: "Close" }).click();
      await expect(details).toHaveCount(0);
      expect(await focused(page)).toBe(1);
    });
  });
}

test("the first folder: what happens is explained, photos come in while the rest is indexed", async ({ page }) => {
  await openPhotos(page, "library-empty");
  await expect(page.getByTestId("state")).toContainText("nothing leaves this device");
  await button(page, "Add folder").click();
  const index = page.getByTestId("index-progress");
  await expect(index.getByRole("progressbar")).toHaveAttribute("aria-valuemax", "640");
  await expect(index).toContainText("photos/s");
  await expect(items(page).first()).toBeVisible();
  await button(page, "Pause indexing").click();
  await expect(index).toContainText("Paused");
  const done = await index.getByRole("progressbar").getAttribute("aria-valuenow");
  await page.waitForTimeout(500);
  await expect(index.getByRole("progressbar")).toHaveAttribute("aria-valuenow", done ?? "");
  await button(page, "Resume indexing").click();
  await expect(index).toContainText("Indexing");
  await button(page, "Stop indexing").click();
  await expect(index).toHaveCount(0);
});

test("it waits to spare the battery until it is told not to, and ends by itself", async ({ page }) => {
  await openPhotos(page, "library-battery");
  const index = page.getByTestId("index-progress");
  await expect(index).toContainText("Waiting to spare the battery");
  await button(page, "Index at full speed").click();
  await expect(index).toContainText("left");
  await expect(button(page, "Spare battery and heat")).toBeVisible();
  await expect(count(page)).toHaveText("640 photos", { timeout: 12_000 });
  await expect(index).toHaveCount(0);
});

test("a query is understood part by part, and each part can be taken out", async ({ page }) => {
  await openPhotos(page);
  await page.getByRole("list", { name: "Suggestions" }).getByRole("button").first().click();
  await expect(count(page)).toContainText("match");
  await expect(box(page)).toBeFocused();
  await box(page).fill("sign -fragile last summer");
  const parts = page.getByTestId("query-parts");
  await expect(parts.getByRole("button")).toHaveText(["sign", "without fragile", "last summer"]);
  await expect(count(page)).toContainText("Photos of sign, without fragile, last summer");
  const before = await count(page).innerText();
  await button(page, "Remove: last summer").click();
  await expect(box(page)).toHaveValue("sign without fragile");
  await expect(count(page)).not.toHaveText(before);
  await button(page, "Remove: without fragile").click();
  await expect(box(page)).toHaveValue("sign");
  await expect(parts).toHaveCount(0);
  await box(page).fill("zebra");
  await expect(count(page)).toHaveText("No photo matches");
  await button(page, "Show all photos").click();
  await expect(count(page)).toHaveText("640 photos");
});

test("photos like a picture: opened, dropped, pasted, or one of the library", async ({ page }) => {
  await openPhotos(page);
  await button(page, "Search by picture").click();
  await expect(count(page)).toHaveText("72 photos match");
  await button(page, "Remove: photos like street-sign.jpg").click();
  await expect(count(page)).toHaveText("640 photos");
  for (const way of ["drop", "paste"] as const) {
    await bring(page, way, "vertical.jpg");
    await expect(button(page, "Remove: photos like vertical.jpg")).toBeVisible();
    await expect(count(page)).toHaveText("71 photos match");
    await expect(items(page).first()).toHaveAccessibleName(said.caption(said.vertical));
    await button(page, "Remove: photos like vertical.jpg").click();
  }
  await bring(page, "drop", "notes.txt");
  await expect(page.getByTestId("notice")).toContainText("Use a JPEG, PNG");
  await page.getByRole("button", { name: "Dismiss" }).click();
  await items(page).nth(1).click();
  await button(page, "Find similar").click();
  await expect(page.getByTestId("photo-details")).toHaveCount(0);
  await expect(button(page, "Remove: photos like fire-engine-002.jpg")).toBeVisible();
  await expect(box(page)).toBeFocused();
});

test("everything is reached without a pointer", async ({ page }) => {
  await openPhotos(page);
  await expect(items(page).first()).toBeVisible();
  await page.keyboard.press("/");
  await expect(box(page)).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => focused(page)).toBe(0);
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => focused(page)).toBe(1);
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => focused(page)).toBe(7);
  await page.keyboard.press("Home");
  await expect.poll(() => focused(page)).toBe(6);
  await page.keyboard.press("Control+End");
  await expect.poll(() => focused(page)).toBe(639);
  await expect(page.locator('[data-index="639"]')).toBeInViewport({ ratio: 0.9 });
  await page.keyboard.press("ArrowUp");
  await expect.poll(() => focused(page)).toBe(633);
  // Scrolled away, the photo keeps the focus.
  await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
  await expect(page.locator('[data-index="0"]')).toBeInViewport();
  expect(await focused(page)).toBe(633);
  await page.keyboard.press("Enter");
  const details = page.getByTestId("photo-details");
  await expect(details).toContainText("634 of 640 photos");
  await page.keyboard.press("ArrowRight");
  await expect(details).toContainText("635 of 640 photos");
  for (let step = 0; step < 4; step += 1) {
    await page.keyboard.press("Tab");
    await expect(details.locator(":focus")).toHaveCount(1);
  }
  await page.keyboard.press("Escape");
  await expect(details).toHaveCount(0);
  await expect.poll(() => focused(page)).toBe(634);
  await expect(page.locator('[data-index="634"]')).toBeInViewport({ ratio: 0.9 });
  await page.keyboard.press("Escape");
  await expect(box(page)).toBeFocused();
});

test("failed files are listed with their code and what to do", async ({ page }) => {
  await openPhotos(page, "library-failures");
  await page.getByRole("button", { name: "3 files could not be read" }).click();
  const failures = page.getByTestId("library-failures");
  await expect(failures.getByRole("listitem")).toHaveCount(3);
  await expect(failures).toContainText("image.corrupt");
  await expect(failures).toContainText("Copy the file again from its source.");
});

test("a folder that is away is named; a folder and the index are removed after a question", async ({ page }) => {
  await openPhotos(page, "library-missing");
  await expect(page.getByTestId("notice")).toContainText("Camera card is not there now");
  await button(page, "Folders and index").click();
  const folders = page.getByTestId("library-folders");
  await expect(folders.getByRole("listitem")).toHaveCount(2);
  await button(page, "Remove Camera card").click();
  const question = page.getByRole("alertdialog");
  await expect(question).toContainText("photos stay where they are");
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(folders.getByRole("listitem")).toHaveCount(2);
  await expect(button(page, "Remove Camera card")).toBeFocused();
  await button(page, "Remove Camera card").click();
  await question.getByRole("button", { name: "Remove" }).click();
  await expect(folders.getByRole("listitem")).toHaveCount(1);
  await expect(page.getByTestId("library-path")).toContainText("library.sqlite");
  await button(page, "Delete index").click();
  await expect(question).toContainText("Your photos stay");
  await question.getByRole("button", { name: "Delete index" }).click();
  await expect(page.getByRole("heading", { name: "Search your photos" })).toBeVisible();
  await expect(page.getByTestId("toast")).toContainText("your photos are where they were");
});

test("a damaged index says that it is made again, one in use says what to do", async ({ page }) => {
  await openPhotos(page, "library-recovered");
  await expect(page.getByTestId("notice")).toContainText("The photo index was damaged");
  await expect(page.getByTestId("index-progress")).toBeVisible();
  await openPhotos(page, "library-locked");
  await expect(page.getByRole("alert")).toContainText("in use by another program. Close that program");
});

test("indexing that ended early says why and goes on", async ({ page }) => {
  await openPhotos(page, "library-full");
  await expect(page.getByTestId("notice")).toContainText("Free some space");
  await expect(count(page)).toHaveText("224 photos");
  await button(page, "Go on indexing").click();
  await expect(page.getByTestId("notice")).toHaveCount(0);
  await expect(page.getByTestId("index-progress")).toContainText("photos/s");
});
