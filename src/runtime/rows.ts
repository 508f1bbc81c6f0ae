/**
 * Kernel rows: the state kept beside the graph, so that opening folds only the last entries of the log.
 *
 * Invariants:
 * 1. State at tick T = the rows (as of the tick they were stored) + advance() over the entries after it.
 * 2. Rows are a cache of the log: with none of them, folding from the first entry gives the same state.
 */
import type { Graph } from "../graph/mod.ts";
import {
  type Advance,
  type AgentState,
  assert,
  bytesIn,
  emptyState,
  type Entry,
  type Message,
  Payload,
  type State,
  type Step,
  type WorkflowRun,
} from "../kernel/mod.ts";
import type { RunStep } from "../kernel/mod.ts";

/** A stored row. */
export interface Row {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** Kernel rows of erasures whose entry is durable and whose work is not done yet; no part of the state. */
export const erasingPrefix = "local/erasing/";
/** The kernel row that names the last erasure carried out; no part of the state. Who reads the log opens it again. */
export const erasedKey = "local/erased";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const payloadKey = "$payload";
/** A key that reads like the mark of a payload, in JSON that others gave: it is kept with one "$" more. */
const markLike = /^\$+payload$/;

const base64 = (bytes: Uint8Array | null): string | null => bytes === null ? null : bytes.toBase64();
const unbase64 = (text: unknown): Uint8Array | null =>
  typeof text === "string" ? Uint8Array.fromBase64(text) : null;

/** JSON with payloads in it. */
export function pack(value: unknown): Uint8Array {
  return encoder.encode(
    JSON.stringify(
      value,
      (_key, one: unknown) =>
        one instanceof Payload
          ? { [payloadKey]: [base64(one.bytes), base64(one.salt), base64(one.digest)] }
          : renamed(one, (key) => `$${key}`),
    ),
  );
}

/** A JSON object with its keys that read like marks renamed; anything else as it is. */
function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (!Object.keys(value).some((key) => markLike.test(key))) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [markLike.test(key) ? rename(key) : key, one]),
  );
}

/** The inverse of {@link pack}. */
export function unpack(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes), (_key, one: unknown) => {
    if (typeof one !== "object" || one === null) return one;
    if (!(payloadKey in one)) return renamed(one, (key) => key.slice(1));
    const parts = one[payloadKey];
    return Array.isArray(parts)
      ? new Payload(unbase64(parts[0]), unbase64(parts[1]), unbase64(parts[2]))
      : one;
  });
}

/** A workflow run in a row. */
type StoredRun = Omit<WorkflowRun, "steps" | "carried"> & { steps: [string, RunStep][]; carried: string[] };

/** What the row `state` holds: everything but agents. */
interface StoredState {
  readonly tick: number;
  readonly time: number;
  readonly folder: string;
  readonly config: State["config"];
  readonly functionCalls: number;
  readonly carried: readonly Step[];
  readonly mail: readonly (readonly [string, Message[]])[];
  readonly runs: readonly StoredRun[];
}

/** An agent as its history row keeps it: every time it was loaded, for reading the log of old ticks. */
export interface AgentHistory {
  readonly agent: AgentState;
  readonly unloadedTick: number | null;
}

/** A tick as a part of a row's key: keys sort as their ticks do. */
export const tickInKey = (tick: number): string => String(tick).padStart(12, "0");

const historyKey = (id: string, loadedTick: number) => `was/${id}/${tickInKey(loadedTick)}`;

/** Collects what changed since the rows were stored. */
export class Rows {
  #agents = new Set<string>();
  /** Packed as they were when put: an agent goes on counting. */
  #more = new Map<string, Uint8Array>();
  #moreBytes = 0;
  #storedTick: number;

  constructor(storedTick: number) {
    this.#storedTick = storedTick;
  }

  /** The tick whose state the stored rows hold. */
  get storedTick(): number {
    return this.#storedTick;
  }

  touch(agent: string): void {
    this.#agents.add(agent);
  }

  loaded(agent: AgentState): void {
    this.#agents.add(agent.id);
    this.put(`home/${agent.id}`, agent.context);
    this.put(historyKey(agent.id, agent.loadedTick), { agent, unloadedTick: null });
  }

