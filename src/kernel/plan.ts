/**
 * Plan: from the state and the commands taken, the steps of a tick in schedule order. Pure.
 *
 * Schedule order: steps carried over in their old order, commands in order of arrival, ready workflow steps,
 * then agents with mail in order of loading. An agent has at most one step a tick: of two the later waits.
 *
 * Invariants:
 * 1. The same state, commands and seats give the same plan.
 * 2. A command is planned, answered at once, or deferred; deferred ones leave no trace in the tick.
 */
import { agentOf, type Command } from "./commands.ts";
import { changesModules, configure } from "./config.ts";
import type { StepEntry } from "./entry.ts";
import { EngramError } from "./errors.ts";
import { nestsDeeper } from "./json_depth.ts";
import { Payload } from "./payload.ts";
import type { Json } from "./records.ts";
import { fuelBudget, runEnded, type State, type Step, type WorkflowRun } from "./state.ts";
import { paramsOf, readySteps, resolveParams } from "./workflow.ts";

/** A command in the tick, with its seat. */
export interface Seated {
  readonly seat: number;
  readonly command: Command;
}

/** What replay takes from the entry: refused commands stand in no entry, but took seats and kept agents busy. */
export interface Replayed {
  /** The seats of the commands given. */
  readonly seats: readonly number[];
  readonly seatBase: number;
  /** Agents for which the tick began a workflow step or a delivery of mail. */
  readonly starts: ReadonlySet<string>;
}

/** The plan of a tick. Indices are those of the commands given. */
export interface Plan {
  readonly tick: number;
  readonly steps: readonly Step[];
  /** Commands that are in the tick, with their seats, workflows included. */
  readonly seated: readonly (Seated & { readonly index: number })[];
  readonly refused: readonly { readonly index: number; readonly error: EngramError }[];
  /** Loads of what is already loaded, byte for byte. */
  readonly unchanged: readonly number[];
  readonly deferred: readonly number[];
  readonly seatBase: number;
}

const entryOf = {
  configure: "configure",
  write: "write",
  context_create: "context_create",
  agent_load: "initialize",
  agent_unload: "release",
  execute: "execute",
  query: "query",
  erase: "erase",
} as const satisfies Record<string, StepEntry>;

const quote = (text: string): string => JSON.stringify(text);

type Verdict = "plan" | "unchanged" | EngramError;

function judgeLoad(state: State, ask: Extract<Command["ask"], { kind: "agent_load" }>): Verdict {
  const loaded = state.agents.get(ask.agent);
  if (loaded !== undefined) {
    const same = loaded.module === ask.module &&
      JSON.stringify(loaded.manifest) === JSON.stringify(ask.manifest) &&
      JSON.stringify(loaded.grants) === JSON.stringify(ask.grants);
    if (same) return "unchanged";
    const what = loaded.module === ask.module ? "with another manifest or other grants" : "with other bytes";
    return new EngramError("agent_exists", `Cannot load agent ${quote(ask.agent)}: it is loaded ${what}`);
  }
  if (state.agents.size >= state.config.agentsMax) {
    return new EngramError(
      "limit_reached",
      `Cannot load agent ${quote(ask.agent)}: agentsMax is ${state.config.agentsMax}`,
    );
  }
  return "plan";
}

/** One command holds a bounded number of memories, an erasure too. */
function judgeErase(state: State, count: number): Verdict {
  const { opsPerCommandMax } = state.config;
  if (count <= opsPerCommandMax) return "plan";
  return new EngramError(
    "limit_reached",
    `Cannot erase: ${count} memories in one command, opsPerCommandMax is ${opsPerCommandMax}`,
  );
}

/**
 * What an erasure that waits for its turn keeps from beginning behind it. It has its turn when nobody is in the middle
 * of something: workflows come to their end first, then steps that were carried over. Both end in a bounded number of
 * ticks where nothing new of their kind begins.
 */
type Held = "nothing" | "agents" | "everything";

function heldBehindErasure({ runs, carried }: State): Held {
  if (runs.size > 0) return "agents";
  return carried.length > 0 ? "everything" : "nothing";
}

/** Whether a command waits behind an erasure. What needs no agent goes on, where it leaves room for the workflows. */
function isHeld(held: Held, { ask }: Command, room: number): boolean {
  if (held !== "agents") return held === "everything";
  return agentOf(ask) !== null || ask.kind === "workflow" || ask.kind === "erase" || room <= 1;
}

