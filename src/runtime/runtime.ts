/**
 * openRuntime(): one data folder, open in this thread. The tick is one readable function, `#tick`.
 *
 * Owns: time, remembered receipts, recovery at opening, parking at closing. The only writer of log and graph.
 * Does not own: what a tick means (kernel), running guests (sandbox), doors (api, cli), the inbox and who is to be told
 * (waiting.ts).
 *
 * Invariants:
 * 1. Nobody hears of a command before its entry is durable; a crash before that leaves nothing of it.
 * 2. The log is synced before the graph commits: the graph may be behind it, never ahead.
 * 3. Where the next tick begins at once and nobody waits for this one, its entry is encoded and logged while the guests
 *    of the next one run, synced and its rows written while those of a later one do. Whoever is told something of a tick,
 *    or reads, finds it durable, and its rows.
 * 4. The one place where asynchrony enters is `#turn`, between ticks; a tick itself is synchronous.
 */
import { type Graph, type GraphEntry, openGraph } from "../graph/mod.ts";
import {
  advance,
  type AgentState,
  type Ask,
  assert,
  type Command,
  type Config,
  defaultConfig,
  EngramError,
  type Entry,
  erasureOf,
  hasWork,
  loggedWorkflow,
  type Plan,
  plan,
  sendsMessages,
  type State,
  stepKey,
} from "../kernel/mod.ts";
import {
  type Blobs,
  type Disk,
  encodeEntry,
  openBlobs,
  type OpenLog,
  openLog,
  realDisk,
  sameBytes,
} from "../log/mod.ts";
import { type Redactions, redactText } from "../input/redact.ts";
import { openSandbox, type Sandbox, type SandboxOptions } from "../sandbox/mod.ts";
import { defaultStackDepthMax } from "../wasm/mod.ts";
import { checkCommand, checkRequest } from "./admission.ts";
import { workerUrl } from "./assets.ts";
import { type CheckpointMade, makeCheckpoint, sweepCheckpoints } from "./checkpoint/checkpoint.ts";
import { type Restored, restoreGraph } from "./checkpoint/use.ts";
import { type DataPaths, dataPaths, exists, lockFolder } from "./data_folder.ts";
import { entriesFrom, entryOf, graphSteps, inLogOrder, readEntry, samePart } from "./entries.ts";
import { Durations } from "./durations.ts";
import { type Env, liveEnv, seededEnv } from "./env.ts";
import { notErasedYet, OpenErasures } from "./erasure/open.ts";
import { Images } from "./agents/images.ts";
import { KeptImages, type Moment } from "./agents/kept_images.ts";
import { loadFacts, loadReader, needsReader } from "./agents/loads.ts";
import { Machine, type TickOutput } from "./machine.ts";
import { MemoryViews } from "./views/in_memory.ts";
import { type Gauges, Metrics } from "./metrics.ts";
import { initialProfile, Modules } from "./agents/modules.ts";
import { ModelDesk, type TextAnswer, type TextSource, type WantedText } from "./models/desk.ts";
import type { Port, RuntimeEvent, StatusView, View, ViewResults } from "./port.ts";
import { roomBytes } from "./room.ts";
import { idleReceipt, type Receipt, receiptOf, runReceipt, unchangedReceipt } from "./receipts.ts";
import { type LoadFacts, type Request, toAsk } from "./requests.ts";
import { beginSession, sessionOf, type SessionStart } from "./sessions.ts";
import { loadState, Rows, tickInKey, unpack } from "./rows.ts";
import { type LiveFacts, statusOf } from "./views/status.ts";
import { logView, Views } from "./views/views.ts";
import { type Waiting, WaitingRoom } from "./waiting.ts";

/** How to open a runtime. */
export interface RuntimeOptions {
  /** The data folder; made if it is not there. */
  readonly data: string;
  /** Agent workers. Default 2; never changes a result. */
  readonly workers?: number;
  /** A seeded environment: for tests, simulation, the canonical bench. */
  readonly seed?: number | null;
  /** How long to wait for another owner of the folder, in ms. Default 5,000. */
  readonly lockWaitMsMax?: number;
  /**
   * When messages and workflows go on that wait in the log: `now`, as a host's do; `with_any` command, the default; or
   * `with_agents`: with a command that may send messages, and when {@link Port.idle} is asked. Else they wait on.
   */
  readonly resume?: "now" | "with_any" | "with_agents";
  /** Commands waiting at most. Default 10,000. */
  readonly inboxMax?: number;
  /** Bytes of their texts, params and vectors at most. Default 256 MiB. */
  readonly inboxBytesMax?: number;
  /**
   * ms without a step after which {@link Runtime.rest} lets an agent's instance go; never changes a result. Default
   * 300,000; under a seed never.
   */
  readonly idleInstanceMs?: number;
  /** Parts with faults in them, for simulation; only in this thread. */
  readonly simulated?: SimulatedParts;
}

/** Parts a simulation puts in the place of the real ones. */
export interface SimulatedParts {
  /** Holds log and blobs instead of the data folder. */
  readonly disk?: Disk;
  readonly openSandbox?: (options: SandboxOptions) => Sandbox;
  /** What a clock says when a tick begins, given what it would have said: ms since 1970. */
  readonly now?: (now: number) => number;
}

/** A runtime in this thread. Agents have a model where somebody serves their texts (models/embedding.ts). */
export interface Runtime extends Port, TextSource {
  readonly where: "here";
  /** Resolves with the reason if a fault or a fatal refusal stops the engine; never otherwise. */
  readonly stopped: Promise<EngramError>;
  /** Live facts, without waiting. */
  status(): StatusView;
  /**
   * Work for an idle moment: what a full disk stopped, images that need not stay, index merges, checkpoints of the
   * graph's WAL. Gives whether more is left.
   */
  maintain(): boolean;
  /** Makes a checkpoint of the last tick, here and now: see checkpoint.ts, whose refusals it has. */
  checkpoint(): CheckpointMade;
  /**
   * Gives the memory of agents back that had no step for long: their images are stored, their instances go, and threads
   * that hold none end. Gives the ms after which there may be more to do, or null where no agent is held.
   */
  rest(): number | null;
}

