/**
 * Gradient boosted trees over whole numbers: fits a sum of small trees to what was right, by Newton steps on the
 * logistic loss. Every tree has the same depth; each asks of a feature whether it is above a bound.
 *
 * Invariants:
 * 1. Deterministic: equal samples in equal order give equal trees. Of equal splits the first feature's lowest wins.
 * 2. What comes out is whole numbers: leaves are log-odds in 1024ths, so that any machine adds up the same.
 */

/** What is known of one thing: features in a fixed order, whether it was right, and how much it counts (1). */
export interface TreeSample {
  readonly features: readonly number[];
  readonly right: boolean;
  readonly weight?: number;
}

/** Bounds of a fit. */
export interface TreesOptions {
  readonly trees: number;
  /** Questions before a leaf, 1 to 8. */
  readonly depth: number;
  /** The share of each step that is taken, above 0, up to 1. */
  readonly rate: number;
  /** Added to the curve of every leaf: more keeps leaves smaller. */
  readonly penalty: number;
  /** The least curve (about a quarter of the samples in doubt) on either side of a split. */
  readonly curveMin: number;
  /** Different values of a feature that are told apart, up to 255. */
  readonly boundsMax?: number;
  /** The share of features, and of samples, that a tree is fitted to, drawn by a fixed rule; all unless told. */
  readonly featureShare?: number;
  readonly sampleShare?: number;
}

/** Trees of one depth, one behind the other: 2^depth − 1 questions in the order of a heap, then 2^depth leaves. */
export interface Trees {
  readonly depth: number;
  /** The sum before any tree, in 1024ths. */
  readonly base: number;
  /** Per question the feature's place; per question the bound: above it goes right. */
  readonly features: readonly number[];
  readonly bounds: readonly number[];
  /** Log-odds in 1024ths. */
  readonly leaves: readonly number[];
}

/** One log-odd, of `leaves` and `base`. */
export const leafUnit = 1024;
/** No feature is above it: such a question always goes left. */
export const boundNone = 32767;

/** Log-odds of a thing, in 1024ths. */
export function sumOf({ depth, base, features, bounds, leaves }: Trees, of: readonly number[]): number {
  const questions = (1 << depth) - 1;
  let sum = base;
  for (let from = 0, first = 0; from < features.length; from += questions, first += questions + 1) {
    let at = 0;
    while (at < questions) {
      const value = of[features[from + at] ?? 0] ?? 0;
      at = 2 * at + 1 + (value > (bounds[from + at] ?? 0) ? 1 : 0);
    }
    sum += leaves[first + at - questions] ?? 0;
  }
  return sum;
}

/** The bounds between a column's values, at most so many, and each value's place among them. */
function binned(column: readonly number[], boundsMax: number): { bounds: number[]; bins: Uint8Array } {
  const sorted = column.toSorted((a, b) => a - b);
  const different = [...new Set(sorted)];
  const bounds = different.length <= boundsMax + 1 ? different.slice(0, -1) : [
    ...new Set(
      Array.from(
        { length: boundsMax },
        (_, at) => sorted[Math.floor(((at + 1) * sorted.length) / (boundsMax + 1))] ?? 0,
      ),
    ),
  ].filter((bound) => bound < (different.at(-1) ?? 0));
  const bins = Uint8Array.from(column, (value) => {
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    return at;
  });
  return { bounds, bins };
}

