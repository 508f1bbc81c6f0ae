/**
 * The payload of the portable executable: a tar archive in gzip members, the same bytes for the same files.
 *
 * It is plain `.tar.gz` (an sh header can unpack it), with two additions for the C launcher, which inflates
 * members in parallel: each member names its compressed length in an extra field "EL", and the first member
 * holds only `app/.files`, the list "offset size mode path" of all files, offsets counted in the archive.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** A file of the payload: `path` is relative to the folder it is unpacked to. */
export interface PayloadFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable?: boolean;
}

/** Keeps compressed members between builds, by the sha256 of what they hold. */
export interface MemberCache {
  get(key: string): Uint8Array | undefined;
  set(key: string, member: Uint8Array): void;
}

const tarBlockBytes = 512;
const memberBytesMax = 4 << 20;
const listPath = "app/.files";
const gzipHeaderBytes = 10;
const pathBytesMax = 100;

/** The sha256 of some bytes in hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function tarHeader(path: string, size: number, mode: number): Uint8Array {
  const header = new Uint8Array(tarBlockBytes);
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  const name = splitPath(path);
  put(name.name, 0);
  put(
    `${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(0, 11)}\0        0`,
    100,
  );
  put("ustar\x0000", 257);
  put(name.prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 6)}\0 `, 148);
  return header;
}

/** ustar keeps a long path in two fields, cut at a slash. */
function splitPath(path: string): { prefix: string; name: string } {
  if (path.length <= pathBytesMax) return { prefix: "", name: path };
  const cut = path.indexOf("/", path.length - pathBytesMax - 1);
  if (cut < 0 || cut > 155 || !/^[\x21-\x7e]+$/.test(path)) {
    throw new RangeError(`Cannot pack "${path}": the path is too long or not plain ASCII`);
  }
  return { prefix: path.slice(0, cut), name: path.slice(cut + 1) };
}

const padding = (size: number) => (tarBlockBytes - size % tarBlockBytes) % tarBlockBytes;
const modeOf = (file: PayloadFile) => file.executable ? 0o755 : 0o644;

/** The list names itself too; its offsets have a fixed width, so that its length is known before them. */
function fileList(files: readonly PayloadFile[]): Uint8Array {
  const line = (offset: number, size: number, mode: number, path: string) =>
    `${String(offset).padStart(12)} ${String(size).padStart(12)} ${mode.toString(8)} ${path}\n`;
  const own = line(0, 0, 0o644, listPath);
  const size = files.reduce((sum, file) => sum + line(0, 0, modeOf(file), file.path).length, own.length);
  let at = tarBlockBytes;
  let text = line(at, size, 0o644, listPath);
  at += size + padding(size);
  for (const file of files) {
    at += tarBlockBytes;
    text += line(at, file.bytes.length, modeOf(file), file.path);
    at += file.bytes.length + padding(file.bytes.length);
  }
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** One gzip member with its compressed length in the extra field. */
function gzipMember(bytes: Uint8Array): Uint8Array {
  const plain = gzipSync(bytes, { level: 6 });
  const deflated = plain.length - gzipHeaderBytes - 8;
  const head = new Uint8Array(gzipHeaderBytes + 10);
  head.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 8, 0, 0x45, 0x4c, 4, 0]);
  new DataView(head.buffer).setUint32(16, deflated, true);
  return concat([head, plain.subarray(gzipHeaderBytes)]);
}

/** Cuts the archive into members: the list, then runs of small files, and large files in pieces of their own. */
function memberContents(files: readonly PayloadFile[]): Uint8Array[] {
  const list = fileList(files);
  const contents: Uint8Array[] = [concat([
    tarHeader(listPath, list.length, 0o644),
    list,
    new Uint8Array(padding(list.length)),
  ])];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  const endRun = () => {
    if (runBytes > 0) contents.push(concat(run));
    run = [];
    runBytes = 0;
  };
  const add = (bytes: Uint8Array) => {
    run.push(bytes);
    runBytes += bytes.length;
  };
  for (const file of files) {
    const size = file.bytes.length;
    if (runBytes + size > memberBytesMax) endRun();
    add(tarHeader(file.path, size, modeOf(file)));
    if (size > memberBytesMax / 4) {
      endRun();
      for (let at = 0; at < size; at += memberBytesMax) {
        contents.push(file.bytes.subarray(at, at + memberBytesMax));
      }
    } else {
      add(file.bytes);
    }
    add(new Uint8Array(padding(size)));
  }
  add(new Uint8Array(2 * tarBlockBytes));
  endRun();
  return contents;
}

/**
 * Packs files into the payload. Equal files give equal bytes, whatever the cache holds.
 *
 * @throws RangeError for an empty file (its damage could not be seen) or a path that does not fit
 */
export function packPayload(files: readonly PayloadFile[], cache?: MemberCache): Uint8Array<ArrayBuffer> {
  const sorted = [...files].sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  for (const file of sorted) {
    if (file.bytes.length === 0) throw new RangeError(`Cannot pack "${file.path}": the file is empty`);
    if (!/^app\/[^\p{Cc}\\]+$/u.test(file.path) || file.path.includes("..")) {
      throw new RangeError(
        `Cannot pack "${file.path}": the path must lie in app/, without control characters`,
      );
    }
  }
  return concat(
    memberContents(sorted).map((content) => {
      const key = sha256Hex(content);
      const known = cache?.get(key);
      if (known) return known;
      const member = gzipMember(content);
      cache?.set(key, member);
      return member;
    }),
  );
}
