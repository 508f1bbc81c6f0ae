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
import type { Graph } from "../../graph/mod.ts";
import { serve } from "../../host/mod.ts";
import {
  type AgentState,
  assert,
  bodyBytes,
  type Config,
  type Context,
  emptyState,
  EngramError,
  type Entry,
  erasureOf,
  parseId,
  type State,
  type Step,
  type StepEnd,
  type StepRecord,
} from "../../kernel/mod.ts";
import { type Blobs, type Log, type LogEntry, sha256, sha256Hex, toHex } from "../../log/mod.ts";
import { openSandbox, type Sandbox } from "../../sandbox/mod.ts";
import { workerUrl } from "../assets.ts";
import { entriesFrom, type EntryReads, mailOf, readEntry } from "../entries.ts";
import type { Modules } from "./modules.ts";
import { agentAfter, unpack } from "../rows.ts";
import { snapshotOf } from "../snapshots.ts";
import { argsOf, endOf, guestEntry, loadingRunner, type Runner, sessionOf } from "./steps.ts";

/** A point in an agent's life: completed steps so far, and its image then; null before the first. */
interface Point {
  readonly completed: number;
  readonly image: Uint8Array | null;
}

/** A point with the tick after which the agent was so. */
type Located = Point & { readonly tick: number };

/** Where an agent is made again from. */
interface Start {
  readonly agent: AgentState;
  readonly point: Located;
}

/** A logged step of an agent, with the entry it ended in. */
interface Logged {
  readonly entry: Entry;
  readonly record: StepRecord;
}

const counts = (record: StepRecord): boolean => record.outcome === "completed" && record.entry !== "query";

/** Agents whose images are made again at once. */
const preparedMax = 64;
/** Entries kept at hand for their steps. */
const recentMax = 8;

/** A step that runs again must end as it did. */
function requireSame(agent: AgentState, { entry, record }: Logged, end: StepEnd): void {
  assert(
    end.kind === "completed" && end.fuel === record.fuel,
    `agent ${agent.id} did not repeat its step of tick ${entry.tick}: ${end.kind}, fuel ${end.fuel}`,
  );
}

/** The images of one data folder. */
export class Images {
  readonly #graph: Graph;
  readonly #log: Log;
  readonly #blobs: Blobs;
  readonly #modules: Modules;
  /** How many images were rebuilt by running steps again. */
  rebuilt = 0;
  /** Entries read lately, while images are prepared: each is asked for by many steps. */
  #recent: Map<number, LogEntry> | null = null;
  readonly #reads: EntryReads;
  /** Agents as they stood before the tick that is being run again, by tick and id; the same while. */
  #recentAgents: Map<string, AgentState | null> | null = null;
  /** Images that are about to be asked for. */
  readonly #prepared = new Map<string, { readonly completedTick: number; readonly image: Uint8Array }>();

