/**
 * The one canonical msgpack codec: the same body gives the same bytes, for ever.
 *
 * Owns: what a body may hold, digests of payloads, how bytes become a body, and the hash chain's function.
 * Does not own: how each value is written (encode.ts), frames and files (frame.ts, log.ts), what a body means (runtime).
 *
 * Canonical rules:
 * 1. null, booleans, numbers, well-formed strings, Uint8Array, arrays, plain objects, {@link Payload}; nothing else.
 *    undefined, NaN, infinities, bigint, Map, class instances, holes, lone surrogates and the key "__proto__" are faults.
 * 2. Keys are sorted by UTF-16 code unit (JavaScript's default sort).
 * 3. A safe integer takes the shortest integer form (so 1.0 is 1, and −0 is 0); any other finite number is a float64,
 *    bit for bit. An integer beyond ±(2^53 − 1) is such a float: it comes back as the same number.
 * 4. Strings, binaries, arrays and maps take the shortest header. Typed arrays other than Uint8Array are refused.
 * 5. A payload is extension type 1 with its 32-byte digest, sha256(salt ‖ bytes). Salt and bytes lie beside the body,
 *    in the order in which the digests first stand in it; a payload that stands twice lies there once.
 * 6. Nesting is at most `bodyDepthMax`.
 *
 * Invariant: decodeEntry(encodeEntry(b)) equals b, and encoding that again, with its salts, gives the same bytes.
 */

import { createHash } from "node:crypto";
import { Decoder } from "@msgpack/msgpack";
import { assert, EngramError } from "../kernel/errors.ts";
import { Payload, sealBytes } from "../kernel/payload.ts";
import { BodyWriter, NotCanonical, type Written } from "./encode.ts";
import { piece, pieceOf, put } from "../kernel/blocks.ts";
import { type BesidePayload, SectionWriter } from "./section.ts";
import { manyBytesMax, sha256Many, sha256Short, shortBytesMax, type Stretch } from "./sha256.ts";

/** Levels of arrays and objects in a body. */
export const bodyDepthMax = 100;
/** Bytes of a digest and of a chain hash (SHA-256). */
export const digestBytes = 32;
/** Bytes a salt may have. Fewer would let a guess be checked against the digest; 16 is what the runtime gives. */
export const saltBytes = { min: 16, max: 64 } as const;
/** The msgpack extension type of a payload's digest. */
const payloadExtension = 1;

/** What an entry body may hold. */
export type Body =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Payload
  | readonly Body[]
  | { readonly [key: string]: Body };

/** What lies beside a body for one payload, with the digest that stands in the body. */
export interface StoredPayload extends BesidePayload {
  readonly digest: Uint8Array;
}

/** A body read back, and its payloads in order of occurrence. */
export interface DecodedEntry {
  readonly body: Body;
  readonly payloads: readonly StoredPayload[];
}

/** An entry ready to be appended. */
export interface EncodedEntry {
  /** The hashed body. */
  readonly bodyBytes: Uint8Array;
  /** What lies beside it (section.ts), and how many payloads that are. */
  readonly section: Uint8Array;
  readonly payloadCount: number;
}

const noBytes = new Uint8Array(0);
/** Salts and digests that are kept in one block, at most. */
const sealsMax = 341;
/** Up to here a call of the platform's hash costs more than the hash. */
const tinyBytesMax = 512;
const hasher = (bytes: Uint8Array) => createHash("sha256").update(bytes);

/** SHA-256 of some bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= tinyBytesMax) return sha256Short(bytes, noBytes);
  return plain(hasher(bytes).digest());
}

/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return hasher(bytes).digest("hex");
}

/** The digest that stands for a payload in a hashed body: sha256(salt ‖ bytes). */
export function payloadDigest(salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (salt.length + bytes.length <= shortBytesMax) return sha256Short(salt, bytes);
  return plain(hasher(salt).update(bytes).digest());
}

/** The state hash after an entry, which is also its chain hash: sha256(previous ‖ body). */
export function stateHash(previous: Uint8Array, bodyBytes: Uint8Array): Uint8Array {
  return plain(hasher(previous).update(bodyBytes).digest());
}

