/**
 * Settle: from the plan and how its steps ended, the records of the entry. Pure.
 *
 * A tick is snapshot isolation: a step conflicts when an earlier step in schedule order wrote a key that it
 * wrote or read by id. Keys: engram id, connection (source, target, type), membership pair, context; the ends of
 * a connection count as read.
 *
 * Invariants:
 * 1. Steps are walked in schedule order, never in order of arrival.
 * 2. Every outcome but `completed` leaves no write, no message and no image.
 * 3. A refused command is struck out: no record, its seat stays unused. One that was carried over already stands in
 *    an earlier entry: its refusal is its outcome, recorded with the refusal as its result.
 */
import type { OutcomeKind, StepRecord } from "./entry.ts";
import { assert, EngramError } from "./errors.ts";
import { Payload } from "./payload.ts";
import type { Plan } from "./plan.ts";
import type { Write } from "./records.ts";
import { type State, type Step, stepKey } from "./state.ts";

/** How a step ended, as the host saw it; before conflicts are looked for. */
export interface StepEnd {
  readonly kind: "completed" | "failed" | "trapped" | "out_of_fuel" | "denied" | "lost";
  /** Set when the command is refused: nothing of it is logged. */
  readonly refused: EngramError | null;
  readonly reason: string;
  readonly fuel: number;
  readonly calls: number;
  readonly memoryOperations: number;
  readonly pages: number;
  readonly result: Payload | null;
  readonly writes: readonly Write[];
  readonly messages: readonly { readonly to: string; readonly body: Payload }[];
  readonly recorded: readonly Payload[];
  readonly reads: readonly string[];
  readonly written: readonly string[];
  readonly logs: readonly { readonly level: number; readonly text: Payload }[];
  /** Bytes of everything staged, recorded and answered. */
  readonly bytes: number;
}

/** A step's place in the settlement. */
export interface Settled {
  readonly step: Step;
  readonly end: StepEnd;
  /** Null where the command is struck out: it is refused, or changes nothing. */
  readonly record: StepRecord | null;
  /** Why it is refused; null where it is not. */
  readonly refused: EngramError | null;
}

const outcomeOf = {
  completed: "completed",
  failed: "failed",
  trapped: "trapped",
  out_of_fuel: "out_of_fuel",
  denied: "denied",
} as const satisfies Record<Exclude<StepEnd["kind"], "lost">, OutcomeKind>;

function judge(
  state: State,
  step: Step,
  end: StepEnd,
  written: ReadonlySet<string>,
): { outcome: OutcomeKind; reason: string } {
  if (end.kind === "lost" && (end.reason === "tick_full" || end.reason === "awaits_model")) {
    return { outcome: "carried", reason: end.reason };
  }
  if (end.kind === "lost") {
    return step.losses >= state.config.workerLossMax
      ? { outcome: "killed", reason: `its worker was lost ${step.losses + 1} times` }
      : { outcome: "carried", reason: "worker_lost" };
  }
  if (end.kind !== "completed") return { outcome: outcomeOf[end.kind], reason: end.reason };
  const key = end.reads.find((one) => written.has(one)) ?? end.written.find((one) => written.has(one));
  if (key === undefined) return { outcome: "completed", reason: "" };
  return step.conflicts >= state.config.conflictRetriesMax
    ? { outcome: "conflicted", reason: `${key} was changed by others ${step.conflicts + 1} times` }
    : { outcome: "carried", reason: "conflict" };
}

function causeOf(step: Step): StepRecord["cause"] {
  if (step.run !== null) return { run: step.run.id, step: step.run.step, params: step.run.params };
  if (step.mail === null) return null;
  const mail: number[] = [];
  for (const { tick, step: from, index } of step.mail) mail.push(tick, from, index);
  return { mail };
}

/** `written`: the bytes a completed step wrote, where they are counted. */
function record(
  step: Step,
  end: StepEnd,
  outcome: OutcomeKind,
  reason: string,
  written: number | null = null,
): StepRecord {
  const kept = outcome === "completed";
  const ran = outcome !== "denied" && step.agent !== null;
  return {
    tick: step.tick,
    seat: step.seat,
    agent: step.agent,
    entry: step.entry,
    cause: causeOf(step),
    outcome,
    fuel: kept ? end.fuel : ran && step.problem === null ? step.fuelMax : 0,
    calls: end.calls,
    memoryOperations: end.memoryOperations,
    pages: kept ? end.pages : 0,
    reason,
    result: kept || outcome === "failed" ? end.result : null,
    writes: kept ? end.writes : [],
    messages: kept ? end.messages : [],
    recorded: end.kind === "lost" ? [] : end.recorded,
    reads: kept ? end.reads : [],
    logs: kept ? end.logs : [],
    image: null,
    ...(kept && written !== null ? { writtenBytes: written } : {}),
  };
}

/** The record of a command that was carried over and is refused now. */
function refusedRecord(step: Step, end: StepEnd, refused: EngramError): StepRecord {
  const { code, message } = refused;
  const result = Payload.text(JSON.stringify({ code, message }));
  return { ...record(step, { ...end, result }, "failed", `refused: ${refused.code}`), fuel: 0 };
}

