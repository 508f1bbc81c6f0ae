/**
 * What a checkpoint says of the rows at its tick, and how rows are compared with it.
 *
 * Invariant: equal entries give equal hashes, whether a host, a recovery or a replay made the rows: the graph's own by
 * src/graph/file/row_hashes.ts, the kernel's as the state they and the entries after them come to.
 */
import { type Graph, type RowHashes, rowKinds } from "../../graph/mod.ts";
import { advance, type State } from "../../kernel/mod.ts";
import { type Log, sha256Hex } from "../../log/mod.ts";
import { entriesFrom, plainPart } from "../entries.ts";
import { loadState } from "../rows.ts";

/** Hashes of the rows at a tick: of the graph by kind, and of the kernel's state. */
export type CheckpointRows = RowHashes & { readonly state: { readonly rows: 1; readonly hash: string } };

/** Kinds of rows that are compared. */
export const comparedKinds = [...rowKinds, "state"] as const;

/** The first row that is not as a checkpoint has it. */
export interface RowsDiffer {
  readonly kind: typeof comparedKinds[number];
  /** The checkpoint's row, or of the state its first part that differs; null where it has none there. */
  readonly expected: unknown;
  readonly actual: unknown;
}

const encoder = new TextEncoder();
const hashOf = (value: unknown): string => sha256Hex(encoder.encode(JSON.stringify(value)));

/** Entries of a map by key, whatever order they came in. */
const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].sort(([a], [b]) => a < b ? -1 : 1);

/** The kernel's state as JSON whose parts stand in one order. */
function plainState(state: State): Record<string, unknown> {
  const runs = sorted(state.runs).map(([id, run]) => [id, {
    ...run,
    steps: sorted(run.steps),
    carried: [...run.carried].sort(),
  }]);
  const parts = {
    ...state,
    agents: sorted(state.agents),
    mail: sorted(state.mail),
    homes: sorted(state.homes),
    runs,
  };
  return plainPart(parts) as Record<string, unknown>;
}

/** The kernel's state at a tick, from a graph of that tick and the log. */
export function stateAt(graph: Graph, log: Log, tick: number): State {
  const state = loadState(graph);
  for (const { entry } of entriesFrom(log, state.tick + 1)) {
    if (entry.tick > tick) break;
    advance(state, entry);
  }
  return state;
}

/** Hashes of a graph that stands at a tick, and of the kernel's state there. Reads every row. */
export function rowsAt(graph: Graph, state: State): CheckpointRows {
  return { ...graph.rowHashes(), state: { rows: 1, hash: hashOf(plainState(state)) } };
}

/** One hash of all of them. */
export function hashOfRows(rows: CheckpointRows): string {
  return hashOf(comparedKinds.map((kind) => [kind, rows[kind].rows, rows[kind].hash]));
}

/** The kinds that two do not have in common. */
export function differingKinds(one: CheckpointRows, other: CheckpointRows): RowsDiffer["kind"][] {
  return comparedKinds.filter((kind) => one[kind].hash !== other[kind].hash);
}

/** A graph with the kernel's state, as of a tick. */
export interface Standing {
  readonly graph: Graph;
  readonly state: State;
}

/** Names the first row of a kind in which two differ. */
export function nameDifference(
  kind: RowsDiffer["kind"],
  expected: Standing,
  actual: Standing,
  tick: number,
): RowsDiffer {
  if (kind !== "state") {
    const found = expected.graph.rowDifference(actual.graph, kind, tick);
    return { kind, expected: found?.expected ?? null, actual: found?.actual ?? null };
  }
  const one = plainState(expected.state), other = plainState(actual.state);
  const part = Object.keys(one).find((key) => JSON.stringify(one[key]) !== JSON.stringify(other[key])) ?? "";
  return { kind, expected: { [part]: one[part] }, actual: { [part]: other[part] } };
}