/** What a command that gave an id came to. */
interface Remembered {
  readonly tick: number;
  /** The tick whose entry holds the command; rows of an older build have none. */
  readonly took?: number;
  readonly receipt: Receipt | null;
  readonly error: unknown;
}

/** Ticks after which idle() gives up waiting for agents that never stop talking to each other. */
const idleTicksMax = 10_000;
/** Commands whose ids are remembered, at least. */
const commandIdsMax = 10_000;
/** ms without a step after which an agent is idle, and how many are let go at once. */
const idleInstanceMsDefault = 300_000, restingAgentsMax = 64;
/** Turns of the event loop left out between ticks while a sync goes on: it says that it is done every 31st (measured). */
const pausesMax = 8;
/** Ticks whose rows are written together, where nobody waits for them. */
const deferredTicks = 4;
/** Bytes without which the graph's journals can't be made. */
const journalBytesMin = 64 * 1024;
/** Ticks between two storings of the kernel rows, and bytes that wait for one. */
const rowTicksMax = 256, rowBytesMax = 16 * 1024 * 1024;

/** Opens a data folder, recovers it, and returns its runtime. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const paths = dataPaths(options.data);
  const lock = await takeLock(paths, options.lockWaitMsMax ?? 5000);
  try {
    return new LocalRuntime(paths, lock, options);
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function takeLock(paths: DataPaths, waitMsMax: number): Promise<Deno.FsFile> {
  const pauseMs = 25;
  for (let waited = 0;; waited += pauseMs) {
    const lock = lockFolder(paths);
    if (lock !== null) return lock;
    if (waited >= waitMsMax) {
      throw new EngramError(
        "data_folder_in_use",
        `Cannot open data folder ${paths.root}: another process owns it`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** A receipt says what was taken out of the texts before they were stored; without any it is the receipt as it is. */
function tellingWhatWent(
  redactions: Redactions,
  resolve: (receipt: Receipt) => void,
): (receipt: Receipt) => void {
  if (redactions.size === 0) return resolve;
  return (receipt) => resolve({ ...receipt, redacted: Object.fromEntries(redactions) });
}

function commandIdReused(commandId: string): EngramError {
  const id = JSON.stringify(commandId);
  return new EngramError("command_id_reused", `Cannot take the command: ${id} is the id of another one`);
}

function isDiskFull(error: unknown): error is EngramError {
  return error instanceof EngramError && error.code === "disk_full";
}

/** An entry that is not in the log yet, and its chain hash from then on. */
interface Unlogged {
  readonly entry: Entry;
  hash: Uint8Array | null;
}

/** Tells someone who waits: the receipt, or what is said in its place. */
type Answer = (instead: EngramError | null, checkpointsGone: readonly number[]) => void;

/** Log, graph and blobs of a folder, checked against each other. */
export interface Stores {
  readonly log: OpenLog;
  readonly graph: Graph;
  readonly blobs: Blobs;
}

/** The graph's file, opened. Where its journals can't be made, the driver does not say that it is for want of room. */
function openGraphFile(paths: DataPaths): Graph {
  try {
    return openGraph({ path: paths.graph });
  } catch (error) {
    const isFull = error instanceof EngramError && error.code === "io_failed" &&
      roomBytes(paths.root) < journalBytesMin;
    throw isFull
      ? new EngramError("disk_full", `Cannot open the graph "${paths.graph}": the disk is full`)
      : error;
  }
}

function openStores(paths: DataPaths, disk: Disk): Stores & { readonly restored: Restored | null } {
  sweepCheckpoints(paths);
  const restored = exists(paths.graph) ? null : restoreGraph(paths, disk);
  const graph = openGraphFile(paths);
  try {
    const applied = graph.applied;
    const log = openLog(disk, { appliedIndex: applied.index < 0 ? null : applied.index });
    if (!sameBytes(log.hashAt(applied.index), applied.hash)) {
      const message =
        `Cannot open data folder ${paths.root}: its memory graph at tick ${applied.index} is not the log's`;
      throw new EngramError("graph_corrupt", message, { index: applied.index });
    }
    return { log, graph, blobs: openBlobs(disk), restored };
  } catch (error) {
    graph.close();
    throw error;
  }
}

