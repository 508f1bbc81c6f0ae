/**
 * How deep JSON from outside may nest.
 *
 * Invariant: what passes here can be walked, written and copied to another thread by recursion, on every stack.
 */

/** Levels of objects and lists in JSON given by agents and clients; part of the behaviour number. */
export const jsonDepthMax = 64;

/** Whether a value nests deeper than `levels`. */
export function nestsDeeper(value: unknown, levels = jsonDepthMax): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((one: unknown) => nestsDeeper(one, levels - 1));
}
