// The program to test: the one just built, or the one inside a .deb, installed.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const NAME = "mobile-multimodal";

/**
 * The path of the program. With `MM_APP_PACKAGE`, that .deb is installed first: into the system with `MM_APP_INSTALL`,
 * else unpacked into a folder of its own, from which it runs as well.
 */
export async function installed() {
  program ??= process.env.MM_APP_PACKAGE ? await install(process.env.MM_APP_PACKAGE) : process.env.MM_APP_PROGRAM;
  if (!program || !existsSync(program)) {
    throw new Error(`MM_APP_PROGRAM names no program: ${program}`);
  }
  return program;
}

let program;

async function install(deb) {
  if (process.env.MM_APP_INSTALL) {
    execFileSync("dpkg", ["--install", deb], { stdio: "inherit" });
    return `/usr/bin/${NAME}`;
  }
  const root = await mkdtemp(path.join(tmpdir(), "mm-package-"));
  process.once("exit", () => execFileSync("rm", ["-rf", root]));
  execFileSync("dpkg", ["--extract", deb, root], { stdio: "inherit" });
  return path.join(root, "usr/bin", NAME);
}
