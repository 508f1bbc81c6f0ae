/**
 * How long agents ran, for people: kept beside the state under a key of this machine's own, never part of it.
 *
 * Invariant: nothing decides by a duration; a graph without them is the same graph.
 */
import type { Graph } from "../graph/mod.ts";
import { pack, type Row, unpack } from "./rows.ts";

const key = "local/durations";

interface Stored {
  readonly total: number;
  readonly agents: Readonly<Record<string, number>>;
}

/** Milliseconds run, in all and by agent, over the life of a folder. */
export class Durations {
  readonly #graph: Graph;
  #before: Stored | null = null;
  #total = 0;
  readonly #agents = new Map<string, number>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  add(agent: string, ms: number): void {
    if (ms === 0) return;
    this.#total += ms;
    this.#agents.set(agent, (this.#agents.get(agent) ?? 0) + ms);
  }

  /** In all, in ms with three decimals. */
  get total(): number {
    return rounded(this.#stored().total + this.#total);
  }

  /** Of one agent, in ms with three decimals. */
  of(agent: string): number {
    return rounded((this.#stored().agents[agent] ?? 0) + (this.#agents.get(agent) ?? 0));
  }

  /** The row to store, or none where nothing ran. */
  rows(): Row[] {
    if (this.#total === 0) return [];
    const agents = { ...this.#stored().agents };
    for (const agent of this.#agents.keys()) agents[agent] = this.of(agent);
    return [{ key, value: pack({ total: this.total, agents }) }];
  }

  #stored(): Stored {
    if (this.#before === null) {
      const row = this.#graph.row(key);
      this.#before = row === null ? { total: 0, agents: {} } : unpack(row) as Stored;
    }
    return this.#before;
  }
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
