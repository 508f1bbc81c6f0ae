/**
 * The form of agents/curator/assembly/weights.ts: what scripts/fit/curator.ts writes, and reads.
 *
 * Invariant: weightsSource(weightsOf(source)) is the source, for every source that it wrote.
 */
import type { Trees } from "./boosted_trees.ts";

/** Trees, and from which sum on the curator acts on a pair, or proposes it. */
export interface CuratorWeights extends Trees {
  /** Features that a pair has. */
  readonly width: number;
  readonly act: number;
  readonly propose: number;
  /** How near to the best candidate, in 1024ths of a log-odd, others are ended with it. */
  readonly besides: number;
}

const lineCharsMax = 100;

/** Numbers in lines. */
function list(numbers: readonly number[]): string {
  const lines: string[] = [];
  let line = " ";
  for (const one of numbers) {
    if (line.length + String(one).length + 2 > lineCharsMax) {
      lines.push(line);
      line = " ";
    }
    line += ` ${one},`;
  }
  return [...lines, line].join("\n");
}

/** The source of weights.ts. */
export function weightsSource(weights: CuratorWeights): string {
  const { depth, base, width, act, propose, besides, features, bounds, leaves } = weights;
  return `/**
 * What the features of a pair weigh (weighing.ts), as trees. Written by scripts/fit/curator.ts: not to be edited.
 *
 * Sums are log-odds in 1024ths. Each tree asks \`2^depth - 1\` questions in the order of a heap (above the bound: right),
 * then has \`2^depth\` leaves.
 */
export const depth: i32 = ${depth};
export const base: i32 = ${base};
/** Features of a pair: with more or fewer these weights say nothing. */
export const width: i32 = ${width};
/** From here on the curator acts, from here on it proposes. */
export const act: i32 = ${act};
export const propose: i32 = ${propose};
/** So near to the best candidate others are ended with it. */
export const besides: i32 = ${besides};
export const features: StaticArray<u8> = [
${list(features)}
];
export const bounds: StaticArray<i16> = [
${list(bounds)}
];
export const leaves: StaticArray<i16> = [
${list(leaves)}
];
`;
}

/** Reads what `weightsSource` wrote. Throws a SyntaxError where something lacks. */
export function weightsOf(source: string): CuratorWeights {
  const number = (name: string) => {
    const found = new RegExp(`const ${name}: i32 = (-?\\d+);`).exec(source)?.[1];
    if (found === undefined) throw new SyntaxError(`Cannot read the curator's weights: no ${name}`);
    return Number(found);
  };
  const numbers = (name: string) => {
    const found = new RegExp(`const ${name}: StaticArray<\\w+> = \\[([^\\]]*)\\]`).exec(source)?.[1];
    if (found === undefined) throw new SyntaxError(`Cannot read the curator's weights: no ${name}`);
    return found.split(",").map((one) => one.trim()).filter((one) => one !== "").map(Number);
  };
  return {
    depth: number("depth"),
    base: number("base"),
    width: number("width"),
    act: number("act"),
    propose: number("propose"),
    besides: number("besides"),
    features: numbers("features"),
    bounds: numbers("bounds"),
    leaves: numbers("leaves"),
  };
}
