export const PLOT_WIDTH = 120;
export const PLOT_HEIGHT = 32;

/**
 * An SVG path of the newest values, the newest at the right edge, in a field of 120 by 32. Zero is at the bottom and
 * the greatest value at the top, so that a flat line stays where it is. Where a value is 0 nothing was measured, and the
 * line has a gap.
 */
export function sparkline(values: readonly number[], room: number): string {
  const shown = values.slice(-room);
  const most = Math.max(...shown, Number.EPSILON);
  const step = PLOT_WIDTH / Math.max(1, room - 1);
  const first = PLOT_WIDTH - (shown.length - 1) * step;
  return shown
    .map((value, index) => {
      if (value <= 0) return "";
      const x = (first + index * step).toFixed(1);
      const y = (PLOT_HEIGHT - 2 - (value / most) * (PLOT_HEIGHT - 4)).toFixed(1);
      return `${(shown[index - 1] ?? 0) > 0 ? "L" : "M"}${x} ${y}`;
    })
    .join("");
}
