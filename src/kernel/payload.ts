/**
 * Payload: bytes that the log may forget later (content, metadata, params, results, messages).
 *
 * In a hashed body a payload stands only as `digest = sha256(salt ‖ bytes)`; salt and bytes lie beside the body, so
 * erasing both leaves every hash valid. This class only carries the three; the log makes salts and digests.
 *
 * Invariants:
 * 1. `bytes === null` means erased: then `salt` is null too and `digest` is not.
 * 2. Only sealing changes a payload, once; its arrays are shared, not copied, and must not be written to.
 */

import { utf8 } from "./blocks.ts";
import { assert } from "./errors.ts";

const decoder = new TextDecoder();

/** Bytes of a salt and of a digest that stand one after the other. */
export const sealBytes = { salt: 16, digest: 32, both: 48 } as const;

/** Bytes that can be erased without breaking a hash. */
export class Payload {
  /** The content; null once erased. */
  readonly bytes: Uint8Array | null;
  #salt: Uint8Array | null;
  #digest: Uint8Array | null;
  /** Where both stand, one after the other: mostly nobody asks for them, and a view costs more than they do. */
  #sealed: Uint8Array | null = null;
  #sealedAt = 0;
  /** The content as text, where it was made from one that is at hand anyway. */
  #text: string | null = null;

  constructor(bytes: Uint8Array | null, salt: Uint8Array | null = null, digest: Uint8Array | null = null) {
    assert(
      bytes !== null || (salt === null && digest !== null),
      "an erased payload has a digest and no salt",
    );
    this.bytes = bytes;
    this.#salt = salt;
    this.#digest = digest;
  }

  /** A payload of UTF-8 text. */
  static text(text: string): Payload {
    return new Payload(utf8(text));
  }

  /** A payload of the JSON of a value; keeps that JSON for {@link text}. */
  static json(value: unknown): Payload {
    const json = JSON.stringify(value);
    const payload = Payload.text(json);
    payload.#text = json; // what JSON.stringify gives is well formed: decoding the bytes gives it again
    return payload;
  }

  /** Random bytes that keep the digest from telling the content; null until logged, and once erased. */
  get salt(): Uint8Array | null {
    if (this.#salt === null && this.#sealed !== null) {
      this.#salt = this.#sealed.subarray(this.#sealedAt, this.#sealedAt + sealBytes.salt);
    }
    return this.#salt;
  }

  /** sha256(salt ‖ bytes), 32 bytes; null until logged. */
  get digest(): Uint8Array | null {
    if (this.#digest === null && this.#sealed !== null) {
      const at = this.#sealedAt + sealBytes.salt;
      this.#digest = this.#sealed.subarray(at, at + sealBytes.digest);
    }
    return this.#digest;
  }

  /** Whether it has a salt; none that was erased has. */
  get isSalted(): boolean {
    return this.#salt !== null || this.#sealed !== null;
  }

  /** Whether the content was erased. */
  get erased(): boolean {
    return this.bytes === null;
  }

  /** Gives it the salt and digest it is logged under; the log does, once. What is sealed stays as it is. */
  seal(salt: Uint8Array, digest: Uint8Array): void {
    this.#salt ??= salt;
    this.#digest ??= digest;
  }

  /** {@link seal} of one that has no salt, by a salt of 16 bytes and the digest behind it, at a place of some bytes. */
  sealIn(bytes: Uint8Array, at: number): void {
    this.#sealed = bytes;
    this.#sealedAt = at;
  }

  /** The content as UTF-8 text. A fault if it was erased: ask {@link erased} first. */
  text(): string {
    assert(this.bytes !== null, "the text of an erased payload was asked for");
    return this.#text ?? decoder.decode(this.bytes);
  }
}
