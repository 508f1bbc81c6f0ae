/**
 * SHA-256 of short bytes, in a small WebAssembly module of our own.
 *
 * An entry holds hundreds of payloads of some hundred bytes, each with a digest of its own. A call of the platform's
 * hash makes an object and crosses into native code three times, which costs more than such a payload's hash; so short
 * inputs are hashed here and long ones there (codec.ts chooses).
 *
 * Invariants:
 * 1. The result is that of FIPS 180-4; tests hold it against node:crypto.
 * 2. `code` is sha256.wat, assembled; a test holds one against the other.
 */

/** sha256.wat, assembled, in base64. */
export const code =
  "AGFzbQEAAAABBQFgAX8AAwMCAAAFBAEBAQEHFQIGbWVtb3J5AgAIY29tcHJlc3MAAQqLBAKiAQEEfwNAIAAgAWooAgAhAyABIANB" +
  "CHdB/4H8B3EgA0EIeEGA/oN4cXI2AqACIAFBBGoiAUHAAEkNAAsDQCABQaACaiECIAJBPGsoAgAhAyACQQhrKAIAIQQgAiACQcAA" +
  "aygCACADQQd4IANBEnhzIANBA3ZzaiACQRxrKAIAIARBEXggBEETeHMgBEEKdnNqajYCACABQQRqIgFBgAJJDQALC+QCAQx/QYAI" +
  "IQEDQCABEABBgAIoAgAhBUGEAigCACEGQYgCKAIAIQdBjAIoAgAhCEGQAigCACEJQZQCKAIAIQpBmAIoAgAhC0GcAigCACEMQQAh" +
  "AgNAIAIoAgAgAigCoAJqIAwgCUEGeCAJQQt4cyAJQRl4cyALIAkgCiALc3FzampqIQMgBUECeCAFQQ14cyAFQRZ4cyAFIAZxIAcg" +
  "BSAGcnFyaiEEIAshDCAKIQsgCSEKIAggA2ohCSAHIQggBiEHIAUhBiADIARqIQUgAkEEaiICQYACSQ0AC0GAAkGAAigCACAFajYC" +
  "AEGEAkGEAigCACAGajYCAEGIAkGIAigCACAHajYCAEGMAkGMAigCACAIajYCAEGQAkGQAigCACAJajYCAEGUAkGUAigCACAKajYC" +
  "AEGYAkGYAigCACALajYCAEGcAkGcAigCACAMajYCACABQcAAaiEBIABBAWsiAA0ACwsAXgRuYW1lAQsBAAhzY2hlZHVsZQJKAgAF" +
  "AARmcm9tAQFpAgF3AwFhBAFiAQ0ABmJsb2NrcwEEZnJvbQIBaQMDb25lBAN0d28FAWEGAWIHAWMIAWQJAWUKAWYLAWcMAWg=";

/** The most bytes that {@link sha256Short} takes. */
export const shortBytesMax = 4096;

const blockBytes = 64, stateAt = 256, blocksAt = 1024;

/** The first 32 bits of the fraction of a root: where FIPS 180-4 takes its constants from. */
const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 0x1_0000_0000) | 0;

function isCompress(value: unknown): value is (blocks: number) => void {
  return typeof value === "function";
}

function open(): { readonly memory: ArrayBuffer; readonly compress: (blocks: number) => void } {
  const module = new WebAssembly.Module(Uint8Array.fromBase64(code));
  const { memory, compress } = new WebAssembly.Instance(module).exports;
  if (!(memory instanceof WebAssembly.Memory) || !(memory.buffer instanceof ArrayBuffer)) {
    throw new TypeError("Fault: the hash has no memory");
  }
  if (!isCompress(compress)) throw new TypeError("Fault: the hash has no function");
  return { memory: memory.buffer, compress };
}

const { memory, compress } = open();
const bytes = new Uint8Array(memory);
const view = new DataView(memory);
const state = new Int32Array(memory, stateAt, 8);
const primes: number[] = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
new Int32Array(memory, 0, 64).set(primes.map((prime) => fraction(Math.cbrt(prime))));
const start = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

/** SHA-256 of `first` followed by `second`, together at most {@link shortBytesMax} bytes. */
export function sha256Short(first: Uint8Array, second: Uint8Array): Uint8Array {
  const length = first.length + second.length;
  const blocks = Math.ceil((length + 9) / blockBytes);
  const end = blocksAt + blocks * blockBytes;
  bytes.set(first, blocksAt);
  bytes.set(second, blocksAt + first.length);
  bytes.fill(0, blocksAt + length, end);
  bytes[blocksAt + length] = 0x80;
  view.setUint32(end - 4, length * 8);
  state.set(start);
  compress(blocks);
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  for (let i = 0; i < 8; i++) out.setInt32(i * 4, view.getInt32(stateAt + i * 4, true));
  return digest;
}
