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
import { type Graph, openGraph, schemaVersion } from "../../graph/mod.ts";
import { advance, EngramError, type Entry, erasureOf, stepKey, type StepRecord } from "../../kernel/mod.ts";
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
} from "../../log/mod.ts";
import { openSandbox, type Sandbox } from "../../sandbox/mod.ts";
import { workerUrl } from "../assets.ts";
import { type Checkpoint, checkpointsOf, damageOf, type Manifest } from "../checkpoint/checkpoint.ts";
import { differingKinds, nameDifference, rowsAt, stateAt } from "../checkpoint/rows.ts";
import { chooseCheckpoint, type PassedOver } from "../checkpoint/use.ts";
import { dataPaths, exists } from "../data_folder.ts";
import { behaviour, entriesFrom, graphSteps, payloadsIn, plainPart } from "../entries.ts";
import { Erasures } from "../erasure/recorded.ts";
import { Images } from "../agents/images.ts";
import { Machine, type TickInput } from "../machine.ts";
import { Modules } from "../agents/modules.ts";
import type { Progress, ReplayReport } from "../port.ts";
import { loadState, type Row, Rows } from "../rows.ts";

/** How to replay. */
export interface ReplayOptions {
  readonly data: string;
  /** The tick of a checkpoint to begin from, or the newest whole one; default: the first entry. */
  readonly from?: number | "latest";
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
function inputOf(entry: Entry): TickInput {
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
  "writtenBytes",
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
  readonly #graph: Graph;
  readonly #sandbox: { current: Sandbox | null } = { current: null };
  readonly #rows = new Rows(-1);

  readonly #erasures: Erasures;
  /** Entries taken as they stand, because something of them is erased. */
  redacted = 0;

  /** `start`: the checkpoint it begins from, or null. */
  constructor(log: Log, disk: Disk, workers: number, start: Checkpoint | null) {
    this.#log = log;
    this.#erasures = new Erasures(log, start === null ? 0 : start.tick + 1);
    this.#graph = openGraph({ path: ":memory:", ...(start === null ? {} : { from: start.path }) });
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
    const state = loadState(this.#graph);
    this.#machine = new Machine(state, { graph: this.#graph, log, modules, sandbox, images });
    for (const { entry } of entriesFrom(log, state.tick + 1)) {
      if (start === null || entry.tick > start.tick) break;
      this.#graph.putRows(this.#fold(entry));
    }
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
    const rows = this.#fold(entry);
    const steps = graphSteps(this.#log, entry);
    this.#graph.commit({ index: entry.tick, hash: logged.hash, tick: entry.tick, steps, rows });
    this.#machine.keepContexts(entry);
    return null;
  }

  /** Folds an entry into the state; the kernel rows by which steps are run again. */
  #fold(entry: Entry): Row[] {
    const done = advance(this.#machine.state, entry);
    for (const record of entry.steps) {
      for (const reader of erasureOf(record)?.readers ?? []) this.#sandbox.current?.drop(reader);
    }
    for (const agent of done.agentsUnloaded) this.#sandbox.current?.drop(agent.id);
    return this.#rows.note(entry, done, this.#machine.state) ? this.#rows.take(this.#machine.state) : [];
  }

  /** The first row that is not as a checkpoint of the last tick has it; null where all are. */
  differsFrom(checkpoint: Checkpoint & { readonly manifest: Manifest }): Difference | null {
    const { graph, state } = { graph: this.#graph, state: this.#machine.state };
    const [kind] = differingKinds(checkpoint.manifest.rows, rowsAt(graph, state));
    if (kind === undefined) return null;
    const kept = openGraph({ path: checkpoint.path, readOnly: true });
    try {
      const there = { graph: kept, state: stateAt(kept, this.#log, checkpoint.tick) };
      const { expected, actual } = nameDifference(kind, there, { graph, state }, checkpoint.tick);
      return {
        tick: checkpoint.tick,
        agent: null,
        what: `rows of the checkpoint: ${kind}`,
        expected,
        actual,
      };
    } finally {
      kept.close();
    }
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

/** The checkpoints that a replay passes, by tick; empty for a log that lies elsewhere. */
class Passed {
  readonly #whole = new Map<number, Checkpoint & { readonly manifest: Manifest }>();
  readonly over: PassedOver[] = [];
  readonly equal: number[] = [];

  constructor(all: readonly Checkpoint[]) {
    for (const { tick, path, manifest, problem } of all) {
      if (problem === null && manifest !== null) this.#whole.set(tick, { tick, path, manifest, problem });
      else this.over.push({ tick, why: problem ?? "it is damaged" });
    }
  }

  /** Compares the rows where a checkpoint was made; the difference, or null. One whose file is damaged is passed over. */
  compare(tick: number, replayer: Replayer): Difference | null {
    const one = this.#whole.get(tick);
    if (one === undefined) return null;
    if (one.manifest.schema < schemaVersion) {
      this.over.push({ tick, why: "its graph is of an older version" });
      return null;
    }
    const why = damageOf(one);
    if (why !== null) {
      this.over.push({ tick, why });
      return null;
    }
    const differs = replayer.differsFrom(one);
    if (differs === null) this.equal.push(tick);
    return differs;
  }
}

/**
 * Replays a data folder, from its first entry or from a checkpoint on. Where it comes by a checkpoint, the rows are
 * compared with it. Refuses `file_not_found` where there is none, `log_corrupt` where it is damaged, and `log_missing`
 * where it ends before what the memory graph holds: a log that lost its end does not verify; `checkpoint_not_found` and
 * `checkpoint_corrupt` where it cannot begin from the one asked for.
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
  try {
    if (log.next === 0) {
      throw new EngramError("log_missing", `Cannot replay ${options.data}: its log holds no entry`);
    }
    const chosen = options.from === undefined ? null : chooseCheckpoint(paths, log, options.from);
    const start = chosen?.checkpoint ?? null;
    const passed = new Passed(checkpointsOf(paths, log).filter(({ tick }) => tick > (start?.tick ?? -1)));
    const replayer = new Replayer(log, disk, workers, start);
    try {
      const told = await runAll(replayer, log, start?.tick ?? -1, passed, options);
      // A damaged one that was passed over for the start is met again on the way.
      const over = [...chosen?.passedOver ?? [], ...passed.over];
      const passedOver = [...new Map(over.map((one) => [one.tick, one])).values()];
      const { equal: checkpoints } = passed, { redacted } = replayer;
      return { workers, redacted, from: start?.tick ?? null, checkpoints, passedOver, ...told };
    } finally {
      replayer.close();
    }
  } finally {
    log.close();
  }
}

/** Runs the entries after a tick; up to the first difference, or all. */
async function runAll(
  replayer: Replayer,
  log: Log,
  after: number,
  passed: Passed,
  { signal, onProgress }: ReplayOptions,
): Promise<Pick<ReplayReport, "ok" | "ticks" | "stateHash" | "steps" | "first">> {
  let ticks = Math.max(0, after), steps = 0;
  let stateHash = after < 0 ? new Uint8Array(32) : log.hashAt(after);
  const total = log.next;
  for (const { entry, logged } of entriesFrom(log, after + 1)) {
    if (entry.tick >= total) break;
    if (signal?.aborted) {
      throw new EngramError("interrupted", `Replay stopped at tick ${entry.tick} of ${total}`);
    }
    const first = replayer.entry(entry, logged) ?? passed.compare(entry.tick, replayer);
    if (first !== null) return { ok: false, ticks, stateHash: toHex(stateHash), steps, first };
    ticks = entry.tick;
    steps += entry.steps.length;
    stateHash = logged.hash;
    if (ticks % 64 !== 0) continue;
    onProgress?.({ done: ticks, total: total - 1, what: "ticks" });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { ok: true, ticks, stateHash: toHex(stateHash), steps };
}