/** The refusal in the record of a command that was carried over, or null. */
export function refusalIn(record: StepRecord): EngramError | null {
  if (record.outcome !== "failed" || !record.reason.startsWith("refused: ") || record.result === null) {
    return null;
  }
  return record.result.erased ? null : EngramError.fromJSON(JSON.parse(record.result.text()));
}

/** The refusal of a load whose initialize did not complete. */
export function loadRefusal(step: Step, outcome: OutcomeKind, reason: string): EngramError {
  const text = `Cannot load agent ${JSON.stringify(step.agent)}: initialize ended ${outcome}${
    reason === "" ? "" : ` (${reason})`
  }`;
  return new EngramError("agent_initialize_failed", text, { outcome, fuel: step.fuelMax, reason });
}

/** The end of a step whose work did not fit: nothing of this run is kept, it has no outcome. */
function postponed(end: StepEnd): StepEnd {
  return { ...end, kind: "lost", reason: "tick_full", calls: 0, memoryOperations: 0, recorded: [] };
}

/** The linear memory of all agents together, as the steps of a tick grow it in their order. */
class AllMemory {
  readonly #state: State;
  /** Counted when a step first grows. */
  #pages: number | null = null;

  constructor(state: State) {
    this.#state = state;
  }

  /** Takes in what a step grew; gives why it may not have, or null. */
  grow({ agent }: Step, { pages }: StepEnd): string | null {
    const { config: { linearMemoryPagesAllMax: most }, agents } = this.#state;
    if (most === undefined || agent === null) return null;
    const grown = pages - (agents.get(agent)?.pages ?? 0);
    if (grown <= 0) return null;
    this.#pages ??= [...agents.values()].reduce((sum, one) => sum + one.pages, 0);
    if (this.#pages + grown > most) {
      return `it grew by ${grown} pages, all agents have ${this.#pages}, linearMemoryPagesAllMax is ${most}`;
    }
    this.#pages += grown;
    return null;
  }
}

/** Bytes of the texts in some writes. */
function bytesOf(writes: readonly Write[]): number {
  let sum = 0;
  for (const write of writes) {
    for (const value of Object.values(write)) if (value instanceof Payload) sum += value.bytes?.length ?? 0;
  }
  return sum;
}

/** What a step wrote, where that is counted: only agents have a quota. */
function writtenBy({ config }: State, { agent }: Step, { kind, writes }: StepEnd): number | null {
  const isCounted = config.agentWrittenBytesMax !== undefined && agent !== null && kind === "completed";
  return isCounted ? bytesOf(writes) : null;
}

/** Why a step may not keep what it wrote, or null. */
function overQuota({ config, agents }: State, { agent }: Step, written: number | null): string | null {
  const most = config.agentWrittenBytesMax ?? Infinity, before = agents.get(agent ?? "")?.writtenBytes ?? 0;
  if (written === null || written === 0 || before + written <= most) return null;
  return `it wrote ${written} bytes, and ${before} before, agentWrittenBytesMax is ${most}`;
}

/** Settles a tick. `ends` are in the order of `plan.steps`. */
export function settle(state: State, plan: Plan, ends: readonly StepEnd[]): readonly Settled[] {
  assert(ends.length === plan.steps.length, "every step has an end");
  const written = new Set<string>();
  const memory = new AllMemory(state);
  let bytes = 0;
  return plan.steps.map((step, at): Settled => {
    const given = ends[at];
    assert(given !== undefined, `step ${stepKey(step)} has no end`);
    // What does not fit into the tick any more runs again in the next one, where it comes first.
    const full = bytes > 0 && bytes + given.bytes > state.config.tickBytesMax;
    const ended = full && given.refused === null ? postponed(given) : given;
    if (!full) bytes += given.bytes;
    const isLogged = step.tick < plan.tick;
    const { refused } = ended;
    if (refused !== null) {
      return isLogged
        ? { step, end: ended, record: refusedRecord(step, ended, refused), refused: null }
        : { step, end: ended, record: null, refused };
    }
    const judged = judge(state, step, ended, written);
    const bytesWritten = writtenBy(state, step, ended);
    const tooMuch = judged.outcome === "completed"
      ? overQuota(state, step, bytesWritten) ?? memory.grow(step, ended)
      : null;
    const end = tooMuch === null ? ended : { ...ended, result: null };
    const { outcome, reason } = tooMuch === null ? judged : { outcome: "failed" as const, reason: tooMuch };
    if (!isLogged && step.entry === "initialize" && outcome !== "completed" && outcome !== "carried") {
      return { step, end, record: null, refused: loadRefusal(step, outcome, reason) };
    }
    // The owner asked for what is so already: there is nothing to log, and the answer is known.
    if (!isLogged && outcome === "completed" && step.entry === "write" && end.writes.length === 0) {
      return { step, end, record: null, refused: null };
    }
    if (outcome === "completed") { for (const key of end.written) written.add(key); }
    return { step, end, record: record(step, end, outcome, reason, bytesWritten), refused: null };
  });
}
