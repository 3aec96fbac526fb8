import * as said from "./recordings";
import { caption, expect, log, openApp, test, waitForPicture } from "./support";

test("captions follow the scene, with how sure they are, and a screen reader hears them", async ({ page }) => {
  await openApp(page, { only: null, sceneMs: 1500 });
  await expect(caption(page)).toHaveText(said.caption(said.sign));
  await expect(page.getByTestId("caption-confidence")).toHaveText(said.confidence(said.sign));
  await waitForPicture(page);
  await expect(caption(page)).toHaveText(said.caption(said.truck));
  await expect(caption(page)).toHaveText(said.caption(said.rocket));
  await expect(page.getByTestId("caption-announcer")).not.toBeEmpty();
});

test("text boxes lie on the words that were read, and their text can be selected and copied", async ({ page }) => {
  await openApp(page);
  const regions = page.getByTestId("ocr-region");
  await expect(regions).toHaveCount(said.sign.text.regions.length);
  const picture = await page.locator("canvas").boundingBox();
  for (const [index, region] of said.sign.text.regions.entries()) {
    const shown = await regions.nth(index).boundingBox();
    const scale = (picture?.width ?? 0) / said.sign.width;
    const xs = region.quad.map(([x]) => (picture?.x ?? 0) + (x ?? 0) * scale);
    const ys = region.quad.map(([, y]) => (picture?.y ?? 0) + (y ?? 0) * scale);
    expect(Math.abs((shown?.x ?? 0) - Math.min(...xs))).toBeLessThan(1.5);
    expect(Math.abs((shown?.y ?? 0) - Math.min(...ys))).toBeLessThan(1.5);
    expect(Math.abs((shown?.x ?? 0) + (shown?.width ?? 0) - Math.max(...xs))).toBeLessThan(1.5);
    expect(Math.abs((shown?.y ?? 0) + (shown?.height ?? 0) - Math.max(...ys))).toBeLessThan(1.5);
    await expect(regions.nth(index)).toHaveAttribute("data-quad", JSON.stringify(region.quad));
  }
  // Dragging over the first line selects its words; the browser copies them with their space.
  const line = await regions.first().boundingBox();
  const middle = (line?.y ?? 0) + (line?.height ?? 0) / 2;
  await page.mouse.move((line?.x ?? 0) + 4, (line?.y ?? 0) + (line?.height ?? 0) * 0.3);
  await page.mouse.down();
  await page.mouse.move((line?.x ?? 0) + (line?.width ?? 0) - 4, middle + (line?.height ?? 0) * 0.2, { steps: 6 });
  await page.mouse.up();
  expect((await page.evaluate(() => getSelection()?.toString()))?.trim()).toBe("MAPLE STREET");
});

