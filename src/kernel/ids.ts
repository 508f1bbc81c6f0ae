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

/** Takes an id apart, or gives null for anything {@link formatId} does not make. */
export function parseId(id: Id): IdParts | null {
  let at = 1;
  const number = (): number | null => {
    const length = digits.indexOf(id[at++] ?? " ");
    if (length < 0 || length > 11 || at + length > id.length) return null;
    let value = 0;
    const end = at + length;
    for (; at < end; at++) {
      const digit = digits.indexOf(id[at] ?? " ");
      if (digit < 0) return null;
      value = value * 32 + digit;
    }
    return Number.isSafeInteger(value) ? value : null;
  };
  const letter = id[0] ?? "";
  if (!Object.values<string>(idLetters).includes(letter)) return null;
  const tick = number(), seat = number(), counter = number();
  if (tick === null || seat === null || counter === null || at !== id.length) return null;
  return letter + formatNumber(tick) + formatNumber(seat) + formatNumber(counter) === id
    ? { letter, tick, seat, counter }
    : null;
}

/** The context every owner's write without `--context` goes to; made by the first entry. */
export const personalContextId: Id = formatId("context", 0, 0, 0);
