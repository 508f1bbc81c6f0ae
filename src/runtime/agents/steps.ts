/**
 * Steps: what turns a planned step into a guest's session, arguments and end. Live, in replay and when an agent's
 * memory is rebuilt, it is the same.
 *
 * Invariant: nothing here reads a clock, a worker's number or the order in which workers answered.
 */
import { type Meanings, type Peers, Session, type Snapshot } from "../../host/mod.ts";
import {
  type AgentState,
  assert,
  type Author,
  type Command,
  type Config,
  type Context,
  homeOf,
  type Id,
  mailIsFull,
  type Message,
  Payload,
  type State,
  type Step,
  type StepEnd,
  stepKey,
  utf8,
} from "../../kernel/mod.ts";
import type { SandboxStep, StepResult } from "../../sandbox/mod.ts";

/** An agent as a step needs it: loaded, or about to be. */
export type Runner = Pick<
  AgentState,
  "id" | "version" | "module" | "grants" | "limits" | "config" | "context" | "completed"
>;

/** The end of a step that did nothing. */
export const nothing: StepEnd = {
  kind: "completed",
  refused: null,
  reason: "",
  fuel: 0,
  calls: 0,
  memoryOperations: 0,
  pages: 0,
  result: null,
  writes: [],
  messages: [],
  recorded: [],
  reads: [],
  written: [],
  logs: [],
  bytes: 0,
};

/** The export a step enters the guest by. */
export function guestEntry(step: Step): SandboxStep["entry"] {
  switch (step.entry) {
    case "initialize":
    case "execute":
    case "query":
    case "receive":
    case "release":
      return step.entry;
    case "write":
    case "context_create":
    case "configure":
    case "erase":
      throw new Error(`Fault: ${step.entry} does not run in the sandbox`);
    default:
      return step.entry satisfies never;
  }
}

/** An agent about to be loaded. */
export function loadingRunner(
  state: State,
  step: Pick<Step, "tick" | "seat">,
  ask: Extract<Command["ask"], { kind: "agent_load" }>,
): Runner {
  const { version, module, grants, limits, config } = ask;
  return {
    id: ask.agent,
    version,
    module,
    grants,
    limits,
    config,
    context: homeOf(state, ask.agent, step),
    completed: 0,
  };
}

/** What other agents are, as of a state that a tick begins with. */
export function peersOf(state: State): Peers {
  return {
    agent: (id) => state.agents.get(id) ?? null,
    mailbox: (id) => ({ messages: state.mail.get(id)?.length ?? 0, bytes: state.mailBytes.get(id) ?? 0 }),
    mailIsFull: mailIsFull(state),
  };
}

/** Who writes in a step. */
export function authorOf(step: Step): Author {
  return { agent: step.agent, client: step.command?.client ?? null, tick: step.tick, seat: step.seat };
}

/** The session of a guest's step. A load's own context is staged here, with the first counter. */
export function sessionOf(
  step: Step,
  runner: Runner,
  more: {
    readonly snapshot: Snapshot;
    readonly contexts: readonly Context[];
    readonly config: Config;
    readonly peers: Peers;
    readonly tick: number;
    readonly time: number;
    readonly context: Id | null;
    readonly recorded: readonly Payload[] | null;
    readonly meanings?: Meanings;
  },
): Session {
  const session = new Session({
    ...more,
    agent: runner,
    author: authorOf(step),
    query: step.entry === "query",
  }, 1);
  if (step.entry === "initialize" && !more.contexts.some((one) => one.id === runner.context)) {
    const taken = more.contexts.some((one) => one.name === runner.id);
    session.createContext(
      taken ? `agent ${runner.id}` : runner.id,
      `What agent ${runner.id} keeps`,
      {},
      runner.id,
      runner.context,
    );
  }
  return session;
}

/** The arguments of an agent's export. */
export function argsOf(step: Step, runner: Runner, config: Config): Uint8Array[] {
  const ask = step.command?.ask;
  switch (step.entry) {
    case "initialize": {
      const { id, version, grants, context } = runner;
      const limits = {
        stepFuelMax: step.fuelMax,
        linearMemoryPagesMax: runner.limits.linearMemoryPagesMax ?? config.linearMemoryPagesMax,
      };
      return [
        utf8(
          JSON.stringify({ agent: id, version, contexts: [context], grants, limits, config: runner.config }),
        ),
      ];
    }
    case "execute":
      if (step.run !== null) return [utf8(step.run.action), step.run.params.bytes ?? utf8("")];
      assert(ask?.kind === "execute", `execute step ${stepKey(step)} without its command`);
      return [utf8(ask.action), ask.params.bytes ?? utf8("")];
    case "query":
      assert(ask?.kind === "query", `query step ${stepKey(step)} without its command`);
      return [ask.query.bytes ?? utf8("")];
    case "receive":
      return [mailJson(step.mail ?? [])];
    case "release":
      return [];
    case "write":
    case "context_create":
    case "configure":
    case "erase":
      return [];
    default:
      return step.entry satisfies never;
  }
}

