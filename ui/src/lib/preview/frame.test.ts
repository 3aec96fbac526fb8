import { expect, test } from "vitest";
import { buildFrame, HEADER_BYTES, parseFrame } from "./frame";

const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

test("reads what the shell writes, byte for byte", () => {
  // The same bytes stand in src-tauri's own test of its writer.
  const message = new Uint8Array([7, 0, 0, 0, 0x80, 2, 0xe0, 1, 0xff, 0xd8]).buffer;
  const frame = parseFrame(message);
  expect(frame).toMatchObject({ sequence: 7, width: 640, height: 480 });
  expect([...(frame?.jpeg ?? [])]).toEqual([0xff, 0xd8]);
});

test("keeps a sequence number of 32 bits and sizes of 16", () => {
  const frame = parseFrame(buildFrame(0xffff_fffe, 65535, 1, JPEG));
  expect(frame).toMatchObject({ sequence: 0xffff_fffe, width: 65535, height: 1 });
});

test("does not copy the picture", () => {
  const message = buildFrame(1, 2, 2, JPEG);
  expect(parseFrame(message)?.jpeg.buffer).toBe(message);
});

test.each([
  ["nothing", new ArrayBuffer(0)],
  ["a header alone", buildFrame(1, 640, 480, new Uint8Array())],
  ["a header cut short", new ArrayBuffer(HEADER_BYTES - 1)],
  ["no width", buildFrame(1, 0, 480, JPEG)],
  ["no height", buildFrame(1, 640, 0, JPEG)],
  ["something that is no JPEG", buildFrame(1, 640, 480, new Uint8Array([0x89, 0x50]))],
  ["one byte of a JPEG", buildFrame(1, 640, 480, new Uint8Array([0xff]))],
])("refuses %s", (_what, message) => {
  expect(parseFrame(message)).toBeNull();
});
