/** The size at which widths are measured; they grow in proportion. */
const MEASURED_AT = 100;

let context: CanvasRenderingContext2D | null = null;
const known = new Map<string, number>();

/** How wide a text is in the text layer's font, so that it can be stretched onto what was read. At least 1. */
export function naturalWidth(text: string, fontSize: number): number {
  let width = known.get(text);
  if (width === undefined) {
    context ??= document.createElement("canvas").getContext("2d");
    if (context === null) {
      return 1;
    }
    context.font = `${MEASURED_AT}px sans-serif`;
    width = context.measureText(text).width;
    // Words come and go with the scene; the cache stays small.
    if (known.size > 2000) {
      known.clear();
    }
    known.set(text, width);
  }
  return Math.max(1, (width * fontSize) / MEASURED_AT);
}
