/**
 * SHA-256 of short bytes, in a small WebAssembly module of our own.
 *
 * An entry holds hundreds of payloads of some hundred bytes, each with a digest of its own. A call of the platform's
 * hash makes an object and crosses into native code three times, which costs more than such a payload's hash; so short
 * inputs are hashed here and long ones there (codec.ts chooses). The payloads of an entry do not wait for each other, so
 * four of them are hashed at once, a lane of a vector each: three times as fast.
 *
 * Invariants:
 * 1. The result is that of FIPS 180-4; tests hold it against node:crypto.
 * 2. `code` is sha256.wat, assembled; a test holds one against the other.
 */
import { pieceOf, put } from "../kernel/blocks.ts";

/** sha256.wat, assembled, in base64. */
export const code =
  "AGFzbQEAAAABEANgAX8AYAF/AX9gAn9/AX8DBwYAAAECAAAFBAEBAQEHIwQGbWVtb3J5AgADcGFkAAMGZGlnZXN0AAQHZGlnZXN0NAAF" +
  "CuUMBqIBAQR/A0AgACABaigCACEDIAEgA0EId0H/gfwHcSADQQh4QYD+g3hxcjYCoAIgAUEEaiIBQcAASQ0ACwNAIAFBoAJqIQIgAkE8" +
  "aygCACEDIAJBCGsoAgAhBCACIAJBwABrKAIAIANBB3ggA0ESeHMgA0EDdnNqIAJBHGsoAgAgBEEReCAEQRN4cyAEQQp2c2pqNgIAIAFB" +
  "BGoiAUGAAkkNAAsL5AIBDH9BgAghAQNAIAEQAEGAAigCACEFQYQCKAIAIQZBiAIoAgAhB0GMAigCACEIQZACKAIAIQlBlAIoAgAhCkGY" +
  "AigCACELQZwCKAIAIQxBACECA0AgAigCACACKAKgAmogDCAJQQZ4IAlBC3hzIAlBGXhzIAsgCSAKIAtzcXNqamohAyAFQQJ4IAVBDXhz" +
  "IAVBFnhzIAUgBnEgByAFIAZycXJqIQQgCyEMIAohCyAJIQogCCADaiEJIAchCCAGIQcgBSEGIAMgBGohBSACQQRqIgJBgAJJDQALQYAC" +
  "QYACKAIAIAVqNgIAQYQCQYQCKAIAIAZqNgIAQYgCQYgCKAIAIAdqNgIAQYwCQYwCKAIAIAhqNgIAQZACQZACKAIAIAlqNgIAQZQCQZQC" +
  "KAIAIApqNgIAQZgCQZgCKAIAIAtqNgIAQZwCQZwCKAIAIAxqNgIAIAFBwABqIQEgAEEBayIADQALCxkAIABBCHdB/4H8B3EgAEEIeEGA" +
  "/oN4cXILRAECfyABQcgAakFAcSECIAAgAmohAyAAIAFqQQAgAiABa/wLACAAIAFqQYABOgAAIANBBGsgAUEDdBACNgIAIAJBBnYLOgEC" +
  "f0GACCAAEAMhAUGAAkGgBEEg/AoAACABEAEDQCACIAIoAoACEAI2AoACIAJBBGoiAkEgSQ0ACwu+BwIDfwp7QQBBAP0JAqAE/QsEgEBB" +
  "AEEA/QkCpAT9CwSQQEEAQQD9CQKoBP0LBKBAQQBBAP0JAqwE/QsEsEBBAEEA/QkCsAT9CwTAQEEAQQD9CQK0BP0LBNBAQQBBAP0JArgE" +
  "/QsE4EBBAEEA/QkCvAT9CwTwQANAQQAhAgNAIAEgASABIAH9DAAAAAAAAAAAAAAAAAAAAAD9VgKAYAD9VgKAaAH9VgKAcAL9VgKAeAMh" +
  "BCACIAQgBP0NAwIBAAcGBQQLCgkIDw4NDP0LBIBBIAFBBGohASACQRBqIgJBgAJJDQALA0AgAv0ABJA/IQQgAv0ABOBAIQUgAiAC/QAE" +
  "gD8gBEEH/a0BIARBGf2rAf1QIARBEv2tASAEQQ79qwH9UP1RIARBA/2tAf1R/a4BIAL9AASQQCAFQRH9rQEgBUEP/asB/VAgBUET/a0B" +
  "IAVBDf2rAf1Q/VEgBUEK/a0B/VH9rgH9rgH9CwSAQSACQRBqIgJBgAhJDQALQQD9AASAQCEGQQD9AASQQCEHQQD9AASgQCEIQQD9AASw" +
  "QCEJQQD9AATAQCEKQQD9AATQQCELQQD9AATgQCEMQQD9AATwQCENQQAhAkEAIQMDQCAD/QkCACAC/QAEgEH9rgEgDSAKQQb9rQEgCkEa" +
  "/asB/VAgCkEL/a0BIApBFf2rAf1Q/VEgCkEZ/a0BIApBB/2rAf1Q/VEgDCAKIAsgDP1R/U79Uf2uAf2uAf2uASEEIAZBAv2tASAGQR79" +
  "qwH9UCAGQQ39rQEgBkET/asB/VD9USAGQRb9rQEgBkEK/asB/VD9USAGIAf9TiAIIAYgB/1Q/U79UP2uASEFIAwhDSALIQwgCiELIAkg" +
  "BP2uASEKIAghCSAHIQggBiEHIAQgBf2uASEGIANBBGohAyACQRBqIgJBgAhJDQALQQBBAP0ABIBAIAb9rgH9CwSAQEEAQQD9AASQQCAH" +
  "/a4B/QsEkEBBAEEA/QAEoEAgCP2uAf0LBKBAQQBBAP0ABLBAIAn9rgH9CwSwQEEAQQD9AATAQCAK/a4B/QsEwEBBAEEA/QAE0EAgC/2u" +
  "Af0LBNBAQQBBAP0ABOBAIAz9rgH9CwTgQEEAQQD9AATwQCAN/a4B/QsE8EAgAEEBayIADQALQQAhAkEAIQMDQCAD/QAEgEAhBCAEIAT9" +
  "DQMCAQAHBgUECwoJCA8ODQwhBCACIAT9WgKASgAgAiAE/VoCoEoBIAIgBP1aAsBKAiACIAT9WgLgSgMgA0EQaiEDIAJBBGoiAkEgSQ0A" +
  "CwsA3QEEbmFtZQEgBAAIc2NoZWR1bGUBCGNvbXByZXNzAgRzd2FwAwNwYWQCswEGAAUABGZyb20BAWkCAXcDAWEEAWIBDQAGYmxvY2tz" +
  "AQRmcm9tAgFpAwNvbmUEA3R3bwUBYQYBYgcBYwgBZAkBZQoBZgsBZwwBaAIBAAR3b3JkAwQAAmF0AQZsZW5ndGgCBWJ5dGVzAwNlbmQE" +
  "AwAGbGVuZ3RoAQZibG9ja3MCAWkFDgAGYmxvY2tzAQJhdAIBaQMBagQBeAUBeQYBYQcBYggBYwkBZAoBZQsBZgwBZw0BaA==";

