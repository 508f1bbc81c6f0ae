/**
 * Replay (the reading called verify): every step of the log runs again from the recorded inputs, into a fresh state,
 * and every tick is compared: writes, outcomes, fuel, hash. No model, no network, no other data.
 *
 * Invariants:
 * 1. The folder is only read: the fresh graph is in memory.
 * 2. The first difference is named, and nothing after it is believed.
 * 3. An entry of which something was erased, or in which an agent ran that may have read it, is taken as it stands and
 *    counted as redacted; its body's hash still has to continue the chain.
 * 4. The number of workers may not matter: it is given so that it can be shown not to.
 */
import { openGraph } from "../graph/mod.ts";
import {
  advance,
  emptyState,
  EngramError,
  type Entry,
  erasureOf,
  stepKey,
  type StepRecord,
} from "../kernel/mod.ts";
import {
  type Disk,
  encodeEntry,
  type Log,
  type LogEntry,
  openBlobs,
  openLog,
  realDisk,
  sameBytes,
  sha256Hex,
  toHex,
} from "../log/mod.ts";
import { openSandbox, type Sandbox } from "../sandbox/mod.ts";
import { workerUrl } from "./assets.ts";
import { dataPaths, exists } from "./data_folder.ts";
import { behaviour, entriesFrom, graphSteps, payloadsIn, plainPart } from "./entries.ts";
import { Erasures } from "./erasure.ts";
import { Images } from "./images.ts";
import { Machine, type TickInput } from "./machine.ts";
import { Modules } from "./modules.ts";
import type { Progress, ReplayReport } from "./port.ts";
import { Rows } from "./rows.ts";

/** How to replay. */
export interface ReplayOptions {
  readonly data: string;
  /** Default 2. */
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Holds log and blobs instead of the data folder: for simulation. */
  readonly disk?: Disk;
}

/** A difference, as the report names it. */
type Difference = NonNullable<ReplayReport["first"]>;

/** What an entry gives a tick as input. */
export function inputOf(entry: Entry): TickInput {
  return {
    time: entry.time,
    commands: entry.commands.map((one) => one.command),
    genesis: entry.genesis,
    replayed: {
      seats: entry.commands.map((one) => one.seat),
      seatBase: entry.seatBase,
      starts: new Set(
        entry.steps.filter((record) => record.tick === entry.tick && record.cause !== null)
          .map((record) => record.agent ?? ""),
      ),
      records: new Map(entry.steps.map((record) => [stepKey(record), record])),
    },
  };
}

const recordParts = [
  "agent",
  "entry",
  "outcome",
  "reason",
  "fuel",
  "result",
  "writes",
  "messages",
  "reads",
  "recorded",
  "logs",
  "calls",
  "memoryOperations",
  "pages",
  "image",
  "cause",
] as const satisfies readonly (keyof StepRecord)[];

/** The first difference between two entries of one tick. */
function difference(expected: Entry, actual: Entry | null): Difference {
  const tick = expected.tick;
  if (actual === null) {
    return { tick, agent: null, what: "entry", expected: "an entry", actual: "nothing to log" };
  }
  const count = Math.max(expected.steps.length, actual.steps.length);
  for (let at = 0; at < count; at++) {
    const want = expected.steps[at], got = actual.steps[at];
    const agent = want?.agent ?? got?.agent ?? null;
    if (want === undefined || got === undefined || stepKey(want) !== stepKey(got)) {
      const name = (record: StepRecord | undefined) =>
        record === undefined ? "no step" : `step ${stepKey(record)} of ${record.agent ?? "the owner"}`;
      return { tick, agent, what: "schedule", expected: name(want), actual: name(got) };
    }
    for (const part of recordParts) {
      const a = plainPart(want[part]), b = plainPart(got[part]);
      if (JSON.stringify(a) !== JSON.stringify(b)) return { tick, agent, what: part, expected: a, actual: b };
    }
  }
  return {
    tick,
    agent: null,
    what: "entry",
    expected: plainPart({ ...expected, steps: [] }),
    actual: plainPart({ ...actual, steps: [] }),
  };
}

/** A folder replayed into a graph in memory. */
class Replayer {
  readonly #log: Log;
  readonly #machine: Machine;
  readonly #graph = openGraph({ path: ":memory:" });
  readonly #sandbox: { current: Sandbox | null } = { current: null };
  readonly #rows = new Rows(-1);

  readonly #erasures: Erasures;
  /** Entries taken as they stand, because something of them is erased. */
  redacted = 0;

  constructor(log: Log, disk: Disk, workers: number) {
    this.#log = log;
    this.#erasures = new Erasures(log);
    const blobs = openBlobs(disk);
    const modules = new Modules(blobs);
    const putNothing = (all: readonly Uint8Array[]) => all.map(sha256Hex);
    const images = new Images(
      this.#graph,
      log,
      { ...blobs, putAll: putNothing, putSoon: putNothing },
      modules,
    );
    const held = this.#sandbox;
    const sandbox = () => held.current ??= openSandbox({ workers, workerUrl: workerUrl("sandbox") });
    this.#machine = new Machine(emptyState(), { graph: this.#graph, log, modules, sandbox, images });
  }

