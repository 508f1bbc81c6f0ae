/** Worlds for tests of plan, settle and state: commands, ends of steps, and ticks run over them without wasm. */
import {
  advance,
  type AgentState,
  type Ask,
  type Command,
  defaultConfig,
  emptyState,
  type Entry,
  entryFormat,
  Payload,
  plan,
  settle,
  type Settled,
  type State,
  type Step,
  type StepEnd,
  stepKey,
  type Write,
} from "../../../src/kernel/mod.ts";

/** A command of one ask. */
export const command = (ask: Ask, commandId: string | null = null): Command => ({
  ask,
  client: "test",
  commandId,
});

/** Asks, short. */
export const ask = {
  write: (): Ask => ({ kind: "write", ops: [] }),
  execute: (agent: string, context: string | null = null, fuel: number | null = null): Ask => ({
    kind: "execute",
    agent,
    action: "act",
    params: Payload.text("{}"),
    context,
    fuel,
  }),
  query: (agent: string): Ask => ({
    kind: "query",
    agent,
    query: Payload.text(""),
    context: null,
    fuel: null,
  }),
  load: (agent: string, more: Partial<Extract<Ask, { kind: "agent_load" }>> = {}): Ask => ({
    kind: "agent_load",
    agent,
    name: agent,
    description: "",
    version: "1.0.0",
    module: "aa",
    manifest: null,
    actions: null,
    grants: [],
    limits: { stepFuelMax: null, linearMemoryPagesMax: null },
    config: {},
    receives: true,
    ...more,
  }),
  unload: (agent: string): Ask => ({ kind: "agent_unload", agent }),
  configure: (changes: Record<string, number>): Ask => ({ kind: "configure", changes }),
  erase: (...ids: string[]): Ask => ({ kind: "erase", ids }),
  workflow: (steps: readonly (readonly [id: string, agent: string, ...needs: string[]])[]): Ask => ({
    kind: "workflow",
    context: "x0000",
    workflow: {
      id: "flow",
      name: "Flow",
      steps: steps.map(([id, agent, ...dependencies]) => ({
        id,
        agent,
        action: "act",
        params: {},
        dependencies,
      })),
    },
  }),
};

const encoder = new TextEncoder();

/** How a step ended: completed with nothing done, but for `more`. */
export function end(more: Partial<StepEnd> = {}): StepEnd {
  return {
    kind: "completed",
    refused: null,
    reason: "",
    fuel: 7,
    calls: 0,
    memoryOperations: 0,
    pages: 1,
    result: new Payload(encoder.encode("null")),
    writes: [],
    messages: [],
    recorded: [],
    reads: [],
    written: [],
    logs: [],
    bytes: 0,
    ...more,
  };
}

/** A write of an engram, for ends that need one. */
export const put = (id: string): Write => ({
  op: "engram_put",
  id,
  kind: "note",
  confidence: 1,
  position: null,
  observedAt: null,
  timeSource: "none",
  validFrom: null,
  validTo: null,
  texts: Payload.text("{}"),
});

/** Ends by agent; a direct write is "". */
export type Ends = (step: Step) => StepEnd;

/** A kernel without a host: every tick's steps end as the test says. */
export class World {
  readonly state: State = emptyState();
  readonly entries: Entry[] = [];

  constructor(config: Partial<typeof defaultConfig> = {}, agents: readonly string[] = []) {
    this.state.config = { ...defaultConfig, ...config };
    this.tick([], () => end(), { config: this.state.config });
    for (const agent of agents) this.tick([command(ask.load(agent))]);
  }

  agent(id: string): AgentState {
    const found = this.state.agents.get(id);
    if (found === undefined) throw new Error(`no agent ${id}`);
    return found;
  }

  /** Plans, settles and applies one tick; the settlement. */
  tick(
    commands: readonly Command[],
    ends: Ends = () => end(),
    genesis: { config: typeof defaultConfig } | null = null,
  ): readonly Settled[] {
    const planned = plan(this.state, commands, null);
    const settled = settle(this.state, planned, planned.steps.map(ends));
    const struck = new Set(settled.filter((one) => one.refused !== null).map((one) => stepKey(one.step)));
    const entry: Entry = {
      format: entryFormat,
      behaviour: 1,
      tick: planned.tick,
      time: 1000 * planned.tick,
      seatBase: planned.seatBase,
      genesis: genesis === null ? null : { ...genesis, folder: "00" },
      commands: planned.seated.filter(({ seat }) => !struck.has(stepKey({ tick: planned.tick, seat })))
        .map(({ seat, command }) => ({ seat, command })),
      steps: settled.flatMap((one) => one.record === null ? [] : [one.record]),
    };
    if (genesis === null && entry.steps.length === 0 && entry.commands.length === 0) return settled;
    advance(this.state, entry);
    this.entries.push(entry);
    return settled;
  }

  /** The state folded again from nothing but the entries. */
  folded(): State {
    const state = emptyState();
    for (const entry of this.entries) advance(state, entry);
    return state;
  }
}

/** (agent or "", entry, tick.seat) of planned or settled steps. */
export const told = (steps: readonly Step[]): string[] =>
  steps.map((step) => `${step.agent ?? ""}:${step.entry}@${stepKey(step)}`);