const quote = 0x22, listStart = 0x5b, backslash = 0x5c, listEnd = 0x5d, objectEnd = 0x7d;

/** Bytes in the making, from one step to the next. */
let scratch = new Uint8Array(64 * 1024);
/** A buffer that grew beyond this is dropped, so that one large mailbox does not hold its memory. */
const scratchBytesMax = 1 << 20;

/** The buffer with room for `more` bytes behind the first `used`. */
function roomFor(used: number, more: number): Uint8Array {
  if (used + more > scratch.length) {
    const grown = new Uint8Array(Math.max(used + more, scratch.length * 2));
    grown.set(scratch.subarray(0, used));
    scratch = grown;
  }
  return scratch;
}

/** Whether bytes are text that JSON writes as it is: ASCII without control characters, quotes and backslashes. */
function isPlain(text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash) return false;
  }
  return true;
}

/** `[{"from":…,"tick":…,"body":…},…]`, as JSON.stringify writes it. */
function mailJson(mail: readonly Message[]): Uint8Array {
  let head: Uint8Array | null = null, from = "", tick = -1, end = 0;
  const write = (bytes: Uint8Array) => {
    roomFor(end, bytes.length).set(bytes, end);
    end += bytes.length;
  };
  const writeByte = (byte: number) => roomFor(end, 1)[end++] = byte;
  for (const message of mail) {
    if (head === null || message.from !== from || message.tick !== tick) {
      ({ from, tick } = message);
      head = utf8(`,{"from":${JSON.stringify(from)},"tick":${tick},"body":`);
    }
    write(head);
    const { bytes } = message.body;
    if (bytes !== null && isPlain(bytes)) {
      writeByte(quote);
      write(bytes);
      writeByte(quote);
    } else write(utf8(JSON.stringify(message.body.text())));
    writeByte(objectEnd);
  }
  if (head === null) return utf8("[]");
  writeByte(listEnd);
  scratch[0] = listStart;
  const json = scratch.slice(0, end);
  if (scratch.length > scratchBytesMax) scratch = new Uint8Array(64 * 1024);
  return json;
}

/** What a session staged, as a step's end tells it. */
export function staged(session: Session) {
  return {
    writes: session.writes.writes(),
    messages: session.writes.messages,
    recorded: session.recorded,
    reads: [...session.reads],
    written: session.writtenKeys(),
    logs: session.logs,
    bytes: session.bytes,
  };
}

/** The end of a guest's step. */
export function endOf(
  result: StepResult,
  session: Session,
  calls: { readonly all: number; readonly memory: number },
): StepEnd {
  const counted = { ...nothing, calls: calls.all, memoryOperations: calls.memory };
  switch (result.kind) {
    case "completed":
      return {
        ...counted,
        ...staged(session),
        fuel: result.fuel,
        pages: Math.floor(result.memoryBytes / 65_536),
        result: new Payload(result.result),
      };
    case "failed":
      return {
        ...counted,
        kind: "failed",
        reason: `the agent answered ${result.code}`,
        recorded: session.recorded,
      };
    case "trapped":
      return { ...counted, kind: "trapped", reason: trapReason(result.message), recorded: session.recorded };
    case "out_of_fuel":
      return { ...counted, kind: "out_of_fuel", reason: "", recorded: session.recorded };
    case "ended":
      return { ...counted, kind: "trapped", reason: result.reason, recorded: session.recorded };
    case "lost":
      return { ...nothing, kind: "lost", reason: "worker_lost" };
    default:
      return result satisfies never;
  }
}

/** Reasons for a trap that stand in the log, by what engines say: their words may change, ours may not. */
const trapReasons: readonly (readonly [RegExp, string])[] = [
  [/stack depth/i, "stack_depth"],
  [/unreachable/i, "unreachable"],
  [/memory access|out of bounds memory|data segment/i, "memory_out_of_bounds"],
  [/divide|remainder|division/i, "integer_divide_by_zero"],
  [/represent|overflow|truncat/i, "integer_overflow"],
  [/signature|null function|indirect/i, "indirect_call"],
  [/table/i, "table_out_of_bounds"],
  [/bad_alloc/i, "bad_alloc"],
];

function trapReason(message: string): string {
  return trapReasons.find(([pattern]) => pattern.test(message))?.[1] ?? "trap";
}
