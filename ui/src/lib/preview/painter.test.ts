import { expect, test, vi } from "vitest";
import { buildFrame } from "./frame";
import { PreviewPainter } from "./painter";

const frame = (sequence: number): ArrayBuffer => buildFrame(sequence, 4, 3, new Uint8Array([0xff, 0xd8, sequence]));
const settle = (): Promise<void> => new Promise((done) => setTimeout(done));

/** A painter whose decoder and screen refresh the test drives. */
function bench() {
  const drawn: number[] = [];
  const closed: number[] = [];
  const decoding: { sequence: number; finish: () => void; fail: () => void }[] = [];
  let refresh: (() => void) | null = null;
  const decode = vi.fn(async (jpeg: Blob): Promise<ImageBitmap> => {
    const sequence = new Uint8Array(await jpeg.arrayBuffer())[2] ?? 0;
    return new Promise((finish, fail) =>
      decoding.push({
        sequence,
        finish: () => finish({ width: 4, height: 3, sequence, close: () => closed.push(sequence) } as never),
        fail: () => fail(new Error("torn")),
      }),
    );
  });
  const painter = new PreviewPainter({
    decode,
    schedule: (draw) => {
      refresh = draw;
      return 0;
    },
  });
  const context = { drawImage: (bitmap: { sequence: number }) => drawn.push(bitmap.sequence) };
  const canvas = { width: 0, height: 0, getContext: () => context } as never;
  painter.attach(canvas);
  return { painter, canvas, drawn, closed, decoding, decode, refresh: () => refresh?.() };
}

test("decodes one frame at a time and then only the newest that came meanwhile", async () => {
  const { painter, decoding, decode, drawn, refresh } = bench();
  for (const sequence of [1, 2, 3, 4]) {
    painter.push(frame(sequence));
  }
  await settle();
  expect(decode).toHaveBeenCalledTimes(1);
  decoding[0]?.finish();
  await settle();
  expect(decoding.map(({ sequence }) => sequence)).toEqual([1, 4]);
  refresh();
  decoding[1]?.finish();
  await settle();
  refresh();
  expect(drawn).toEqual([1, 4]);
  expect(painter).toMatchObject({ painted: 2, dropped: 2 });
});

test("draws once per refresh and frees what it replaces", async () => {
  const { painter, decoding, drawn, closed, refresh } = bench();
  painter.push(frame(1));
  await settle();
  decoding[0]?.finish();
  await settle();
  painter.push(frame(2));
  await settle();
  decoding[1]?.finish();
  await settle();
  refresh();
  refresh();
  expect(drawn).toEqual([2]);
  expect(closed).toEqual([1, 2]);
});

test("a torn frame does not stop the next", async () => {
  const { painter, decoding, drawn, refresh } = bench();
  painter.push(frame(1));
  await settle();
  painter.push(frame(2));
  decoding[0]?.fail();
  await settle();
  decoding[1]?.finish();
  await settle();
  refresh();
  expect(drawn).toEqual([2]);
});

test("a canvas that comes later, as on the way back from another screen, shows the newest frame", async () => {
  const { painter, canvas, decoding, drawn, refresh } = bench();
  painter.push(frame(1));
  await settle();
  decoding[0]?.finish();
  await settle();
  refresh();
  painter.attach(null);
  painter.attach(canvas);
  await settle();
  decoding[1]?.finish();
  await settle();
  refresh();
  expect(drawn).toEqual([1, 1]);
});
