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

/** Bytes that can be erased without breaking a hash. */
export class Payload {
  /** The content; null once erased. */
  readonly bytes: Uint8Array | null;
  #salt: Uint8Array | null;
  #digest: Uint8Array | null;
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
    return this.#salt;
  }

  /** sha256(salt ‖ bytes), 32 bytes; null until logged. */
  get digest(): Uint8Array | null {
    return this.#digest;
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

  /** The content as UTF-8 text. A fault if it was erased: ask {@link erased} first. */
  text(): string {
    assert(this.bytes !== null, "the text of an erased payload was asked for");
    return this.#text ?? decoder.decode(this.bytes);
  }
}
