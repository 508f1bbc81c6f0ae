/**
 * The shapes of answers, for the API's description and the test that holds every answer against it. Serving needs
 * none of this: it is loaded with openapi.ts.
 *
 * Invariants:
 * 1. The compiler compares each shape with the type of what is answered: a field that type gains is missed here.
 * 2. Answers may gain fields: clients pass over those they don't know.
 */
import { z } from "zod";
import {
  capabilities,
  type Connection,
  type Context,
  type Engram,
  engramKinds,
  type Hit,
} from "../../kernel/mod.ts";
import { timeSources } from "../../kernel/mod.ts";
import type { CheckpointView } from "../../runtime/checkpoint/checkpoint.ts";
import type { Metric as RuntimeMetric } from "../../runtime/metrics.ts";
import type { ListedModel, Ran } from "../../runtime/models/models.ts";
import type {
  AgentView,
  AskView,
  BriefLine,
  BriefView,
  LogView,
  Quotation,
  ReplayReport,
  StatusView,
  ViewResults,
  WhyView,
} from "../../runtime/port.ts";
import { reviewStates, reviewVerbs } from "../../runtime/views/review.ts";
import { jobKinds, jobStates, type JobView } from "../host/jobs.ts";
import { object, workflow } from "../routes/schemas.ts";
import { scopes, type TokenView } from "../tokens/tokens.ts";

const text = z.string();
const maybeText = text.nullable();
const whole = z.int();
const tick = z.int().min(0);
const answer = z.looseObject;
/** Checkpoints that were not used. */
const passedOver = z.array(answer({ tick, why: text }));

const Author = answer({ agent: maybeText, client: maybeText, tick, seat: whole });

const engram = {
  id: text,
  kind: z.enum(engramKinds),
  content: text,
  title: maybeText,
  source: maybeText,
  ref: maybeText,
  confidence: z.number(),
  metadata: object,
  contexts: z.array(text),
  thread: maybeText,
  position: whole.nullable(),
  observedAt: maybeText,
  timeSource: z.enum(timeSources),
  validFrom: maybeText,
  validTo: maybeText,
  createdTick: tick,
  updatedTick: tick,
  supersededBy: maybeText,
  by: Author,
};
const Engram = answer(engram) satisfies z.ZodType<Engram>;
const Hit = answer({ ...engram, score: whole, snippet: text }) satisfies z.ZodType<Hit>;
const RecallHit = answer({
  ...engram,
  score: whole,
  snippet: text,
  parts: answer({ lexical: z.number(), vector: z.number(), graph: z.number() }),
  facts: z.array(answer({ id: text, content: text, supersededBy: maybeText })),
});
const Connection = answer({
  id: text,
  source: text,
  target: text,
  type: text,
  weight: z.number(),
  metadata: object,
  createdTick: tick,
  updatedTick: tick,
  by: Author,
}) satisfies z.ZodType<Connection>;
const ReviewEnd = answer({
  id: text,
  content: text,
  title: maybeText,
  source: maybeText,
  ref: maybeText,
  observedAt: maybeText,
  metadata: object,
});
const Context = answer({
  id: text,
  name: text,
  description: text,
  metadata: object,
  owner: maybeText,
  agents: z.array(answer({ agent: text, access: z.enum(["read", "write"]) })),
  engrams: whole,
  createdTick: tick,
  updatedTick: tick,
}) satisfies z.ZodType<Context>;
const Grant = answer({ capability: z.enum(capabilities), scope: z.array(text) });
const Agent = answer({
  id: text,
  name: text,
  description: text,
  version: text,
  module: text,
  actions: z.array(text).nullable(),
  grants: z.array(Grant),
  context: text,
  loadedTick: tick,
  steps: whole,
  functionCalls: whole,
  memoryBytes: whole,
  manifest: object.nullable(),
}) satisfies z.ZodType<AgentView>;
const named = { name: text, help: text };
const Metric = z.discriminatedUnion("type", [
  answer({
    ...named,
    type: z.enum(["counter", "gauge"]),
    samples: z.array(answer({ labels: z.record(text, text), value: z.number() })),
  }),
  answer({
    ...named,
    type: z.literal("histogram"),
    buckets: z.array(answer({ le: z.number(), count: whole })),
    sum: z.number(),
    count: whole,
  }),
]) satisfies z.ZodType<RuntimeMetric>;
const LogEntry = answer({
  tick,
  time: text,
  hash: text,
  commands: z.array(answer({
    seat: whole,
    kind: text,
    client: text,
    commandId: maybeText,
    agent: maybeText,
    module: text.exactOptional(),
    grants: z.array(Grant).exactOptional(),
  })),
  steps: z.array(answer({
    tick,
    seat: whole,
    agent: maybeText,
    entry: text,
    outcome: text,
    reason: text,
    fuel: whole,
    writes: whole,
    changed: z.array(z.enum([...engramKinds, "any"])),
    messages: whole,
    logs: z.array(text),
  })),
}) satisfies z.ZodType<LogView>;
const Quotation = answer({
  text,
  id: text,
  ref: maybeText,
  source: maybeText,
  line: whole.nullable(),
  observedAt: maybeText,
  score: z.number(),
  kind: text,
  title: maybeText,
  until: maybeText.exactOptional(),
  supersededBy: maybeText.exactOptional(),
}) satisfies z.ZodType<Quotation>;
const SessionStart = answer({ tick, time: text });
const line = { id: text, text, observedAt: maybeText, source: maybeText, more: whole.exactOptional() };
const BriefLine = answer({ ...line, replaces: answer(line).exactOptional() }) satisfies z.ZodType<BriefLine>;

