import { expect, test } from "vitest";
import type { Point, Quad } from "../backend/types";
import { apply, invert, mirrorQuad, quadSize, rectangleToQuad, toCss } from "./matrix";

/** From the recording of the street sign: seen from the side. */
const SIGN: Quad = [
  [141, 149],
  [535, 187],
  [530, 243],
  [136, 205],
];

function expectNear(actual: Point | undefined, expected: Point): void {
  expect(actual?.[0]).toBeCloseTo(expected[0], 6);
  expect(actual?.[1]).toBeCloseTo(expected[1], 6);
}

test.each([
  [
    "an upright box",
    [
      [10, 20],
      [110, 20],
      [110, 50],
      [10, 50],
    ],
  ],
  [
    "a box turned by 90 degrees",
    [
      [50, 0],
      [50, 80],
      [30, 80],
      [30, 0],
    ],
  ],
  ["a sign seen from the side", SIGN],
  [
    "a strong perspective",
    [
      [0, 0],
      [100, 30],
      [100, 60],
      [0, 100],
    ],
  ],
] as [string, Quad][])("takes the corners of a rectangle onto %s, and back", (_what, quad) => {
  const onto = rectangleToQuad(200, 40, quad);
  const back = onto === null ? null : invert(onto);
  expect(back).not.toBeNull();
  const corners: Point[] = [
    [0, 0],
    [200, 0],
    [200, 40],
    [0, 40],
  ];
  corners.forEach((corner, index) => {
    const target = quad[index] ?? [0, 0];
    expectNear(onto === null ? undefined : apply(onto, corner), target);
    expectNear(back === null ? undefined : apply(back, target), corner);
  });
});

test("keeps straight lines straight: the diagonals meet where the quad's do", () => {
  const onto = rectangleToQuad(1, 1, [
    [0, 0],
    [100, 30],
    [100, 60],
    [0, 100],
  ]);
  // The lines (0,0)-(100,60) and (100,30)-(0,100) cross at x = 1000/13.
  expectNear(onto === null ? undefined : apply(onto, [0.5, 0.5]), [1000 / 13, 600 / 13]);
});

test("a quad without area has no transform", () => {
  expect(
    rectangleToQuad(10, 10, [
      [0, 0],
      [5, 5],
      [10, 10],
      [15, 15],
    ]),
  ).toBeNull();
  expect(rectangleToQuad(0, 10, SIGN)).toBeNull();
});

test("CSS gets the matrix column by column", () => {
  const moved = rectangleToQuad(10, 10, [
    [3, 4],
    [23, 4],
    [23, 34],
    [3, 34],
  ]);
  expect(moved === null ? "" : toCss(moved)).toBe("matrix3d(2,0,0,0,0,3,0,0,0,0,1,0,3,4,0,1)");
});

test("the size of a quad is the mean of its opposite sides", () => {
  expect(
    quadSize([
      [0, 0],
      [10, 0],
      [14, 4],
      [0, 8],
    ]),
  ).toEqual({
    width: (10 + Math.hypot(14, 4)) / 2,
    height: (8 + Math.hypot(4, 4)) / 2,
  });
});

test("mirroring twice changes nothing, and once keeps the reading direction", () => {
  const mirrored = mirrorQuad(SIGN, 640);
  expect(mirrorQuad(mirrored, 640)).toEqual(SIGN);
  expect(mirrored[0][0]).toBeLessThan(mirrored[1][0]);
  expect(mirrored[0]).toEqual([640 - 535, 187]);
});
