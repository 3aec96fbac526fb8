import { defineConfig } from "@playwright/test";

const port = 4174;

/** The built screens on recorded results, served under the policy of the app. */
export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // One browser, one after the other: the tests share a small machine, and frames need time to be drawn.
  workers: 1,
  timeout: 30_000,
  expect: { timeout: 8_000 },
  forbidOnly: Boolean(process.env.CI),
  // A browser on a shared machine is late now and then. What passes only at the second try is listed as flaky.
  retries: process.env.CI ? 2 : 0,
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${port}/`,
    // The narrow ones set their own.
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
    permissions: ["clipboard-read", "clipboard-write"],
    screenshot: "off",
    trace: "off",
  },
  webServer: {
    command: `npx vite preview --mode fixture --outDir dist-fixture --host 127.0.0.1 --port ${port} --strictPort`,
    url: `http://127.0.0.1:${port}/`,
    reuseExistingServer: false,
    timeout: 60_000,
  },
});
