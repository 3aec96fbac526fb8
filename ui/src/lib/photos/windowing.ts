/**
 * Which rows of a long grid are drawn. Every row is as high as every other, so the rows in view are two divisions; only
 * those are in the document, however many photos there are.
 */

/** Browsers lay out no element higher than 17 to 33 million pixels; from here on scrolling covers more than it shows. */
export const MOST_PIXELS = 8_000_000;

/** Rows drawn beyond each edge, so that a quick flick shows no blank. */
export const OVERSCAN = 3;

export interface GridShape {
  columns: number;
  /** Side of a square thumbnail, pixels. */
  cell: number;
  /** From one row to the next, pixels. */
  row: number;
}

/** Columns as wide as they are useful: at least 6.5 rem, on wide pages 11 rem. `rem` is the text size in pixels. */
export function gridShape(width: number, rem: number): GridShape {
  const gap = 0.5 * rem;
  const least = (width < 44 * rem ? 6.5 : 11) * rem;
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const cell = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  // Under each thumbnail is one line of small text.
  return { columns, cell, row: cell + 1.75 * rem + gap };
}

export interface View {
  rows: number;
  /** Of one row, pixels. */
  row: number;
  /** How far the grid's top edge lies above the viewport's, pixels; below zero while it lies under it. */
  scrolled: number;
  /** Height of the viewport, pixels. */
  viewport: number;
}

export interface RowWindow {
  /** First row to draw. */
  first: number;
  /** Row after the last. */
  end: number;
  /** Height of the whole grid in the document, pixels. */
  height: number;
  /** What to add to `index × row` for the place of a row inside the grid, pixels. */
  shift: number;
}

/** Where in the rows the viewport stands, pixels: the same as scrolled, until the grid is higher than can be laid out. */
function realTop({ rows, row, scrolled, viewport }: View): number {
  const content = rows * row;
  const height = Math.min(content, MOST_PIXELS);
  const travel = height - viewport;
  return height === content || travel <= 0 ? scrolled : (scrolled / travel) * (content - viewport);
}

export function rowWindow(view: View): RowWindow {
  const { rows, row, scrolled, viewport } = view;
  const content = rows * row;
  const top = realTop(view);
  const last = Math.max(0, rows - 1);
  const at = (pixels: number): number => Math.min(last, Math.max(0, Math.floor(pixels / row)));
  return {
    first: Math.max(0, at(top) - OVERSCAN),
    end: Math.min(rows, at(top + viewport) + 1 + OVERSCAN),
    height: Math.min(content, MOST_PIXELS),
    shift: scrolled - top,
  };
}

/**
 * How far to scroll, pixels, so that a row is in view; 0 if it is. `covered` pixels at the top of the viewport lie under
 * something else.
 */
export function scrollToRow(view: View, index: number, covered = 0): number {
  const { rows, row, scrolled, viewport } = view;
  const top = realTop(view);
  const start = index * row;
  const target =
    start < top + covered ? start - covered : start + row > top + viewport ? start + row - viewport : undefined;
  if (target === undefined) {
    return 0;
  }
  const content = rows * row;
  const height = Math.min(content, MOST_PIXELS);
  const wanted = height === content ? target : (target * (height - viewport)) / (content - viewport);
  return wanted - scrolled;
}

/** Where a key leads from a photo, by the pattern of ARIA grids; null if it leads nowhere. */
export function moveInGrid(
  press: { key: string; ctrlKey: boolean; metaKey: boolean },
  index: number,
  { total, columns, pageRows }: { total: number; columns: number; pageRows: number },
): number | null {
  const end = total - 1;
  const rowStart = index - (index % columns);
  const whole = press.ctrlKey || press.metaKey;
  const steps: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns,
    // From the row before the last, past the last photo's right, to the last photo.
    ArrowDown: index + columns > end && rowStart + columns <= end ? end : index + columns,
    Home: whole ? 0 : rowStart,
    End: whole ? end : Math.min(end, rowStart + columns - 1),
    PageUp: Math.max(index % columns, index - pageRows * columns),
    PageDown: Math.min(end, index + pageRows * columns),
  };
  const next = steps[press.key];
  return next === undefined || next < 0 || next > end || next === index ? null : next;
}
