/**
 * The machine: the middle of a tick — plan, run, serve, settle — the same live, in replay and in a rebuild.
 *
 * Owns: turning planned steps into sessions and sandbox steps, and their ends into an entry.
 * Does not own: taking commands and time (runtime.ts), the log, the commit.
 *
 * Invariants:
 * 1. `run` changes no state and no graph: it gives an entry, or nothing.
 * 2. Live and replay differ only in their input: time, seats, recorded results, lost workers.
 * 3. Ends are in the order of the plan, whatever order workers answered in.
 */
import type { Graph } from "../graph/mod.ts";
import {
  awaitsModel,
  createContext,
  findContext,
  firstPermit,
  type Habit,
  habitOf,
  mayEnter,
  type Peers,
  permitWithin,
  serve,
  Session,
  writeDirect,
} from "../host/mod.ts";
import {
  assert,
  type Command,
  type Context,
  EngramError,
  type Entry,
  entryFormat,
  formatId,
  type Genesis,
  type Id,
  Payload,
  type Plan,
  plan,
  type Replayed,
  settle,
  type Settled,
  type State,
  type Step,
  type StepEnd,
  stepKey,
  type StepRecord,
} from "../kernel/mod.ts";
import type { Log } from "../log/mod.ts";
import { imagesPerFrameMax, type Sandbox, type SandboxStep } from "../sandbox/mod.ts";
import { behaviour } from "./entries.ts";
import { planErasure } from "./erasure/plan.ts";
import type { Images } from "./agents/images.ts";
import type { ModelDesk } from "./models/desk.ts";
import type { Modules } from "./agents/modules.ts";
import type { ToldOnce } from "./receipts.ts";
import { agentAt } from "./rows.ts";
import { snapshotOf } from "./snapshots.ts";
import {
  argsOf,
  authorOf,
  endOf,
  guestEntry,
  loadingRunner,
  nothing,
  peersOf,
  type Runner,
  sessionOf,
  staged,
} from "./agents/steps.ts";

/** What a tick is given beside the state: from the clock and the doors, or from the log. */
export interface TickInput {
  readonly time: number;
  readonly commands: readonly Command[];
  readonly genesis: Genesis | null;
  /** Whether mail is delivered and workflow steps begin, where none of them is in the log. Default true. */
  readonly goesOn?: boolean;
  readonly replayed:
    | null
    | Replayed & {
      /** The records as logged, by step key: recorded results and lost workers come from them. */
      readonly records: ReadonlyMap<string, StepRecord>;
    };
}

/** What a tick came to. `entry` is null where nothing is left to log. */
export interface TickOutput {
  readonly entry: Entry | null;
  readonly plan: Plan;
  readonly settled: readonly Settled[];
  /** What is told of each step beside the log. */
  readonly told: ReadonlyMap<string, StepTold>;
}

/** What is told of a step beside the log: to its asker and to metrics, once, live. */
export interface StepTold extends ToldOnce {
  readonly executionMs: number;
}

/** How many of them are told. */
const saidMax = 3;

/** Where more contexts have changed than this, all are read again. */
const contextsReadAgainMax = 64;

/** Host calls that do not touch the memory graph. */
const quiet: ReadonlySet<string> = new Set([
  "log",
  "send_message",
  "context_current",
  "embed",
  "transaction_begin",
  "transaction_commit",
  "transaction_rollback",
]);

/** A step ready for the sandbox. */
interface Ready {
  readonly index: number;
  readonly step: Step;
  readonly session: Session;
  readonly runner: Runner;
  readonly calls: { all: number; memory: number };
}

/** What a machine works on. */
export interface MachineParts {
  readonly graph: Graph;
  readonly log: Log;
  readonly modules: Modules;
  readonly sandbox: () => Sandbox;
  readonly images: Images;
  /** Where steps ask a model; none in replay. */
  readonly desk?: ModelDesk;
}

/** The end of a step that begins again when a model has answered. */
const awaiting: StepEnd = { ...nothing, kind: "lost", reason: awaitsModel };