/** What the kernel alone can say about a command. `loading`: the tick loads an agent. */
function judge(state: State, command: Command, loading: boolean): Verdict {
  const ask = command.ask;
  switch (ask.kind) {
    case "agent_load":
      return judgeLoad(state, ask);
    case "configure": {
      const next = configure(state.config, ask.changes);
      if ("wrong" in next) {
        return new EngramError(
          "invalid_argument",
          `Cannot configure: ${quote(next.wrong)} is no limit, or its value is not a whole number above 0`,
        );
      }
      if (changesModules(ask.changes) && (loading || state.agents.size > 0)) {
        return new EngramError(
          "wrong_state",
          "Cannot configure: the limits of modules stay as they are while agents are loaded",
        );
      }
      return "plan";
    }
    case "agent_unload":
    case "execute":
    case "query": {
      const agent = state.agents.get(ask.agent);
      if (agent === undefined) {
        return new EngramError(
          "agent_not_found",
          `Cannot ${ask.kind === "agent_unload" ? "unload" : ask.kind} agent ${
            quote(ask.agent)
          }: it is not loaded`,
        );
      }
      const given = ask.kind === "execute" ? ask.params : ask.kind === "query" ? ask.query : null;
      const bytes = given?.bytes?.length ?? 0;
      if (bytes > state.config.paramsBytesMax) {
        return new EngramError(
          "payload_too_large",
          `Cannot run agent ${
            quote(agent.id)
          }: ${bytes} bytes given, paramsBytesMax is ${state.config.paramsBytesMax}`,
        );
      }
      if (ask.kind === "execute" && agent.actions !== null && !agent.actions.includes(ask.action)) {
        const known = agent.actions.map(quote).join(", ");
        return new EngramError(
          "action_unknown",
          `Cannot execute ${quote(ask.action)}: agent ${quote(agent.id)} has ${known || "no actions"}`,
        );
      }
      return "plan";
    }
    case "workflow": {
      if (state.runs.size >= state.config.workflowRunsMax) {
        return new EngramError(
          "limit_reached",
          `Cannot start workflow ${quote(ask.workflow.id)}: ${state.runs.size} are running (workflowRunsMax)`,
        );
      }
      if (ask.workflow.steps.length > state.config.workflowStepsMax) {
        return new EngramError(
          "limit_reached",
          `Cannot start workflow ${quote(ask.workflow.id)}: it has ${ask.workflow.steps.length} steps, ` +
            `workflowStepsMax is ${state.config.workflowStepsMax}`,
        );
      }
      const missing = ask.workflow.steps.find((step) => !state.agents.has(step.agent));
      if (missing === undefined) return "plan";
      return new EngramError(
        "workflow_unknown_agent",
        `Cannot start workflow ${quote(ask.workflow.id)}: step ${quote(missing.id)} names agent ${
          quote(missing.agent)
        }, which is not loaded`,
        { step: missing.id, agent: missing.agent },
      );
    }
    case "write":
    case "context_create":
      return "plan";
    case "erase":
      return judgeErase(state, ask.ids.length);
    default:
      return ask satisfies never;
  }
}

function commandStep(
  state: State,
  tick: number,
  { seat, command }: Seated,
  kind: keyof typeof entryOf,
): Step {
  const ask = command.ask;
  const agent = agentOf(ask);
  return {
    tick,
    seat,
    agent,
    entry: entryOf[kind],
    command,
    run: null,
    mail: null,
    context: ask.kind === "execute" || ask.kind === "query" ? ask.context : null,
    fuelMax: fuelBudget(state, agent, command),
    problem: null,
    conflicts: 0,
    losses: 0,
  };
}

function runSteps(
  state: State,
  run: WorkflowRun,
  tick: number,
  busy: Set<string>,
  room: number,
  mayStart: (agent: string) => boolean,
  seat: () => number,
): Step[] {
  const done = new Set([...run.steps].filter(([, step]) => step.outcome === "completed").map(([id]) => id));
  const started = (id: string) => run.steps.has(id) || run.carried.has(id);
  const steps: Step[] = [];
  for (const step of readySteps(run.workflow, done)) {
    if (steps.length >= room) break;
    if (started(step.id) || busy.has(step.agent) || !mayStart(step.agent)) continue;
    let params = "", problem: string | null = null;
    if (!state.agents.has(step.agent)) problem = `agent ${quote(step.agent)} is not loaded any more`;
    else {
      try {
        params = resolveParams(paramsOf(step), runResults(run));
      } catch (error) {
        if (!(error instanceof EngramError)) throw error;
        problem = error.message;
      }
    }
    busy.add(step.agent);
    steps.push({
      tick,
      seat: seat(),
      agent: step.agent,
      entry: "execute",
      command: null,
      run: { id: run.id, step: step.id, params: Payload.text(params), action: step.action },
      mail: null,
      context: run.context,
      fuelMax: fuelBudget(state, step.agent, null),
      problem,
      conflicts: 0,
      losses: 0,
    });
  }
  return steps;
}

