/**
 * The simulation: one host in one thread, with a virtual clock that jumps, a disk in memory that loses what was not
 * synced, refuses to sync or turns bits, and workers that die, under a workload chosen by a seed. A seed is a whole run:
 * the same seed, the same run.
 *
 * What must hold, whatever happens:
 * 1. What was acknowledged is stored; what was refused is not; nothing is stored twice.
 * 2. The hash chain goes on from every hash that was ever seen.
 * 3. Replay gives the same, and a graph rebuilt from the log has the same rows and gives every view the same answer.
 * 4. A checkpoint, made at any moment, changes none of it: replay from the newest comes to the same hash, every one that
 *    a replay passes has its rows, and a graph begun from one is the one rebuilt from the log.
 * 5. A turned bit of the log is found and named, and nothing is cut for it.
 * 6. After upkeep no image is left but those that are to stay, and the files that nobody can make again are there.
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { openGraph } from "../../src/graph/mod.ts";
import { erasureOf } from "../../src/kernel/mod.ts";
import { type Disk, MemoryDisk, openBlobs, openLog, toHex } from "../../src/log/mod.ts";
import { EngramError, openRuntime, type Receipt, replay, type Request, type Runtime } from "../../src/mod.ts";
import {
  isImage,
  Sandbox,
  type SandboxOptions,
  type SandboxStep,
  type Serve,
  type StepResult,
} from "../../src/sandbox/mod.ts";
import { entriesFrom } from "../../src/runtime/entries.ts";
import { stays } from "../../src/runtime/agents/kept_images.ts";
import { exists } from "../../src/runtime/data_folder.ts";
import { serveTexts } from "../../src/runtime/models/embedding.ts";
import { wordEmbedder } from "../support/word_embedder.ts";
import { Random } from "./random.ts";
import { reviewsOf, seenBy } from "./seen.ts";
import { agentNames, type Asked, loadRequest, operations, Workload } from "./workload.ts";

/** What can go wrong. A seed uses none of them, or some. */
export const faults = [
  "killed",
  "killed_between_ticks",
  "torn_write",
  "graph_behind",
  "graph_removed",
  "disk_full",
  "sync_fails",
  "bit_flipped",
  "clock_jumps",
  "workers_die",
] as const;
/** One of {@link faults}. */
export type Fault = typeof faults[number];

/** What a run came to. */
export interface SimulationReport {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly rounds: number;
  readonly restarts: number;
  readonly ticks: number;
  readonly acknowledged: number;
  readonly stateHash: string;
}

/** A sandbox whose workers die now and then: a step that ran has no outcome, its agent is held nowhere. */
class DyingSandbox extends Sandbox {
  readonly #dies: () => boolean;

  constructor(options: SandboxOptions, dies: () => boolean) {
    super(options);
    this.#dies = dies;
  }

  override run(steps: readonly SandboxStep[], serve: Serve, meanwhile?: () => void): StepResult[] {
    return super.run(steps, serve, meanwhile).map((result, at): StepResult => {
      if (!this.#dies()) return result;
      this.drop(steps[at]?.agent ?? "");
      return { kind: "lost", executionMs: 0, memoryBytes: 0, hostCalls: 0, memoryOperations: 0 };
    });
  }
}

/** A request on its way, or done. `unknown`: the host went down before it was told. */
interface Told {
  readonly asked: Asked;
  readonly commandId: string | null;
  state: "waiting" | "acknowledged" | "refused" | "unknown";
  receipt: Receipt | null;
  code: string | null;
}

/** Refusals that say nothing of whether it was done. */
const unclear = new Set(["outcome_unknown", "io_failed", "host_stopping"]);

/** One simulated folder, and what its owner knows of it. */
class World {
  readonly random: Random;
  readonly faults: readonly Fault[];
  readonly told: Told[] = [];
  readonly #seed: number;
  readonly #root: string;
  readonly #workload: Workload;
  readonly #hashes = new Map<number, string>();
  readonly #images: string[] = [];
  #disk = new MemoryDisk();
  #runtime: Runtime | null = null;
  #folders = 0;
  #commandIds = 0;
  #dying = false;
  #clockOffMs = 0;
  restarts = 0;

