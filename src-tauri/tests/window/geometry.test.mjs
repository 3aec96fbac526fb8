import assert from "node:assert/strict";
import { test } from "node:test";
import { iou } from "./support/geometry.mjs";

const box = (left, top, right, bottom) => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

test("agreement of quads", () => {
  assert.equal(iou(box(0, 0, 4, 2), box(0, 0, 4, 2)), 1);
  assert.equal(iou(box(0, 0, 2, 2), box(1, 0, 3, 2)), 1 / 3);
  assert.equal(iou(box(0, 0, 1, 1), box(5, 5, 6, 6)), 0);
  const diamond = [[1, 0], [2, 1], [1, 2], [0, 1]];
  assert.equal(iou(diamond, box(0, 0, 2, 2)), 0.5);
});
