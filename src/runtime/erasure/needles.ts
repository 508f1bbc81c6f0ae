/**
 * What an erasure looks for: texts in every form in which they may stand, and words that only they have.
 *
 * Invariant: bounded by `needlesMax` and `wordsMax`; texts beyond are refused, words beyond are the shortest.
 */
import { Buffer } from "node:buffer";
import { EngramError } from "../../kernel/mod.ts";
import { inputHash } from "../../model/texts.ts";

/** Texts and sentences that are looked for, at most. */
const needlesMax = 20_000;
/** Words overwritten in agents' memories, at most: those with digits and the longest first. */
const wordsMax = 500;
/** Shorter texts stand in too many places to be looked for by themselves. */
export const needleCharsMin = 16;

/** A text as it stands between the quotes of JSON. */
export const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Texts to be looked for, as bytes. */
export class Needles {
  readonly #found = new Map<string, Buffer>();
  readonly #texts = new Set<string>();

  /** Adds a memory's text in every form in which a payload may hold it. */
  add(content: string): void {
    if (content.length >= needleCharsMin) {
      for (const text of [content, ...sentencesIn(content)]) {
        this.#texts.add(text);
        this.#put(inputHash([text])); // what is recorded of a model's answer names its input so
        for (const form of [text, inJson(text), inJson(inJson(text))]) this.#put(form);
      }
    } else if (content !== "") {
      this.#put(inputHash([content]));
      this.#put(`"content":${JSON.stringify(content)}`);
      this.#put(inJson(`"content":${JSON.stringify(content)}`));
    }
  }

  #put(form: string): void {
    this.#found.set(form, Buffer.from(form));
    if (this.#found.size > needlesMax) {
      throw new EngramError(
        "limit_reached",
        `Cannot erase: more than ${needlesMax} texts and sentences (needlesMax); erase fewer at once`,
      );
    }
  }

  in(bytes: Uint8Array): boolean {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const needle of this.#found.values()) {
      if (needle.length <= text.length && text.includes(needle)) return true;
    }
    return false;
  }

  /** The same for an agent's memory, longest first: UTF-8, JSON, and the UTF-16 that some languages use. */
  forMemory(): Buffer[] {
    const wide = [...this.#texts].map((text) => Buffer.from(text, "utf16le"));
    return [...this.#found.values(), ...wide].sort((a, b) => b.length - a.length);
  }
}

function sentencesIn(content: string): string[] {
  return (content.match(/[^.!?\n]+[.!?]*/g) ?? []).map((one) => one.trim())
    .filter((one) => one.length >= needleCharsMin && one !== content);
}

/**
 * Words of some memories by their small letters: what an agent makes of a text (in small letters, cut, put together
 * anew) is found by them. Short words tell nothing, and stand in too many places.
 */
export class Words {
  readonly #forms = new Map<string, Set<string>>();

  add(text: string): void {
    for (const word of wordsIn(text)) {
      const small = word.toLowerCase();
      const forms = this.#forms.get(small) ?? new Set([small, word.toUpperCase()]);
      this.#forms.set(small, forms.add(word).add(small.slice(0, 1).toUpperCase() + small.slice(1)));
    }
  }

  /** Leaves out what another memory says too. */
  drop(text: string): void {
    for (const word of wordsIn(text)) this.#forms.delete(word.toLowerCase());
  }

  get size(): number {
    return this.#forms.size;
  }

  /** Whether a text holds one of them. */
  in(text: string): boolean {
    return wordsIn(text).some((word) => this.#forms.has(word.toLowerCase()));
  }

  /** Those that stand in a text, in small letters. */
  amongThoseOf(text: string): string[] {
    return wordsIn(text).map((word) => word.toLowerCase()).filter((word) => this.#forms.has(word));
  }

  /** Whether a module has a word as its own, however it is written. */
  areIn(module: Buffer, word: string): boolean {
    return [...this.#forms.get(word) ?? []].some((form) => module.includes(form));
  }

  /** As bytes, without those that an agent brought along itself; the longest first. */
  for(module: Uint8Array): Buffer[] {
    const own = Buffer.from(module.buffer, module.byteOffset, module.length);
    const rank = (word: string) => (/\d/.test(word) ? 1000 : 0) + word.length;
    const words = [...this.#forms.keys()].sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1));
    return words.slice(0, wordsMax)
      .flatMap((word) => [...this.#forms.get(word) ?? []])
      .flatMap((form) => [Buffer.from(form), Buffer.from(form, "utf16le")])
      .filter((bytes) => !own.includes(bytes))
      .sort((a, b) => b.length - a.length);
  }
}

function wordsIn(text: string): string[] {
  const whole = text.match(/[\p{L}\p{N}][\p{L}\p{N}_-]*/gu) ?? [];
  return whole.flatMap((word) => [word, ...word.split(/[-_]/)])
    .filter((word) => word.length >= (/\d/.test(word) ? 4 : 5));
}

/** Every text in a value of JSON. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