test("a line is copied from the picture and from the list; a search marks it", async ({ page }) => {
  await openApp(page);
  await page.getByTestId("ocr-region").first().click();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await expect(page.getByTestId("toast")).toHaveText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("MAPLE STREET");
  await page.getByRole("button", { name: "Copy “City Museum 350 m”" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("City Museum 350 m");
  await page.getByRole("button", { name: "Copy all" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("MAPLE STREET\nCity Museum 350 m");
  await page.getByLabel("Search in the text").fill("museum");
  await expect(page.getByText("1 line with “museum”")).toBeVisible();
  await expect(page.locator("[data-testid=ocr-region].found")).toHaveText("City Museum 350 m");
});

test("a mirrored picture keeps its text readable and in its place", async ({ page }) => {
  await openApp(page);
  const first = page.getByTestId("ocr-region").first();
  const before = await first.boundingBox();
  await page.keyboard.press("m");
  await expect(page.locator("canvas")).toHaveCSS("transform", "matrix(-1, 0, 0, 1, 0, 0)");
  const after = await first.boundingBox();
  const picture = await page.locator("canvas").boundingBox();
  const fromLeft = (before?.x ?? 0) - (picture?.x ?? 0);
  const fromRight = (picture?.x ?? 0) + (picture?.width ?? 0) - (after?.x ?? 0) - (after?.width ?? 0);
  expect(Math.abs(fromLeft - fromRight)).toBeLessThan(1.5);
  const words = await first.locator(".word").evaluateAll((all) => all.map((word) => word.getBoundingClientRect().x));
  expect(words).toEqual([...words].sort((a, b) => a - b));
});

test("freeze keeps the scene; a question about it is answered, and doubt is shown", async ({ page }) => {
  // What is waited for is looked up once a second, and the scene must still be there when it is frozen.
  await openApp(page, { only: null, sceneMs: 4000 });
  await expect(caption(page)).toHaveText(said.caption(said.truck));
  await page.getByRole("button", { name: "Freeze" }).click();
  await expect(page.getByText("Frozen", { exact: true })).toBeVisible();
  await page.getByRole("textbox", { name: "Question" }).fill(said.suggested(said.truck));
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.getByTestId("answer")).toHaveText(said.answer(said.truck, said.suggested(said.truck)));
  await page.getByRole("textbox", { name: "Question" }).fill("What is in the background?");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.getByTestId("answer")).toHaveText(said.answer(said.truck, "What is in the background?"));
  await expect(caption(page)).toHaveText(said.caption(said.truck));
  await page.getByRole("textbox", { name: "Question" }).fill("Who painted it?");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.getByTestId("ask-error")).toContainText("suggested questions");
  await page.getByRole("button", { name: "Freeze" }).click();
  await expect(caption(page)).not.toHaveText(said.caption(said.truck));
});

test("the history has what was seen and asked, is searched, copied, exported and cleared", async ({ page }) => {
  await openApp(page);
  await page.getByRole("button", { name: said.suggested(said.sign) }).click();
  await expect(page.getByTestId("answer")).toHaveText(said.answer(said.sign, said.suggested(said.sign)));
  await page.getByRole("button", { name: "History" }).click();
  const entries = page.getByTestId("history").getByRole("listitem");
  await expect(entries).toHaveCount(3);
  await expect(entries.first()).toContainText(said.suggested(said.sign));
  await expect(entries.filter({ hasText: said.sign.caption.text }).locator("img")).toBeVisible();
  await page.getByLabel("Search in the history").fill("museum");
  await expect(entries).toHaveCount(1);
  await page.getByLabel("Search in the history").fill("");
  await page.getByRole("button", { name: "Export Markdown" }).click();
  await expect(page.getByTestId("export-path")).toContainText("captions.md");
  await page.getByRole("button", { name: "Show in folder" }).click();
  await page.getByRole("button", { name: "Export JSON" }).click();
  await expect(page.getByTestId("export-path")).toContainText("captions.json");
  expect(await log(page)).toMatchObject({
    exported: [
      { format: "markdown", entries: 3 },
      { format: "json", entries: 3 },
    ],
    revealed: ["Documents/Mobile Multimodal/captions.md"],
  });
  await page.getByRole("dialog").getByRole("button", { name: "Copy all" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`**${said.suggested(said.sign)}** `);
  await page.getByRole("button", { name: "Clear the history" }).click();
  await expect(entries).toHaveCount(0);
});

test("captions are spoken once each, and quiet when nothing changes", async ({ page }) => {
  await openApp(page);
  await page.getByRole("button", { name: "Speak captions" }).click();
  await page.getByRole("button", { name: "Caption now" }).click();
  await expect.poll(async () => (await log(page)).spoken.length).toBe(1);
  await page.getByRole("button", { name: "Caption now" }).click();
  await page.waitForTimeout(600);
  expect((await log(page)).spoken).toEqual([said.caption(said.sign)]);
});

test("where there is no voice, the notice says what to install", async ({ page }) => {
  await openApp(page, {
    state: "no-voice",
    settings: { speech: { enabled: true, voice: null, rate: 1, brevity: "full" } },
  });
  await expect(page.getByTestId("notice")).toContainText("espeak-ng");
  await page.getByRole("button", { name: "Dismiss" }).click();
  await expect(page.getByRole("button", { name: "Speak captions" })).toHaveAttribute("aria-pressed", "false");
});

test("the readout has the measured times and can be hidden", async ({ page }) => {
  await openApp(page, { settings: { showReadout: true } });
  await expect(page.getByTestId("provider")).toHaveText(said.provider);
  await expect(page.getByTestId("readout")).toContainText(`${Math.round(said.sign.caption.visionMs)} ms`);
  await page.getByRole("button", { name: "Speed" }).click();
  await expect(page.getByTestId("readout")).toHaveCount(0);
});

test("a folder takes the camera's place and the next start opens it again", async ({ page }) => {
  await openApp(page);
  await page.getByRole("button", { name: /^Source:/u }).click();
  await page.getByRole("menuitem", { name: "Replay a folder or video…" }).click();
  await page.getByRole("button", { name: "Choose a folder" }).click();
  await expect(page.getByLabel("Path")).toHaveValue("pictures");
  await page.getByRole("button", { name: "Replay", exact: true }).click();
  await expect(page.getByRole("button", { name: "Source: Test pictures" })).toBeVisible();
  await page.waitForTimeout(500);
  await page.reload();
  await expect(page.getByRole("button", { name: "Source: Test pictures" })).toBeVisible();
});
