/** Bytes to text, and text to lines, with the places kept. */
import type { RefusalCode } from "../kernel/errors.ts";

/** Bytes of a TOML file at most. Here, since a project is looked for at many a start, and its file seldom there. */
export const tomlBytesMax = 65_536;

/** One line of a text: [start, end) without its line end, [start, next) with it. Offsets in UTF-16 units. */
export interface Line {
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** Text, or why there is none and in which line (from 1). */
export type Decoded =
  | { readonly text: string }
  | { readonly code: RefusalCode; readonly line: number; readonly message: string };

/** Decodes UTF-8 strictly; a byte order mark is taken off. Names the first line that is not text. */
export function decodeText(bytes: Uint8Array): Decoded {
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    return { code: "invalid_encoding", line: 1, message: "it is UTF-16, not UTF-8" };
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    return { code: "invalid_encoding", line: lineAt(bytes, zero), message: "it is a binary file, not text" };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const bad = firstInvalid(bytes);
    return {
      code: "invalid_encoding",
      line: lineAt(bytes, bad),
      message: `byte 0x${(bytes[bad] ?? 0).toString(16)} is not UTF-8`,
    };
  }
}

/** Whether a text holds nothing but white space and a byte order mark. */
export const isBlank = (text: string): boolean => text.replace(/^\uFEFF/, "").trim() === "";

/** The length of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4;
      at++;
    } else bytes += 3;
  }
  return bytes;
}

/** The lines of a text; "\n", "\r\n" and a lone "\r" end a line. A text that ends a line has no empty last one. */
export function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const match of text.matchAll(/\r\n|\n|\r/g)) {
    const next = match.index + match[0].length;
    lines.push({ start, end: match.index, next });
    start = next;
  }
  if (start < text.length) lines.push({ start, end: text.length, next: text.length });
  return lines;
}

/** Orders texts by UTF-16 units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The line (from 1) of a byte. */
function lineAt(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let at = 0; at < offset; at++) {
    if (bytes[at] === 10 || (bytes[at] === 13 && bytes[at + 1] !== 10)) line++;
  }
  return line;
}

/** Offset of the first byte that breaks UTF-8. */
function firstInvalid(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return Math.max(0, bytes.length - 1);
}

/** Bytes of the well-formed sequence at an offset (Unicode, table 3-7), or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  const follows = (offset: number) => ((bytes[at + offset] ?? 0) & 0xc0) === 0x80;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}
