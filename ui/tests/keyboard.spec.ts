import * as said from "./recordings";
import { caption, expect, openApp, test } from "./support";

test("everything is reached without a pointer", async ({ page }) => {
  await openApp(page, { only: null, sceneMs: 60_000 });
  await expect(caption(page)).toHaveText(said.caption(said.sign));

  // The first stop skips what is the same on every screen.
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Live", exact: true })).toBeFocused();

  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Freeze" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("/");
  await expect(page.getByRole("textbox", { name: "Question" })).toBeFocused();
  await page.keyboard.type(said.suggested(said.sign));
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("answer")).toHaveText(said.answer(said.sign, said.suggested(said.sign)));

  // Typing is typing: no key of it was a shortcut.
  await expect(page.getByRole("button", { name: "Speak captions" })).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Ask", exact: true })).toBeFocused();
  await page.keyboard.press("s");
  await expect(page.getByRole("button", { name: "Speak captions" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("r");
  await expect(page.getByTestId("readout")).toBeVisible();

  // A dialog takes the focus, keeps it, and gives it back.
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toBeVisible();
  for (let step = 0; step < 4; step += 1) {
    await page.keyboard.press("Tab");
    await expect(help.locator(":focus")).toHaveCount(1);
  }
  await page.keyboard.press("Escape");
  await expect(help).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Ask", exact: true })).toBeFocused();

  // The source menu by arrow keys.
  await page.getByRole("button", { name: /^Source:/u }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitemradio", { name: "Built-in camera" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Source: USB camera" })).toBeVisible();

  // A new screen puts the focus on its heading.
  await page.keyboard.press("4");
  await expect(page.getByRole("heading", { name: "Settings", exact: true })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("switch", { name: "Captions", exact: true })).toBeFocused();
  await page.keyboard.press("2");
  await expect(page.getByRole("heading", { name: "Photo", exact: true })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("photo-caption")).toHaveText(said.caption(said.sign));
  await page.keyboard.press("1");
  await page.keyboard.press("h");
  await expect(page.getByRole("dialog", { name: "History" })).toBeVisible();
});

test("whatever has the focus shows it", async ({ page }) => {
  await openApp(page);
  await expect(caption(page)).toHaveText(said.caption(said.sign));
  const stops = new Set<string>();
  for (let step = 0; step < 24; step += 1) {
    await page.keyboard.press("Tab");
    const { name, ring } = await page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === document.body) {
        // Behind the last stop lies the browser's own.
        return { name: "", ring: 2 };
      }
      const style = focused === null ? null : getComputedStyle(focused);
      const label = focused?.getAttribute("aria-label") ?? focused?.id ?? "";
      return {
        name: label || (focused?.textContent ?? "").trim(),
        ring: style?.outlineStyle === "none" ? 0 : parseFloat(style?.outlineWidth ?? "0"),
      };
    });
    stops.add(name);
    expect(ring, name).toBeGreaterThanOrEqual(2);
  }
  for (const wanted of ["Freeze", "Speak captions", "History", "Ask", "question", "Live", "Settings"]) {
    expect([...stops]).toContain(wanted);
  }
});

test("single keys can be switched off", async ({ page }) => {
  await openApp(page);
  await page.keyboard.press("?");
  await page.getByRole("switch", { name: "Use single keys" }).click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("s");
  await expect(page.getByRole("button", { name: "Speak captions" })).toHaveAttribute("aria-pressed", "false");
  await page.reload();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});