const status = {
  version: text,
  tick,
  stateHash: text,
  time: maybeText,
  agents: whole,
  engrams: whole,
  connections: whole,
  contexts: whole,
  workers: whole,
  memoryBytes: whole,
  functionCalls: whole,
  executionMs: z.number(),
  inbox: whole,
  waitingMessages: whole,
  workflows: whole,
  folder: text,
  data: text,
  cut: answer({ segment: text, offset: whole, index: whole, bytes: whole }).nullable(),
  restored: answer({ tick: tick.nullable(), passedOver }).nullable(),
};

/** The links of `why`: which of the fields a link has, `link` says. */
const WhyLink = answer({
  link: z.enum(["engram", "from", "connection", "step", "command", "message", "workflow"]),
});
const Why = answer({
  id: text,
  chain: z.array(WhyLink),
  check: answer({ identical: z.boolean(), what: maybeText, tick, seat: whole }).nullable(),
}) satisfies z.ZodType<Omit<WhyView, "chain">>;

/** The answer of each view that has a route. */
const views = {
  status: answer(status) satisfies z.ZodType<StatusView>,
  info: answer({
    paths: z.record(text, text),
    limits: z.record(text, z.number()),
    version: text,
    abi: whole,
    logFormat: whole,
    behaviour: whole,
    costModel: whole,
    v8: text,
    platform: text,
    build: text,
  }) satisfies z.ZodType<ViewResults["info"]>,
  engram: Engram,
  versions: answer({
    versions: z.array(answer({ engram: Engram, fromTick: tick, toTick: tick.nullable() })),
  }) satisfies z.ZodType<ViewResults["versions"]>,
  search: answer({
    hits: z.array(Hit),
    cursor: text.exactOptional(),
    spelled: z.array(answer({ word: text, as: text })).exactOptional(),
    scanned: z.boolean(),
  }) satisfies z.ZodType<ViewResults["search"]>,
  recall: answer({
    hits: z.array(RecallHit),
    model: answer({ name: text, hash: text, provider: text }).nullable(),
  }) satisfies z.ZodType<ViewResults["recall"]>,
  timeline: answer({
    events: z.array(Engram),
    cursor: text.exactOptional(),
    model: answer({ name: text, hash: text, provider: text }).nullable(),
  }) satisfies z.ZodType<ViewResults["timeline"]>,
  ask: answer({
    answer: Quotation.nullable(),
    superseded: z.array(Quotation),
    contradicts: z.array(Quotation),
    nearest: z.array(Quotation),
  }) satisfies z.ZodType<AskView>,
  brief: answer({
    context: answer({ id: text, name: text }).nullable(),
    since: SessionStart.nullable(),
    decisions: z.array(BriefLine),
    reversals: z.array(BriefLine),
    tasks: z.array(BriefLine),
    changed: z.array(BriefLine),
    newest: z.array(BriefLine),
    omitted: whole,
    tokens: whole,
    tokensMax: whole,
    tokenRule: text,
    text,
  }) satisfies z.ZodType<BriefView>,
  neighbors: answer({
    connected: z.array(
      answer({ engram: Engram, depth: whole, via: answer({ id: text, type: text, from: text }) }),
    ),
    thread: z.array(answer({ engram: Engram, offset: z.int() })),
  }) satisfies z.ZodType<ViewResults["neighbors"]>,
  paths: answer({
    paths: z.array(answer({
      engrams: z.array(text),
      connections: z.array(answer({ id: text, type: text, weight: z.number() })),
      weight: z.number(),
    })),
  }) satisfies z.ZodType<ViewResults["paths"]>,
  thread: answer({ engrams: z.array(Engram) }) satisfies z.ZodType<ViewResults["thread"]>,
  contexts: answer({ contexts: z.array(Context) }) satisfies z.ZodType<ViewResults["contexts"]>,
  context: answer({ context: Context, engrams: z.array(Engram) }) satisfies z.ZodType<ViewResults["context"]>,
  agents: answer({ agents: z.array(Agent) }) satisfies z.ZodType<ViewResults["agents"]>,
  metrics: answer({
    functionCalls: whole,
    memoryOperations: whole,
    memoryBytes: whole,
    executionMs: z.number(),
    fuel: whole,
  }) satisfies z.ZodType<ViewResults["metrics"]>,
  runtime_metrics: answer({ metrics: z.array(Metric) }) satisfies z.ZodType<ViewResults["runtime_metrics"]>,
  why: Why,
  review: answer({
    items: z.array(answer({
      id: text,
      state: z.enum(reviewStates),
      type: text,
      why: text,
      certainty: z.number().nullable(),
      source: ReviewEnd,
      target: ReviewEnd,
      by: Author,
      tick,
    })),
    next: maybeText,
  }) satisfies z.ZodType<ViewResults["review"]>,
  log: answer({ entries: z.array(LogEntry), next: tick.nullable() }) satisfies z.ZodType<ViewResults["log"]>,
  messages: answer({
    messages: z.array(answer({
      from: text,
      to: text,
      bytes: whole,
      sentTick: tick,
      sentStep: whole,
      sentIndex: whole,
      sentAt: text,
      receivedTick: tick,
      receivedAt: text,
      latencyTicks: whole,
      latencyMs: z.number(),
      outcome: text,
    })),
    next: tick.nullable(),
  }) satisfies z.ZodType<ViewResults["messages"]>,
  changes: answer({
    changes: z.array(answer({
      tick,
      op: z.enum([
        "engram_put",
        "engram_delete",
        "connection_put",
        "connection_delete",
        "context_put",
        "member_add",
        "member_remove",
        "context_agent_put",
      ]),
      id: text,
    })),
    nextTick: tick,
  }) satisfies z.ZodType<ViewResults["changes"]>,
};