  /** Runs one entry again; its difference, or null. */
  entry(entry: Entry, logged: LogEntry): Difference | null {
    if (entry.behaviour !== behaviour) {
      throw new EngramError(
        "cannot_verify",
        `Cannot verify tick ${entry.tick}: it has behaviour ${entry.behaviour}, this build runs ${behaviour}`,
      );
    }
    if (entry.genesis !== null) this.#machine.state.config = entry.genesis.config;
    // The command of a step that was carried over stands in an earlier entry.
    const isErased = this.#machine.state.carried.some(({ command }) =>
      payloadsIn(command?.ask).some(({ erased }) => erased)
    );
    if (isErased || this.#erasures.redacted(entry, logged)) {
      this.redacted++;
      for (const { agent } of entry.steps) if (agent !== null) this.#sandbox.current?.drop(agent);
    } else {
      const { entry: made } = this.#machine.run(inputOf(entry));
      if (made === null || !this.#same(made, logged)) return difference(entry, made);
    }
    const done = advance(this.#machine.state, entry);
    for (const record of entry.steps) {
      for (const reader of erasureOf(record)?.readers ?? []) this.#sandbox.current?.drop(reader);
    }
    for (const agent of done.agentsLoaded) this.#rows.loaded(agent);
    for (const agent of done.agentsUnloaded) {
      this.#rows.unloaded(agent, entry.tick);
      this.#sandbox.current?.drop(agent.id);
    }
    const configured = entry.genesis !== null ||
      entry.commands.some(({ command }) => command.ask.kind === "configure");
    if (configured) {
      this.#rows.put(`config/${String(entry.tick).padStart(12, "0")}`, this.#machine.state.config);
    }
    const keep = done.agentsLoaded.length + done.agentsUnloaded.length > 0 || configured;
    const rows = keep ? this.#rows.take(this.#machine.state) : [];
    const steps = graphSteps(this.#log, entry);
    this.#graph.commit({ index: entry.tick, hash: logged.hash, tick: entry.tick, steps, rows });
    this.#machine.keepContexts(entry);
    return null;
  }

  close(): void {
    this.#sandbox.current?.close();
    this.#graph.close();
  }

  /** Whether the entry made again is the one logged, byte for byte, under the salts of the log. */
  #same(made: Entry, logged: LogEntry): boolean {
    const zeros = new Uint8Array(16);
    const again = encodeEntry(made, (index) => logged.payloads[index]?.salt ?? zeros);
    return sameBytes(again.bodyBytes, logged.bodyBytes);
  }
}

/** The entry that the memory graph beside a log holds last: the log must have it. Null where no graph can be read. */
function appliedIn(path: string): number | null {
  if (!exists(path)) return null;
  try {
    const graph = openGraph({ path, readOnly: true });
    const { index } = graph.applied;
    graph.close();
    return index < 0 ? null : index;
  } catch {
    return null; // the graph is rebuilt from the log: what is wrong with it is for opening to tell
  }
}

/**
 * Replays a data folder. Refuses `file_not_found` where there is none, `log_corrupt` where it is damaged, and
 * `log_missing` where it ends before what the memory graph holds: a log that lost its end does not verify.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const paths = dataPaths(options.data);
  if (options.disk === undefined && !exists(paths.log)) {
    throw new EngramError("file_not_found", `Cannot replay ${options.data}: there is no log`);
  }
  const workers = options.workers ?? 2;
  const disk = options.disk ?? realDisk(options.data);
  const appliedIndex = options.disk === undefined ? appliedIn(paths.graph) : null;
  const log = openLog(disk, { readOnly: true, appliedIndex });
  if (log.next === 0) {
    log.close();
    throw new EngramError("log_missing", `Cannot replay ${options.data}: its log holds no entry`);
  }
  const replayer = new Replayer(log, disk, workers);
  let ticks = 0, steps = 0;
  let stateHash: Uint8Array = new Uint8Array(32);
  try {
    const total = log.next;
    for (const { entry, logged } of entriesFrom(log, 0)) {
      if (entry.tick >= total) break;
      if (options.signal?.aborted) {
        throw new EngramError("interrupted", `Replay stopped at tick ${entry.tick} of ${total}`);
      }
      const first = replayer.entry(entry, logged);
      if (first !== null) {
        return {
          ok: false,
          ticks,
          stateHash: toHex(stateHash),
          steps,
          workers,
          redacted: replayer.redacted,
          first,
        };
      }
      ticks = entry.tick;
      steps += entry.steps.length;
      stateHash = logged.hash;
      if (ticks % 64 !== 0) continue;
      options.onProgress?.({ done: ticks, total: total - 1, what: "ticks" });
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return { ok: true, ticks, stateHash: toHex(stateHash), steps, workers, redacted: replayer.redacted };
  } finally {
    replayer.close();
    log.close();
  }
}
