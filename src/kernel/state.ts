/**
 * The kernel's state and the one function that changes it: `advance(state, entry)`.
 *
 * Owns: configuration, agents, mailboxes, carried steps, workflow runs. Does not own: the memory graph.
 *
 * Invariants:
 * 1. State is a fold of entries: live running, recovery and replay call the same `advance` with the same entries.
 * 2. `advance` is total: an entry that was logged can be applied; what may be refused was refused before.
 * 3. A mailbox keeps messages in order of arrival; a step takes from its head. `mailBytes` follows `mail`.
 */
import type { AgentLimits, Command } from "./commands.ts";
import { type Config, configure, defaultConfig } from "./config.ts";
import {
  bodyBytes,
  commandAt,
  type Entry,
  type Message,
  type OutcomeKind,
  type StepEntry,
  type StepRecord,
} from "./entry.ts";
import { type Erasure, erasureOf } from "./erasure.ts";
import { assert } from "./errors.ts";
import type { Grant } from "./grants.ts";
import { formatId, type Id } from "./ids.ts";
import type { Payload } from "./payload.ts";
import type { JsonObject } from "./records.ts";
import type { LoggedWorkflow } from "./workflow.ts";

/** Where an agent's last image in the log lies. */
export interface ImagePoint {
  readonly completed: number;
  readonly tick: number;
  readonly sha: string;
}

/** A loaded agent. */
export interface AgentState {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly module: string;
  readonly manifest: JsonObject | null;
  readonly actions: readonly string[] | null;
  readonly grants: readonly Grant[];
  readonly limits: AgentLimits;
  readonly config: JsonObject;
  readonly receives: boolean;
  /** Its own context. */
  readonly context: Id;
  /** Names its load: the tick that took the command, and its seat there. */
  readonly loadedTick: number;
  readonly loadedSeat: number;
  /** The tick in which its load was done; later than `loadedTick` where it was carried over. */
  readonly readyTick: number;
  /** Steps completed since it was loaded (queries are none), and the tick of the last one. */
  completed: number;
  completedTick: number;
  image: ImagePoint | null;
  functionCalls: number;
  memoryOperations: number;
  fuel: number;
  pages: number;
  /** Of its completed steps while `agentWrittenBytesMax` held. */
  writtenBytes?: number;
}

/** A step of a tick: planned, or carried over from an earlier one. (tick, seat) are those it first had. */
export interface Step {
  readonly tick: number;
  readonly seat: number;
  readonly agent: string | null;
  readonly entry: StepEntry;
  readonly command: Command | null;
  readonly run:
    | { readonly id: Id; readonly step: string; readonly params: Payload; readonly action: string }
    | null;
  readonly mail: readonly Message[] | null;
  /** The context asked for, by id or name, or null. */
  readonly context: string | null;
  readonly fuelMax: number;
  /** Why it cannot start, for a workflow step whose params or agent are missing. */
  readonly problem: string | null;
  readonly conflicts: number;
  readonly losses: number;
}

/** A step of a workflow run, so far. */
export interface RunStep {
  readonly outcome: OutcomeKind;
  readonly reason: string;
  readonly result: Payload | null;
  readonly tick: number;
  readonly fuel: number;
}

/** A workflow on its way through the ticks. */
export interface WorkflowRun {
  readonly id: Id;
  readonly tick: number;
  readonly seat: number;
  readonly command: Command;
  readonly context: string;
  readonly workflow: LoggedWorkflow;
  readonly steps: Map<string, RunStep>;
  /** Steps that are carried over now. */
  readonly carried: Set<string>;
}

/** The kernel's state after an entry. */
export interface State {
  /** Tick of the last entry; -1 before the first. */
  tick: number;
  time: number;
  folder: string;
  config: Config;
  /** In order of loading. */
  readonly agents: Map<string, AgentState>;
  readonly mail: Map<string, Message[]>;
  /** Bytes of the bodies in each mailbox. */
  readonly mailBytes: Map<string, number>;
  carried: readonly Step[];
  readonly runs: Map<Id, WorkflowRun>;
  /** The own context of every agent there ever was: an agent loaded again finds its memories. */
  readonly homes: Map<string, Id>;
  functionCalls: number;
}

