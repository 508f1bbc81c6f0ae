/** The targets as data: what the requirements and we ourselves ask of a figure. They are printed, and fail nothing. */
import type { Figure } from "./measure.ts";

/** Finds the figures of one run by group and name; a group may be named by its beginning. */
export type Find = (group: string, name: string) => Figure | null;

/** One target. */
export interface Target {
  readonly what: string;
  /** Who asks for it: a document of the requirements, or "ours". */
  readonly by: string;
  readonly unit: "µs" | "/s" | "×";
  /** The bound, and whether it is the most or the least. */
  readonly most?: number;
  readonly least?: number;
  /** The measured value; null where its bench did not run. */
  readonly of: (find: Find) => number | null;
}

const ticks = "ticks of ";
const over = (a: number | undefined, b: number | undefined): number | null =>
  a === undefined || b === undefined ? null : a / b;
const p50 = (group: string, name: string) => (find: Find) => find(group, name)?.p50 ?? null;
const p99 = (group: string, name: string) => (find: Find) => find(group, name)?.p99 ?? null;
const rate = (group: string, name: string) => (find: Find) => over(1e6, find(group, name)?.p50);
const ratio = (group: string, name: string) => (find: Find) => find(group, name)?.ratio ?? null;

/** All targets, for the full sizes. */
export const targets: readonly Target[] = [
  { what: "tick of 50 active agents, p50", by: "RFC", unit: "µs", most: 10_000, of: p50(ticks, "50 agents") },
  { what: "tick of 50 active agents, p50", by: "ours", unit: "µs", most: 1000, of: p50(ticks, "50 agents") },
  { what: "tick of 50 active agents, p99", by: "ours", unit: "µs", most: 3000, of: p99(ticks, "50 agents") },
  { what: "the same with 10,000 loaded", by: "ours", unit: "×", most: 1.1, of: ratio(ticks, "10,000") },
  {
    what: "an agent's step, asked to receipt",
    by: "RFC",
    unit: "µs",
    most: 5000,
    of: p50("one command", "an agent's"),
  },
  {
    what: "an empty step in the sandbox",
    by: "ours",
    unit: "µs",
    most: 100,
    of: p50("steps without host calls", "1 agent"),
  },
  { what: "messages, logged", by: "RFC", unit: "/s", least: 10_000, of: rate("messages", "64 bytes") },
  { what: "messages, logged", by: "ours", unit: "/s", least: 300_000, of: rate("messages", "64 bytes") },
  { what: "host call, alone", by: "RFC", unit: "µs", most: 1000, of: p50("host calls", "of 1 agent") },
  {
    what: "host call, alone, beyond the bare channel",
    by: "ours",
    unit: "µs",
    most: 3,
    of: (find) => {
      const call = find("host calls", "of 1 agent"), bare = find("host calls", "the channel");
      return call === null || bare === null ? null : call.p50 - bare.p50;
    },
  },
  {
    what: "host call, 50 agents waiting",
    by: "ours",
    unit: "µs",
    most: 1.5,
    of: p50("host calls", "of 50 agents, 1 worker"),
  },
  {
    what: "host call, 50 waiting, answered from libSQL",
    by: "ours",
    unit: "µs",
    most: 5,
    of: p50("host calls", "of 50 agents, 1 worker, answered"),
  },
  {
    what: "status from source, beyond a bare Deno",
    by: "ours",
    unit: "µs",
    most: 200_000,
    of: (find) => {
      const status = find("the program", "status"), bare = find("the program", "Deno");
      return status === null || bare === null ? null : status.p50 - bare.p50;
    },
  },
  {
    what: "a write's p99 beside a full-speed reader of events",
    by: "ours",
    unit: "×",
    most: 1.1,
    of: ratio("a durable write, and who reads", "a client reads events"),
  },
  {
    what: "a write's p99 beside full-speed searches",
    by: "ours",
    unit: "×",
    most: 1.1,
    of: ratio("a durable write, and who reads", "a client searches"),
  },
  {
    what: "engramlt mcp, from start to connected",
    by: "ours",
    unit: "µs",
    most: 60_000,
    of: p50("from start to connected, the executable", "engramlt mcp"),
  },
  {
    what: "embedding, time by bare onnxruntime's",
    by: "ours",
    unit: "×",
    most: 1.11,
    of: ratio("embedding short texts", "embed()"),
  },
  {
    what: "recall at 100,000 memories, p50",
    by: "ours",
    unit: "µs",
    most: 10_000,
    of: p50("recall at 100,000", "mixed, with vectors"),
  },
  {
    what: "recall at 100,000 memories, p99",
    by: "ours",
    unit: "µs",
    most: 30_000,
    of: p99("recall at 100,000", "mixed, with vectors"),
  },
  {
    what: "scan of 100,000 vectors",
    by: "ours",
    unit: "×",
    most: 0.2,
    of: ratio("scan of 100,000", "int8, WebAssembly SIMD"),
  },
];

/** A line for each target that was measured. */
export function against(figures: readonly Figure[]): string[] {
  const find: Find = (group, name) => {
    const of = figures.filter((figure) => figure.group.startsWith(group));
    return of.find((figure) => figure.name === name) ?? of.find((figure) => figure.name.startsWith(name)) ??
      null;
  };
  const say = (value: number, unit: Target["unit"]) =>
    `${value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 2 : 0 })} ${unit}`;
  const width = Math.max(...targets.map((target) => target.what.length));
  return targets.flatMap(({ what, by, unit, most, least, of }) => {
    const value = of(find);
    if (value === null) return [];
    const met = (most === undefined || value <= most) && (least === undefined || value >= least);
    const bound = most === undefined ? `≥ ${say(least ?? 0, unit)}` : `≤ ${say(most, unit)}`;
    const line = `${what.padEnd(width)}  ${by.padEnd(4)} ${bound.padStart(14)}  ${
      say(value, unit).padStart(14)
    }`;
    return [`  ${line}  ${met ? "met" : "not met"}`];
  });
}