const modelKinds = ["embed", "classify", "other"] as const satisfies readonly ListedModel["kind"][];
const Model = answer({
  name: text,
  hash: text,
  bytes: whole,
  kind: z.enum(modelKinds),
  dimensions: whole,
  source: text,
  isCurrent: z.boolean(),
  preload: z.boolean(),
  isLoaded: z.boolean(),
}) satisfies z.ZodType<ListedModel>;
const ModelRun = answer({
  outputs: z.record(text, answer({ dims: z.array(whole), type: text, data: z.array(z.number()) })),
  embedding: z.array(z.number()).exactOptional(),
  labels: z.array(answer({ label: text, score: z.number() })).exactOptional(),
  model: answer({ name: text, hash: text, dimensions: whole }),
  provider: z.enum(["cpu", "webgpu", "cuda"]),
  inputHash: text,
}) satisfies z.ZodType<Ran>;
const Job = answer({
  id: text,
  kind: z.enum(jobKinds),
  state: z.enum(jobStates),
  asked: z.record(text, z.unknown()),
  by: text,
  startedAt: text,
  endedAt: maybeText,
  progress: answer({ done: z.number(), total: z.number(), what: text }).nullable(),
  result: z.unknown(),
  error: z.record(text, z.unknown()).nullable(),
}) satisfies z.ZodType<JobView>;
const Checkpoint = answer({
  tick,
  stateHash: text,
  rowsHash: text,
  sha256: text,
  bytes: whole,
  madeAt: text,
  version: text,
  problem: maybeText,
}) satisfies z.ZodType<CheckpointView>;
const token = { id: text, name: text, scope: z.enum(scopes), created: text, expires: maybeText };
const Token = answer(token) satisfies z.ZodType<TokenView>;