  unloaded(agent: AgentState, tick: number): void {
    this.#agents.add(agent.id);
    this.put(historyKey(agent.id, agent.loadedTick), { agent, unloadedTick: tick });
  }

  /** Notes what an entry did to agents and configuration; whether it did: by these rows steps are run again. */
  note(entry: Entry, done: Advance, state: State): boolean {
    for (const agent of done.agentsLoaded) this.loaded(agent);
    for (const agent of done.agentsUnloaded) this.unloaded(agent, entry.tick);
    const isConfigured = entry.genesis !== null ||
      entry.commands.some(({ command }) => command.ask.kind === "configure");
    if (isConfigured) this.put(`config/${tickInKey(entry.tick)}`, state.config);
    return isConfigured || done.agentsLoaded.length + done.agentsUnloaded.length > 0;
  }

  /** What waits to be stored under a key, or null. */
  peek(key: string): unknown {
    const waiting = this.#more.get(key);
    return waiting === undefined ? null : unpack(waiting);
  }

  /** Bytes that wait to be stored: of receipts most of all. */
  get waitingBytes(): number {
    return this.#moreBytes;
  }

  /** Stores anything else under a key of its own. */
  put(key: string, value: unknown): void {
    const packed = pack(value);
    this.#moreBytes += packed.length - (this.#more.get(key)?.length ?? 0);
    this.#more.set(key, packed);
  }

  /** The rows that bring the store to `state`, which becomes the stored one. */
  take(state: State): Row[] {
    const { tick, time, folder, config, functionCalls, carried } = state;
    const runs = [...state.runs.values()].map((run) => ({
      ...run,
      steps: [...run.steps],
      carried: [...run.carried],
    }));
    const stored: StoredState = {
      tick,
      time,
      folder,
      config,
      functionCalls,
      carried,
      mail: [...state.mail],
      runs,
    };
    const rows: Row[] = [{ key: "state", value: pack(stored) }];
    for (const id of this.#agents) {
      const agent = state.agents.get(id);
      rows.push({ key: `agent/${id}`, value: agent === undefined ? null : pack(agent) });
    }
    for (const [key, value] of this.#more) rows.push({ key, value });
    this.#agents = new Set();
    this.#more = new Map();
    this.#moreBytes = 0;
    this.#storedTick = tick;
    return rows;
  }
}

/** The state the rows hold; the empty one where there are none. */
export function loadState(graph: Graph): State {
  const row = graph.row("state");
  if (row === null) return emptyState();
  const stored = unpack(row) as StoredState;
  const agents = graph.rows("agent/").map(({ value }) => unpack(value) as AgentState);
  agents.sort((a, b) => a.loadedTick - b.loadedTick || a.loadedSeat - b.loadedSeat);
  const homes = graph.rows("home/").map(({ key, value }) =>
    [key.slice("home/".length), String(unpack(value))] as const
  );
  const mail = stored.mail.map(([id, messages]): [string, Message[]] => [id, [...messages]]);
  const runs = stored.runs.map((run): [string, WorkflowRun] => [
    run.id,
    { ...run, steps: new Map(run.steps), carried: new Set(run.carried) },
  ]);
  assert(stored.tick <= graph.applied.tick, "the kernel rows are newer than the graph");
  return {
    ...stored,
    agents: new Map(agents.map((agent) => [agent.id, agent])),
    mail: new Map(mail),
    mailBytes: new Map(mail.map(([id, messages]) => [id, bytesIn(messages)])),
    runs: new Map(runs),
    homes: new Map(homes),
  };
}

function historyOf(graph: Graph, id: string): AgentHistory[] {
  return graph.rows(`was/${id}/`).map(({ value }) => unpack(value) as AgentHistory);
}

/** The agent of an id as it ran in a tick, the one of its load or unload included; or null. */
export function agentAt(graph: Graph, id: string, tick: number): AgentHistory | null {
  return historyOf(graph, id).findLast((one) =>
    one.agent.loadedTick <= tick && (one.unloadedTick === null || one.unloadedTick >= tick)
  ) ?? null;
}

/** The agent of an id as it stood loaded after a tick, or null. */
export function agentAfter(graph: Graph, id: string, tick: number): AgentState | null {
  return historyOf(graph, id).findLast((one) =>
    one.agent.readyTick <= tick && (one.unloadedTick === null || one.unloadedTick > tick)
  )?.agent ?? null;
}
