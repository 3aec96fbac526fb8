import * as said from "./recordings";
import { expect, openApp, test } from "./support";

test.beforeEach(async ({ page }) => {
  await openApp(page);
  await page.getByRole("button", { name: "Photo", exact: true }).click();
});

test("an opened picture gets a caption, its text and answers", async ({ page }) => {
  await page.getByRole("button", { name: "Open a picture" }).click();
  await expect(page.getByTestId("photo-caption")).toHaveText(said.caption(said.sign));
  await expect(page.getByTestId("photo-text")).toContainText("City Museum 350 m");
  await expect(page.getByTestId("ocr-region")).toHaveCount(2);
  await page.getByRole("button", { name: said.suggested(said.sign) }).click();
  await expect(page.getByTestId("answer")).toHaveText(said.answer(said.sign, said.suggested(said.sign)));
  await page.getByRole("button", { name: "Close the picture" }).click();
  await expect(page.getByRole("button", { name: "Open a picture" })).toBeVisible();
});

for (const way of ["drop", "paste"] as const) {
  test(`a picture comes in by ${way}, from any screen`, async ({ page }) => {
    await page.getByRole("button", { name: "Settings", exact: true }).click();
    await page.evaluate((how) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array([0xff, 0xd8])], "vertical.jpg", { type: "image/jpeg" }));
      const event =
        how === "drop"
          ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
    }, way);
    await expect(page.getByTestId("photo-text")).toContainText("GRAND HOTEL");
    await expect(page.getByRole("button", { name: "Photo", exact: true })).toHaveAttribute("aria-current", "page");
  });
}

test("a file that is no picture says what to do", async ({ page }) => {
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["hello"], "notes.txt"));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await expect(page.getByRole("heading", { name: "This picture cannot be opened" })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("Use a JPEG, PNG");
});
