/**
 * How everything here is measured: cases of a group take turns, and the middle of many turns counts.
 *
 * Invariants:
 * 1. A group has a baseline, the raw operation, measured in the same turns; its other figures are told as a ratio to it.
 *    Figures move with the machine and its load, ratios much less.
 * 2. Quick operations are timed in batches of at least `batchUsMin`, so that the clock does not count.
 * 3. `--smoke` runs every case a few times only: it shows that the bench still works, not how fast anything is.
 */

/** Whether sizes are small, for the gate. */
export const smoke = Deno.args.includes("--smoke");
const resultsPath = Deno.args.find((arg) => arg.startsWith("--results="))?.slice("--results=".length) ?? null;

const batchUsMin = 200;
const turns = smoke ? 2 : 11;
const turnMs = smoke ? 1 : 60;

/** One thing measured. */
export interface Case {
  readonly group: string;
  readonly name: string;
  readonly baseline?: boolean;
  /** Operations that one call of `fn` does. Default 1. */
  readonly operations?: number;
  readonly fn: () => unknown;
}

/** What a case came to, in µs an operation. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
  /** p50 by that of the group's baseline; null for the baseline, or where there is none. */
  readonly ratio: number | null;
}

const cases: Case[] = [];

/** Adds a case; {@link runBenches} runs them. */
export function bench(one: Case): void {
  cases.push(one);
}

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;

/** The figure of samples in µs. */
export function figureOf(
  group: string,
  name: string,
  samples: readonly number[],
  ratio: number | null = null,
): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const [min = NaN] = sorted;
  return { group, name, min, p50: at(sorted, 0.5), p99: at(sorted, 0.99), samples: sorted.length, ratio };
}

/** Times one batch; µs an operation. */
async function time(one: Case, batch: number): Promise<number> {
  const started = performance.now();
  for (let left = batch; left > 0; left--) {
    const result = one.fn();
    if (result instanceof Promise) await result;
  }
  return (performance.now() - started) * 1000 / batch / (one.operations ?? 1);
}

async function batchOf(one: Case): Promise<number> {
  for (let batch = 1;; batch *= 4) {
    const us = await time(one, batch) * batch * (one.operations ?? 1);
    if (us >= batchUsMin || batch >= 65_536 || smoke) return batch;
  }
}

async function measureGroup(group: readonly Case[]): Promise<void> {
  const samples = group.map((): number[] => []);
  const batches: number[] = [];
  for (const one of group) batches.push(await batchOf(one));
  for (let turn = 0; turn < turns; turn++) {
    for (const [nth, one] of group.entries()) {
      const until = performance.now() + turnMs;
      do samples[nth]?.push(await time(one, batches[nth] ?? 1)); while (performance.now() < until);
    }
  }
  const base = group.findIndex((one) => one.baseline === true);
  const [first] = group;
  const baseline = base < 0 ? null : figureOf("", "", samples[base] ?? []).p50;
  report(
    first?.group ?? "",
    group.map((one, nth) => {
      const figure = figureOf(one.group, one.name, samples[nth] ?? []);
      return { ...figure, ratio: baseline === null || nth === base ? null : figure.p50 / baseline };
    }),
  );
}

/** A time in µs, in the unit that suits it. */
export function duration(us: number): string {
  if (us < 1) return `${(us * 1000).toFixed(0)} ns`;
  if (us < 1000) return `${us.toFixed(us < 10 ? 2 : 1)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(us < 10_000 ? 2 : 1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

/** Prints a group's figures and keeps them for the targets. */
export function report(group: string, figures: readonly Figure[]): void {
  console.log(`\n${group}`);
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const { name, p50, p99, ratio } of figures) {
    const times = `${duration(p50).padStart(10)}  p99 ${duration(p99).padStart(10)}`;
    const rate = `${Math.round(1e6 / p50).toLocaleString("en-US").padStart(12)}/s`;
    console.log(`  ${name.padEnd(width)} ${times} ${rate}${ratio === null ? "" : `  ${ratio.toFixed(2)} ×`}`);
  }
  if (resultsPath === null) return;
  const lines = figures.map((figure) => `${JSON.stringify(figure)}\n`).join("");
  Deno.writeTextFileSync(resultsPath, lines, { append: true });
}

/** Prints the hash of what a bench computed: equal on every run and machine. */
export function reportHash(what: string, hash: string): void {
  console.log(`\n${what}: ${hash}`);
}

/** Runs the cases added, group by group in the order of their first case. */
export async function runBenches(): Promise<void> {
  const groups = new Map<string, Case[]>();
  for (const one of cases.splice(0)) groups.set(one.group, [...groups.get(one.group) ?? [], one]);
  for (const group of groups.values()) await measureGroup(group);
}

/** Draws numbers from 0 up to 1, the same on every run and machine. */
export function seeded(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
}

/** A temporary folder, removed at the end of the process. */
export function temporary(): string {
  const folder = Deno.makeTempDirSync({ prefix: "engramlt-bench-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return folder;
}