  constructor(seed: number, root: string) {
    this.#seed = seed;
    this.#root = root;
    this.random = new Random(seed);
    this.faults = this.random.chance(25) ? [] : this.random.some(faults, 40);
    const agents = agentNames.slice(0, this.random.between(1, agentNames.length));
    this.#workload = new Workload(this.random, this.random.some(operations, 50), agents);
    this.agents = agents;
  }

  readonly agents: readonly string[];

  get #folder(): string {
    return `${this.#root}/${this.#folders}`;
  }

  get runtime(): Runtime {
    assert.ok(this.#runtime !== null);
    return this.#runtime;
  }

  get log(): Disk {
    return this.#disk;
  }

  async open(): Promise<void> {
    this.#runtime = await openRuntime({
      data: this.#folder,
      seed: this.#seed,
      workers: this.random.between(1, 3),
      lockWaitMsMax: 0,
      simulated: {
        disk: this.#disk,
        now: (now) => now + this.#clockOffMs,
        openSandbox: (options) => new DyingSandbox(options, () => this.#dying && this.random.chance(20)),
      },
    });
    // A model answers outside of ticks, and now and then not at all.
    const embedder = wordEmbedder(() => {
      if (this.random.chance(10)) throw new EngramError("model_failed", "Cannot run the model: simulated");
    });
    serveTexts(this.#runtime, embedder, () => {/* told to nobody here */});
    this.#checkChain();
  }

  /** A batch of requests at once; resolves when all are told, or the host is down. */
  async round(): Promise<void> {
    const batch = Array.from({ length: this.random.between(1, 8) }, () => this.#workload.next());
    await this.#submitAll(batch);
  }

  async loadAgents(): Promise<void> {
    // Images are soon many enough for some to go.
    await this.runtime.submit({ kind: "configure", changes: { imageStepsMax: 1 + this.#seed % 3 } });
    for (const agent of this.agents) {
      await this.#submitAll([{ operation: "reload", request: loadRequest(agent), tokens: [], counts: null }]);
    }
  }

  /** Everything still unclear is asked for again under its command id: it must be done once. */
  async askAgain(): Promise<void> {
    const unclearOnes = this.told.filter((one) => one.state === "unknown" && one.commandId !== null);
    await Promise.all(unclearOnes.map((one) => {
      one.state = "waiting";
      return this.#submit(one);
    }));
  }

  async #submitAll(batch: readonly Asked[]): Promise<void> {
    const all = batch.map((asked): Told => ({
      asked,
      commandId: this.random.chance(50) ? `command-${this.#commandIds++}` : null,
      state: "waiting",
      receipt: null,
      code: null,
    }));
    this.told.push(...all);
    const twice = all.filter((one) => one.commandId !== null && this.random.chance(20));
    const twins = twice.map((one): Told => ({ ...one, asked: { ...one.asked, tokens: [], counts: null } }));
    await Promise.all([...all, ...twins].map((one) => this.#submit(one)));
    twice.forEach((one, at) => {
      if (one.state === "unknown" || twins[at]?.state === "unknown") return;
      // A refused command is no command: the second may be done where the first was not.
      if (one.state === "refused") return;
      assert.deepEqual(
        [twins[at]?.receipt, twins[at]?.code],
        [one.receipt, one.code],
        "one command id, two answers",
      );
    });
  }

  async #submit(one: Told): Promise<void> {
    const runtime = this.#runtime;
    const options = one.commandId === null ? {} : { commandId: one.commandId };
    try {
      const receipt = await this.runtime.submit(one.asked.request as Request, options);
      if (runtime === this.#runtime) this.#acknowledge(one, receipt);
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      if (runtime !== this.#runtime) return;
      one.code = error.code;
      // An agent's own failure is an outcome: done, and rolled back.
      const outcome = error.code.startsWith("agent_") || error.code === "workflow_step_failed";
      if (outcome) one.state = "acknowledged";
      else one.state = unclear.has(error.code) || await this.#isDown() ? "unknown" : "refused";
    }
  }

  #acknowledge(one: Told, receipt: Receipt): void {
    one.state = "acknowledged";
    one.receipt = receipt;
    const { result, results } = receipt;
    const ids = Array.isArray(results) ? results.map((done: { id: string }) => done.id) : [];
    if (typeof result === "string" && one.asked.operation === "create") ids.push(result);
    this.#workload.known.push(
      ...ids.filter((id) => id.startsWith("e") && !this.#workload.known.includes(id)),
    );
    this.#workload.links.push(...ids.filter((id) => id.startsWith("c")));
  }

  /** Whether the host has stopped: then it refuses every view. */
  async #isDown(): Promise<boolean> {
    try {
      await this.runtime.view({ view: "status" });
      return false;
    } catch (error) {
      if (error instanceof EngramError) return true;
      throw error;
    }
  }

  /** Remembers the state hash: the chain has to go on from it. */
  remember(): void {
    const { tick, stateHash } = this.runtime.status();
    this.#hashes.set(tick, stateHash);
  }

  #checkChain(): void {
    const log = openLog(this.#disk, { readOnly: true });
    try {
      for (const [tick, hash] of this.#hashes) {
        assert.ok(tick < log.next, `tick ${tick} was seen and is lost: the log ends at ${log.next - 1}`);
        assert.equal(toHex(log.hashAt(tick)), hash, `tick ${tick} was seen with another hash`);
      }
    } finally {
      log.close();
    }
  }

  /** What goes wrong while the host works; takes it back where it is not the end of the host. */
  async trouble(fault: Fault): Promise<void> {
    switch (fault) {
      case "workers_die":
        this.#dying = true;
        await this.round();
        this.#dying = false;
        return;
      case "disk_full":
        await this.#fullDisk();
        return;
      case "torn_write":
        this.#disk.faults.writtenBytesUntilCrash = this.random.below(this.random.pick([10, 1000, 300_000]));
        await this.round();
        delete this.#disk.faults.writtenBytesUntilCrash;
        return await this.#restart(this.random.below(3) === 0 ? 0 : this.random.below(5000));
      case "sync_fails":
        this.#disk.faults.syncsUntilError = this.random.below(8);
        await this.round();
        await this.round();
        return await this.#restart(this.random.pick([0, 100, 10_000]));
      case "bit_flipped":
        await this.round();
        return await this.#flipBit();
      case "clock_jumps":
        this.#clockOffMs += this.random.pick([-1, 1]) * this.random.below(this.random.pick([1000, 10 ** 8]));
        return await this.round();
      case "killed":
        await this.round();
        return await this.#restart(0);
      case "killed_between_ticks":
        return await this.#restartEarly();
      case "graph_behind":
        this.#keepGraph();
        await this.round();
        await this.round();
        return await this.#restart(0, "behind");
      case "graph_removed":
        await this.round();
        return await this.#restart(0, "removed");
      default:
        return fault satisfies never;
    }
  }

  /** Damage is found and named, and nothing is cut for it: with the bit turned back everything is there. */
  async #flipBit(): Promise<void> {
    await this.runtime.idle();
    const log = openLog(this.#disk, { readOnly: true });
    const { next } = log;
    log.close();
    const damaged = this.#disk.copy();
    const path = `log/${this.random.pick(damaged.list("log").filter((name) => name.endsWith(".log")))}`;
    const bytes = damaged.bytes(path);
    const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const offset = this.random.below(used);
    damaged.flip(path, offset, 1 << this.random.below(8));
    const found = (() => {
      try {
        const opened = openLog(damaged, { appliedIndex: this.random.chance(50) ? null : next - 1 });
        try {
          return opened.verify().first ?? null;
        } finally {
          opened.close();
        }
      } catch (error) {
        if (error instanceof EngramError && error.code === "log_corrupt") return error.data;
        throw error;
      }
    })();
    assert.ok(found !== null, `byte ${offset} of ${path} was turned, and nobody noticed`);
    assert.equal(found.segment, path);
    assert.equal(damaged.bytes(path).length, bytes.length, "a damaged segment was cut");
  }

  async #fullDisk(): Promise<void> {
    const used =
      this.#disk.list("log").reduce((sum, name) => sum + this.#disk.bytes(`log/${name}`).length, 0) +
      this.#disk.list("blobs").reduce((sum, name) => sum + this.#disk.bytes(`blobs/${name}`).length, 0);
    this.#disk.faults.spaceBytes = used + this.random.below(this.random.pick([1, 2000, 100_000]));
    await this.round();
    await this.round();
    delete this.#disk.faults.spaceBytes;
    if (await this.#isDown()) await this.#restart(0);
    else await this.askAgain();
  }

  /** Goes down while commands wait: nobody hears what comes after. */
  async #restartEarly(): Promise<void> {
    const before = this.told.length;
    const all = this.round();
    // By ticks, not by time or turns: what was answered when the host goes down must not depend on the machine.
    const tick = this.runtime.status().tick + this.random.between(1, 3);
    const batch = () => this.told.slice(before);
    while (this.runtime.status().tick < tick && batch().some((one) => one.state === "waiting")) {
      await new Promise((resolve) => setImmediate(resolve));
      // What the host has answered by now is heard: promises that wait on promises need turns of their own.
      for (let at = 0; at < 100; at++) await Promise.resolve();
    }
    const waiting = batch().filter((one) => one.state === "waiting");
    for (const one of waiting) one.state = "unknown";
    const old = this.#runtime;
    await this.#restart(0);
    await Promise.race([all, old?.close()]);
    for (const one of waiting) if (one.state === "waiting") one.state = "unknown";
  }

  #keepGraph(): void {
    const kept = `${this.#root}/kept${this.#images.length}`;
    copyGraph(this.#folder, kept);
    this.#images.push(kept);
  }

  /** The host is gone at once; another finds what the disk kept. */
  async #restart(keepBytes: number, graph: "as it is" | "behind" | "removed" = "as it is"): Promise<void> {
    const old = this.runtime;
    const found = this.#disk.crash({ keepBytes, keepNames: this.random.chance(50) });
    const from = graph === "behind" ? this.#images.at(-1) ?? this.#folder : this.#folder;
    const checkpoints = this.#folder;
    this.#folders++;
    if (graph === "removed") Deno.mkdirSync(this.#folder);
    else copyGraph(from, this.#folder);
    copyCheckpoints(checkpoints, this.#folder);
    this.#disk = found;
    this.#runtime = null;
    this.#dying = false;
    await old.close();
    this.restarts++;
    await this.open();
    await this.askAgain();
    await this.runtime.idle();
  }

  /** Now and then, a checkpoint. */
  checkpoint(): void {
    if (!this.random.chance(30)) return;
    try {
      this.runtime.checkpoint();
    } catch (error) {
      // An erasure that a full disk stopped is not finished, or the host is down: the next one is made.
      const isLater = error instanceof EngramError && ["wrong_state", "disk_full"].includes(error.code);
      if (!isLater) throw error;
    }
  }

  /** Compares what is stored with what was told. */
  async check(): Promise<void> {
    const stored = new Map<string, number>();
    let after: string | undefined;
    do {
      const page = await this.runtime.view({ view: "export", ...(after === undefined ? {} : { after }) });
      for (const { content } of page.engrams) stored.set(content, (stored.get(content) ?? 0) + 1);
      after = page.next ?? undefined;
    } while (after !== undefined);
    assert.equal(stored.get("never stored"), undefined, "a refused command stored something");
    const erased = new Set(
      this.told.flatMap(({ asked: { request }, state, receipt }) => {
        const named = request.kind === "erase" && state !== "refused" ? request.ids : [];
        return [named, receipt?.erased, receipt?.derived].flat().map(String);
      }),
    );
    for (const { asked, state, receipt } of this.told) {
      const results = receipt?.results;
      const ids = Array.isArray(results) ? results.map((done: { id: string }) => done.id) : [];
      for (const [at, token] of asked.tokens.entries()) {
        const times = stored.get(token) ?? 0;
        assert.ok(times <= 1, `${token} is stored ${times} times`);
        if (state === "refused") assert.equal(times, 0, `${token} was refused, and is stored`);
        if (state !== "acknowledged" || erased.has(ids[at] ?? "")) continue;
        const { versions } = await this.runtime.view({ view: "versions", id: ids[at] ?? "" });
        assert.equal(
          versions[0]?.engram.content,
          token,
          `${token} was acknowledged, and is not what is stored`,
        );
      }
    }
    this.#checkCounts();
    this.#workload.reviews = await reviewsOf(this.runtime);
  }

  /** An agent's counter never gives one value twice, unless the agent was loaded anew. */
  #checkCounts(): void {
    if (this.told.some(({ asked }) => asked.request.kind === "agent_unload")) return;
    for (const agent of this.agents) {
      const counts = this.told.filter(({ asked, receipt }) => asked.counts === agent && receipt !== null)
        .map(({ receipt }) => receipt?.result);
      assert.equal(new Set(counts).size, counts.length, `${agent} counted ${counts.join(", ")}`);
    }
  }

  /** Upkeep between rounds, as a host has it when nobody asks: it must leave what is needed, whatever happens next. */
  async rest(): Promise<void> {
    while (this.runtime.maintain()) {
      await new Promise((resolve) => setImmediate(resolve)); // it may have planned a tick
      await this.runtime.idle();
    }
  }

  /** No image is left but those that are to stay; those that erasures stored are there. */
  #checkImages(): void {
    const named = new Map<string, string[]>(), lives = new Map<string, number>(), erased = new Set<string>();
    let erasures = 0;
    const log = openLog(this.#disk, { readOnly: true });
    for (const { entry } of entriesFrom(log, 0)) {
      for (const record of entry.steps) {
        const agent = record.agent ?? "";
        if (record.entry === "initialize" && record.outcome === "completed") {
          lives.set(agent, (lives.get(agent) ?? 0) + 1);
        }
        const { images = {}, blobs = [] } = erasureOf(record) ?? {};
        if (record.entry === "erase") erasures++;
        for (const sha of blobs) erased.delete(sha);
        for (const sha of Object.values(images)) erased.add(sha);
        if (record.image === null) continue;
        const life = `${agent} ${lives.get(agent)}`;
        named.set(life, [...named.get(life) ?? [], record.image]);
      }
    }
    log.close();
    const kept = [...named.values()].flatMap((all) => all.filter((_, at) => stays(at + 1, all.length)));
    const mayStay = new Set([...kept, ...erased]);
    const blobs = openBlobs(this.#disk);
    const left = blobs.hashes().filter((sha) => isImage(blobs.head(sha, 4)));
    assert.deepEqual(left.filter((sha) => !mayStay.has(sha)), [], "images that need not stay are left");
    assert.deepEqual([...erased].filter((sha) => !left.includes(sha)), [], "an erasure's images are gone");
    if (this.faults.length + erasures > 0) return; // these take images too
    assert.deepEqual(kept.filter((sha) => !left.includes(sha)), [], "images that are to stay are gone");
  }

  /** Closes, replays, rebuilds; the final state hash. */
  async finish(): Promise<{ stateHash: string; ticks: number }> {
    await this.runtime.idle();
    // What a full disk stopped is upkeep's: an erasure among it.
    await this.rest();
    this.#checkImages();
    const { stateHash, tick } = this.runtime.status();
    const seen = await seenBy(this.runtime, this.#workload.known);
    await this.runtime.close();
    const report = await replay({ data: this.#folder, disk: this.#disk, workers: this.random.between(1, 2) });
    assert.deepEqual([report.first, report.stateHash], [undefined, stateHash], "replay differs");
    assert.deepEqual(report.passedOver, []);
    const rows = rowsOf(this.#folder), made = this.#folder;
    if (report.checkpoints.length > 0) await this.#replayFrom(report.checkpoints, stateHash);
    for (const from of report.checkpoints.length > 0 ? ["the log", "a checkpoint"] : ["the log"]) {
      this.#folders++;
      if (from === "a checkpoint") copyCheckpoints(made, this.#folder);
      await this.open();
      const seenAgain = await seenBy(this.runtime, this.#workload.known);
      for (const [what, answer] of seen) {
        assert.deepEqual(seenAgain.get(what), answer, `a graph made again from ${from}: ${what}`);
      }
      await this.runtime.close();
      const rebuilt = rowsOf(this.#folder);
      assert.deepEqual(rebuilt.kernel, rows.kernel, `a graph made again from ${from} has other kernel rows`);
      assert.equal(rebuilt.hash, rows.hash, `a graph made again from ${from} has other rows`);
    }
    return { stateHash, ticks: tick + 1 };
  }

  /** Replays from the newest checkpoint and from any other. */
  async #replayFrom(ticks: readonly number[], stateHash: string): Promise<void> {
    for (const from of ["latest", this.random.pick(ticks)] as const) {
      const workers = this.random.between(1, 2);
      const report = await replay({ data: this.#folder, disk: this.#disk, workers, from });
      assert.deepEqual(
        [report.first, report.stateHash],
        [undefined, stateHash],
        `replay from ${from} differs`,
      );
    }
  }

  async abandon(): Promise<void> {
    await this.#runtime?.close();
  }
}

function copyGraph(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const name of ["graph.db", "graph.db-wal"]) {
    try {
      Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

function copyCheckpoints(from: string, to: string): void {
  if (!exists(`${from}/checkpoints`)) return;
  Deno.mkdirSync(`${to}/checkpoints`, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(`${from}/checkpoints`)) {
    if (!isDirectory) continue;
    Deno.mkdirSync(`${to}/checkpoints/${name}`);
    for (const file of ["graph.db", "checkpoint.json"]) {
      Deno.copyFileSync(`${from}/checkpoints/${name}/${file}`, `${to}/checkpoints/${name}/${file}`);
    }
  }
}

/** The hash of all rows, and the kernel's rows as text, so that a difference can be read. */
function rowsOf(folder: string): { hash: string; kernel: string[] } {
  const graph = openGraph({ path: `${folder}/graph.db`, readOnly: true });
  try {
    const decoder = new TextDecoder();
    // What is under local/ is no part of the state.
    const kernel = graph.rows("").filter(({ key }) => !key.startsWith("local/")).map(({ key, value }) =>
      `${key} ${decoder.decode(value)}`
    );
    return { hash: graph.rowsHash().toHex(), kernel };
  } finally {
    graph.close();
  }
}

/** Runs one seed. Throws where something does not hold. */
export async function simulate(seed: number): Promise<SimulationReport> {
  const root = Deno.makeTempDirSync({ prefix: "engramlt-sim-" });
  const world = new World(seed, root);
  try {
    await world.open();
    await world.loadAgents();
    const rounds = world.random.between(4, 14);
    for (let round = 0; round < rounds; round++) {
      if (world.faults.length > 0 && world.random.chance(40)) {
        await world.trouble(world.random.pick(world.faults));
      } else await world.round();
      await world.runtime.idle();
      world.remember();
      await world.check();
      await world.rest();
      world.checkpoint();
    }
    const { stateHash, ticks } = await world.finish();
    const acknowledged = world.told.filter((one) => one.state === "acknowledged").length;
    return { seed, faults: world.faults, rounds, restarts: world.restarts, ticks, acknowledged, stateHash };
  } catch (error) {
    // Whatever closing says: the first error is the one to tell.
    await Promise.allSettled([world.abandon()]);
    throw error;
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}