/** The results of a run's completed steps, parsed where they are JSON. */
function runResults(run: WorkflowRun): Map<string, Json> {
  const results = new Map<string, Json>();
  for (const [id, step] of run.steps) {
    if (step.outcome !== "completed") continue;
    const text = step.result === null || step.result.erased ? "" : step.result.text();
    results.set(id, parseOr(text));
  }
  return results;
}

/** The value JSON text stands for, or the text itself where it is none or nests too deep to be passed on. */
export function parseOr(text: string): Json {
  try {
    const value: Json = text === "" ? null : JSON.parse(text);
    return nestsDeeper(value) ? text : value;
  } catch {
    return text; // an agent's answer need not be JSON
  }
}

function mailSteps(
  state: State,
  tick: number,
  busy: ReadonlySet<string>,
  room: number,
  mayStart: (agent: string) => boolean,
  seat: () => number,
): Step[] {
  if (state.mail.size === 0) return [];
  const waiting = [...state.mail.keys()].filter((agent) =>
    !busy.has(agent) && state.agents.has(agent) && mayStart(agent)
  );
  const order = (id: string): readonly [number, number] => {
    const agent = state.agents.get(id);
    return [agent?.loadedTick ?? 0, agent?.loadedSeat ?? 0];
  };
  waiting.sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1]);
  return waiting.slice(0, room).map((agent) => ({
    tick,
    seat: seat(),
    agent,
    entry: "receive" as const,
    command: null,
    run: null,
    mail: (state.mail.get(agent) ?? []).slice(0, state.config.messagesPerStepMax),
    context: null,
    fuelMax: fuelBudget(state, agent, null),
    problem: null,
    conflicts: 0,
    losses: 0,
  }));
}

/** Whether there is something to do without any new command. */
export function hasWork(state: State): boolean {
  return state.carried.length > 0 || state.mail.size > 0 || state.runs.size > 0;
}

/**
 * Plans the next tick. Live (`replayed` null), seats are places in `commands`, and without `goesOn` neither a workflow
 * step nor a delivery of mail begins. Bounded by stepsPerTickMax, but for
 * steps carried over, which all keep their place.
 */
export function plan(
  state: State,
  commands: readonly Command[],
  replayed: Replayed | null,
  goesOn = true,
): Plan {
  const tick = state.tick + 1;
  const steps: Step[] = [...state.carried];
  const busy = new Set(steps.map((step) => step.agent).filter((agent) => agent !== null));
  const seated: (Seated & { index: number })[] = [];
  const refused: { index: number; error: EngramError }[] = [];
  const unchanged: number[] = [], deferred: number[] = [];
  const runs: WorkflowRun[] = [...state.runs.values()];
  let modulesChange = false, erases = false, held = "nothing" as Held;
  const left = () => state.config.stepsPerTickMax - steps.length;
  commands.forEach((command, index) => {
    const agent = agentOf(command.ask);
    const waits = erases || isHeld(held, command, left()) ||
      (modulesChange && command.ask.kind === "agent_load") ||
      (command.ask.kind === "erase" && seated.length > 0);
    if (waits || left() <= 0 || (agent !== null && busy.has(agent))) {
      deferred.push(index);
      return;
    }
    const verdict = judge(state, command, steps.some((step) => step.entry === "initialize"));
    if (verdict === "plan" && command.ask.kind === "erase") held = heldBehindErasure(state);
    if (held !== "nothing" && command.ask.kind === "erase") deferred.push(index);
    else if (verdict === "unchanged") unchanged.push(index);
    else if (verdict !== "plan") refused.push({ index, error: verdict });
    else {
      const seat = replayed?.seats[index] ?? index;
      seated.push({ seat, command, index });
      erases = command.ask.kind === "erase";
      if (command.ask.kind === "workflow") return;
      if (agent !== null) busy.add(agent);
      if (command.ask.kind === "configure") modulesChange ||= changesModules(command.ask.changes);
      steps.push(commandStep(state, tick, { seat, command }, command.ask.kind));
    }
  });
  const seatBase = replayed?.seatBase ?? commands.length;
  let next = seatBase;
  const seat = () => next++;
  const room = () => Math.max(0, left());
  const mayStart = (agent: string) => replayed?.starts.has(agent) ?? goesOn;
  for (const run of runs) {
    if (runEnded(run) || [...run.steps.values()].some((step) => step.outcome !== "completed")) continue;
    steps.push(...runSteps(state, run, tick, busy, room(), mayStart, seat));
  }
  // An erasure is alone in its tick: what agents are to read meanwhile waits.
  if (!erases && held !== "everything") steps.push(...mailSteps(state, tick, busy, room(), mayStart, seat));
  return { tick, steps, seated, refused, unchanged, deferred, seatBase };
}
