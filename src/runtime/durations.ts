/**
 * How long agents ran, for people: kept beside the state under a key of this machine's own, never part of it.
 *
 * Invariants:
 * 1. Nothing decides by a duration; a graph without them is the same graph.
 * 2. One number a loaded agent and one in all: what is known of an agent goes when it is unloaded, as its other counts do.
 */
import type { Graph } from "../graph/mod.ts";
import { pack, type Row, unpack } from "./rows.ts";

const key = "local/durations";

interface Stored {
  readonly total: number;
  readonly agents: Readonly<Record<string, number>>;
}

/** Milliseconds run, in all over the life of a folder, and by agent since its load. */
export class Durations {
  readonly #graph: Graph;
  readonly #isLoaded: (agent: string) => boolean;
  /** Whether something ran or went since the row was stored. */
  #isChanged = false;
  #known: { total: number; readonly agents: Map<string, number> } | null = null;

  constructor(graph: Graph, isLoaded: (agent: string) => boolean) {
    this.#graph = graph;
    this.#isLoaded = isLoaded;
  }

  add(agent: string, ms: number): void {
    if (ms === 0) return;
    const known = this.#all();
    known.total += ms;
    known.agents.set(agent, (known.agents.get(agent) ?? 0) + ms);
    this.#isChanged = true;
  }

  /** Forgets an agent that is unloaded; its time stays in the total. */
  forget(agent: string): void {
    if (this.#all().agents.delete(agent)) this.#isChanged = true;
  }

  /** In all, in ms with three decimals. */
  get total(): number {
    return rounded(this.#all().total);
  }

  /** Of one agent, in ms with three decimals. */
  of(agent: string): number {
    return rounded(this.#all().agents.get(agent) ?? 0);
  }

  /** The row to store, or none where nothing changed. */
  rows(): Row[] {
    if (!this.#isChanged) return [];
    const agents = Object.fromEntries([...this.#all().agents.keys()].map((agent) => [agent, this.of(agent)]));
    return [{ key, value: pack({ total: this.total, agents }) }];
  }

  #all() {
    if (this.#known === null) {
      const row = this.#graph.row(key);
      const { total, agents } = row === null ? { total: 0, agents: {} } : unpack(row) as Stored;
      // A host that was killed, or an older build, left agents in it that are gone.
      this.#known = { total, agents: new Map(Object.entries(agents).filter(([id]) => this.#isLoaded(id))) };
    }
    return this.#known;
  }
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
