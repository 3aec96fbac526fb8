import { parseFrame, type PreviewFrame } from "./frame";

/** A decoded frame that has not been drawn yet. */
interface Ready {
  frame: PreviewFrame;
  bitmap: ImageBitmap;
}

export interface PainterOptions {
  decode?: (jpeg: Blob) => Promise<ImageBitmap>;
  schedule?: (draw: () => void) => number;
  /** Called after a frame was drawn. */
  onPaint?: (frame: PreviewFrame) => void;
}

/**
 * Draws preview frames, newest first and never a queue: one frame is decoded at a time, the newest one that came
 * meanwhile waits, and what it replaces is dropped undecoded. Drawing happens once per screen refresh.
 */
export class PreviewPainter {
  painted = 0;
  dropped = 0;
  #canvas: HTMLCanvasElement | null = null;
  #waiting: PreviewFrame | null = null;
  #newest: PreviewFrame | null = null;
  #ready: Ready | null = null;
  #decoding = false;
  #scheduled = false;
  #closed = false;
  readonly #decode: (jpeg: Blob) => Promise<ImageBitmap>;
  readonly #schedule: (draw: () => void) => number;
  readonly #onPaint: (frame: PreviewFrame) => void;

  constructor(options: PainterOptions = {}) {
    this.#decode = options.decode ?? ((jpeg) => createImageBitmap(jpeg));
    this.#schedule = options.schedule ?? ((draw) => requestAnimationFrame(draw));
    this.#onPaint = options.onPaint ?? (() => undefined);
  }

  /**
   * Where to draw from now on; the canvas takes the size of each frame. A new canvas gets the newest frame at once: of a
   * frozen picture no other follows.
   */
  attach(canvas: HTMLCanvasElement | null): void {
    this.#canvas = canvas;
    if (canvas !== null && this.#newest !== null) {
      this.#take(this.#newest);
    }
  }

  push(message: ArrayBuffer): void {
    const frame = parseFrame(message);
    if (frame === null || this.#closed) {
      return;
    }
    if (this.#waiting !== null) {
      this.dropped += 1;
    }
    this.#newest = frame;
    this.#take(frame);
  }

  close(): void {
    this.#closed = true;
    this.#waiting = null;
    this.#newest = null;
    this.#ready?.bitmap.close();
    this.#ready = null;
  }

  #take(frame: PreviewFrame): void {
    this.#waiting = frame;
    if (!this.#decoding) {
      void this.#decodeAll();
    }
  }

  async #decodeAll(): Promise<void> {
    this.#decoding = true;
    while (this.#waiting !== null) {
      const frame: PreviewFrame = this.#waiting;
      this.#waiting = null;
      try {
        const bitmap = await this.#decode(new Blob([frame.jpeg], { type: "image/jpeg" }));
        this.#show({ frame, bitmap });
      } catch {
        // A torn frame from the camera: the next one is on its way.
        this.dropped += 1;
      }
    }
    this.#decoding = false;
  }

  #show(ready: Ready): void {
    if (this.#closed) {
      ready.bitmap.close();
      return;
    }
    if (this.#ready !== null) {
      this.#ready.bitmap.close();
      this.dropped += 1;
    }
    this.#ready = ready;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#schedule(() => this.#draw());
    }
  }

  #draw(): void {
    this.#scheduled = false;
    const ready = this.#ready;
    this.#ready = null;
    if (ready === null) {
      return;
    }
    const { bitmap, frame } = ready;
    const context = this.#canvas?.getContext("2d", { alpha: false });
    if (this.#canvas !== null && context) {
      if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
        this.#canvas.width = bitmap.width;
        this.#canvas.height = bitmap.height;
      }
      context.drawImage(bitmap, 0, 0);
      this.painted += 1;
      this.#onPaint(frame);
    }
    bitmap.close();
  }
}
