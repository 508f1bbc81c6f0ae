/**
 * Receipts: what the asker of a command is told, once its entry is durable.
 *
 * Invariants:
 * 1. A receipt is JSON, the same through every door.
 * 2. An outcome but `completed` is told as a refusal with tick, fuel, backtrace and the agent's own last errors; nothing
 *    of the step remains.
 */
import { payloadText } from "./entries.ts";
import {
  assert,
  type Command,
  EngramError,
  formatId,
  loadRefusal,
  type OutcomeKind,
  parseOr,
  type Payload,
  type RefusalCode,
  refusalIn,
  type Step,
  type StepRecord,
  type WorkflowRun,
} from "../kernel/mod.ts";

/** What a command came to. */
export type Receipt = { readonly tick: number } & Readonly<Record<string, unknown>>;

const codes = {
  failed: "agent_failed",
  trapped: "agent_trapped",
  out_of_fuel: "agent_out_of_fuel",
  denied: "agent_denied",
  conflicted: "agent_conflicted",
  killed: "agent_killed",
} as const satisfies Record<Exclude<OutcomeKind, "completed" | "carried">, RefusalCode>;

const words = {
  failed: "it said so",
  trapped: "it crashed",
  out_of_fuel: "it used all its fuel",
  denied: "it may not",
  conflicted: "others changed what it read",
  killed: "its worker was lost",
} as const satisfies Record<keyof typeof codes, string>;

/** What is told once, live, beside what the log can say again. */
export interface ToldOnce {
  /** Of a trap. */
  readonly backtrace: readonly string[];
  /** The last errors the agent wrote to its log, which are kept nowhere where the step did not complete. */
  readonly said: readonly string[];
}

const toldNothing: ToldOnce = { backtrace: [], said: [] };
/** Of what an agent said in one line of a message; `data.said` has all of it. */
const saidLettersMax = 300;

/** An agent's errors as the end of a message, or "". */
function quoted(said: readonly string[]): string {
  const text = said.join("; ").replaceAll(/\s+/gu, " ").trim();
  if (text === "") return "";
  const letters = [...text];
  return `: ${letters.length <= saidLettersMax ? text : `${letters.slice(0, saidLettersMax).join("")}…`}`;
}

function failure(record: StepRecord, tick: number, { backtrace, said }: ToldOnce): EngramError {
  const outcome = record.outcome;
  assert(outcome !== "completed" && outcome !== "carried", "a failure that is none");
  const detail = [record.reason, payloadText(record.result) ?? ""].filter((text) => text !== "").join(": ");
  const what = record.entry === "query"
    ? "Query of"
    : record.entry === "release"
    ? "Unload of"
    : "Execution of";
  const fuel = record.fuel.toLocaleString("en-US");
  const own = quoted(said);
  const isLimit = outcome === "trapped" && record.reason.endsWith("Max");
  const why = outcome === "failed" && own !== ""
    ? ""
    : isLimit
    ? `: it reached ${record.reason}`
    : `: ${words[outcome]}` +
      `${detail === "" ? "" : ` (${detail})`}${outcome === "out_of_fuel" ? `, ${fuel}` : ""}`;
  const message = `${what} agent ${
    JSON.stringify(record.agent)
  } ended ${outcome} at tick ${tick}${why}${own}`;
  return new EngramError(codes[outcome], message, { tick, fuel: record.fuel, outcome, backtrace, said });
}

function resultOf(record: StepRecord): unknown {
  return parseOr(payloadText(record.result) ?? "");
}

/** The receipt of a step's command, or the refusal that tells its outcome. `tick` is the entry it ended in. */
export function receiptOf(
  step: Step,
  record: StepRecord,
  tick: number,
  told: ToldOnce = toldNothing,
): Receipt | EngramError {
  const ask = step.command?.ask;
  assert(ask !== undefined, "a receipt for a step without a command");
  if (record.outcome !== "completed" && ask.kind !== "agent_unload") {
    const refused = refusalIn(record);
    if (refused !== null) return refused;
    if (ask.kind === "agent_load") return loadRefusal(step, record.outcome, record.reason);
    if (record.outcome === "conflicted" && record.agent === null) {
      return new EngramError("conflict", `Cannot write: ${record.reason}`, { tick });
    }
    return failure(record, tick, told);
  }
  switch (ask.kind) {
    case "write":
    case "context_create":
    case "erase":
      return { ...resultOf(record) as object, tick };
    case "configure":
      return { tick };
    case "agent_load":
      return { agent: ask.agent, tick, fuel: record.fuel, module: ask.module, unchanged: false };
    case "agent_unload":
      return { agent: ask.agent, tick, outcome: record.outcome };
    case "execute":
    case "query":
      return { result: resultOf(record), tick, fuel: record.fuel };
    case "workflow":
      throw new Error("Fault: a workflow's receipt is given at its run's end");
    default:
      return ask satisfies never;
  }
}

/** The receipt of a load that found the agent loaded, byte for byte. */
export function unchangedReceipt(command: Command, tick: number): Receipt {
  assert(command.ask.kind === "agent_load", "only a load can be unchanged");
  return { agent: command.ask.agent, tick, fuel: 0, module: command.ask.module, unchanged: true };
}

/** The receipt of a write that changes nothing: it is not logged, and the tick is the last one. */
export function idleReceipt(result: Payload | null, tick: number): Receipt {
  assert(result !== null, "a write without its result");
  return { ...parseOr(result.text()) as object, tick };
}

/** The receipt of a workflow run that ended in `context`, by its id; `said` are the last errors of its broken step. */
export function runReceipt(
  run: WorkflowRun,
  tick: number,
  context: string,
  said: readonly string[] = [],
): Receipt | EngramError {
  const steps = Object.fromEntries([...run.steps].map(([id, step]) => {
    const { outcome, reason, fuel } = step;
    const result = parseOr(payloadText(step.result) ?? "");
    return [id, { result, outcome, tick: step.tick, fuel, ...(reason === "" ? {} : { reason }) }];
  }));
  const broken = [...run.steps].find(([, step]) => step.outcome !== "completed");
  const id = formatId("workflow", run.tick, run.seat, 0);
  if (broken === undefined) return { id, context, tick, steps };
  const [step, { outcome, reason }] = broken;
  const message = `Workflow ${JSON.stringify(run.workflow.id)} stopped at step ${
    JSON.stringify(step)
  }: ${outcome}${reason === "" ? "" : ` (${reason})`}${quoted(said)}`;
  return new EngramError("workflow_step_failed", message, {
    id,
    context,
    tick,
    step,
    outcome,
    reason,
    said,
    steps,
  });
}