/** Whether two byte arrays are equal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** A node Buffer seen as the Uint8Array it is. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

let stored: StoredPayload[] = [];
let reading: readonly BesidePayload[] = [];
/** Payloads met so far, by digest. */
let byDigest = new Map<number, { readonly digest: Uint8Array; readonly payload: Payload }[]>();

/** The payload with this digest that was met before, or null. */
function metBefore(digest: Uint8Array): Payload | null {
  const same = byDigest.get(digestKey(digest));
  return same?.find((other) => sameBytes(other.digest, digest))?.payload ?? null;
}

function meet(digest: Uint8Array, payload: Payload): void {
  const key = digestKey(digest), others = byDigest.get(key);
  if (others === undefined) byDigest.set(key, [{ digest, payload }]);
  else others.push({ digest, payload });
}

/** 32 bits of a digest, to look it up by. */
function digestKey(digest: Uint8Array): number {
  return ((digest[0] ?? 0) << 24) | ((digest[1] ?? 0) << 16) | ((digest[2] ?? 0) << 8) | (digest[3] ?? 0);
}

const payloadCodec = {
  /** Nothing is encoded by it. */
  tryToEncode: (): null => null,
  decode(digest: Uint8Array, type: number): Payload {
    assert(type === payloadExtension && digest.length === digestBytes, `extension type ${type} in a body`);
    const met = metBefore(digest);
    if (met !== null) return met;
    const beside = reading[stored.length];
    assert(beside !== undefined, "a body names more payloads than lie beside it");
    stored.push({ salt: beside.salt, bytes: beside.bytes, digest });
    const payload = new Payload(beside.bytes, beside.salt, digest);
    meet(digest, payload);
    return payload;
  },
};

const decoder = new Decoder({ extensionCodec: payloadCodec });
const writer = new BodyWriter({ depthMax: bodyDepthMax, digestBytes, extension: payloadExtension });

function reset(): void {
  stored = [];
  reading = [];
  byDigest = new Map();
}

const section = new SectionWriter();

function checkSalt(salt: Uint8Array): Uint8Array {
  assert(
    salt.length >= saltBytes.min && salt.length <= saltBytes.max,
    `a salt has ${saltBytes.min} to ${saltBytes.max} bytes, not ${salt.length}`,
  );
  return salt;
}

/** A payload whose hash waits for others. */
interface Fresh extends Stretch {
  /** Where in the body its digest goes. */
  readonly hole: number;
}

