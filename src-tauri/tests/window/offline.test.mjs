// That all these tests run where there is no network, so that what passes here needs none.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("there is no network device but the loopback", { skip: !process.env.MM_APP_ISOLATED }, async () => {
  const devices = (await readFile("/proc/net/dev", "utf8")).split("\n").slice(2).filter(Boolean);
  assert.deepEqual(devices.map((line) => line.split(":")[0].trim()), ["lo"]);
  const routes = (await readFile("/proc/net/route", "utf8")).trim().split("\n").slice(1);
  assert.deepEqual(routes, [], "no address outside can be reached");
});
