// How well two quads agree.

/** Twice the signed area. */
function area(points) {
  return points.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length];
    return sum + x * nextY - nextX * y;
  }, 0);
}

/** What of the convex `subject` lies in the convex `clip`, both clockwise on the screen (Sutherland and Hodgman, 1974). */
function intersection(subject, clip) {
  let points = subject;
  for (let i = 0; i < clip.length && points.length > 0; i += 1) {
    const [[ax, ay], [bx, by]] = [clip[i], clip[(i + 1) % clip.length]];
    const side = ([x, y]) => (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    points = points.flatMap((point, n) => {
      const next = points[(n + 1) % points.length];
      const [here, there] = [side(point), side(next)];
      const kept = here >= 0 ? [point] : [];
      if (here >= 0 !== there >= 0) {
        const t = here / (here - there);
        kept.push([point[0] + t * (next[0] - point[0]), point[1] + t * (next[1] - point[1])]);
      }
      return kept;
    });
  }
  return points;
}

/** Intersection over union of two convex quads, clockwise from the top left: 1 where they are the same, 0 apart. */
export function iou(a, b) {
  const common = Math.abs(area(intersection(a, b)));
  return common / (Math.abs(area(a)) + Math.abs(area(b)) - common);
}