/** What an entry ended, for those who wait. */
export interface Advance {
  /** Steps that ended, in schedule order, with what they were. */
  readonly ended: readonly { readonly step: Step; readonly record: StepRecord }[];
  readonly runsEnded: readonly WorkflowRun[];
  readonly agentsLoaded: readonly AgentState[];
  readonly agentsUnloaded: readonly AgentState[];
}

/** The state before the first entry. */
export function emptyState(): State {
  return {
    tick: -1,
    time: 0,
    folder: "",
    config: defaultConfig,
    agents: new Map(),
    mail: new Map(),
    mailBytes: new Map(),
    carried: [],
    runs: new Map(),
    homes: new Map(),
    functionCalls: 0,
  };
}

/** The own context of an agent about to be loaded by the step (tick, seat). */
export function homeOf(
  state: State,
  agent: string,
  step: { readonly tick: number; readonly seat: number },
): Id {
  return state.homes.get(agent) ?? formatId("context", step.tick, step.seat, 0);
}

/** The name of a step, the same in every tick it appears in. */
export const stepKey = (step: { readonly tick: number; readonly seat: number }): string =>
  `${step.tick}.${step.seat}`;

/** Whether a run has nothing left to do: every step done, or one failed and none carried. */
export function runEnded(run: WorkflowRun): boolean {
  if (run.carried.size > 0) return false;
  if (run.steps.size === run.workflow.steps.length) return true;
  return [...run.steps.values()].some((step) => step.outcome !== "completed");
}

function countStep(agent: AgentState, record: StepRecord, tick: number): void {
  agent.functionCalls++;
  agent.memoryOperations += record.memoryOperations;
  agent.fuel += record.fuel;
  if (record.outcome !== "completed") return;
  agent.pages = record.pages;
  if (record.writtenBytes !== undefined) {
    agent.writtenBytes = (agent.writtenBytes ?? 0) + record.writtenBytes;
  }
  if (record.entry === "query") return;
  agent.completed++;
  agent.completedTick = tick;
  if (record.image !== null) agent.image = { completed: agent.completed, tick, sha: record.image };
}

function loadAgent(state: State, record: StepRecord, command: Command | null, tick: number): AgentState {
  assert(command?.ask.kind === "agent_load", "an initialize step without its load command");
  const { kind: _, agent, ...rest } = command.ask;
  return {
    ...rest,
    id: agent,
    context: homeOf(state, agent, record),
    loadedTick: record.tick,
    loadedSeat: record.seat,
    readyTick: tick,
    completed: 0,
    completedTick: record.tick,
    image: null,
    functionCalls: 0,
    memoryOperations: 0,
    fuel: 0,
    pages: 0,
  };
}

/** The step as planned again for the next tick, from the record that carried it and the step it was. */
function carry(record: StepRecord, step: Step): Step {
  return {
    ...step,
    conflicts: step.conflicts + (record.reason === "conflict" ? 1 : 0),
    losses: step.losses + (record.reason === "worker_lost" ? 1 : 0),
  };
}

function settleRun(state: State, record: StepRecord, step: Step, tick: number): void {
  const run = state.runs.get(step.run?.id ?? "");
  if (run === undefined || step.run === null) return;
  if (record.outcome === "carried") {
    run.carried.add(step.run.step);
    return;
  }
  run.carried.delete(step.run.step);
  const { outcome, reason, result, fuel } = record;
  run.steps.set(step.run.step, { outcome, reason, result, tick, fuel });
}

