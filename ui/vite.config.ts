import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** What src-tauri sends with every page, but for the schemes only it has: the fixture app is tested under it. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // Relative addresses work under every scheme a web view may serve the app from.
  base: "./",
  // gen/ts, which is outside, imports it too.
  resolve: { dedupe: ["@tauri-apps/api"] },
  clearScreen: false,
  server: {
    port: 1420,
    strictPort: true,
    // The fixture backend shows the repository's test pictures.
    fs: { allow: [".."] },
  },
  preview: { port: 4173, strictPort: true, headers: { "Content-Security-Policy": CSP } },
  build: {
    outDir: mode === "fixture" ? "dist-fixture" : "dist",
    // Two versions before what WebKitGTK 2.40, WebView2 and Safari 16.4 run today.
    target: ["es2022", "chrome111", "safari16.4"],
    // An inlined file becomes a data: address, which the policy allows for pictures only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
}));
