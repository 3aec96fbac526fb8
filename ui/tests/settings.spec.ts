import { expect, log, openApp, test } from "./support";

test("choices apply at once and survive a restart", async ({ page }) => {
  await openApp(page);
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByRole("radio", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByLabel("Text size").fill("1.5");
  await expect(page.locator("html")).toHaveCSS("font-size", "24px");
  await page.getByLabel("Threads").selectOption("2");
  await page.getByRole("switch", { name: "Mirror the picture" }).click();
  await page.getByRole("radio", { name: "What, not where" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await expect(page.getByLabel("Text size")).toHaveValue("1.5");
  await expect(page.getByLabel("Threads")).toHaveValue("2");
  await expect(page.getByRole("switch", { name: "Mirror the picture" })).toBeChecked();
  await expect(page.getByRole("radio", { name: "What, not where" })).toBeChecked();
});

test("a provider that ended the program is named and can be tried again", async ({ page }) => {
  await openApp(page, { state: "provider" });
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await expect(page.getByTestId("notice")).toContainText("QNN ended the program");
  await page.getByRole("button", { name: "Reset providers" }).click();
  await expect(page.getByTestId("notice")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Reset providers" })).toHaveCount(0);
});

test("diagnostics are copied, a damaged model is named, and a voice can be tried", async ({ page }) => {
  await openApp(page);
  await page.getByRole("button", { name: "Settings", exact: true }).click();
  await page.getByRole("button", { name: "Copy diagnostics" }).click();
  await expect(page.getByTestId("toast")).toHaveText("Diagnostics copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("Mobile Multimodal");
  await expect(page.getByText("torn-download: vision.onnx")).toBeVisible();
  await page.getByLabel("Voice", { exact: true }).selectOption("en-2");
  await page.getByRole("button", { name: "Try the voice" }).click();
  expect((await log(page)).spoken).toHaveLength(1);
});