class LocalRuntime implements Runtime {
  readonly where = "here" as const;
  readonly #paths: DataPaths;
  readonly #lock: Deno.FsFile;
  readonly #options: RuntimeOptions;
  readonly #env: Env;
  readonly #log: OpenLog;
  readonly #graph: Graph;
  readonly #modules: Modules;
  readonly #images: Images;
  /** Null while the log is recovered: what that finds is looked for in the log. */
  #kept: KeptImages | null = null;
  readonly #machine: Machine;
  readonly #desk = new ModelDesk(() => this.#schedule());
  readonly #rows: Rows;
  readonly #views: Views;
  #sandbox: Sandbox | null = null;
  /** A moment at least `idleInstanceMs` after the one before, and the runs of this sandbox up to both. */
  #restMark: {
    readonly sandbox: Sandbox;
    readonly ms: number;
    readonly runs: number;
    readonly idleRuns: number;
  } | null = null;
  readonly #waiting: WaitingRoom;
  /** The reader of manifests, once one was needed. From then on commands and idle() pass behind it, in their order. */
  #reader: Promise<void> | null = null;
  #turning = false;
  #closed: EngramError | null = null;
  #closing: Promise<void> | null = null;
  /** Whether messages and workflows go on that wait in the log. */
  #goesOn: boolean;
  /** Work is left that a full disk stopped; the next command, or upkeep, tries again. */
  #paused = false;
  /** Command ids since the last look; the first upkeep looks, whatever was remembered before. */
  #commandIds = commandIdsMax;
  #stop: (reason: EngramError) => void = () => {};
  readonly stopped: Promise<EngramError>;
  readonly #blobs: Blobs;
  readonly #disk: Disk;
  /** While the disk is full: what views are answered from. */
  #memory: MemoryViews | null = null;
  readonly #erasures: OpenErasures;
  /**
   * Entries the log has and the graph has not committed: their rows wait for those of later ticks, or for room on a
   * full disk. May still hold what a read made the graph commit.
   */
  readonly #behind: GraphEntry[] = [];
  /** The last entry, where the log does not have it yet; the graph has deferred its rows. */
  #unlogged: Unlogged | null = null;
  /** A full disk refused an entry that others already follow from: no tick runs before the log has it. */
  #isRefused = false;
  #idle: { before: number; resolve: () => void }[] = [];
  #listeners = new Set<() => void>();
  readonly #durations: Durations;
  readonly #metrics: Metrics;
  readonly #restored: Restored | null;

  constructor(paths: DataPaths, lock: Deno.FsFile, options: RuntimeOptions) {
    this.stopped = new Promise((resolve) => this.#stop = resolve);
    this.#paths = paths;
    this.#lock = lock;
    this.#options = options;
    this.#waiting = new WaitingRoom(options);
    this.#goesOn = options.resume !== "with_agents";
    this.#env = options.seed === undefined || options.seed === null ? liveEnv() : seededEnv(options.seed);
    const { clock, stopwatch } = this.#env;
    this.#metrics = new Metrics(clock());
    this.#disk = options.simulated?.disk ?? realDisk(paths.root);
    const { log, graph, blobs, restored } = openStores(paths, this.#disk);
    this.#restored = restored;
    this.#log = log;
    this.#graph = graph;
    this.#blobs = blobs;
    this.#erasures = new OpenErasures({ graph, log, blobs, paths });
    this.#durations = new Durations(graph, (agent) => this.#state.agents.has(agent));
    try {
      this.#modules = new Modules(blobs, { stopwatch, onPrepared: (ms) => this.#metrics.prepared(ms) });
      this.#images = new Images(graph, log, blobs, this.#modules);
      const state = loadState(graph);
      this.#rows = new Rows(state.tick);
      const parts = {
        graph,
        log,
        modules: this.#modules,
        sandbox: () => this.#openSandbox(),
        images: this.#images,
        desk: this.#desk,
      };
      this.#machine = new Machine(state, parts);
      this.#recover();
      this.#kept = new KeptImages({ graph, log, blobs });
      this.#erasures.takeUp();
      this.#erasures.carryOut(); // where a full disk forbids it, it is for a later moment: the folder opens all the same
      if (log.next === 0) this.#genesis();
      if (options.resume === "now" && hasWork(this.#state)) this.#schedule();
      this.#views = new Views({ graph, log, images: this.#images, paths, state: () => this.#state });
    } catch (error) {
      log.close();
      graph.close();
      throw error;
    }
  }

  get #state(): State {
    return this.#machine.state;
  }

  /** Whether there is something to do without any new command. What was carried over has begun: it comes to its end. */
  get #hasWork(): boolean {
    return this.#goesOn ? hasWork(this.#state) : this.#state.carried.length > 0;
  }

  /** Lets go on what waits, where a command may add to it, or waits for it. */
  #goOnWith(ask: Ask): void {
    this.#goesOn ||= sendsMessages(ask.kind) || (ask.kind === "erase" && this.#state.runs.size > 0);
  }

  #openSandbox(): Sandbox {
    const open = this.#options.simulated?.openSandbox ?? openSandbox;
    this.#sandbox ??= open({
      workers: this.#options.workers ?? 2,
      workerUrl: workerUrl("sandbox"),
      onEvict: (agent, image) => this.#park(agent, image),
      onFault: () => this.#metrics.workerFault(),
    });
    return this.#sandbox;
  }

  #park(id: string, image: Uint8Array): void {
    const agent = this.#state.agents.get(id);
    if (agent === undefined) return;
    this.#makeDurable(); // no parked image is of a step that may be lost, and another one stand in its place
    const parked = this.#images.parked(agent, image);
    this.#graph.putImage(id, parked);
  }

  /** Applies what the log holds and the graph or the rows do not: write sets as they stand, no wasm. */
  #recover(): void {
    const from = Math.min(this.#state.tick, this.#graph.applied.index) + 1;
    for (const { entry, logged } of entriesFrom(this.#log, from)) {
      const isNew = entry.tick > this.#graph.applied.index;
      if (entry.tick > this.#state.tick) this.#advance(entry);
      if (isNew) this.#graph.commit(this.#graphEntry({ entry, hash: logged.hash }, []));
      this.#machine.keepContexts(entry);
    }
    if (this.#rows.storedTick < this.#state.tick) this.#graph.putRows(this.#rows.take(this.#state));
  }

  /** The first entry: the configuration, the folder's name, and the context "personal". */
  #genesis(): void {
    const config: Config = { ...defaultConfig, stackDepthMax: defaultStackDepthMax, profile: initialProfile };
    const command: Command = { ask: { kind: "configure", changes: {} }, client: "engramlt", commandId: null };
    const time = this.#env.now(0);
    const state = this.#state;
    state.config = inLogOrder(config);
    const genesis = inLogOrder({ config, folder: this.#env.folder() });
    const { entry } = this.#machine.run({ time, commands: [command], genesis, replayed: null });
    assert(entry !== null, "the first entry is never empty");
    this.#append(entry);
  }

  submit(request: Request, options: { client?: string; commandId?: string } = {}): Promise<Receipt> {
    if (needsReader(request)) this.#reader ??= loadReader();
    if (this.#reader === null) return this.#take(request, options);
    return this.#reader.then(() => this.#take(request, options));
  }

  #take(request: Request, options: { client?: string; commandId?: string }): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      const waiting = (options.commandId === undefined)
        ? null
        : this.#known(options.commandId, request, resolve, reject);
      if (waiting === "answered") return;
      try {
        this.#waiting.requireRoom();
        checkRequest(request);
        const redactions: Redactions = new Map();
        const ask = toAsk(request, this.#factsOf(request), redactions);
        const command: Command = inLogOrder({
          ask,
          client: redactText(options.client ?? "here", redactions),
          commandId: options.commandId ?? null,
        });
        checkCommand(command);
        this.#waiting.enter({ command, resolve: tellingWhatWent(redactions, resolve), reject });
        this.#goOnWith(ask);
      } catch (error) {
        return reject(error);
      }
      this.#schedule();
    });
  }

  #factsOf(request: Request): LoadFacts | null {
    return request.kind === "agent_load" ? loadFacts(request, this.#modules, this.#state.config) : null;
  }

  /** The same command id again is the same command: it waits with the first, or gets its receipt. */
  #known(
    commandId: string,
    request: Request,
    resolve: Waiting["resolve"],
    reject: Waiting["reject"],
  ): "answered" | null {
    const open = this.#open(commandId);
    const row = open === null ? this.#remembered(commandId) : null;
    if (open === null && row === null) return null;
    const earlier = open ?? this.#logged(commandId, row);
    try {
      if (earlier !== null && !this.#isSame(earlier, request)) throw commandIdReused(commandId);
    } catch (error) {
      reject(error);
      return "answered";
    }
    if (this.#waiting.join(commandId, resolve, reject)) return "answered";
    if (this.#resume(commandId, resolve, reject)) {
      this.#schedule();
      return "answered";
    }
    if (row === null) return null;
    if (row.receipt !== null) resolve(row.receipt);
    else reject(EngramError.fromJSON(row.error));
    return "answered";
  }

  #remembered(commandId: string): Remembered | null {
    const key = `command/${commandId}`;
    const stored = this.#graph.row(key);
    return (this.#rows.peek(key) ?? (stored === null ? null : unpack(stored))) as Remembered | null;
  }

  /** The command of an id that waits or has not ended. */
  #open(commandId: string): Command | null {
    const has = (command: Command | null) => command?.commandId === commandId;
    return this.#waiting.commandOf(commandId) ??
      this.#state.carried.find((one) => has(one.command))?.command ??
      [...this.#state.runs.values()].find((one) => has(one.command))?.command ?? null;
  }

  /** The command of an id that has ended, as the log holds it; null where a folder does not say where. */
  #logged(commandId: string, row: Remembered | null): Command | null {
    if (row === null) return null;
    const { commands } = readEntry(this.#log, row.took ?? row.tick);
    return commands.find(({ command }) => command.commandId === commandId)?.command ?? null;
  }

  #isSame(earlier: Command, request: Request): boolean {
    checkRequest(request);
    const { ask } = earlier;
    const asked = ask.kind === "workflow" ? { ...ask, workflow: loggedWorkflow(ask.workflow) } : ask;
    return samePart(asked, toAsk(request, this.#factsOf(request), new Map()));
  }

  /** A command taken before a restart that has not ended: whoever asks again waits for it. */
  #resume(commandId: string, resolve: Waiting["resolve"], reject: Waiting["reject"]): boolean {
    const step = this.#state.carried.find((one) => one.command?.commandId === commandId);
    if (step?.command !== undefined && step.command !== null) {
      this.#waiting.rejoin("step", stepKey(step), { command: step.command, resolve, reject });
      return true;
    }
    const run = [...this.#state.runs.values()].find((one) => one.command.commandId === commandId);
    if (run === undefined) return false;
    this.#goesOn = true;
    this.#waiting.rejoin("run", stepKey(run), { command: run.command, resolve, reject });
    return true;
  }

  #schedule(): void {
    if (this.#turning) return;
    this.#turning = true;
    // Behind I/O and messages that wait, but without a timer's millisecond.
    const begin = (pauses: number) => {
      setImmediate(() => pauses > 0 && this.#log.isSyncing ? begin(pauses - 1) : this.#turn());
    };
    begin(pausesMax);
  }

  #turn(): void {
    this.#turning = false;
    this.#paused = false;
    if (this.#closed !== null) return;
    if (this.#blobs.isWriting && this.#erasesNext()) {
      this.#turning = true; // no file of what is erased comes after it
      this.#blobs.settled().then(() => this.#turn());
      return;
    }
    try {
      if (this.#kept?.isDue === true) this.#collectImages("busy");
      if (this.#hasTurn()) this.#tick();
    } catch (error) {
      this.#fail(error);
      return;
    }
    const goesOn = this.#waiting.inboxCount > 0 || (!this.#paused && this.#hasWork);
    if (goesOn && this.#hasTurn()) this.#schedule(); // else a model's answer is what everyone waits for
    else this.#restNow(goesOn);
    if (this.#idle.some((one) => this.#state.tick >= one.before)) this.#wakeIdle();
  }

  #erasesNext(): boolean {
    return this.#waiting.next(this.#state.config).some(({ command }) => command.ask.kind === "erase");
  }

  /** No tick follows at once: no row waits for one, and nobody for work that cannot go on. */
  #restNow(waitsForModel: boolean): void {
    try {
      if (this.#catchUp() === null) this.#images.writeStored();
    } catch (error) {
      if (!isDiskFull(error)) {
        this.#fail(error);
        return;
      }
      this.#paused = true;
    }
    if (waitsForModel) return;
    if (this.#paused) this.#tellPaused();
    this.#wakeIdle();
  }

  /** Whether a tick would do anything. One in which every step still waits for a model would not. */
  #hasTurn(): boolean {
    if (!this.#desk.isWaitedFor) return this.#waiting.inboxCount > 0 || this.#hasWork;
    const commands = this.#waiting.next(this.#state.config).map((one) => one.command);
    const { steps, seated, refused, unchanged } = plan(this.#state, commands, null, this.#goesOn);
    return seated.length + refused.length + unchanged.length > 0 ||
      steps.some((step) => !this.#desk.waits(stepKey(step)));
  }

  /** Whoever waits for work that a full disk stopped is told so: it goes on with the next command, or by upkeep. */
  #tellPaused(): void {
    const full = new EngramError(
      "outcome_unknown",
      "Cannot finish the command now: it is in the log, and the disk is full",
      {},
      "Free some space: it goes on by itself. Ask again under the same command id for what it came to",
    );
    this.#waiting.tellTaken(full);
  }

  #wakeIdle(): void {
    for (const one of this.#idle.splice(0)) one.resolve();
  }

  /** One tick (design §3): take, plan, run, serve, settle, log, commit, answer. */
  #tick(): void {
    const mayBeBehind = this.#graph.deferredCount > 0 && !this.#isRefused && !this.#erasesNext();
    const full = mayBeBehind ? null : this.#catchUp();
    if (full !== null) {
      for (const one of this.#waiting.takeAll()) this.#waiting.tell(one, full);
      return;
    }
    // 1 take
    const taken = this.#waiting.take(this.#state.config);
    const tick = this.#state.tick + 1;
    const now = this.#env.now(tick);
    const time = Math.max(this.#options.simulated?.now?.(now) ?? now, this.#state.time);
    // 2 plan, 3 run, 4 serve, 5 settle
    let output: TickOutput;
    try {
      if (taken.length > 0) this.#logLast(); // what is asked may be about the log
      output = this.#machine.run({
        time,
        commands: taken.map((one) => one.command),
        genesis: null,
        replayed: null,
        goesOn: this.#goesOn,
      }, () => this.#meanwhile());
      // Whoever waits for this tick hears that its images find no room.
      if (this.#isAwaited(output.plan)) this.#images.writeStored();
    } catch (error) {
      if (isDiskFull(error)) return this.#noRoom(taken, error);
      this.#waiting.putBack(taken);
      throw error;
    }
    const { plan, settled } = output;
    const deferred = new Set(plan.deferred);
    this.#waiting.putBack(taken.filter((_, index) => deferred.has(index)));
    for (const { index, error } of plan.refused) this.#waiting.tell(taken[index], error);
    for (const index of plan.unchanged) {
      const one = taken[index];
      if (one !== undefined) this.#waiting.tell(one, unchangedReceipt(one.command, this.#state.tick));
    }
    const seated = new Map(plan.seated.map(({ seat, index }) => [stepKey({ tick, seat }), taken[index]]));
    for (const { step, end, record, refused } of settled) {
      if (record !== null) continue;
      this.#waiting.tell(seated.get(stepKey(step)), refused ?? idleReceipt(end.result, this.#state.tick));
      seated.delete(stepKey(step));
    }
    if (output.entry === null) return;
    for (const [key, one] of seated) if (one !== undefined) this.#waiting.seat(key, one);
    // 6 log, 7 commit, 8 answer
    this.#append(output.entry, output);
  }

  /** Whether somebody waits for what a tick comes to. */
  #isAwaited({ seated }: Plan): boolean {
    return seated.length + this.#waiting.takenCount > 0;
  }

  /** Makes an entry durable, applies it, and tells those who wait. Where nobody does, all but applying it waits. */
  #append(entry: Entry, output: TickOutput | null = null): void {
    let unlogged: Unlogged;
    try {
      this.#logLast();
      unlogged = { entry, hash: null };
      // Commands that somebody waits for, and events, are told at once; what agents say to each other is told to nobody.
      const isHeard = output === null || this.#listeners.size > 0 || this.#isAwaited(output.plan);
      const waits = !isHeard && this.#defer(unlogged);
      if (!waits) unlogged.hash = this.#write(entry, false);
    } catch (error) {
      this.#undo(entry, error);
      return;
    }
    const answers = this.#advance(entry, output);
    if (unlogged.hash !== null) this.#behind.push(this.#graphEntry(unlogged, this.#rowsOf(entry)));
    this.#machine.keepContexts(entry);
    const erases = entry.commands.some(({ command }) => command.ask.kind === "erase");
    let unfinished: EngramError | null = null;
    const checkpointsGone: number[] = [];
    try {
      const waits = unlogged.hash === null && this.#hasWork;
      unfinished = waits ? null : this.#catchUp();
      // What could not be finished before is upkeep's: it may take long, and no tick waits for it.
      if (erases) unfinished ??= this.#erasures.carryOut(checkpointsGone);
    } finally {
      // Durable, whatever became of the graph: until it has caught up, views and ticks are refused.
      const instead = erases && unfinished !== null ? notErasedYet(unfinished) : null;
      for (const answer of answers) answer(instead, checkpointsGone);
    }
    for (const listener of this.#listeners) listener();
  }

  /** Whether an entry may wait to be logged: no command begins or ends in it, and its rows can wait too. */
  #defer(unlogged: Unlogged): boolean {
    const { entry } = unlogged;
    const isAsked = entry.commands.length > 0 || this.#state.carried.length + this.#state.runs.size > 0;
    const isBehind = this.#behind.length > this.#graph.deferredCount;
    if (isAsked || isBehind || this.#rowsAreDue(entry)) return false;
    const toCommit = this.#graphEntry(unlogged, []);
    if (!this.#graph.defer(toCommit, () => this.#makeDurable())) return false;
    this.#behind.push(toCommit);
    this.#unlogged = unlogged;
    return true;
  }

  /** Brings an entry into the log; its chain hash. */
  #write(entry: Entry, mayWait: boolean): Uint8Array {
    return this.#log.append(encodeEntry(entry, this.#env.salts(entry.tick)), { mayWait }).hash;
  }

  /** Brings the last entry into the log, where it is not there yet. What a full disk refuses stays to be logged. */
  #logLast(): void {
    if (this.#unlogged === null) return;
    this.#isRefused = true;
    this.#unlogged.hash = this.#write(this.#unlogged.entry, true);
    this.#isRefused = false;
    this.#unlogged = null;
  }

  /** Makes all durable that was done; what a full disk refuses is left out. */
  #makeDurable(): void {
    try {
      this.#logLast();
    } finally {
      this.#log.sync();
    }
  }

  /** Commits what the log has and the graph has not; gives the refusal of a full disk, throws anything else. */
  #catchUp(): EngramError | null {
    try {
      this.#makeDurable();
      for (let next = this.#behind[0]; next !== undefined; next = this.#behind[0]) {
        // A read may have come before.
        if (next.index > this.#graph.applied.index) this.#graph.commit(next);
        this.#behind.shift();
      }
      return null;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#paused = true;
      return error;
    }
  }

  /** While guests run: logs the tick before, writes images, and rows of ticks that are waiting, where enough are. */
  #meanwhile(): void {
    this.#logLast();
    this.#images.beginStored();
    const sealed = this.#graph.lastSealed;
    if (sealed === null) this.#syncSoon();
    else if (sealed < this.#log.synced) this.#behind.splice(0, this.#graph.writeSealed());
  }

  /** Syncs the log and writes the rows that wait, where enough do: in the background first, where it can be had. */
  #syncSoon(): void {
    if (this.#graph.deferredCount < deferredTicks || this.#log.isSyncing) return;
    if (this.#log.syncSoon() && this.#graph.seal()) return;
    const full = this.#catchUp();
    if (full !== null) throw full;
  }

  /** A full disk refuses the tick's commands; its instances go back. Anything else is fatal. */
  #undo(entry: Entry, error: unknown): void {
    if (!isDiskFull(error) || entry.genesis !== null) throw error;
    this.#kept?.noteRefused();
    for (const { agent } of entry.steps) if (agent !== null) this.#sandbox?.drop(agent);
    for (const { seat } of entry.commands) {
      this.#waiting.tell(this.#waiting.leave("step", stepKey({ tick: entry.tick, seat })), error);
    }
    this.#paused = this.#hasWork;
  }

  /** A full disk took an agent's image or rows of earlier ticks: the tick is refused, no instance is believed any more. */
  #noRoom(taken: readonly Waiting[], error: EngramError): void {
    this.#sandbox?.close();
    this.#sandbox = null;
    this.#kept?.noteRefused();
    for (const one of taken) this.#waiting.tell(one, error);
    this.#paused = this.#hasWork;
  }

  /** Folds an entry into the state; gives the answers to be told after the commit. */
  #advance(entry: Entry, output: TickOutput | null = null): Answer[] {
    const done = advance(this.#state, entry);
    this.#kept?.note(entry, this.#state);
    const answers: Answer[] = [];
    const saidInRun = new Map<string, readonly string[]>();
    if (output !== null) this.#metrics.ticked(entry.commands);
    for (const { step, record } of done.ended) {
      const key = stepKey(step);
      const told = output?.told.get(key);
      if (output !== null) this.#metrics.ended(record, told?.executionMs ?? null);
      if (step.run !== null && record.outcome !== "completed") saidInRun.set(step.run.id, told?.said ?? []);
      if (record.agent !== null) this.#count(record.agent, told?.executionMs ?? 0);
      const { images = {}, readers = [] } = erasureOf(record) ?? {};
      for (const id of Object.keys(images)) this.#rows.touch(id);
      for (const id of readers) this.#sandbox?.drop(id); // they go on from the images the erasure stored
      if (step.command === null) continue;
      // What is remembered is what the log can say again: backtraces and an agent's words are told once, live.
      this.#remember(step.command, step.tick, () => receiptOf(step, record, entry.tick));
      const receipt = receiptOf(step, record, entry.tick, told);
      const waiting = this.#waiting.leave("step", key);
      const also = step.command.ask.kind === "erase" && !(receipt instanceof EngramError);
      answers.push((instead, checkpoints) =>
        this.#waiting.tell(waiting, instead ?? (also ? { ...receipt, checkpoints } : receipt))
      );
    }
    for (const { seat, command } of entry.commands) {
      if (command.ask.kind !== "workflow") continue;
      this.#waiting.began(stepKey({ tick: entry.tick, seat }));
    }
    for (const run of done.runsEnded) {
      const context = this.#machine.contextId(run.context);
      this.#remember(run.command, run.tick, () => runReceipt(run, entry.tick, context));
      const receipt = runReceipt(run, entry.tick, context, saidInRun.get(run.id));
      const waiting = this.#waiting.leave("run", stepKey(run));
      answers.push((instead) => this.#waiting.tell(waiting, instead ?? receipt));
    }
    for (const agent of done.agentsLoaded) this.#rows.loaded(agent);
    for (const agent of done.agentsUnloaded) {
      if (output !== null) this.#metrics.dropped(agent.fuel);
      this.#unloaded(agent, entry.tick);
    }
    const configured = entry.genesis !== null ||
      entry.commands.some(({ command }) => command.ask.kind === "configure");
    if (configured) this.#rows.put(`config/${tickInKey(entry.tick)}`, this.#state.config);
    return answers;
  }

  #unloaded(agent: AgentState, tick: number): void {
    this.#rows.unloaded(agent, tick);
    this.#durations.forget(agent.id);
    this.#graph.dropImage(agent.id);
    this.#sandbox?.drop(agent.id);
  }

  #count(agent: string, executionMs: number): void {
    this.#rows.touch(agent);
    this.#durations.add(agent, executionMs);
  }

  /** `took`: the tick whose entry holds the command. */
  #remember(command: Command, took: number, answer: () => Receipt | EngramError): void {
    if (command.commandId === null) return;
    const receipt = answer();
    const failed = receipt instanceof EngramError;
    this.#commandIds++;
    this.#rows.put(`command/${command.commandId}`, {
      tick: this.#state.tick,
      took,
      receipt: failed ? null : receipt,
      error: failed ? receipt.toJSON() : null,
    });
  }

  /** Whether the kernel rows are to be stored with an entry. */
  #rowsAreDue(entry: Entry): boolean {
    // Rows by which a step is run again: the agent as it was loaded, and the configuration it ran under.
    const urgent = entry.genesis !== null ||
      entry.steps.some(({ entry: kind }) =>
        kind === "initialize" || kind === "release" || kind === "configure" || kind === "erase"
      );
    return urgent || entry.tick - this.#rows.storedTick >= rowTicksMax ||
      this.#rows.waitingBytes >= rowBytesMax;
  }

  /** The kernel rows that are stored with an entry. */
  #rowsOf(entry: Entry): GraphEntry["rows"] {
    return this.#rowsAreDue(entry) ? this.#rows.take(this.#state) : [];
  }

  #graphEntry(logged: Unlogged, rows: GraphEntry["rows"]): GraphEntry {
    const { entry } = logged;
    return {
      index: entry.tick,
      get hash() {
        assert(logged.hash !== null, "no row is written of an entry that is not in the log");
        return logged.hash;
      },
      tick: entry.tick,
      steps: graphSteps(this.#log, entry),
      rows: [...rows, ...this.#erasures.open(entry)],
    };
  }

  /** A fault or a fatal refusal: the engine stops and keeps the log; those who wait hear the truth. */
  #fail(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    const told = error instanceof EngramError ? error : new EngramError(
      "outcome_unknown",
      `The engine stopped: ${words}`,
      {},
      "Restart: what was acknowledged is in the log",
    );
    this.#closed = told;
    this.#waiting.tellAll(told);
    this.#wakeIdle();
    this.#stop(told);
    for (const listener of this.#listeners) listener();
    if (!(error instanceof EngramError)) console.error(error);
  }

  view<V extends View>(view: V): Promise<ViewResults[V["view"]]> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    try {
      const full = this.#catchUp();
      if (full !== null) return Promise.resolve(this.#viewInMemory(view, full));
      const found = this.#viewNow(view) as ViewResults[V["view"]];
      this.#dropMemory();
      return Promise.resolve(found);
    } catch (error) {
      if (!isDiskFull(error)) return Promise.reject(error);
      try {
        return Promise.resolve(this.#viewInMemory(view, error));
      } catch (again) {
        return Promise.reject(again);
      }
    }
  }

  /** A view on a full disk, of what the log holds: the graph's file may be behind it, or the index of search. */
  #viewInMemory<V extends View>(view: V, full: EngramError): ViewResults[V["view"]] {
    this.#memory ??= new MemoryViews({ paths: this.#paths, disk: this.#disk, log: this.#log });
    const found = this.#memory.view(view, this.#liveFacts());
    if (found === null) throw full;
    return found;
  }

  #dropMemory(): void {
    this.#memory?.close();
    this.#memory = null;
  }

  #viewNow(view: View): unknown {
    if (view.view === "status") return this.status();
    if (view.view === "runtime_metrics") return { metrics: this.#metrics.list(this.#gauges()) };
    if (view.view === "metrics") {
      const metrics = this.#views.view(view) as ViewResults["metrics"];
      const { id } = this.#views.view({
        view: "resolve",
        what: "agent",
        text: view.agent,
      }) as ViewResults["resolve"];
      return { ...metrics, executionMs: this.#durations.of(id) };
    }
    if (view.view === "session") return { since: this.#beginSession(view) };
    if (view.view === "brief") return this.#views.view(this.#since(view));
    return this.#views.view(view);
  }

  #beginSession({ client, context, session }: Extract<View, { view: "session" }>): SessionStart | null {
    if (context === "personal" && this.#graph.contextIdOf(context) === null) return null; // made by its first memory
    return beginSession(this.#graph, {
      client,
      context: this.#views.contextId(context),
      session: session ?? null,
      now: { tick: this.#state.tick, time: new Date(this.#env.clock()).toISOString() },
    });
  }

  /** A brief for a client begins its session. */
  #since(view: Extract<View, { view: "brief" }>): View {
    const begun = sessionOf(view);
    if (begun === null) return view;
    const since = this.#beginSession(begun);
    return since === null ? view : { ...view, since };
  }

  status(): StatusView {
    this.#makeDurable();
    return statusOf({
      state: this.#state,
      graph: this.#graph,
      log: this.#log,
      paths: this.#paths,
      live: this.#liveFacts(),
    });
  }

  #liveFacts(): LiveFacts {
    return {
      workers: this.#sandbox?.stats().workers ?? this.#options.workers ?? 2,
      executionMs: this.#durations.total,
      inbox: this.#waiting.inboxCount,
      restored: this.#restored,
    };
  }

  #gauges(): Gauges {
    const held = this.#sandbox?.stats();
    return {
      ...this.status(),
      instances: held?.instances ?? 0,
      instanceBytes: held?.memoryBytes ?? 0,
      residentBytes: Deno.memoryUsage().rss,
    };
  }

  /** Reads the log as it grows: however slow the reader, nothing waits in memory for it. */
  async *events(from: number, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    let wake = () => {};
    let next = Math.max(0, from);
    const listener = () => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", listener);
    try {
      while (!signal.aborted && this.#closed === null) {
        this.#catchUp(); // what a full disk refuses is told when there is room
        if (next >= this.#log.next) await new Promise<void>((resolve) => wake = resolve);
        if (signal.aborted || this.#closed !== null || next >= this.#log.next) continue;
        const logged = this.#log.read(next++);
        yield { event: "tick", entry: logView(entryOf(logged.body), logged.hash) };
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", listener);
    }
  }

  idle(): Promise<void> {
    return this.#reader === null ? this.#allDone() : this.#reader.then(() => this.#allDone());
  }

  #allDone(): Promise<void> {
    this.#goesOn = true;
    if (this.#closed !== null || (this.#waiting.inboxCount === 0 && !hasWork(this.#state))) {
      return Promise.resolve();
    }
    this.#schedule();
    const before = this.#state.tick + idleTicksMax;
    return new Promise((resolve) => this.#idle.push({ before, resolve }));
  }

  wantedTexts(): Promise<readonly WantedText[] | null> {
    return this.#desk.wantedTexts();
  }

  answerText(id: number, answer: TextAnswer): Promise<void> {
    this.#desk.answerText(id, answer);
    return Promise.resolve();
  }

  maintain(): boolean {
    if (this.#closed !== null) return false;
    const leavesImages = this.#collectImages("idle");
    if (this.#paused) {
      this.#schedule();
      return true;
    }
    try {
      if (this.#erasures.count > 0) {
        if (this.#blobs.isWriting || (this.#catchUp() ?? this.#erasures.carryOut()) !== null) return true;
      }
      this.#forgetCommands();
      return this.#graph.maintain() || leavesImages;
    } catch (error) {
      // What a full disk does not let be done now is done in a later idle moment.
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  checkpoint(): CheckpointMade {
    if (this.#closed !== null) throw this.#closed;
    const full = this.#catchUp();
    if (full !== null) throw full;
    return makeCheckpoint({ paths: this.#paths, log: this.#log, now: this.#env.clock() });
  }

  rest(): number | null {
    const { seed = null, idleInstanceMs = seed === null ? idleInstanceMsDefault : null } = this.#options;
    const sandbox = this.#sandbox;
    if (this.#closed !== null || sandbox === null || idleInstanceMs === null) return null;
    const now = this.#env.stopwatch();
    const last = this.#restMark?.sandbox === sandbox ? this.#restMark : null;
    const isDue = last === null || now - last.ms >= idleInstanceMs;
    const mark = isDue ? { sandbox, ms: now, runs: sandbox.runs, idleRuns: last?.runs ?? -1 } : last;
    this.#restMark = mark;
    const idle = sandbox.idleSince(mark.idleRuns, restingAgentsMax);
    if (!this.#letGo(sandbox, idle)) return idleInstanceMs;
    if (idle.length === restingAgentsMax) return 0;
    sandbox.rest();
    return sandbox.stats().instances === 0 ? null : Math.max(0, mark.ms + idleInstanceMs - now);
  }

  /** Stores the images of idle agents, then drops their instances; false where a full disk does not let it. */
  #letGo(sandbox: Sandbox, idle: readonly string[]): boolean {
    if (idle.length === 0) return true;
    if (this.#catchUp() !== null) return false;
    const images = idle.flatMap((id) => {
      const agent = this.#state.agents.get(id);
      return agent === undefined ? [] : this.#imageOf(agent);
    });
    try {
      if (images.length > 0) this.#graph.putRows([], images);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
    for (const id of idle) sandbox.drop(id);
    this.#metrics.rested(idle.length);
    return true;
  }

  /** Removes images that need not stay; whether more are left. A full disk keeps it from being remembered, no more. */
  #collectImages(moment: Moment): boolean {
    try {
      this.#catchUp(); // what is remembered is of entries that the log has
      return this.#kept?.collect(moment) ?? false;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return false;
    }
  }

  /** Command ids are remembered for the newest `commandIdsMax` commands that gave one. */
  #forgetCommands(): void {
    if (this.#commandIds < commandIdsMax / 10) return;
    this.#commandIds = 0;
    const rows = this.#graph.rows("command/");
    if (rows.length <= commandIdsMax) return;
    const tickOf = (value: Uint8Array) => (unpack(value) as { tick: number }).tick;
    const oldest = rows.map(({ key, value }) => ({ key, tick: tickOf(value) })).sort((a, b) =>
      a.tick - b.tick
    );
    this.#graph.putRows(
      oldest.slice(0, rows.length - commandIdsMax).map(({ key }) => ({ key, value: null })),
    );
  }

  /** Closes after the commands already taken; what agents still have to say to each other waits in the log. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#desk.close(); // steps that wait for a model end without one
    while (this.#closed === null && !this.#paused && this.#waiting.unansweredCount > 0) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const stopping = new EngramError("host_stopping", "Cannot take the command: the folder is closed");
    if (this.#closed === null) this.#store();
    this.#closed = stopping;
    this.#waiting.tellAll(stopping);
    this.#wakeIdle();
    for (const listener of this.#listeners) listener();
    this.#sandbox?.close();
    await Promise.all([this.#log.settled(), this.#blobs.settled()]);
    this.#dropMemory();
    this.#log.close();
    this.#graph.close();
    this.#lock.close();
  }

  /** Stores rows and images for a quick opening. On a full disk it does without: the log has it all. */
  #store(): void {
    if (this.#catchUp() !== null) return;
    this.#collectImages("closing");
    const images = [...this.#state.agents.values()].flatMap((agent) => this.#imageOf(agent));
    const durations = this.#durations.rows();
    if (this.#rows.storedTick === this.#state.tick && images.length + durations.length === 0) return;
    try {
      this.#images.writeStored();
      this.#graph.putRows([...this.#rows.take(this.#state), ...durations], images);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }

  #imageOf(agent: AgentState) {
    if (this.#sandbox === null || !this.#sandbox.holds(agent.id, agent.completed)) return [];
    const parked = this.#graph.image(agent.id);
    if (parked?.completedIndex === agent.completedTick) return [];
    const image = this.#sandbox.image(agent.id);
    return image === null ? [] : [this.#images.parked(agent, image)];
  }
}
