/**
 * Ids: a letter and the base32 of (tick, seat, counter). Known at plan, sortable, never valid JSON, never random.
 *
 * Each number is written as one digit for its length and then its digits, so that the order of ids as
 * strings is the order of (tick, seat, counter) as numbers, and early ids stay short: `e219130`.
 *
 * Invariants:
 * 1. `formatId(parseId(id)) === id`; equal triples give equal ids.
 * 2. For one letter, string order equals the order of (tick, seat, counter).
 * 3. A counter is never used twice by one step, rolled back or not.
 */

/** What an id names, by its first letter. */
export const idLetters = {
  engram: "e",
  connection: "c",
  context: "x",
  workflow: "w",
  command: "k",
} as const;

/** A kind of thing that has an id. */
export type IdKind = keyof typeof idLetters;

/** An id as a string. */
export type Id = string;

/** The parts of an id. */
export interface IdParts {
  readonly letter: string;
  readonly tick: number;
  readonly seat: number;
  readonly counter: number;
}

const digits = "0123456789abcdefghjkmnpqrstvwxyz";

function formatNumber(value: number): string {
  let text = "";
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) text = digits[rest % 32] + text;
  return digits[text.length] + text;
}

/** Makes the id of the `counter`-th thing a step made; `tick` and `seat` are the step's first ones. */
export function formatId(kind: IdKind, tick: number, seat: number, counter: number): Id {
  return idLetters[kind] + formatNumber(tick) + formatNumber(seat) + formatNumber(counter);
}

const letters = Object.values<string>(idLetters).join("");
/** The value of each digit by its character code; −1 where it is none. */
const digitOf = Int8Array.from({ length: 128 }, (_, code) => digits.indexOf(String.fromCharCode(code)));

/** Reads the number written at `at`; −1 where {@link formatNumber} writes none so. */
function numberAt(id: Id, at: number): number {
  const length = digitOf[id.charCodeAt(at)] ?? -1;
  // A number has no leading zero, so that there is one way to write it.
  if (length < 0 || length > 11 || at + length >= id.length || (length > 0 && id[at + 1] === "0")) return -1;
  let value = 0;
  for (let next = at + 1; next <= at + length; next++) {
    const digit = digitOf[id.charCodeAt(next)] ?? -1;
    if (digit < 0) return -1;
    value = value * 32 + digit;
  }
  return Number.isSafeInteger(value) ? value : -1;
}

/** Takes an id apart, or gives null for anything {@link formatId} does not make. */
export function parseId(id: Id): IdParts | null {
  const letter = id[0];
  if (letter === undefined || !letters.includes(letter)) return null;
  let at = 1;
  const next = (): number => {
    const value = numberAt(id, at);
    at += 1 + (digitOf[id.charCodeAt(at)] ?? 0);
    return value;
  };
  const tick = next(), seat = tick < 0 ? -1 : next(), counter = seat < 0 ? -1 : next();
  return counter < 0 || at !== id.length ? null : { letter, tick, seat, counter };
}

/** The context every owner's write without `--context` goes to; made by the first entry. */
export const personalContextId: Id = formatId("context", 0, 0, 0);
