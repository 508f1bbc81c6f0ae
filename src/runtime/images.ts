/**
 * Images: an agent's durable memory, found where it is cheapest — parked in the graph, or the last one in the log
 * with the steps since run again as of their ticks.
 *
 * Invariants:
 * 1. Every way gives the same bytes: parking is a cache, the log is the truth.
 * 2. Running a step again writes nothing: its session is thrown away, only the instance counts.
 * 3. An image an entry names is no input: where it is missing (kept_images.ts removes most) or damaged (a power loss soon
 *    after it was written), the one before it is used, and more steps are run again. One stored by an erasure cannot be
 *    made again: it is durable, and stays.
 */
import type { Graph } from "../graph/mod.ts";
import { serve } from "../host/mod.ts";
import {
  type AgentState,
  assert,
  bodyBytes,
  type Config,
  emptyState,
  EngramError,
  type Entry,
  erasureOf,
  parseId,
  type State,
  type Step,
  type StepEnd,
  type StepRecord,
} from "../kernel/mod.ts";
import { type Blobs, type Log, sha256, sha256Hex, toHex } from "../log/mod.ts";
import { openSandbox, type Sandbox } from "../sandbox/mod.ts";
import { workerUrl } from "./assets.ts";
import { entriesFrom, mailOf, readEntry } from "./entries.ts";
import type { Modules } from "./modules.ts";
import { agentAfter, unpack } from "./rows.ts";
import { snapshotOf } from "./snapshots.ts";
import { argsOf, endOf, loadingRunner, type Runner, sessionOf } from "./steps.ts";

/** A point in an agent's life: completed steps so far, and its image then; null before the first. */
interface Point {
  readonly completed: number;
  readonly image: Uint8Array | null;
}

/** A logged step of an agent, with the entry it ended in. */
interface Logged {
  readonly entry: Entry;
  readonly record: StepRecord;
}

const counts = (record: StepRecord): boolean => record.outcome === "completed" && record.entry !== "query";

/** The images of one data folder. */
export class Images {
  readonly #graph: Graph;
  readonly #log: Log;
  readonly #blobs: Blobs;
  readonly #modules: Modules;
  /** How many images were rebuilt by running steps again. */
  rebuilt = 0;

  constructor(graph: Graph, log: Log, blobs: Blobs, modules: Modules) {
    this.#graph = graph;
    this.#log = log;
    this.#blobs = blobs;
    this.#modules = modules;
  }

  /** Stores images that steps came to; their hashes in hex. They can be made again: they wait for {@link writeStored}. */
  store(images: readonly Uint8Array[]): string[] {
    return this.#blobs.putSoon(images);
  }

  /** Writes images that were stored and wait. */
  writeStored(): void {
    this.#blobs.writeSoon();
  }

  /** Stores images that cannot be made again, durably; their hashes in hex. */
  storeDurably(images: readonly Uint8Array[]): string[] {
    return this.#blobs.putAll(images);
  }

