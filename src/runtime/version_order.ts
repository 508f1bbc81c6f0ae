/** Which of two versions is newer, by the precedence of Semantic Versioning 2.0.0 (§11). Imports nothing. */

const form =
  /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Below 0 where `a` is older, above 0 where it is newer, 0 where neither is; null where one is no version.
 * What follows a plus sign does not count. Pure.
 */
export function compareVersions(a: string, b: string): number | null {
  const one = form.exec(a), other = form.exec(b);
  if (one === null || other === null) return null;
  for (const at of [1, 2, 3]) {
    const difference = Number(one[at]) - Number(other[at]);
    if (difference !== 0) return difference;
  }
  return comparePrereleases(one[4], other[4]);
}

/** A version without one is newer than the same with one. */
function comparePrereleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const ones = a.split("."), others = b.split(".");
  for (const [at, one] of ones.entries()) {
    const other = others[at];
    if (other === undefined) return 1;
    const difference = compareIdentifiers(one, other);
    if (difference !== 0) return difference;
  }
  return ones.length - others.length;
}

/** Numbers by value, below words; words by their characters. */
function compareIdentifiers(a: string, b: string): number {
  const isNumber = /^\d{1,15}$/;
  if (isNumber.test(a) && isNumber.test(b)) return Number(a) - Number(b);
  if (isNumber.test(a) !== isNumber.test(b)) return isNumber.test(a) ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