function deliver(state: State, entry: Entry): void {
  const { tick } = entry;
  entry.steps.forEach(({ agent, messages }, step) => {
    const from = agent ?? "";
    let box: Message[] = [], added = 0, last: string | null = null;
    const count = () => {
      if (last !== null) state.mailBytes.set(last, (state.mailBytes.get(last) ?? 0) + added);
    };
    messages.forEach(({ to, body }, index) => {
      if (to !== last) {
        count();
        last = to;
        added = 0;
        box = boxOf(state, to);
      }
      added += body.bytes?.length ?? 0;
      box.push({ to, body, from, tick, step, index });
    });
    count();
  });
}

function boxOf(state: State, agent: string): Message[] {
  const known = state.mail.get(agent);
  if (known !== undefined) return known;
  const box: Message[] = [];
  state.mail.set(agent, box);
  return box;
}

/** Takes the first `count` messages of an agent's mailbox. */
function takeMail(state: State, agent: string, count: number): readonly Message[] {
  const box = state.mail.get(agent) ?? [];
  assert(box.length >= count, `agent ${agent} received ${count} messages but has ${box.length}`);
  if (box.length === count) {
    dropMail(state, agent);
    return box;
  }
  const taken = box.splice(0, count);
  state.mailBytes.set(agent, (state.mailBytes.get(agent) ?? 0) - bytesIn(taken));
  return taken;
}

/** Takes messages out of the mailboxes in which they wait; each is named by (tick, step, index). */
function dropMessages(state: State, named: readonly number[]): void {
  const gone = new Set<string>();
  for (let at = 0; at + 2 < named.length; at += 3) gone.add(named.slice(at, at + 3).join("."));
  if (gone.size === 0) return;
  for (const [agent, box] of [...state.mail]) {
    const kept = box.filter(({ tick, step, index }) => !gone.has(`${tick}.${step}.${index}`));
    if (kept.length === box.length) continue;
    if (kept.length === 0) dropMail(state, agent);
    else {
      state.mail.set(agent, kept);
      state.mailBytes.set(agent, bytesIn(kept));
    }
  }
}

function dropMail(state: State, agent: string): void {
  state.mail.delete(agent);
  state.mailBytes.delete(agent);
}

/** Bytes of the bodies of messages. */
export function bytesIn(messages: readonly Message[]): number {
  return messages.reduce((sum, one) => sum + bodyBytes(one), 0);
}

/** Whether as many messages wait, or as many bytes of them, as may for all agents together. */
export function mailIsFull({ config, mail, mailBytes, carried }: State): boolean {
  const { mailMessagesMax = Infinity, mailBytesMax = Infinity } = config;
  if (mailMessagesMax === Infinity && mailBytesMax === Infinity) return false;
  let messages = 0, bytes = 0;
  for (const box of mail.values()) messages += box.length;
  for (const some of mailBytes.values()) bytes += some;
  for (const { mail: taken } of carried) {
    messages += taken?.length ?? 0;
    bytes += bytesIn(taken ?? []);
  }
  return messages >= mailMessagesMax || bytes >= mailBytesMax;
}

/** The step a record belongs to: a carried one, or one first planned by this entry. */
function stepOf(state: State, entry: Entry, record: StepRecord, carried: ReadonlyMap<string, Step>): Step {
  const known = carried.get(stepKey(record));
  if (known !== undefined) return known;
  assert(record.tick === entry.tick, `step ${stepKey(record)} of entry ${entry.tick} was not carried`);
  const command = commandAt(entry, record.seat);
  const cause = record.cause;
  const run = cause !== null && "run" in cause ? state.runs.get(cause.run) : undefined;
  const planned = run?.workflow.steps.find((one) =>
    cause !== null && "run" in cause && one.id === cause.step
  );
  const ask = command?.ask;
  return {
    tick: record.tick,
    seat: record.seat,
    agent: record.agent,
    entry: record.entry,
    command,
    run: cause !== null && "run" in cause
      ? { id: cause.run, step: cause.step, params: cause.params, action: planned?.action ?? "" }
      : null,
    mail: cause !== null && "mail" in cause && record.agent !== null
      ? takeMail(state, record.agent, cause.mail.length / 3)
      : null,
    context: run?.context ?? (ask?.kind === "execute" || ask?.kind === "query" ? ask.context : null),
    fuelMax: fuelBudget(state, record.agent, command),
    problem: null,
    conflicts: 0,
    losses: 0,
  };
}

