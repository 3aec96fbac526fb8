// The .deb: what is in it, and whether it names everything it needs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { installed } from "./support/package.mjs";

const skip = !process.env.MM_APP_PACKAGE;
const run = (program, ...words) => execFileSync(program, words, { encoding: "utf8", maxBuffer: 1 << 26 });
const lib = async () => path.join(path.dirname(await installed()), "../lib/mobile-multimodal");

test("models, runtime, licences and desktop files are inside", { skip }, async () => {
  const manifest = JSON.parse(readFileSync(path.join(await lib(), "models/mobile-mm-llm-int2/manifest.json"), "utf8"));
  for (const file of manifest.files) {
    assert.ok(existsSync(path.join(await lib(), "models/mobile-mm-llm-int2", file.path)), file.path);
  }
  assert.ok(readdirSync(await lib()).some((name) => name.startsWith("libonnxruntime.so")));
  const texts = path.join(await lib(), "licences");
  assert.deepEqual(readdirSync(texts).sort(), [
    "ONNX Runtime LICENSE.txt",
    "ONNX Runtime ThirdPartyNotices.txt",
    "Page.txt",
    "Rust crates.txt",
  ]);
  assert.match(readFileSync(path.join(texts, "Rust crates.txt"), "utf8"), /tauri-2\.\d+\.\d+ \(Apache-2.0 OR MIT\)/);
  assert.match(readFileSync(path.join(texts, "Page.txt"), "utf8"), /^svelte$/m);

  const share = path.join(path.dirname(await installed()), "../share");
  const entry = readFileSync(path.join(share, "applications/Mobile Multimodal.desktop"), "utf8");
  assert.match(entry, /^Name=Mobile Multimodal$/m);
  assert.match(entry, /^Exec=mobile-multimodal/m);
  assert.match(entry, /^Categories=Utility;Accessibility;$/m);
  const metainfo = readFileSync(path.join(share, "metainfo/org.mobilemultimodal.desktop.metainfo.xml"), "utf8");
  assert.match(metainfo, /<launchable type="desktop-id">Mobile Multimodal.desktop<\/launchable>/);
});

test("every library it is linked with comes with a package it depends on", { skip }, async () => {
  const depends = run("dpkg-deb", "--field", process.env.MM_APP_PACKAGE, "Depends");
  const named = depends.split(/[,|]/).map((word) => word.trim().split(/[ :(]/)[0]);
  assert.ok(named.includes("libwebkit2gtk-4.1-0") && named.includes("libspeechd2"), depends);
  const closure = new Set(
    run("apt-cache", "depends", "--recurse", "--installed", "--important", ...named)
      .split("\n")
      .filter((line) => /^[a-z0-9]/.test(line))
      .map((line) => line.trim().split(":")[0]),
  );
  const runtime = readdirSync(await lib()).find((name) => name.startsWith("libonnxruntime.so"));
  for (const file of [await installed(), path.join(await lib(), runtime)]) {
    for (const [, name, found] of run("ldd", file).matchAll(/^\s*(\S+) => (\S+)/gm)) {
      assert.notEqual(found, "not", `${name} is missing`);
      // Debian's merged /usr: the package may know the file by either path.
      const paths = [found, realpathSync(found)].flatMap((p) => [p, p.replace(/^\/usr/, ""), `/usr${p}`]);
      const owners = paths.flatMap((p) => {
        try {
          return run("sh", "-c", `dpkg-query --search '${p}' 2>/dev/null`).split("\n").filter(Boolean);
        } catch {
          return [];
        }
      });
      const packages = owners.map((line) => line.split(":")[0]);
      assert.ok(packages.some((name) => closure.has(name)), `${name} of ${packages} is no dependency`);
    }
  }
});