/** Numbers from 0 to 1 by a fixed rule, others for each tree. */
function drawing(tree: number): () => number {
  let state = Math.imul(tree + 1, 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly gain: number;
}

/** Fits trees to samples. Throws a RangeError without samples, or with options out of range. */
export function fitTrees(samples: readonly TreeSample[], options: TreesOptions): Trees {
  const { trees, depth, rate, penalty, curveMin, boundsMax = 64, featureShare = 1, sampleShare = 1 } =
    options;
  const isFit = samples.length > 0 && depth >= 1 && depth <= 8 && rate > 0 && rate <= 1 && boundsMax < 256;
  if (!isFit) throw new RangeError(`Cannot fit: ${samples.length} samples, depth ${depth}, rate ${rate}`);
  const width = samples[0]?.features.length ?? 0;
  const columns = Array.from(
    { length: width },
    (_, at) => binned(samples.map(({ features }) => features[at] ?? 0), boundsMax),
  );
  const weights = Float64Array.from(samples, ({ weight = 1 }) => weight);
  const total = weights.reduce((sum, one) => sum + one, 0);
  const right = samples.reduce((sum, one, at) => sum + (one.right ? weights[at] ?? 0 : 0), 0);
  const base = Math.round(Math.log((right + 0.5) / (total - right + 0.5)) * leafUnit);
  const sums = new Float64Array(samples.length).fill(base / leafUnit);
  const slope = new Float64Array(samples.length), curve = new Float64Array(samples.length);
  const found = { depth, base, features: [] as number[], bounds: [] as number[], leaves: [] as number[] };
  const questions = (1 << depth) - 1;
  for (let tree = 0; tree < trees; tree++) {
    samples.forEach((one, at) => {
      const likely = 1 / (1 + Math.exp(-(sums[at] ?? 0))), weight = weights[at] ?? 0;
      slope[at] = weight * ((one.right ? 1 : 0) - likely);
      curve[at] = weight * likely * (1 - likely);
    });
    const draw = drawing(tree);
    const used = columns.map(() => draw() < featureShare);
    let nodes: Int32Array[] = [Int32Array.from(samples.keys()).filter(() => draw() < sampleShare)];
    for (let level = 0; level < depth; level++) {
      const next: Int32Array[] = [];
      for (const rows of nodes) {
        const split = bestSplit(rows, columns, used, slope, curve, penalty, curveMin);
        found.features.push(split?.feature ?? 0);
        found.bounds.push(
          split === null ? boundNone : columns[split.feature]?.bounds[split.bin] ?? boundNone,
        );
        const bins = columns[split?.feature ?? 0]?.bins;
        const isLeft = (row: number) => split === null || (bins?.[row] ?? 0) <= split.bin;
        next.push(rows.filter(isLeft), rows.filter((row) => !isLeft(row)));
      }
      nodes = next;
    }
    for (const rows of nodes) {
      let pull = 0, bend = penalty;
      for (const row of rows) {
        pull += slope[row] ?? 0;
        bend += curve[row] ?? 0;
      }
      const leaf = rows.length === 0 ? 0 : Math.round(rate * pull / bend * leafUnit);
      found.leaves.push(leaf);
    }
    const one = {
      depth,
      base: 0,
      features: found.features.slice(-questions),
      bounds: found.bounds.slice(-questions),
      leaves: found.leaves.slice(-questions - 1),
    };
    samples.forEach(({ features }, at) => sums[at] = (sums[at] ?? 0) + sumOf(one, features) / leafUnit);
  }
  if (found.features.length !== trees * questions) throw new Error("A tree lacks a question");
  return found;
}

function bestSplit(
  rows: Int32Array,
  columns: readonly { bounds: number[]; bins: Uint8Array }[],
  used: readonly boolean[],
  slope: Float64Array,
  curve: Float64Array,
  penalty: number,
  curveMin: number,
): Split | null {
  let best: Split | null = null;
  let pull = 0, bend = 0;
  for (const row of rows) {
    pull += slope[row] ?? 0;
    bend += curve[row] ?? 0;
  }
  if (bend < 2 * curveMin) return null;
  const whole = pull * pull / (bend + penalty);
  const pulls = new Float64Array(256), bends = new Float64Array(256);
  columns.forEach(({ bounds, bins }, feature) => {
    if (bounds.length === 0 || used[feature] !== true) return;
    pulls.fill(0, 0, bounds.length + 1);
    bends.fill(0, 0, bounds.length + 1);
    for (const row of rows) {
      const bin = bins[row] ?? 0;
      pulls[bin] = (pulls[bin] ?? 0) + (slope[row] ?? 0);
      bends[bin] = (bends[bin] ?? 0) + (curve[row] ?? 0);
    }
    let leftPull = 0, leftBend = 0;
    for (let bin = 0; bin < bounds.length; bin++) {
      leftPull += pulls[bin] ?? 0;
      leftBend += bends[bin] ?? 0;
      const rightBend = bend - leftBend;
      if (leftBend < curveMin || rightBend < curveMin) continue;
      const gain = leftPull ** 2 / (leftBend + penalty) + (pull - leftPull) ** 2 / (rightBend + penalty) -
        whole;
      if (gain > (best?.gain ?? 1e-9) + 1e-9) best = { feature, bin, gain };
    }
  });
  return best;
}