  constructor(graph: Graph, log: Log, blobs: Blobs, modules: Modules) {
    this.#graph = graph;
    this.#log = log;
    this.#blobs = blobs;
    this.#modules = modules;
    this.#reads = {
      get next() {
        return log.next;
      },
      read: (index) => this.#read(index),
    };
  }

  #read(index: number): LogEntry {
    const known = this.#recent?.get(index);
    if (known !== undefined) return known;
    const entry = this.#log.read(index), recent = this.#recent;
    if (recent === null) return entry;
    const [oldest] = recent.keys();
    if (recent.size >= recentMax && oldest !== undefined) recent.delete(oldest);
    recent.set(index, entry);
    return entry;
  }

  /** Stores images that steps came to; their hashes in hex. They can be made again: they wait for {@link writeStored}. */
  store(images: readonly Uint8Array[]): string[] {
    return this.#blobs.putSoon(images);
  }

  /** Writes images that were stored and wait. */
  writeStored(): void {
    this.#blobs.writeSoon();
  }

  /** Begins to write them in the background. */
  beginStored(): void {
    this.#blobs.beginSoon();
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
    const parked = this.#parkedOf(agent);
    if (parked !== null) return parked;
    assert(agent.completedTick < this.#log.next, `the last step of agent ${agent.id} is not in the log yet`);
    const prepared = this.#prepared.get(agent.id);
    this.#prepared.delete(agent.id);
    if (prepared?.completedTick === agent.completedTick) return prepared.image;
    const image = this.#before(agent, agent.completedTick + 1, agent.image).image;
    assert(image !== null, `agent ${agent.id} has completed steps but no image`);
    return image;
  }

  /**
   * Makes the images of several agents that a tick needs at once, in one reading of the log: {@link of} then gives them.
   * What cannot be made so is left to it.
   */
  prepare(ids: readonly string[], state: State): void {
    const agents = ids.flatMap((id) => {
      const agent = state.agents.get(id);
      if (agent === undefined || agent.completedTick >= this.#log.next) return [];
      return this.#parkedOf(agent) === null ? [agent] : [];
    });
    if (agents.length < 2) return;
    this.#recent = new Map();
    try {
      const wanted = this.#starts(agents, state.tick + 1);
      while (wanted.length > 0) {
        withSandbox((sandbox) =>
          this.#prepareSome(sandbox, wanted.splice(0, Math.min(preparedMax, sandbox.stepsMax)))
        );
      }
    } catch (error) {
      // A module or an image that is gone: whose it is, is told where its own image is asked for.
      if (!(error instanceof EngramError)) throw error;
    } finally {
      this.#recent = this.#recentAgents = null;
    }
  }

  /** The last images of agents that are there, before a tick. */
  #starts(agents: readonly AgentState[], before: number): Start[] {
    const starts: Start[] = [], others: AgentState[] = [];
    for (const agent of agents) {
      const image = agent.image === null ? null : this.#found(agent.image.sha);
      if (agent.image !== null && image !== null) starts.push({ agent, point: { ...agent.image, image } });
      else others.push(agent);
    }
    if (others.length === 0) return starts;
    const points = this.#nearest(others, before);
    return [
      ...starts,
      ...others.flatMap((agent, at) => points[at] === undefined ? [] : [{ agent, point: points[at] }]),
    ];
  }

  #prepareSome(sandbox: Sandbox, some: readonly Start[]): void {
    const points = new Map(some.map((start): [string, Start] => [start.agent.id, start]));
    const from = Math.min(...some.map(({ point }) => point.tick + 1));
    const last = Math.max(...some.map(({ agent }) => agent.completedTick));
    for (const { entry } of entriesFrom(this.#log, from)) {
      if (entry.tick > last) break;
      const due = entry.steps.flatMap((record) => {
        const one = points.get(record.agent ?? "");
        return one !== undefined && entry.tick > one.point.tick && counts(record) ? [{ ...one, record }] : [];
      });
      if (due.length === 0) continue;
      this.#recentAgents = new Map();
      this.#runAll(sandbox, entry, due).forEach((end, at) => {
        const one = due[at];
        assert(one !== undefined, "an end without its step");
        requireSame(one.agent, { entry, record: one.record }, end);
        points.set(one.agent.id, {
          agent: one.agent,
          point: { completed: one.point.completed + 1, image: null, tick: entry.tick },
        });
      });
      sandbox.settle(due.map(({ agent }) => ({ agent: agent.id, keep: true })));
    }
    for (const { agent, point } of points.values()) {
      this.rebuilt++;
      const image = point.image ?? sandbox.image(agent.id);
      if (image !== null) this.#prepared.set(agent.id, { completedTick: agent.completedTick, image });
    }
  }

  /** The parked image of an agent's last completed step; null where it is missing, stale or damaged. */
  #parkedOf(agent: AgentState): Uint8Array | null {
    const parked = this.#graph.image(agent.id);
    const isGood = parked !== null && parked.completedIndex === agent.completedTick &&
      toHex(parked.digest) === sha256Hex(parked.bytes);
    return isGood ? parked.bytes : null;
  }

  /** Runs one logged step again from its agent's image before it. */
  again(agent: AgentState, logged: Logged): StepEnd {
    const point = this.#before(agent, logged.entry.tick, null);
    return withSandbox((sandbox) => this.#run(sandbox, agent, point, logged));
  }

  /** The agent as it was before tick `before`. `near` is an image known to lie before it. */
  #before(agent: AgentState, before: number, near: AgentState["image"]): Point {
    const image = near !== null && near.tick < before ? this.#found(near.sha) : null;
    const [start] = near !== null && image !== null ? [{ ...near, image }] : this.#nearest([agent], before);
    assert(start !== undefined, "an agent begins somewhere");
    return this.#rebuild(agent, start, this.#steps(agent, start.tick, before));
  }

  /** The last images of agents before a tick that are there; of one without any, the agent before its load. */
  #nearest(agents: readonly AgentState[], before: number): Located[] {
    /** What was named of each: its images since the last one that an erasure stored, and that one. */
    const lives = new Map(agents.map((agent) => {
      const named: { completed: number; tick: number; sha: string }[] = [];
      return [agent.id, { agent, completed: 0, named, erased: null as string | null }];
    }));
    const from = Math.min(...agents.map(({ loadedTick }) => loadedTick));
    for (const { entry: { tick, steps } } of entriesFrom(this.#log, from)) {
      if (tick >= before) break;
      for (const erasure of steps.map(erasureOf)) {
        for (const [id, sha] of Object.entries(erasure?.images ?? {})) {
          const life = lives.get(id);
          if (life === undefined || tick < life.agent.loadedTick) continue;
          life.named = [{ completed: life.completed, tick, sha }];
          life.erased = sha;
        }
      }
      for (const record of steps) {
        const life = lives.get(record.agent ?? "");
        if (life === undefined || tick < life.agent.loadedTick || !counts(record)) continue;
        life.completed++;
        if (record.image !== null) life.named.push({ completed: life.completed, tick, sha: record.image });
      }
    }
    return [...lives.values()].map(({ agent, named, erased }) => {
      for (const point of named.toReversed()) {
        const image = this.#found(point.sha);
        if (image !== null) return { ...point, image };
      }
      // A later erasure removed it, and stored another; or it is lost, and the refusal says what is missing.
      if (erased !== null) this.#blobs.get(erased);
      return { completed: 0, image: null, tick: agent.loadedTick - 1 };
    });
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
        requireSame(agent, logged, end);
        sandbox.settle([{ agent: agent.id, keep: true }]);
        completed++;
      }
      return sandbox === null ? start : { completed, image: sandbox.image(agent.id) };
    } finally {
      sandbox?.close();
    }
  }

  #run(sandbox: Sandbox, agent: AgentState, point: Point, { entry, record }: Logged): StepEnd {
    const [end] = this.#runAll(sandbox, entry, [{ agent, point, record }]);
    assert(end !== undefined, "the sandbox gave no result");
    return end;
  }

  /** Runs steps that ended in one entry, of an agent each. */
  #runAll(
    sandbox: Sandbox,
    entry: Entry,
    all: readonly { readonly agent: AgentState; readonly point: Point; readonly record: StepRecord }[],
  ): StepEnd[] {
    const config = this.configBefore(entry.tick), contexts = this.#graph.contexts(entry.tick - 1);
    const ready = all.map((one) => this.#ready(sandbox, entry, one, config, contexts));
    const results = sandbox.run(ready.map(({ step }) => step), (at, call) => {
      const one = ready[at];
      assert(one !== undefined, `a host call of step ${at}, which does not run`);
      one.calls.all++;
      return serve(one.session, call);
    });
    return ready.map(({ session, calls, record }, at) => {
      const result = results[at];
      assert(result !== undefined, "the sandbox gave no result");
      return endOf(result, session, { ...calls, memory: record.memoryOperations });
    });
  }

  /** A logged step as the sandbox takes it, and the session that serves it. */
  #ready(
    sandbox: Sandbox,
    entry: Entry,
    { agent, point, record }: {
      readonly agent: AgentState;
      readonly point: Point;
      readonly record: StepRecord;
    },
    config: Config,
    contexts: readonly Context[],
  ) {
    const step = this.stepOf(agent, record, config);
    const ask = step.command?.ask;
    const loading = record.entry === "initialize" && ask?.kind === "agent_load";
    const state = { ...emptyState(), homes: new Map([[agent.id, agent.context]]) };
    const runner: Runner = loading
      ? loadingRunner(state, record, ask)
      : { ...agent, completed: point.completed };
    const context = contexts.find((one) => one.id === step.context) ??
      contexts.find((one) => one.name === step.context);
    const session = sessionOf(step, runner, {
      snapshot: snapshotOf(this.#graph, entry.tick - 1),
      contexts,
      config,
      peers: {
        agent: (id) => this.#agentBefore(id, entry.tick),
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
    return {
      record,
      session,
      calls: { all: 0, memory: 0 },
      step: {
        agent: agent.id,
        moduleKey: module.key,
        entry: guestEntry(step),
        args: argsOf(step, runner, config),
        fuel: step.fuelMax,
        completedSteps: point.completed,
        image: point.completed > 0 && !sandbox.holds(agent.id, point.completed) ? point.image : null,
      },
    };
  }

  /** An agent as it stood loaded when a tick began. */
  #agentBefore(id: string, tick: number): AgentState | null {
    const key = `${tick} ${id}`, known = this.#recentAgents?.get(key);
    if (known !== undefined) return known;
    const agent = agentAfter(this.#graph, id, tick - 1);
    this.#recentAgents?.set(key, agent);
    return agent;
  }

  /** What waited for an agent when a tick began. */
  #waiting(to: string, tick: number): { messages: number; bytes: number } {
    const loadedTick = this.#agentBefore(to, tick)?.loadedTick ?? tick;
    const waiting = { messages: 0, bytes: 0 };
    /** Messages that an erasure took out of the mailbox. */
    const dropped = new Set<string>();
    /** The last message it had taken by then: (tick, step, index). Mail is taken in the order it was sent. */
    let taken: readonly [number, number, number] | null = null;
    for (let at = tick - 1; at >= (taken?.[0] ?? loadedTick); at--) {
      const { steps } = readEntry(this.#reads, at);
      for (const { messages = [] } of steps.flatMap((step) => erasureOf(step) ?? [])) {
        for (let nth = 0; nth + 2 < messages.length; nth += 3) {
          dropped.add(messages.slice(nth, nth + 3).join("."));
        }
      }
      steps.forEach(({ messages }, step) =>
        messages.forEach((message, index) => {
          const isTaken = taken !== null && at === taken[0] &&
            (step < taken[1] || (step === taken[1] && index <= taken[2]));
          if (message.to !== to || isTaken || dropped.has(`${at}.${step}.${index}`)) return;
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
    const first = readEntry(this.#reads, record.tick);
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
      mail: record.cause !== null && "mail" in record.cause ? mailOf(this.#reads, record) : null,
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
    const command = readEntry(this.#reads, started.tick).commands.find((one) => one.seat === started.seat)
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
