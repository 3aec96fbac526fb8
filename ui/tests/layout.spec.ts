import type { Page } from "@playwright/test";
import * as said from "./recordings";
import { caption, DESKTOP, expect, openApp, PHONE, test } from "./support";

/** Parts that reach over the right edge of the window, or hold more text than they show. */
async function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wrong: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>("main *, nav *, [role=dialog] *")) {
      const box = element.getBoundingClientRect();
      const hidden =
        element.closest(".visually-hidden, .label, [data-testid=ocr-region], svg") !== null || box.width === 0;
      if (!hidden && (box.right > innerWidth + 1 || box.left < -1)) {
        wrong.push(`${element.tagName}.${element.className}: ${box.left}..${box.right}`);
      }
    }
    return wrong;
  });
}

for (const { name, viewport } of [
  { name: "phone", viewport: PHONE },
  { name: "desktop", viewport: DESKTOP },
]) {
  test.describe(name, () => {
    test.use({ viewport });

    test("nothing moves when captions change", async ({ page }) => {
      await openApp(page, { only: null, sceneMs: 700, settings: { showReadout: true } });
      await expect(caption(page)).toHaveText(said.caption(said.sign));
      await page.evaluate(() => {
        const moved: string[] = [];
        Object.assign(window, { moved });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { sources: { node: Node | null }[] })[]) {
            for (const { node } of entry.sources) {
              const element = node instanceof Element ? node : node?.parentElement;
              // What is said moves within its own line, the picture may take another shape, and lines of text come
              // and go in their own list.
              const itself = node instanceof Text && element?.closest("[data-testid=live-caption]") !== null;
              if (!itself && element?.closest(".fit, [data-testid=text-lines]") === null) {
                moved.push(element.outerHTML.slice(0, 120));
              }
            }
          }
        }).observe({ type: "layout-shift", buffered: false });
      });
      const top = await page.getByRole("button", { name: "Freeze" }).boundingBox();
      await expect(caption(page)).toHaveText(said.caption(said.receipt));
      await expect(caption(page)).toHaveText(said.caption(said.empty));
      expect(await page.getByRole("button", { name: "Freeze" }).boundingBox()).toEqual(top);
      expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([]);
    });

    test("text at 200 % fits on every screen", async ({ page }) => {
      await openApp(page, { settings: { textScale: 2, showReadout: true } });
      await expect(caption(page)).toHaveText(said.caption(said.sign));
      expect(await overflowing(page), "Live").toEqual([]);
      await page.getByRole("button", { name: "History" }).click();
      expect(await overflowing(page), "History").toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Settings", exact: true }).click();
      expect(await overflowing(page), "Settings").toEqual([]);
      await page.getByRole("button", { name: "Photo", exact: true }).click();
      await page.getByRole("button", { name: "Open a picture" }).click();
      await expect(page.getByTestId("photo-caption")).toHaveText(said.caption(said.sign));
      expect(await overflowing(page), "Photo").toEqual([]);
      await page.getByRole("button", { name: "Photos", exact: true }).click();
      await expect(page.getByTestId("photo-item").first()).toBeVisible();
      expect(await overflowing(page), "Photos").toEqual([]);
      await page.getByTestId("photo-item").first().click();
      await expect(page.getByTestId("details-caption")).toHaveText(said.caption(said.sign));
      expect(await overflowing(page), "Photos, details").toEqual([]);
    });

    test("what can be touched is at least 44 pixels each way", async ({ page }) => {
      await openApp(page, { state: "provider" });
      await expect(page.getByTestId("notice")).toBeVisible();
      for (const screen of ["Live", "Settings", "Photo", "Photos"]) {
        await page.getByRole("button", { name: screen, exact: true }).click();
        const small = await page.evaluate(() =>
          [...document.querySelectorAll<HTMLElement>("button, input, select, [role=switch], [role=radio]")]
            .map((element) => ({ element, box: element.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44))
            .map(({ element, box }) => `${element.outerHTML.slice(0, 100)} ${box.width}x${box.height}`),
        );
        expect(small, screen).toEqual([]);
      }
    });
  });
}

test.describe("the smallest phone", () => {
  test.use({ viewport: { width: 320, height: 568 } });

  for (const textScale of [1, 2]) {
    test(`the four places and the photos fit, with text at ${textScale * 100} %`, async ({ page }) => {
      await openApp(page, { state: "library-indexing", settings: { textScale } });
      await page.getByRole("button", { name: "Photos", exact: true }).click();
      await expect(page.getByTestId("photo-item").first()).toBeAttached();
      expect(await overflowing(page)).toEqual([]);
      // Labels that do not fit would be cut off, not spill.
      expect(
        await page.evaluate(
          () =>
            [...document.querySelectorAll("nav li button")].filter((one) => one.scrollWidth > one.clientWidth).length,
        ),
      ).toBe(0);
    });
  }
});

test.describe("reduced motion", () => {
  test.use({ reducedMotion: "reduce" });

  test("nothing goes on moving", async ({ page }) => {
    await openApp(page, { state: "loading" });
    await expect(page.getByRole("heading", { name: "Starting" })).toBeVisible();
    await page.waitForTimeout(100);
    expect(
      await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === "running").length),
    ).toBe(0);
  });
});
