/**
 * Which words are English, by the filters in english_words.ts.
 *
 * Invariants:
 * 1. A word of the list, or a regular form of one, is always known; of a thousand others some ten seem to be.
 * 2. No name stands in the list, but names that are words as well.
 */

import { common, commonBits, known, knownBits, probes } from "./english_words";

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
  for (let i = 0; i < probes; i++) {
    const bit = at % bits;
    if ((load<u32>(slots + <usize> (bit >> 5 << 2)) >> (bit & 31) & 1) == 0) return false;
    at += step;
  }
  return true;
}