/** The fuel a step may use: the command's, else the agent's limit, else the configuration's. */
export function fuelBudget(state: State, agent: string | null, command: Command | null): number {
  const ask = command?.ask;
  if ((ask?.kind === "execute" || ask?.kind === "query") && ask.fuel !== null) return ask.fuel;
  const limits = ask?.kind === "agent_load" ? ask.limits : state.agents.get(agent ?? "")?.limits;
  return limits?.stepFuelMax ?? state.config.stepFuelMax;
}

function begin(state: State, entry: Entry): void {
  assert(entry.tick === state.tick + 1, `entry ${entry.tick} after tick ${state.tick}`);
  if (entry.genesis !== null) {
    state.config = entry.genesis.config;
    state.folder = entry.genesis.folder;
  }
  for (const { seat, command } of entry.commands) {
    const ask = command.ask;
    if (ask.kind === "configure") {
      const next = configure(state.config, ask.changes);
      assert(!("wrong" in next), "a configure command that cannot be applied was logged");
      state.config = next;
    }
    if (ask.kind !== "workflow") continue;
    const id = formatId("workflow", entry.tick, seat, 0);
    const { context, workflow } = ask;
    const steps = new Map<string, RunStep>();
    state.runs.set(id, { id, tick: entry.tick, seat, command, context, workflow, steps, carried: new Set() });
  }
}

/**
 * Agents that may have read what was erased go on from the images the erasure stored; messages that told of it are
 * delivered no more.
 */
function keepErased(state: State, { images, messages = [] }: Erasure, tick: number): void {
  dropMessages(state, messages);
  for (const [id, sha] of Object.entries(images)) {
    const agent = state.agents.get(id);
    if (agent === undefined) continue;
    agent.image = { completed: agent.completed, tick, sha };
    agent.completedTick = tick;
  }
}

/** Applies an entry. Deterministic: equal states and entries give equal states. */
export function advance(state: State, entry: Entry): Advance {
  begin(state, entry);
  const carriedBefore = new Map(state.carried.map((step) => [stepKey(step), step]));
  const carried: Step[] = [];
  const ended: { step: Step; record: StepRecord }[] = [];
  const agentsLoaded: AgentState[] = [], agentsUnloaded: AgentState[] = [];
  for (const record of entry.steps) {
    const step = stepOf(state, entry, record, carriedBefore);
    state.functionCalls += record.agent === null ? 0 : 1;
    settleRun(state, record, step, entry.tick);
    if (record.outcome === "carried") {
      carried.push(carry(record, step));
      continue;
    }
    ended.push({ step, record });
    const erasure = erasureOf(record);
    if (erasure !== null) keepErased(state, erasure, entry.tick);
    if (record.entry === "initialize" && record.outcome === "completed") {
      const loaded = loadAgent(state, record, step.command, entry.tick);
      state.agents.set(loaded.id, loaded);
      state.homes.set(loaded.id, loaded.context);
      agentsLoaded.push(loaded);
    }
    const agent = state.agents.get(record.agent ?? "");
    if (agent !== undefined) countStep(agent, record, entry.tick);
    if (record.entry === "release" && agent !== undefined) {
      state.agents.delete(agent.id);
      dropMail(state, agent.id);
      agentsUnloaded.push(agent);
    }
  }
  state.carried = carried;
  deliver(state, entry);
  for (const agent of agentsUnloaded) dropMail(state, agent.id);
  const runsEnded = [...state.runs.values()].filter(runEnded);
  for (const run of runsEnded) state.runs.delete(run.id);
  state.tick = entry.tick;
  state.time = entry.time;
  return { ended, runsEnded, agentsLoaded, agentsUnloaded };
}