/** Lays the payloads of a body beside it, and puts their digests into its holes. */
class Sealer {
  readonly #body: Uint8Array;
  /** Payloads that nobody hashed yet, and others that are not met yet: the next may be one of them. */
  #fresh: Fresh[] = [];
  #unmet: Payload[] = [];
  /** Salts and digests, one after the other. */
  #seals: Uint8Array = noBytes;
  #sealsEnd = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    section.reset();
  }

  /** Lays a payload that has no salt yet. `left`: how many may follow, itself included. */
  fresh(payload: Payload, content: Uint8Array, salt: Uint8Array, hole: number, left: number): void {
    this.#unmet.push(payload);
    const at = section.lay(salt, content), length = salt.length + content.length;
    if (salt.length !== sealBytes.salt || length > manyBytesMax) {
      const digest = payloadDigest(salt, content);
      payload.seal(pieceOf(salt), digest);
      return this.#body.set(digest, hole);
    }
    if (this.#sealsEnd === this.#seals.length) {
      this.#seals = piece(sealBytes.both * Math.min(left, sealsMax));
      this.#sealsEnd = 0;
    }
    const into = this.#seals, intoAt = this.#sealsEnd;
    this.#sealsEnd += sealBytes.both;
    put(into, intoAt, salt, 0, sealBytes.salt);
    payload.sealIn(into, intoAt);
    this.#fresh.push({ at, length, into, intoAt: intoAt + sealBytes.salt, hole });
  }

  /** Lays a payload that was salted or erased before, unless it is met already. */
  known(payload: Payload, hole: number): void {
    this.finish();
    for (const one of this.#unmet) if (one.digest !== null) meet(one.digest, one);
    this.#unmet = [];
    const { bytes, salt } = payload;
    let { digest } = payload;
    if (bytes !== null && salt !== null) {
      digest = payloadDigest(checkSalt(salt), bytes);
      payload.seal(salt, digest);
    }
    assert(digest !== null && digest.length === digestBytes, "an erased payload has a digest of 32 bytes");
    this.#body.set(digest, hole);
    if (metBefore(digest) !== null) return;
    meet(digest, payload);
    if (bytes === null || salt === null) section.layErased();
    else section.lay(salt, bytes);
  }

  /** Hashes what waits for it. */
  finish(): void {
    sha256Many(section.bytes, this.#fresh);
    for (const { into, intoAt, hole } of this.#fresh) put(this.#body, hole, into, intoAt, digestBytes);
    this.#fresh = [];
  }
}

function seal({ bytes, payloads, holes }: Written, salts: (index: number) => Uint8Array): void {
  const sealer = new Sealer(bytes);
  payloads.forEach((payload, nth) => {
    const content = payload.bytes, hole = holes[nth] ?? 0;
    if (content === null || payload.isSalted) return sealer.known(payload, hole);
    sealer.fresh(payload, content, checkSalt(salts(section.count)), hole, payloads.length - nth);
  });
  sealer.finish();
}

/**
 * What is not canonical in a value that stands at a depth of a body, with the path to it; null if all of it is.
 * What callers give is asked before it is taken: in {@link encodeEntry} it is a fault.
 */
export function problem(value: unknown, depth: number): string | null {
  if (value === null) return null;
  switch (typeof value) {
    case "boolean":
      return null;
    case "number":
      return Number.isFinite(value) ? null : `: ${value} is not a finite number`;
    case "string":
      return value.isWellFormed() ? null : ": a string holds half of a surrogate pair";
    case "object":
      break;
    default:
      return `: a body holds no ${typeof value}`;
  }
  if (value instanceof Payload) return null;
  if (depth >= bodyDepthMax) return `: deeper than ${bodyDepthMax} levels`;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = problem(value[i], depth + 1);
      if (found !== null) return `[${i}]${found}`;
    }
    return null;
  }
  if (value instanceof Uint8Array) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return ": not a plain object";
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__" || !key.isWellFormed()) return `: the key ${JSON.stringify(key)} is not allowed`;
    const found = problem(item, depth + 1);
    if (found !== null) return `.${key}${found}`;
  }
  return null;
}

/**
 * The canonical bytes of a body, and its payloads beside it. `salts` is called once for each payload that has no salt
 * yet, in order of occurrence, with its number beside the body; what it gives is copied. A payload that has a salt
 * (copied by replay) keeps it. A value outside the canonical rules is a fault, thrown before any salt is taken.
 * Deterministic.
 */
export function encodeEntry(body: unknown, salts: (index: number) => Uint8Array): EncodedEntry {
  reset();
  try {
    const written = writer.write(body);
    seal(written, salts);
    return { bodyBytes: written.bytes.slice(), section: section.copy(), payloadCount: section.count };
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new Error(`Fault: cannot encode the entry: body${problem(body, 0) ?? ": not canonical"}`);
  } finally {
    reset();
  }
}

/**
 * The body of an entry again, with a {@link Payload} for each digest (`bytes` null where erased), and what lies beside
 * it, with digests. Binaries share memory with `bodyBytes`. Digests are taken from the body, not checked here. Throws
 * `log_corrupt` if the bytes are no such body, or name another number of payloads than `beside` holds.
 */
export function decodeEntry(bodyBytes: Uint8Array, beside: readonly BesidePayload[]): DecodedEntry {
  reset();
  reading = beside;
  try {
    const body: unknown = decoder.decode(bodyBytes);
    assert(stored.length === beside.length, "more payloads lie beside a body than it names");
    assert(isBody(body), "it holds a value outside the canonical rules");
    return { body, payloads: stored };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EngramError("log_corrupt", `Cannot decode a log entry: ${why}`);
  } finally {
    reset();
  }
}

function isBody(value: unknown): value is Body {
  return problem(value, 0) === null;
}
