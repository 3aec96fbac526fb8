import type { Point, Quad } from "../backend/types";

/** A homography in row-major order, its last element 1. Maps (x, y) to ((ax+by+c)/w, (dx+ey+f)/w), w = gx+hy+1. */
export type Homography = readonly [number, number, number, number, number, number, number, number, 1];

/**
 * The homography that takes a rectangle of the given size onto a quad, corner by corner; null for a quad without area.
 *
 * Paul Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, section 2.2.3: square to quadrilateral.
 */
export function rectangleToQuad(width: number, height: number, quad: Quad): Homography | null {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = quad;
  const dx1 = x1 - x2;
  const dx2 = x3 - x2;
  const dy1 = y1 - y2;
  const dy2 = y3 - y2;
  const sx = x0 - x1 + x2 - x3;
  const sy = y0 - y1 + y2 - y3;
  const area = dx1 * dy2 - dx2 * dy1;
  if (width <= 0 || height <= 0 || Math.abs(area) < 1e-9) {
    return null;
  }
  const g = (sx * dy2 - dx2 * sy) / area;
  const h = (dx1 * sy - sx * dy1) / area;
  return [
    (x1 - x0 + g * x1) / width,
    (x3 - x0 + h * x3) / height,
    x0,
    (y1 - y0 + g * y1) / width,
    (y3 - y0 + h * y3) / height,
    y0,
    g / width,
    h / height,
    1,
  ];
}

/** The homography that undoes `m`; null if there is none. */
export function invert(m: Homography): Homography | null {
  const [a, b, c, d, e, f, g, h, i] = m;
  const scale = a * e - b * d;
  if (Math.abs(scale) < 1e-12) {
    return null;
  }
  return [
    (e * i - f * h) / scale,
    (c * h - b * i) / scale,
    (b * f - c * e) / scale,
    (f * g - d * i) / scale,
    (a * i - c * g) / scale,
    (c * d - a * f) / scale,
    (d * h - e * g) / scale,
    (b * g - a * h) / scale,
    1,
  ];
}

export function apply(m: Homography, [x, y]: Point): Point {
  const w = m[6] * x + m[7] * y + 1;
  return [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w];
}

/** As the value of a CSS `transform` on an element whose origin is its top left corner. */
export function toCss(m: Homography): string {
  const [a, b, c, d, e, f, g, h] = m;
  // Column by column; the third dimension stays as it is.
  const columns = [a, d, 0, g, b, e, 0, h, 0, 0, 1, 0, c, f, 0, 1];
  return `matrix3d(${columns.map((value) => Number(value.toPrecision(9))).join(",")})`;
}

function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(bx - ax, by - ay);
}

/** The size of the upright rectangle a quad is the picture of: the means of opposite sides. */
export function quadSize(quad: Quad): { width: number; height: number } {
  return {
    width: (distance(quad[0], quad[1]) + distance(quad[3], quad[2])) / 2,
    height: (distance(quad[0], quad[3]) + distance(quad[1], quad[2])) / 2,
  };
}

/**
 * Where a quad lies in a mirrored picture. Left and right corners change places too, so that what is laid into the quad
 * still reads from left to right.
 */
export function mirrorQuad(quad: Quad, pictureWidth: number): Quad {
  const mirror = ([x, y]: Point): Point => [pictureWidth - x, y];
  return [mirror(quad[1]), mirror(quad[0]), mirror(quad[3]), mirror(quad[2])];
}