  /** An image that steps came to; null where it is missing or damaged. */
  #found(sha: string): Uint8Array | null {
    try {
      return this.#blobs.get(sha);
    } catch (error) {
      const isGone = error instanceof EngramError &&
        (error.code === "blob_missing" || error.code === "log_corrupt");
      if (isGone) return null;
      throw error;
    }
  }

  /** What is wrong with a blob, for a sentence about it; null where it is whole. */
  damageOf(sha: string): string | null {
    try {
      this.#blobs.get(sha);
      return null;
    } catch (error) {
      if (error instanceof EngramError && error.code === "blob_missing") return "is missing";
      if (error instanceof EngramError && error.code === "log_corrupt") {
        return "is damaged: it has another hash";
      }
      throw error;
    }
  }

  /** The row that parks an image at an agent's last completed step. */
  parked(agent: AgentState, image: Uint8Array) {
    return { agent: agent.id, completedIndex: agent.completedTick, digest: sha256(image), bytes: image };
  }

  /** The image of a loaded agent, as of its last completed step. */
  of(runner: Pick<Runner, "id">, state: State): Uint8Array {
    const agent = state.agents.get(runner.id);
    assert(agent !== undefined, `no agent ${runner.id} to find an image of`);
    const parked = this.#graph.image(agent.id);
    if (
      parked !== null && parked.completedIndex === agent.completedTick &&
      toHex(parked.digest) === sha256Hex(parked.bytes)
    ) {
      return parked.bytes;
    }
    const image = this.#before(agent, agent.completedTick + 1, agent.image).image;
    assert(image !== null, `agent ${agent.id} has completed steps but no image`);
    return image;
  }

  /** Runs one logged step again from its agent's image before it. */
  again(agent: AgentState, logged: Logged): StepEnd {
    const point = this.#before(agent, logged.entry.tick, null);
    return withSandbox((sandbox) => this.#run(sandbox, agent, point, logged));
  }

  /** The agent as it was before tick `before`. `near` is an image known to lie before it. */
  #before(agent: AgentState, before: number, near: AgentState["image"]): Point {
    const image = near !== null && near.tick < before ? this.#found(near.sha) : null;
    const start = near !== null && image !== null ? { ...near, image } : this.#nearest(agent, before);
    return this.#rebuild(agent, start, this.#steps(agent, start.tick, before));
  }

  /** The last image before a tick that is there; without any, the agent before its load. */
  #nearest(agent: AgentState, before: number): Point & { readonly tick: number } {
    let completed = 0;
    /** Images since the last one that an erasure stored, and that one. */
    let named: { completed: number; tick: number; sha: string }[] = [];
    let erased: string | null = null;
    for (const { entry: { tick, steps } } of entriesFrom(this.#log, agent.loadedTick)) {
      if (tick >= before) break;
      const stored = steps.map((one) => erasureOf(one)?.images[agent.id]).find((sha) => sha !== undefined);
      if (stored !== undefined) {
        named = [{ completed, tick, sha: stored }];
        erased = stored;
      }
      const record = steps.find((one) => one.agent === agent.id && counts(one));
      if (record === undefined) continue;
      completed++;
      if (record.image !== null) named.push({ completed, tick, sha: record.image });
    }
    for (const point of named.toReversed()) {
      const image = this.#found(point.sha);
      if (image !== null) return { ...point, image };
    }
    // A later erasure removed it, and stored another; or it is lost, and the refusal says what is missing.
    if (erased !== null) this.#blobs.get(erased);
    return { completed: 0, image: null, tick: agent.loadedTick - 1 };
  }

  /** An agent's steps that count, of entries after one tick and before another. */
  *#steps(agent: AgentState, after: number, before: number): Generator<Logged, void> {
    for (const { entry } of entriesFrom(this.#log, after + 1)) {
      if (entry.tick >= before) return;
      const record = entry.steps.find((one) => one.agent === agent.id && counts(one));
      if (record !== undefined) yield { entry, record };
    }
  }

  #rebuild(agent: AgentState, start: Point, steps: Iterable<Logged>): Point {
    let sandbox: Sandbox | null = null;
    let completed = start.completed;
    try {
      for (const logged of steps) {
        if (sandbox === null) this.rebuilt++;
        sandbox ??= openSandbox({ workers: 1, workerUrl: workerUrl("sandbox") });
        const image = completed === start.completed ? start.image : null;
        const end = this.#run(sandbox, agent, { completed, image }, logged);
        const same = end.kind === "completed" && end.fuel === logged.record.fuel;
        assert(
          same,
          `agent ${agent.id} did not repeat its step of tick ${logged.entry.tick}: ${end.kind}, fuel ${end.fuel}`,
        );
        sandbox.settle([{ agent: agent.id, keep: true }]);
        completed++;
      }
      return sandbox === null ? start : { completed, image: sandbox.image(agent.id) };
    } finally {
      sandbox?.close();
    }
  }

  #run(sandbox: Sandbox, agent: AgentState, point: Point, { entry, record }: Logged): StepEnd {
    const config = this.configBefore(entry.tick);
    const step = this.stepOf(agent, record, config);
    const ask = step.command?.ask;
    const loading = record.entry === "initialize" && ask?.kind === "agent_load";
    const state = { ...emptyState(), homes: new Map([[agent.id, agent.context]]) };
    const runner: Runner = loading
      ? loadingRunner(state, record, ask)
      : { ...agent, completed: point.completed };
    const contexts = this.#graph.contexts(entry.tick - 1);
    const context = contexts.find((one) => one.id === step.context) ??
      contexts.find((one) => one.name === step.context);
    const session = sessionOf(step, runner, {
      snapshot: snapshotOf(this.#graph, entry.tick - 1),
      contexts,
      config,
      peers: {
        agent: (id) => agentAfter(this.#graph, id, entry.tick - 1),
        mailbox: (id) => this.#waiting(id, entry.tick),
        mailIsFull: entry.mailIsFull === true,
      },
      tick: entry.tick,
      time: entry.time,
      context: context?.id ?? null,
      recorded: record.recorded,
    });
    const module = this.#modules.get(runner.module, config, runner.limits.linearMemoryPagesMax);
    sandbox.define(module);
    const calls = { all: 0, memory: 0 };
    const [result] = sandbox.run([{
      agent: agent.id,
      moduleKey: module.key,
      entry: step.entry === "execute" || step.entry === "query" || step.entry === "receive" ||
          step.entry === "initialize"
        ? step.entry
        : "release",
      args: argsOf(step, runner, config),
      fuel: step.fuelMax,
      completedSteps: point.completed,
      image: point.completed > 0 && !sandbox.holds(agent.id, point.completed) ? point.image : null,
    }], (_at, call) => {
      calls.all++;
      return serve(session, call);
    });
    assert(result !== undefined, "the sandbox gave no result");
    return endOf(result, session, { ...calls, memory: record.memoryOperations });
  }

  /** What waited for an agent when a tick began. */
  #waiting(to: string, tick: number): { messages: number; bytes: number } {
    const loadedTick = agentAfter(this.#graph, to, tick - 1)?.loadedTick ?? tick;
    const waiting = { messages: 0, bytes: 0 };
    /** The last message it had taken by then: (tick, step, index). Mail is taken in the order it was sent. */
    let taken: readonly [number, number, number] | null = null;
    for (let at = tick - 1; at >= (taken?.[0] ?? loadedTick); at--) {
      const { steps } = readEntry(this.#log, at);
      steps.forEach(({ messages }, step) =>
        messages.forEach((message, index) => {
          const isTaken = taken !== null && at === taken[0] &&
            (step < taken[1] || (step === taken[1] && index <= taken[2]));
          if (message.to !== to || isTaken) return;
          waiting.messages++;
          waiting.bytes += bodyBytes(message);
        })
      );
      taken ??= lastTaken(steps, to);
    }
    return waiting;
  }

  /** The configuration that held when a tick began. */
  configBefore(tick: number): Config {
    const rows = this.#graph.rows("config/").filter(({ key }) =>
      Number(key.slice("config/".length)) < Math.max(1, tick)
    );
    const last = rows[rows.length - 1];
    assert(last !== undefined, "the graph holds no configuration");
    return unpack(last.value) as Config;
  }

  /** A logged step, as it was planned. */
  stepOf(agent: AgentState | null, record: StepRecord, config: Config): Step {
    const first = readEntry(this.#log, record.tick);
    const command = first.commands.find((one) => one.seat === record.seat)?.command ?? null;
    const ask = command?.ask;
    const asked = ask?.kind === "execute" || ask?.kind === "query" ? ask : null;
    const limits = ask?.kind === "agent_load" ? ask.limits : agent?.limits;
    const run = record.cause !== null && "run" in record.cause ? this.#runOf(record.cause) : null;
    return {
      tick: record.tick,
      seat: record.seat,
      agent: record.agent,
      entry: record.entry,
      command,
      run: run?.run ?? null,
      mail: record.cause !== null && "mail" in record.cause ? mailOf(this.#log, record) : null,
      context: run?.context ?? asked?.context ?? null,
      fuelMax: asked?.fuel ?? limits?.stepFuelMax ?? config.stepFuelMax,
      problem: null,
      conflicts: 0,
      losses: 0,
    };
  }

  /** Where a workflow run began, from its id. */
  runStartOf(run: string): { tick: number; seat: number } {
    const parts = parseId(run);
    assert(parts !== null, `${run} is no id of a workflow run`);
    return parts;
  }

  #runOf(
    cause: Extract<NonNullable<StepRecord["cause"]>, { run: string }>,
  ): { run: NonNullable<Step["run"]>; context: string } | null {
    const started = this.runStartOf(cause.run);
    const command = readEntry(this.#log, started.tick).commands.find((one) => one.seat === started.seat)
      ?.command;
    if (command?.ask.kind !== "workflow") return null;
    const planned = command.ask.workflow.steps.find((one) => one.id === cause.step);
    const run = { id: cause.run, step: cause.step, params: cause.params, action: planned?.action ?? "" };
    return { run, context: command.ask.context };
  }
}

/** The last message that a delivery among some steps gave an agent, as (tick, step, index); null without one. */
function lastTaken(steps: readonly StepRecord[], to: string): readonly [number, number, number] | null {
  for (const { agent, cause } of steps) {
    if (agent !== to || cause === null || !("mail" in cause)) continue;
    const [tick, step, index] = cause.mail.slice(-3);
    if (tick !== undefined && step !== undefined && index !== undefined) return [tick, step, index];
  }
  return null;
}

function withSandbox<T>(work: (sandbox: Sandbox) => T): T {
  const sandbox = openSandbox({ workers: 1, workerUrl: workerUrl("sandbox") });
  try {
    return work(sandbox);
  } finally {
    sandbox.close();
  }
}
