/** Builds wasm binaries byte by byte, for modules that a text assembler would not write. */
import { Writer } from "../../src/wasm/writer.ts";

export const magic = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A section: its id and contents. */
export function section(id: number, ...parts: readonly ArrayLike<number>[]): Uint8Array {
  const contents = new Writer();
  for (const part of parts) contents.raw(part);
  return new Writer().byte(id).sized(contents).take();
}

/** An unsigned LEB128. */
export const u32 = (value: number): Uint8Array => new Writer().u32(value).take();

/** `count` in front of `count` copies of an entry. */
export function vector(count: number, entry: ArrayLike<number>): Uint8Array {
  const out = new Writer(count * entry.length + 8).u32(count);
  for (let i = 0; i < count; i++) out.raw(entry);
  return out.take();
}

/** A function body: local groups and code, with its size in front. The final `end` is added. */
export function body(code: ArrayLike<number>, locals: ArrayLike<number> = [0]): Uint8Array {
  return new Writer().sized(new Writer().raw(locals).raw(code).byte(0x0b)).take();
}

/** The same bytes again and again. */
export function repeated(count: number, ...bytes: number[]): Uint8Array {
  const out = new Uint8Array(count * bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = bytes[i % bytes.length]!;
  return out;
}

export const name = (text: string): Uint8Array => new Writer().name(text).take();

/** A whole module of sections. */
export function binary(...sections: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const out = new Writer().raw(magic);
  for (const part of sections) out.raw(part);
  return out.take();
}

/** A module of one function without parameters, exported as "run", with the given code. */
export function oneFunction(
  code: ArrayLike<number>,
  locals: ArrayLike<number> = [0],
): Uint8Array<ArrayBuffer> {
  return binary(
    section(1, [1, 0x60, 0, 0]),
    section(3, [1, 0]),
    section(7, [1], name("run"), [0, 0]),
    section(10, [1], body(code, locals)),
  );
}
