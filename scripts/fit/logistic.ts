/**
 * Logistic regression with an L2 penalty, by Newton's method: fits the weights of features to what was right.
 *
 * A choice is among several things or none of them (whose sum is 0); with one thing it is what is usually called logistic
 * regression, with more the conditional logit.
 *
 * Invariant: deterministic; equal choices in equal order give equal weights.
 */

/** One of the things chosen among: features by name (one that is not there is 0), and whether it was right. */
export interface Sample {
  readonly features: Readonly<Record<string, number>>;
  readonly right: boolean;
}

/** Bounds of a fit. */
export interface FitOptions {
  /** The penalty on each weight's square, of the mean loss. More than 0, so that there is always one best fit. */
  readonly penalty: number;
  /** Features that are not penalised. */
  readonly free?: ReadonlySet<string>;
  readonly stepsMax?: number;
}

/** A step smaller than this in every weight is the last. */
const stepMin = 1e-4;

/**
 * The weights, by name, that make it likeliest that one of the right things is chosen, or none where none is right.
 * Throws a RangeError without choices or a penalty.
 */
export function fitLogistic(
  choices: readonly (readonly Sample[])[],
  { penalty, free = new Set(), stepsMax = 50 }: FitOptions,
): Record<string, number> {
  if (choices.length === 0 || !(penalty > 0)) {
    throw new RangeError(`Cannot fit: ${choices.length} choices, penalty ${penalty}`);
  }
  const names = [...new Set(choices.flat().flatMap(({ features }) => Object.keys(features)))].sort();
  const place = new Map(names.map((name, at) => [name, at]));
  const rows = choices.map((samples) =>
    samples.map(({ features, right }) => ({
      at: Object.keys(features).map((name) => place.get(name) ?? 0),
      values: Object.values(features),
      right,
    }))
  );
  const ridge = names.map((name) => free.has(name) ? 1e-9 : penalty);
  const weights = new Float64Array(names.length);
  for (let step = 0; step < stepsMax; step++) {
    const slope = Float64Array.from(weights, (weight, at) => -(ridge[at] ?? 0) * weight);
    const curve = ridge.map((one, at) => {
      const line = new Float64Array(names.length);
      line[at] = one;
      return line;
    });
    for (const choice of rows) addChoice(choice, 1 / rows.length, weights, slope, curve);
    const change = solved(curve, slope);
    change.forEach((one, at) => weights[at] = (weights[at] ?? 0) + one);
    if (change.every((one) => Math.abs(one) < stepMin)) break;
  }
  return Object.fromEntries(names.map((name, at) => [name, weights[at] ?? 0]));
}

interface Row {
  readonly at: readonly number[];
  readonly values: readonly number[];
  readonly right: boolean;
}

/** Less likely than this, a thing says nothing of the weights. */
const likelyMin = 1e-9;

/** Adds what a choice says of the slope and the curve of the likelihood at these weights. */
function addChoice(
  rows: readonly Row[],
  share: number,
  weights: Float64Array,
  slope: Float64Array,
  curve: readonly Float64Array[],
): void {
  const sums = rows.map(({ at, values }) =>
    at.reduce((sum, one, i) => sum + (weights[one] ?? 0) * (values[i] ?? 0), 0)
  );
  const most = Math.max(0, ...sums), powers = sums.map((sum) => Math.exp(sum - most));
  const all = powers.reduce((sum, one) => sum + one, Math.exp(-most));
  const allRight = powers.reduce((sum, one, i) => sum + (rows[i]?.right === true ? one : 0), 0);
  const mean = new Float64Array(weights.length);
  rows.forEach(({ at, values, right }, i) => {
    const power = powers[i] ?? 0, likely = power / all;
    if (likely < likelyMin && !right) return;
    const pull = (right ? power / allRight : 0) - likely;
    at.forEach((one, j) => {
      const value = values[j] ?? 0, line = curve[one];
      slope[one] = (slope[one] ?? 0) + share * pull * value;
      mean[one] = (mean[one] ?? 0) + likely * value;
      if (line === undefined) return;
      at.forEach((other, k) => line[other] = (line[other] ?? 0) + share * likely * value * (values[k] ?? 0));
    });
  });
  curve.forEach((line, one) => {
    const own = mean[one] ?? 0;
    if (own !== 0) mean.forEach((other, k) => line[k] = (line[k] ?? 0) - share * own * other);
  });
}

/** The solution of a symmetric positive system, by elimination. */
function solved(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const rows = matrix.map((row, at) => Float64Array.from([...row, right[at] ?? 0]));
  const size = rows.length, found = new Float64Array(size);
  rows.forEach((pivot, at) => {
    for (const row of rows.slice(at + 1)) {
      const factor = (row[at] ?? 0) / (pivot[at] ?? 1);
      if (factor === 0) continue;
      for (let k = at; k <= size; k++) row[k] = (row[k] ?? 0) - factor * (pivot[k] ?? 0);
    }
  });
  for (let at = size - 1; at >= 0; at--) {
    const row = rows[at] ?? new Float64Array();
    let rest = row[size] ?? 0;
    for (let k = at + 1; k < size; k++) rest -= (row[k] ?? 0) * (found[k] ?? 0);
    found[at] = rest / (row[at] ?? 1);
  }
  return found;
}
