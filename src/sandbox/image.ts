/**
 * Images: all that an agent remembers between steps, as bytes.
 *
 * Owns: format 1 of an image.
 * Does not own: where images are kept (the runtime), how an instance is read and set (instance.ts).
 *
 * Invariants:
 * 1. Canonical: equal state gives equal bytes, so that sha256 may stand for the state.
 * 2. Only blocks of memory that hold something other than zero are in it.
 * 3. A NaN is written in one form; funcrefs are function indices; externrefs are null.
 *
 * Layout, little-endian: "ELIM", version u8; pages u32, blocks u32, each index u32 + 4096 bytes; globals u32, each
 * its value in 4, 8 or 16 bytes by type; tables u32, each size u32 + entries u32; segments u32, each dropped u8.
 */
import { Buffer } from "node:buffer";
import { type Bytes, Reader, Writer } from "./frame.ts";
import type { GuestManifest } from "./messages.ts";

const magic = 0x4d494c45;
const version = 1;
/** Memory is kept in blocks of this size. */
export const blockBytes = 4096;
/** A page of linear memory. */
export const pageBytes = 65536;
/** What stands for a null reference. */
const nullIndex = 0xffffffff;

/** The value of a mutable global: a v128 as 128 bits, a funcref as its function index or null. */
export type GlobalValue = number | bigint | null;

/** An agent's state, taken apart. */
export interface GuestState {
  /** The whole linear memory. */
  readonly memory: Uint8Array;
  readonly globals: readonly GlobalValue[];
  /** Function indices, or null. */
  readonly tables: readonly (readonly (number | null)[])[];
  readonly dropped: readonly boolean[];
}

/** A decoded image: as {@link GuestState}, with the blocks of memory that are not zero. */
export interface DecodedImage extends Omit<GuestState, "memory"> {
  readonly pages: number;
  /** In order; views into the image. */
  readonly blocks: readonly { readonly index: number; readonly bytes: Bytes }[];
}

const zeroPage = Buffer.alloc(pageBytes);
const zeroBlock = zeroPage.subarray(0, blockBytes);

/** The indices of blocks that hold something other than zero. `memory` is whole pages. */
export function usedBlocks(memory: Uint8Array): number[] {
  const used: number[] = [];
  for (let page = 0; page < memory.length; page += pageBytes) {
    if (zeroPage.equals(memory.subarray(page, page + pageBytes))) continue;
    for (let at = page; at < page + pageBytes; at += blockBytes) {
      if (!zeroBlock.equals(memory.subarray(at, at + blockBytes))) used.push(at / blockBytes);
    }
  }
  return used;
}

function writeGlobal(to: Writer, type: string, value: GlobalValue): void {
  switch (type) {
    case "i32":
      return to.i32(Number(value));
    case "f32": {
      const bits = new DataView(new ArrayBuffer(4));
      bits.setFloat32(0, Number(value), true);
      return to.u32(Number.isNaN(value) ? 0x7fc00000 : bits.getUint32(0, true));
    }
    case "i64":
      return to.i64(BigInt(value ?? 0));
    case "v128":
      to.i64(BigInt.asIntN(64, BigInt(value ?? 0)));
      return to.i64(BigInt.asIntN(64, BigInt(value ?? 0) >> 64n));
    case "f64":
      return Number.isNaN(value) ? to.i64(0x7ff8000000000000n) : to.f64(Number(value));
    default:
      return to.u32(value === null ? nullIndex : Number(value));
  }
}

function readGlobal(from: Reader, type: string): GlobalValue {
  switch (type) {
    case "i32":
      return from.i32();
    case "f32": {
      const bits = new DataView(new ArrayBuffer(4));
      bits.setUint32(0, from.u32(), true);
      return bits.getFloat32(0, true);
    }
    case "i64":
      return from.i64();
    case "v128":
      return BigInt.asUintN(64, from.i64()) | (BigInt.asUintN(64, from.i64()) << 64n);
    case "f64":
      return from.f64();
    default: {
      const index = from.u32();
      return index === nullIndex ? null : index;
    }
  }
}