/** Runs ticks over a state. */
export class Machine {
  readonly state: State;
  readonly parts: MachineParts;
  /** What agents did in their last step; no part of the state. */
  readonly #habits = new WeakMap<Runner, Habit>();
  /** The contexts of a tick, and which of them are to be read again, since the entry before may have changed them. */
  #contexts:
    | { readonly tick: number; readonly list: readonly Context[]; readonly changed: ReadonlySet<Id> }
    | null = null;

  constructor(state: State, parts: MachineParts) {
    this.state = state;
    this.parts = parts;
  }

  /** The contexts there are now; one list a tick. */
  contexts(): readonly Context[] {
    const tick = this.state.tick, known = this.#contexts;
    if (known?.tick === tick && known.changed.size === 0) return known.list;
    const list = known?.tick === tick && known.changed.size <= contextsReadAgainMax
      ? this.#readAgain(known.list, known.changed)
      : this.parts.graph.contexts();
    this.#contexts = { tick, list, changed: new Set() };
    return list;
  }

  /** The list, by id, with some of its contexts as they are now; those that are new are added. */
  #readAgain(list: readonly Context[], changed: ReadonlySet<Id>): readonly Context[] {
    const read = [...changed].flatMap((id) => this.parts.graph.context(id) ?? []);
    const kept = list.filter(({ id }) => !changed.has(id));
    return [...kept, ...read].sort((a, b) => a.id < b.id ? -1 : 1);
  }

  /** The id of a context named by id or name; as it was named where there is none. */
  contextId(named: string): string {
    return findContext(this.contexts(), named)?.id ?? named;
  }

  /** The list stays good for the next tick, but for the contexts that the last entry changed. */
  keepContexts(entry: Entry): void {
    if (this.#contexts === null) return;
    const changed = new Set(this.#contexts.changed);
    for (const { writes } of entry.steps) {
      for (const write of writes) {
        if (write.op === "context_put") changed.add(write.id);
        else if (write.op === "context_agent_put") changed.add(write.context);
      }
    }
    this.#contexts = { tick: entry.tick, list: this.#contexts.list, changed };
  }

  /** A plan without the workflows whose context is not there: the kernel knows no contexts. */
  #inContexts(planned: Plan): Plan {
    const isKnown = ({ command: { ask } }: Plan["seated"][number]) =>
      ask.kind !== "workflow" || findContext(this.contexts(), ask.context) !== null;
    const unknown = planned.seated.filter((one) => !isKnown(one));
    if (unknown.length === 0) return planned;
    const refused = unknown.map(({ index, command: { ask } }) => {
      const named = ask.kind === "workflow" ? ask.context : "";
      const message = `Cannot start the workflow: no context ${JSON.stringify(named)}`;
      return { index, error: new EngramError("context_not_found", message) };
    });
    return { ...planned, seated: planned.seated.filter(isKnown), refused: [...planned.refused, ...refused] };
  }

  /** Plans, runs and settles one tick. `meanwhile`: what this thread can do while guests run; it may not be called. */
  run(input: TickInput, meanwhile: () => void = () => {}): TickOutput {
    const planned = this.#inContexts(plan(this.state, input.commands, input.replayed, input.goesOn));
    const ends: StepEnd[] = [];
    const ready: Ready[] = [];
    const peers = peersOf(this.state);
    const told = new Map<string, StepTold>();
    planned.steps.forEach((step, index) => {
      const end = this.#start(step, index, input, peers, ready);
      ends[index] = end ?? nothing;
    });
    // What the workers cannot hold at once waits, and the entry says so; replay runs what ran.
    const room = input.replayed === null && ready.length > 0 ? this.parts.sandbox().stepsMax : ready.length;
    for (const { index } of ready.slice(room)) {
      ends[index] = { ...nothing, kind: "lost", reason: "tick_full" };
    }
    this.#runGuests(ready.slice(0, room), ends, told, meanwhile, input.replayed !== null);
    const settled = settle(this.state, planned, ends);
    for (const { step, record } of settled) {
      if (record?.outcome !== "carried") this.parts.desk?.ended(stepKey(step));
    }
    const records = this.#keep(settled);
    const struck = new Set(settled.filter((one) => one.record === null).map((one) => stepKey(one.step)));
    const commands = planned.seated.filter(({ seat }) => !struck.has(stepKey({ tick: planned.tick, seat })))
      .map(({ seat, command }) => ({ seat, command }));
    const empty = records.length === 0 && commands.length === 0 && input.genesis === null;
    const entry: Entry | null = empty ? null : {
      format: entryFormat,
      behaviour,
      tick: planned.tick,
      time: input.time,
      seatBase: planned.seatBase,
      genesis: input.genesis,
      ...(peers.mailIsFull ? { mailIsFull: true } : {}),
      commands,
      steps: records,
    };
    return { entry, plan: planned, settled, told };
  }

  /** Starts a step: gives its end where it needs no wasm, else adds it to `ready`. */
  #start(step: Step, index: number, input: TickInput, peers: Peers, ready: Ready[]): StepEnd | null {
    const logged = input.replayed?.records.get(stepKey(step));
    if (logged !== undefined && isLost(logged)) return { ...nothing, kind: "lost", reason: logged.reason };
    if (step.problem !== null) return { ...nothing, kind: "failed", reason: step.problem };
    if (input.replayed === null && this.parts.desk?.waits(stepKey(step)) === true) return awaiting;
    const recorded = input.replayed === null ? null : logged?.recorded ?? [];
    if (step.agent === null) return this.#direct(step, input, peers, recorded);
    const runner = this.#runnerOf(step);
    const entered = this.#enter(step, runner);
    if (entered instanceof EngramError) return { ...nothing, refused: entered };
    if (entered === "denied") {
      return {
        ...nothing,
        kind: "denied",
        reason: `it takes no part in context ${JSON.stringify(step.context)}`,
      };
    }
    const session = sessionOf(step, runner, {
      snapshot: snapshotOf(this.parts.graph, null),
      contexts: this.contexts(),
      config: this.state.config,
      peers,
      tick: this.state.tick + 1,
      time: input.time,
      context: entered,
      recorded,
      ...(this.parts.desk === undefined ? {} : { meanings: this.parts.desk.meaningsOf(stepKey(step)) }),
    });
    ready.push({ index, step, session, runner, calls: { all: 0, memory: 0 } });
    return null;
  }

  #runnerOf(step: Step): Runner {
    const ask = step.command?.ask;
    if (step.entry === "initialize" && ask?.kind === "agent_load") {
      return loadingRunner(this.state, step, ask);
    }
    const agent = this.state.agents.get(step.agent ?? "");
    assert(agent !== undefined, `step ${stepKey(step)} of an agent that is not loaded`);
    return agent;
  }

  /** The context a step runs in: null where none was asked for. */
  #enter(step: Step, runner: Runner): Id | null | "denied" | EngramError {
    if (step.context === null) return null;
    const named = step.context;
    const context = findContext(this.contexts(), named);
    if (context === null) {
      if (step.run !== null) return "denied";
      return new EngramError(
        "context_not_found",
        `Cannot ${step.entry} agent ${JSON.stringify(runner.id)}: no context ${JSON.stringify(named)}`,
      );
    }
    return mayEnter(runner, context) ? context.id : "denied";
  }

  /** The owner's steps, which need no wasm. */
  #direct(step: Step, input: TickInput, peers: Peers, recorded: readonly Payload[] | null): StepEnd {
    const ask = step.command?.ask;
    assert(ask !== undefined, `direct step ${stepKey(step)} without its command`);
    const session = new Session({
      snapshot: snapshotOf(this.parts.graph, null),
      config: this.state.config,
      agent: null,
      author: authorOf(step),
      tick: this.state.tick + 1,
      time: input.time,
      context: null,
      peers,
      query: false,
      recorded,
      contexts: this.contexts(),
    });
    try {
      let result: unknown = {};
      if (ask.kind === "write") result = { results: writeDirect(session, ask.ops) };
      else if (ask.kind === "context_create") result = { id: createContext(session, ask) };
      else if (ask.kind === "erase") return this.#erase(session, ask.ids);
      if (input.genesis !== null) {
        session.createContext("personal", "Your own memories", {}, null, formatId("context", 0, 0, 0));
      }
      return { ...nothing, ...staged(session), result: Payload.text(JSON.stringify(result)) };
    } catch (error) {
      if (error instanceof EngramError) return { ...nothing, refused: error };
      throw error;
    }
  }

  /** Deletes what is to be erased, and records what the runtime then removes from everywhere. */
  #erase(session: Session, ids: readonly Id[]): StepEnd {
    const { graph, log, images, modules } = this.parts;
    const planned = planErasure({
      graph,
      log,
      state: this.state,
      imageOf: (id) => this.#imageOf(id),
      moduleOf: (id, tick) => {
        const agent = this.state.agents.get(id) ?? agentAt(graph, id, tick)?.agent;
        assert(agent !== undefined, `agent ${id} was there at tick ${tick}`);
        return modules.bytes(agent.module);
      },
      storeImages: (all) => images.storeDurably(all),
    }, ids);
    writeDirect(session, planned.deletions.map((id) => ({ op: "delete", id })));
    return {
      ...nothing,
      ...staged(session),
      recorded: [Payload.text(JSON.stringify(planned.erasure))],
      result: Payload.text(JSON.stringify(planned.receipt)),
    };
  }

  #imageOf(id: string): Uint8Array {
    const agent = this.state.agents.get(id);
    assert(agent !== undefined, `no agent ${id} to store an image of`);
    const sandbox = this.parts.sandbox();
    const held = sandbox.holds(id, agent.completed) ? sandbox.image(id) : null;
    return held ?? this.parts.images.of(agent, this.state);
  }

  #runGuests(
    all: readonly Ready[],
    ends: StepEnd[],
    told: Map<string, StepTold>,
    meanwhile: () => void,
    isReplay: boolean,
  ): void {
    if (all.length === 0) return;
    const sandbox = this.parts.sandbox();
    const ready: Ready[] = [];
    const steps: SandboxStep[] = [];
    let images = 0;
    const without = all.filter(({ runner }) => needsImage(sandbox, runner));
    if (without.length > 1) this.parts.images.prepare(without.map(({ runner }) => runner.id), this.state);
    for (const one of all) {
      try {
        const habit = this.#habits.get(one.runner);
        const guess = habit === undefined ? null : firstPermit(one.session, habit);
        const permit = guess === null ? null : permitWithin(guess, this.#workLeft(one.session));
        const tellsImage = images < imagesPerFrameMax && this.#imageIsDue(one.step);
        steps.push({ ...this.#sandboxStep(sandbox, one.step, one.runner), permit, tellsImage });
        if (tellsImage) images++;
        ready.push(one);
      } catch (error) {
        // A module or image that is gone: its own command is refused. What nobody asked for cannot be, and stops; so
        // does a replay, whose step did run.
        if (!(error instanceof EngramError) || one.step.command === null || isReplay) throw error;
        ends[one.index] = { ...nothing, refused: error };
      }
    }
    if (steps.length === 0) return;
    const results = sandbox.run(steps, (at, call) => {
      const one = ready[at];
      assert(one !== undefined, `a host call of step ${at}, which does not run`);
      one.calls.all++;
      if (!quiet.has(call.name)) one.calls.memory++;
      const callsLeft = this.state.config.hostCallsPerStepMax - one.calls.all;
      if (callsLeft < 0) return { end: "hostCallsPerStepMax" };
      const answer = serve(one.session, call);
      const workLeft = this.#workLeft(one.session);
      if (workLeft < 0) return { end: "hostWorkPerStepMax" };
      if (!("permit" in answer) || answer.permit === undefined) return answer;
      const permit = callsLeft === 0 ? null : permitWithin(answer.permit, workLeft);
      return permit === null
        ? { status: answer.status }
        : { ...answer, permit: { ...permit, calls: Math.min(permit.calls, callsLeft) } };
    }, meanwhile);
    results.forEach((result, at) => {
      const one = ready[at];
      assert(one !== undefined, "a result without its step");
      this.#habits.set(one.runner, habitOf(one.session));
      ends[one.index] = one.session.awaitsModel
        ? awaiting
        : this.#bounded(endOf(result, one.session, one.calls));
      const backtrace = "backtrace" in result ? result.backtrace : [];
      const errors = one.session.logs.filter(({ level }) => level === 0).slice(-saidMax);
      const said = errors.map(({ text }) => text.text());
      told.set(stepKey(one.step), { executionMs: result.executionMs, backtrace, said });
    });
  }

  /** What a step's host calls may still take; less than 0 where they took too much. */
  #workLeft({ work }: Session): number {
    return (this.state.config.hostWorkPerStepMax ?? Infinity) - work;
  }

  /** A result over the limit is no result: the step failed. */
  #bounded(end: StepEnd): StepEnd {
    const { resultBytesMax } = this.state.config;
    const bytes = end.result?.bytes?.length ?? 0;
    if (end.kind !== "completed" || bytes <= resultBytesMax) return { ...end, bytes: end.bytes + bytes };
    return {
      ...end,
      kind: "failed",
      reason: `its result has ${bytes} bytes, resultBytesMax is ${resultBytesMax}`,
      result: null,
    };
  }

  #sandboxStep(sandbox: Sandbox, step: Step, runner: Runner): SandboxStep {
    const module = this.parts.modules.get(
      runner.module,
      this.state.config,
      runner.limits.linearMemoryPagesMax,
    );
    sandbox.define(module);
    return {
      agent: runner.id,
      moduleKey: module.key,
      entry: guestEntry(step),
      args: argsOf(step, runner, this.state.config),
      fuel: step.fuelMax,
      completedSteps: runner.completed,
      image: needsImage(sandbox, runner) ? this.parts.images.of(runner, this.state) : null,
    };
  }

  /** Tells the sandbox which instances keep what their step did, and adds image digests to the records. */
  #keep(settled: readonly Settled[]): StepRecord[] {
    const guests = settled.filter(({ step, end }) =>
      step.agent !== null && end.kind !== "denied" && step.problem === null
    );
    const kept = ({ record }: Settled) => record?.outcome === "completed" && record.entry !== "query";
    if (guests.length > 0) {
      this.parts.sandbox().settle(guests.map((one) => ({ agent: one.step.agent ?? "", keep: kept(one) })));
    }
    const records: StepRecord[] = [];
    const imaged: { readonly at: number; readonly agent: string }[] = [];
    for (const one of settled) {
      if (one.record === null) continue;
      const { agent } = one.record;
      if (agent !== null && kept(one) && this.#imageIsDue(one.record)) {
        imaged.push({ at: records.length, agent });
      }
      records.push(one.record);
    }
    if (imaged.length === 0) return records;
    const images = this.parts.sandbox().images(imaged.map(({ agent }) => agent));
    const hashes = this.parts.images.store(images.map((image, nth) => {
      assert(image !== null, `no worker holds agent ${imaged[nth]?.agent} after its step`);
      return image;
    }));
    imaged.forEach(({ at }, nth) => {
      const record = records[at];
      if (record !== undefined) records[at] = { ...record, image: hashes[nth] ?? null };
    });
    return records;
  }

  /**
   * Whether the entry names the image after a completed step: every `imageStepsMax`-th time, but not for all agents in
   * the same tick. Those loaded next to each other have their turns next to each other.
   */
  #imageIsDue(step: Pick<StepRecord, "agent" | "entry" | "tick" | "seat">): boolean {
    if (step.entry === "release" || step.entry === "query") return false;
    const agent = step.entry === "initialize" ? undefined : this.state.agents.get(step.agent ?? "");
    const { loadedTick, loadedSeat, completed } = agent ??
      { loadedTick: step.tick, loadedSeat: step.seat, completed: 0 };
    return (completed + 1 + loadedTick + loadedSeat) % this.state.config.imageStepsMax === 0;
  }
}

/** Whether a worker has to be given an agent's image. */
function needsImage(sandbox: Sandbox, { id, completed }: Runner): boolean {
  return completed > 0 && !sandbox.holds(id, completed);
}

/** Whether a logged step had no outcome of its own making: its worker was lost, or the tick was full. */
function isLost(record: StepRecord): boolean {
  return record.outcome === "killed" || (record.outcome === "carried" && record.reason !== "conflict");
}