/** What was private and taken out before anything was stored, where something was. */
const redacted = z.unknown().optional();
const Run = answer({ result: z.unknown(), outcome: text, tick, fuel: whole });

/** The answers of the other routes. */
const others = {
  EngramPage: answer({ engrams: z.array(Engram), cursor: maybeText }),
  ConnectionPage: answer({ connections: z.array(Connection), cursor: maybeText }),
  VersionPage: answer({ versions: views.versions.shape.versions, cursor: maybeText }),
  ContextPage: answer({ contexts: z.array(Context), cursor: maybeText }),
  ContextMembers: answer({ context: Context, engrams: z.array(Engram), cursor: maybeText }),
  AgentPage: answer({ agents: z.array(Agent), cursor: maybeText }),
  ReviewPage: answer({ ...views.review.shape, cursor: maybeText }),
  LogPage: answer({ ...views.log.shape, cursor: maybeText }),
  MessagePage: answer({ ...views.messages.shape, cursor: maybeText }),
  ChangePage: answer({ ...views.changes.shape, cursor: text }),
  Model,
  ModelPage: answer({ models: z.array(Model), cursor: maybeText }),
  ModelRemoved: answer({ name: text, removed: z.array(text) }),
  ModelRun,
  Job,
  CheckpointPage: answer({ checkpoints: z.array(Checkpoint), cursor: maybeText }),
  CheckpointRemoved: answer({ tick }),
  JobPage: answer({ jobs: z.array(Job), cursor: maybeText }),
  Token,
  TokenPage: answer({ tokens: z.array(Token), cursor: maybeText }),
  TokenMade: answer({ ...token, token: text }),
  WorkflowChecked: answer({ ok: z.literal(true), workflow }),
  Agent,
  LogEntry,
  LogVerdict: answer({
    ok: z.boolean(),
    entries: whole,
    first: answer({ segment: text, offset: whole, index: whole, what: text }).exactOptional(),
  }) satisfies z.ZodType<ViewResults["verify_log"]>,
  Written: answer({ id: text, tick, redacted }),
  /** Ticks of the checkpoints that went with it; messages that waited, told of it, and are not delivered. */
  Erased: answer({ tick, checkpoints: z.array(tick).exactOptional(), messages: whole.exactOptional() }),
  Loaded: answer({ agent: text, tick, fuel: whole, module: text, unchanged: z.boolean() }),
  Unloaded: answer({ agent: text, tick, outcome: text }),
  Executed: answer({ result: z.unknown(), tick, fuel: whole }),
  WorkflowRun: answer({ id: text, context: text, tick, steps: z.record(text, Run) }),
  Decided: answer({ id: text, verb: z.enum(reviewVerbs), tick }),
  Done: answer({ tick }),
  Receipt: answer({ tick }),
  Ok: answer({ ok: z.literal(true) }),
  Health: answer({ ok: z.literal(true), proof: text.exactOptional() }),
  RouteList: answer({ routes: z.array(answer({ method: text, path: text, summary: text })) }),
  ReplayReport: answer({
    ok: z.boolean(),
    ticks: whole,
    stateHash: text,
    steps: whole,
    workers: whole,
    redacted: whole,
    from: tick.nullable(),
    checkpoints: z.array(tick),
    passedOver,
    first: answer({
      tick,
      agent: maybeText,
      what: text,
      expected: z.unknown(),
      actual: z.unknown(),
    }).exactOptional(),
  }) satisfies z.ZodType<ReplayReport>,
  View: answer({}),
  Problem: answer({
    type: text,
    title: text,
    status: whole,
    detail: text,
    code: text,
    hint: text,
    requestId: text,
  }),
};

/** The parts that several answers have in common, by their names in the description. */
export const parts = {
  Author,
  Engram,
  Hit,
  RecallHit,
  Connection,
  Context,
  Grant,
  Metric,
  Quotation,
  BriefLine,
} as const;

/** Answers by name: of a view, or of a route that names its own. */
export const answers: Readonly<Record<string, z.ZodType>> = { ...views, ...others };