/** The image of a state. */
export function encodeImage(manifest: GuestManifest, state: GuestState): Bytes {
  const to = new Writer();
  to.u32(magic);
  to.u8(version);
  to.u32(state.memory.length / pageBytes);
  const used = usedBlocks(state.memory);
  to.u32(used.length);
  for (const index of used) {
    to.u32(index);
    to.raw(state.memory.subarray(index * blockBytes, (index + 1) * blockBytes));
  }
  to.u32(state.globals.length);
  state.globals.forEach((value, i) => writeGlobal(to, manifest.globals[i]?.type ?? "i32", value));
  to.u32(state.tables.length);
  for (const table of state.tables) {
    to.u32(table.length);
    for (const entry of table) to.u32(entry ?? nullIndex);
  }
  to.u32(state.dropped.length);
  for (const dropped of state.dropped) to.u8(dropped ? 1 : 0);
  return to.bytes.slice(0, to.length);
}

/** Whether bytes claim to be an image, of whatever version. */
export function isImage(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE() === magic;
}

/** Takes an image apart. Throws an Error that says what is wrong with it. */
export function decodeImage(manifest: GuestManifest, image: Uint8Array): DecodedImage {
  const from = new Reader();
  from.append(image);
  if (from.u32() !== magic || from.u8() !== version) {
    throw new Error("Cannot read an agent's image: it is not in a form this build knows");
  }
  const pages = from.u32();
  const blocks = Array.from(
    { length: from.u32() },
    () => ({ index: from.u32(), bytes: from.raw(blockBytes) }),
  );
  const beyond = blocks.find(({ index }) => (index + 1) * blockBytes > pages * pageBytes);
  if (beyond !== undefined) throw new Error("Cannot read an agent's image: a block lies outside its memory");
  const count = (want: number, what: string) => {
    const found = from.u32();
    if (found !== want) {
      throw new Error(`Cannot read an agent's image: it has ${found} ${what}, its module ${want}`);
    }
  };
  count(manifest.globals.length, "globals");
  const globals = manifest.globals.map(({ type }) => readGlobal(from, type));
  count(manifest.tables.length, "tables");
  const tables = manifest.tables.map(() =>
    Array.from({ length: from.u32() }, () => {
      const index = from.u32();
      return index === nullIndex ? null : index;
    })
  );
  count(manifest.segments.length, "segments");
  const dropped = manifest.segments.map(() => from.u8() === 1);
  if (!from.done) throw new Error("Cannot read an agent's image: something follows its end");
  return { pages, blocks, globals, tables, dropped };
}

/**
 * An image with every occurrence of some bytes in its memory overwritten by spaces, the image itself unchanged.
 * Blocks that follow each other are looked at as one piece. Throws an Error for what is no image.
 */
export function overwriteMemory(image: Uint8Array, needles: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.from(image);
  const from = new Reader();
  from.append(image);
  if (from.u32() !== magic || from.u8() !== version) {
    throw new Error("Cannot read an agent's image: it is not in a form this build knows");
  }
  from.u32();
  const count = from.u32();
  const record = 4 + blockBytes;
  const start = 4 + 1 + 4 + 4;
  const indexAt = (nth: number) => bytes.readUInt32LE(start + nth * record);
  const blockAt = (nth: number) => start + nth * record + 4;
  for (let first = 0; first < count;) {
    let end = first + 1;
    while (end < count && indexAt(end) === indexAt(end - 1) + 1) end++;
    const piece = Buffer.concat(
      Array.from(
        { length: end - first },
        (_, nth) => bytes.subarray(blockAt(first + nth), blockAt(first + nth) + blockBytes),
      ),
    );
    overwrite(piece, needles);
    for (let nth = first; nth < end; nth++) {
      piece.copy(bytes, blockAt(nth), (nth - first) * blockBytes, (nth - first + 1) * blockBytes);
    }
    first = end;
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Spaces in place of text: a text of two bytes a unit stays one, and no length changes. */
function overwrite(piece: Buffer, needles: readonly Uint8Array[]): void {
  for (const needle of needles) {
    const wide = needle.length > 1 && needle[1] === 0;
    for (let at = piece.indexOf(needle); at !== -1; at = piece.indexOf(needle, at + needle.length)) {
      if (!wide) piece.fill(0x20, at, at + needle.length);
      else for (let unit = at; unit < at + needle.length; unit += 2) piece.writeUInt16LE(0x20, unit);
    }
  }
}
