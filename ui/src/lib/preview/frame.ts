/** Bytes before the JPEG: sequence u32, width u16, height u16, little-endian. */
export const HEADER_BYTES = 8;

export interface PreviewFrame {
  sequence: number;
  /** Of the upright frame, which quads refer to. The JPEG may be smaller. */
  width: number;
  height: number;
  jpeg: Uint8Array<ArrayBuffer>;
}

/** Takes a message of the preview channel apart without copying the picture; null if it is none. */
export function parseFrame(message: ArrayBuffer): PreviewFrame | null {
  if (message.byteLength <= HEADER_BYTES) {
    return null;
  }
  const view = new DataView(message);
  const width = view.getUint16(4, true);
  const height = view.getUint16(6, true);
  const isJpeg = view.getUint8(HEADER_BYTES) === 0xff && message.byteLength > 9 && view.getUint8(9) === 0xd8;
  if (width === 0 || height === 0 || !isJpeg) {
    return null;
  }
  return { sequence: view.getUint32(0, true), width, height, jpeg: new Uint8Array(message, HEADER_BYTES) };
}

/** The opposite of {@link parseFrame}. */
export function buildFrame(sequence: number, width: number, height: number, jpeg: Uint8Array): ArrayBuffer {
  const message = new ArrayBuffer(HEADER_BYTES + jpeg.byteLength);
  const view = new DataView(message);
  view.setUint32(0, sequence, true);
  view.setUint16(4, width, true);
  view.setUint16(6, height, true);
  new Uint8Array(message, HEADER_BYTES).set(jpeg);
  return message;
}
