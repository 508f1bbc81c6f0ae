/**
 * Dot products of int8 vectors, exact and the same on every machine: a small WebAssembly module of our own with SIMD.
 *
 * Invariant: `code` is dots.wat, assembled; a test holds one against the other, and both against plain sums.
 */

/** dots.wat, assembled, in base64. */
export const code =
  "AGFzbQEAAAABCQFgBX9/f39/AAMCAQAFAwEAAQcRAgZtZW1vcnkCAARkb3RzAAAKjgQBiwQCBn8FeyACRQRADwsgACADQQF0aiEGA0AgASgCACEH" +
  "IAEoAgQhCCABKAIIIQkgASgCDCEKIAAhBf0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIQ39DAAAAAAAAAAAAAAAAAAAAAAh" +
  "Dv0MAAAAAAAAAAAAAAAAAAAAACEPA0AgBf0ABAAhCyAMIAf9AQMAIAv9ugH9rgEhDCANIAj9AQMAIAv9ugH9rgEhDSAOIAn9AQMAIAv9ugH9rgEh" +
  "DiAPIAr9AQMAIAv9ugH9rgEhDyAF/QAEECELIAwgB/0BAwggC/26Af2uASEMIA0gCP0BAwggC/26Af2uASENIA4gCf0BAwggC/26Af2uASEOIA8g" +
  "Cv0BAwggC/26Af2uASEPIAdBEGohByAIQRBqIQggCUEQaiEJIApBEGohCiAFQSBqIgUgBkkNAAsgDCAN/Q0AAQIDEBESEwgJCgsYGRobIQsgCyAM" +
  "IA39DQQFBgcUFRYXDA0ODxwdHh/9rgEhDCAOIA/9DQABAgMQERITCAkKCxgZGhshCyALIA4gD/0NBAUGBxQVFhcMDQ4PHB0eH/2uASEOIAQgDCAO" +
  "/Q0AAQIDBAUGBxAREhMUFRYXIAwgDv0NCAkKCwwNDg8YGRobHB0eH/2uAf0LBAAgAUEQaiEBIARBEGohBCACQQRrIgINAAsLAF4EbmFtZQJXAQAQ" +
  "AAVxdWVyeQEEbGlzdAIFY291bnQDBWJ5dGVzBANvdXQFAXEGA2VuZAcBYQgBYgkBYwoBZAsGbnVtYmVyDARzdW1BDQRzdW1CDgRzdW1DDwRzdW1E";

/** Vectors are padded with zeros to a multiple of this many bytes. */
const vectorBlock = 16;
/** So many vectors are multiplied at once. */
const atOnce = 4;
const pageBytes = 65_536;

type Dots = (query: number, list: number, count: number, bytes: number, out: number) => void;

function isDots(value: unknown): value is Dots {
  return typeof value === "function";
}

/**
 * Many int8 vectors of one length in the module's memory: the query first, its numbers widened, then room for the places
 * of those asked for and for results, then the vectors.
 */
export class DotStore {
  readonly #memory: WebAssembly.Memory;
  readonly #dots: Dots;
  /** Bytes of one vector, padded. */
  readonly bytes: number;
  #count = 0;
  /** A multiple of {@link atOnce}. */
  #capacity = 0;

  constructor(dimensions: number) {
    this.bytes = Math.ceil(dimensions / vectorBlock) * vectorBlock;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.fromBase64(code)));
    const { memory, dots } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || !isDots(dots)) {
      throw new TypeError("Fault: the dot products have no memory or no function");
    }
    this.#memory = memory;
    this.#dots = dots;
  }

  /** How many vectors there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds a vector; its number. */
  add(vector: Int8Array): number {
    if (this.#count === this.#capacity) this.#grow();
    const into = new Int8Array(this.#memory.buffer, this.#vectorsAt + this.#count * this.bytes, this.bytes);
    into.fill(0);
    into.set(vector.subarray(0, this.bytes));
    return this.#count++;
  }

  /** The dot product of each vector with `query`, by number. Valid until the next call. */
  dots(query: Int8Array): Int32Array {
    const list = this.#list(), { bytes } = this, vectorsAt = this.#vectorsAt;
    for (let at = 0; at < this.#count; at++) list[at] = vectorsAt + at * bytes;
    return this.#run(query, list, this.#count);
  }

  /** The dot products of the vectors with these numbers, in their order. Valid until the next call. */
  dotsOf(query: Int8Array, numbers: Uint32Array): Int32Array {
    const list = this.#list(), { bytes } = this, vectorsAt = this.#vectorsAt;
    for (let at = 0; at < numbers.length; at++) list[at] = vectorsAt + (numbers[at] ?? 0) * bytes;
    return this.#run(query, list, numbers.length);
  }

  #list(): Int32Array {
    this.#need(this.#vectorsAt);
    return new Int32Array(this.#memory.buffer, this.bytes * 2, this.#capacity);
  }

  #run(query: Int8Array, list: Int32Array, count: number): Int32Array {
    const into = new Int16Array(this.#memory.buffer, 0, this.bytes),
      outAt = this.bytes * 2 + this.#capacity * 4;
    into.fill(0);
    into.set(query.subarray(0, this.bytes));
    const whole = Math.ceil(count / atOnce) * atOnce;
    list.fill(this.#vectorsAt, count, whole);
    this.#dots(0, list.byteOffset, whole, this.bytes, outAt);
    return new Int32Array(this.#memory.buffer, outAt, count);
  }

  get #vectorsAt(): number {
    return this.bytes * 2 + Math.ceil(this.#capacity * 8 / vectorBlock) * vectorBlock;
  }

  #grow(): void {
    const from = this.#vectorsAt;
    this.#capacity = Math.max(1024, this.#capacity * 2);
    const to = this.#vectorsAt, used = this.#count * this.bytes;
    this.#need(to + this.#capacity * this.bytes);
    new Uint8Array(this.#memory.buffer).copyWithin(to, from, from + used);
  }

  #need(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
  }
}