/** The most bytes that {@link sha256Short} takes. */
export const shortBytesMax = 4096;

/** The most bytes of one message of {@link sha256Many}. */
export const manyBytesMax = 960;

const digestBytes = 32;
// Places of sha256.wat.
const digestAt = 256, startAt = 544, messageAt = 1024, digestsAt = 9472, lanesAt = 12_288, laneBytes = 1024;

/** The first 32 bits of the fraction of a root: where FIPS 180-4 takes its constants from. */
const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 0x1_0000_0000) | 0;

interface Module {
  readonly memory: ArrayBuffer;
  readonly pad: (at: number, length: number) => number;
  readonly digest: (length: number) => void;
  readonly digest4: (blocks: number) => void;
}

function isFunction(value: unknown): value is (...given: number[]) => number {
  return typeof value === "function";
}

function open(): Module {
  const module = new WebAssembly.Module(Uint8Array.fromBase64(code));
  const { memory, pad, digest, digest4 } = new WebAssembly.Instance(module).exports;
  if (!(memory instanceof WebAssembly.Memory) || !(memory.buffer instanceof ArrayBuffer)) {
    throw new TypeError("Fault: the hash has no memory");
  }
  if (!isFunction(pad) || !isFunction(digest) || !isFunction(digest4)) {
    throw new TypeError("Fault: the hash has no function");
  }
  return { memory: memory.buffer, pad, digest, digest4 };
}

const { memory, pad, digest, digest4 } = open();
const bytes = new Uint8Array(memory);
const result = new Uint8Array(memory, digestAt, digestBytes);
const primes: number[] = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
new Int32Array(memory, 0, 64).set(primes.map((prime) => fraction(Math.cbrt(prime))));
new Int32Array(memory, startAt, 8).set(primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))));

/** SHA-256 of `first` followed by `second`, together at most {@link shortBytesMax} bytes. */
export function sha256Short(first: Uint8Array, second: Uint8Array): Uint8Array {
  bytes.set(first, messageAt);
  if (second.length > 0) bytes.set(second, messageAt + first.length);
  digest(first.length + second.length);
  return pieceOf(result);
}

const lanes = 4;
/** A message among other bytes, and where its digest goes. */
export interface Stretch {
  readonly at: number;
  readonly length: number;
  readonly into: Uint8Array;
  readonly intoAt: number;
}

/** Writes the SHA-256 of each stretch of `from` where it goes: four of one length in blocks at a time. */
export function sha256Many(from: Uint8Array, stretches: readonly Stretch[]): void {
  /** By number of blocks; fewer than four each. */
  const waiting: Stretch[][] = [];
  for (const one of stretches) {
    const blocks = (one.length + 72) >> 6, same = waiting[blocks] ??= [];
    if (same.push(one) === lanes) hash(from, same, blocks);
  }
  for (const [blocks, same] of waiting.entries()) {
    if (same !== undefined && same.length > 0) hash(from, same, blocks);
  }
}

function hash(from: Uint8Array, same: Stretch[], blocks: number): void {
  let lane = lanesAt;
  for (const { at, length } of same) {
    put(bytes, lane, from, at, length);
    pad(lane, length);
    lane += laneBytes;
  }
  digest4(blocks);
  let result = digestsAt;
  for (const { into, intoAt } of same) {
    put(into, intoAt, bytes, result, digestBytes);
    result += digestBytes;
  }
  same.length = 0;
}
