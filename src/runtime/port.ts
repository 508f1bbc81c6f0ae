/**
 * The port: one interface to a runtime, whether it is in this thread, in the engine worker, or behind a host's API.
 * The CLI, the API and the SDKs speak it; what they get is the same.
 *
 * Invariant: everything through a port is JSON.
 */
import type {
  Change,
  Connected,
  Connection,
  Context,
  Engram,
  EngramError,
  EngramKind,
  Grant,
  Hit,
  JsonObject,
  Path,
} from "../kernel/mod.ts";
import type { RecallHit, Unembedded } from "../graph/mod.ts";
import type { PassedOver, Restored } from "./checkpoint/use.ts";
import type { Metric } from "./metrics.ts";
import type { Receipt } from "./receipts.ts";
import type { Request } from "./requests.ts";
import type { ReviewItem, ReviewState } from "./views/review.ts";
import type { SessionStart } from "./sessions.ts";

/** Which model made something, and on what. */
export interface ModelUsed {
  readonly name: string;
  /** sha256 of its file, 64 hex digits. */
  readonly hash: string;
  /** The execution provider that gave the answer, such as "cpu". */
  readonly provider: string;
}

/** A question's vector: int8 numbers in base64, and who made it. */
export interface QuestionVector {
  readonly model: ModelUsed;
  readonly numbers: string;
}

/** A point in history: a tick, or a time in ISO 8601 (a day alone: its end). Absent: now. */
export type At = number | string;

/** What can be read. Ids accept unique prefixes and, for contexts and agents, names. */
export type View =
  | { readonly view: "engram"; readonly id: string; readonly at?: At }
  /** All versions, or with a limit a page of them, oldest first: pass `next` on as `after`. */
  | { readonly view: "versions"; readonly id: string; readonly limit?: number; readonly after?: number }
  | {
    readonly view: "search";
    readonly text?: string;
    readonly exact?: boolean;
    readonly metadata?: JsonObject;
    readonly kind?: string;
    readonly source?: string;
    readonly minConfidence?: number;
    readonly context?: string;
    /** Several contexts, by id or name; not together with `context`. */
    readonly contexts?: readonly string[];
    readonly includeSuperseded?: boolean;
    readonly limit?: number;
    readonly cursor?: string;
    readonly at?: At;
  }
  | {
    readonly view: "recall";
    readonly question: string;
    /** Hits at most, 1 to 100; 10 where absent. */
    readonly k?: number;
    readonly context?: string;
    /** Several contexts, by id or name; not together with `context`. */
    readonly contexts?: readonly string[];
    readonly at?: At;
    readonly minConfidence?: number;
    /** The question as a model sees it; a door that has a model adds it (src/runtime/with_models.ts). */
    readonly vector?: QuestionVector;
  }
  /** What was known about words, or the versions of one memory and of its chain of `supersedes`, oldest first. */
  | {
    readonly view: "timeline";
    /** Words, or a memory: an id, a unique beginning of one, or "@last". */
    readonly about: string;
    readonly context?: string;
    /** Several contexts, by id or name; not together with `context`. */
    readonly contexts?: readonly string[];
    /** When it was so, in ISO 8601: from the beginning of `since` to the end of `until`. */
    readonly since?: string;
    readonly until?: string;
    /** Events at most, 1 to 1,000; 100 where absent. */
    readonly limit?: number;
    readonly cursor?: string;
    /** As for `recall`. */
    readonly vector?: QuestionVector;
  }
  /** Engrams that a model has made no vectors of yet, in the order of their writing; pass `next` on as `after`. */
  | { readonly view: "unembedded"; readonly model: string; readonly after?: number; readonly limit?: number }
  | {
    readonly view: "ask";
    readonly question: string;
    readonly context?: string;
    /** Several contexts, by id or name; not together with `context`. */
    readonly contexts?: readonly string[];
    readonly at?: At;
    readonly limit?: number;
  }
  /**
   * One page of decisions, reversals, open tasks and what changed. With a client: since its last session, and a new one
   * begins, unless `session` names the one it is in. No context: "personal"; null: a project without memories yet.
   */
  | {
    readonly view: "brief";
    readonly context?: string | null;
    readonly client?: string;
    readonly session?: string;
    readonly since?: At | SessionStart;
    readonly tokens?: number;
  }
  /** Begins a client's session in a context (a mark of this machine's own, no state); gives where its last one began. */
  | { readonly view: "session"; readonly client: string; readonly context: string; readonly session?: string }
  | {
    readonly view: "neighbors";
    readonly id: string;
    readonly type?: string;
    readonly direction?: "in" | "out" | "both";
    readonly depth?: number;
    readonly limit?: number;
    readonly at?: At;
  }
  | {
    readonly view: "paths";
    readonly source: string;
    readonly target: string;
    readonly depth?: number;
    readonly limit?: number;
    readonly at?: At;
  }
  | { readonly view: "thread"; readonly thread: string; readonly source?: string; readonly at?: At }
  /** All of them, or with a limit a page: pass `next` on as `after`. */
  | { readonly view: "contexts"; readonly at?: At; readonly limit?: number; readonly after?: string }
  | {
    readonly view: "context";
    readonly id: string;
    readonly limit?: number;
    readonly after?: string;
    readonly at?: At;
  }
  /** All of them in order of loading, or with a limit a page: pass `next` on as `after`. */
  | { readonly view: "agents"; readonly limit?: number; readonly after?: string }
  | { readonly view: "metrics"; readonly agent: string }
  | { readonly view: "status" }
  /** What the process counted since it opened the folder, for a monitoring system. */
  | { readonly view: "runtime_metrics" }
  | { readonly view: "why"; readonly id: string; readonly check?: boolean }
  | { readonly view: "changes"; readonly since: number; readonly limit?: number }
  /** Engrams and connections in pages, for export: pass `next` on as `after`. */
  | { readonly view: "export"; readonly after?: string; readonly limit?: number; readonly context?: string }
  /** What agents propose (the default, `open`) or decided, the newest first; pass `next` on as `after`. */
  | {
    readonly view: "review";
    /** One alone, whatever its state. */
    readonly id?: string;
    readonly state?: ReviewState;
    readonly context?: string;
    readonly limit?: number;
    readonly after?: string;
  }
  | { readonly view: "log"; readonly from?: number; readonly limit?: number }
  /** Messages between agents that were received at tick `from` or later (the last ticks); pass `next` on as `from`. */
  | { readonly view: "messages"; readonly from?: number; readonly limit?: number }
  | { readonly view: "verify_log" }
  /** Full ids for what a person typed: a unique prefix, a name, or "@last" (the newest memory). */
  | { readonly view: "resolve"; readonly what: "engram" | "context" | "agent"; readonly text: string }
  | { readonly view: "info" };

/** An agent as lists show it. */
export interface AgentView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly module: string;
  readonly actions: readonly string[] | null;
  readonly grants: readonly Grant[];
  readonly context: string;
  readonly loadedTick: number;
  readonly steps: number;
  readonly functionCalls: number;
  readonly memoryBytes: number;
  readonly manifest: JsonObject | null;
}

/** What `status` says. */
export interface StatusView {
  readonly version: string;
  readonly tick: number;
  /** 64 hex digits. */
  readonly stateHash: string;
  readonly time: string | null;
  readonly agents: number;
  readonly engrams: number;
  readonly connections: number;
  readonly contexts: number;
  readonly workers: number;
  readonly memoryBytes: number;
  readonly functionCalls: number;
  readonly executionMs: number;
  readonly inbox: number;
  /** Messages that wait for agents, and workflows that have not ended. */
  readonly waitingMessages: number;
  readonly workflows: number;
  readonly folder: string;
  readonly data: string;
  /** What was cut from the log when it was opened, or null. */
  readonly cut: {
    readonly segment: string;
    readonly offset: number;
    readonly index: number;
    readonly bytes: number;
  } | null;
  /**
   * Where opening began if the memory graph was missing and there were checkpoints: the tick of one, null where none
   * could be used, and those passed over; else null.
   */
  readonly restored: Restored | null;
}

/** A quotation `ask` answers with. */
export interface Quotation {
  /** Verbatim. */
  readonly text: string;
  readonly id: string;
  readonly ref: string | null;
  readonly source: string | null;
  /** 1-based line in the source, where known. */
  readonly line: number | null;
  readonly observedAt: string | null;
  readonly score: number;
  readonly kind: string;
  readonly title: string | null;
  /** For a superseded one: since when it no longer holds. */
  readonly until?: string | null;
  readonly supersededBy?: string | null;
}

/** What `ask` says. */
export interface AskView {
  readonly answer: Quotation | null;
  readonly superseded: readonly Quotation[];
  readonly contradicts: readonly Quotation[];
  readonly nearest: readonly Quotation[];
}

/** A line of `brief`: a verbatim part of a memory on one line, cut at its end. */
export interface BriefLine {
  readonly id: string;
  readonly text: string;
  readonly observedAt: string | null;
  readonly source: string | null;
  /** Of a reversal: what no longer holds. */
  readonly replaces?: BriefLine;
  /** Of a conversation or a file: how many more memories the line stands for. */
  readonly more?: number;
}

/** What `brief` says. */
export interface BriefView {
  readonly context: { readonly id: string; readonly name: string } | null;
  /** What `changed` counts from; null at a client's first session. */
  readonly since: SessionStart | null;
  readonly decisions: readonly BriefLine[];
  readonly reversals: readonly BriefLine[];
  readonly tasks: readonly BriefLine[];
  readonly changed: readonly BriefLine[];
  readonly newest: readonly BriefLine[];
  /** Lines found and left out for want of room. */
  readonly omitted: number;
  /** Tokens of `text`, by the rule named: see src/input/tokens.ts. */
  readonly tokens: number;
  readonly tokensMax: number;
  readonly tokenRule: string;
  /** The page in Markdown. */
  readonly text: string;
}

/** One link of the chain `why` shows. */
export type WhyLink =
  | { readonly link: "engram"; readonly engram: Engram; readonly line: number | null }
  | {
    readonly link: "from";
    readonly connection: Connection;
    readonly engram: Engram;
    readonly start: number | null;
    readonly end: number | null;
    readonly line: number | null;
    readonly quote: string | null;
  }
  | {
    readonly link: "connection";
    readonly connection: Connection;
    readonly engram: Engram | null;
    readonly direction: "in" | "out";
  }
  | {
    readonly link: "step";
    readonly tick: number;
    readonly entryTick: number;
    readonly seat: number;
    readonly time: string;
    readonly agent: string | null;
    readonly agentVersion: string | null;
    /** sha256 of the module's bytes, in hex. */
    readonly module: string | null;
    readonly entry: string;
    readonly action: string | null;
    readonly params: string | null;
    readonly outcome: string;
    readonly fuel: number;
    readonly writes: number;
  }
  | {
    readonly link: "command";
    readonly tick: number;
    readonly seat: number;
    readonly time: string;
    readonly kind: string;
    readonly client: string;
    readonly commandId: string | null;
  }
  | { readonly link: "message"; readonly from: string; readonly tick: number; readonly body: string | null }
  | { readonly link: "workflow"; readonly id: string; readonly name: string; readonly step: string };

/** What `why` says: from the memory asked about down to what a person or a file said. */
export interface WhyView {
  readonly id: string;
  readonly chain: readonly WhyLink[];
  /** With check: whether running the step again gave the same, and what differed. */
  readonly check: {
    readonly identical: boolean;
    readonly what: string | null;
    readonly tick: number;
    readonly seat: number;
  } | null;
}

/** What each view gives. */
export interface ViewResults {
  readonly engram: Engram;
  readonly versions: {
    readonly versions: readonly {
      readonly engram: Engram;
      readonly fromTick: number;
      readonly toTick: number | null;
    }[];
    readonly next?: number | null;
  };
  readonly search: {
    readonly hits: readonly Hit[];
    readonly cursor?: string;
    readonly spelled?: readonly { readonly word: string; readonly as: string }[];
    readonly scanned: boolean;
  };
  readonly recall: {
    readonly hits: readonly RecallHit[];
    /** The model whose vectors took part; null where words and links alone did. */
    readonly model: ModelUsed | null;
  };
  readonly timeline: {
    readonly events: readonly Engram[];
    readonly cursor?: string;
    /** The model whose vectors took part; null where none did. */
    readonly model: ModelUsed | null;
  };
  readonly unembedded: {
    readonly engrams: readonly Unembedded[];
    readonly next: number;
    /** How many there are in all, after `after`. */
    readonly count: number;
  };
  readonly ask: AskView;
  readonly brief: BriefView;
  readonly session: { readonly since: SessionStart | null };
  readonly neighbors: {
    readonly connected: readonly Connected[];
    /** Where neither `type` nor `direction` is asked for: what stands before (`offset` < 0) and after it in its thread. */
    readonly thread: readonly { readonly engram: Engram; readonly offset: number }[];
  };
  readonly paths: { readonly paths: readonly Path[] };
  readonly thread: { readonly engrams: readonly Engram[] };
  readonly contexts: { readonly contexts: readonly Context[]; readonly next?: string | null };
  readonly context: {
    readonly context: Context;
    readonly engrams: readonly Engram[];
    readonly next?: string | null;
  };
  readonly agents: { readonly agents: readonly AgentView[]; readonly next?: string | null };
  readonly metrics: {
    readonly functionCalls: number;
    readonly memoryOperations: number;
    readonly memoryBytes: number;
    readonly executionMs: number;
    readonly fuel: number;
  };
  readonly status: StatusView;
  readonly runtime_metrics: { readonly metrics: readonly Metric[] };
  readonly why: WhyView;
  readonly changes: { readonly changes: readonly Change[]; readonly nextTick: number };
  readonly export: {
    readonly engrams: readonly Engram[];
    readonly connections: readonly Connection[];
    readonly next: string | null;
  };
  readonly review: { readonly items: readonly ReviewItem[]; readonly next: string | null };
  readonly log: { readonly entries: readonly LogView[]; readonly next: number | null };
  readonly messages: { readonly messages: readonly TracedMessage[]; readonly next: number | null };
  readonly verify_log: {
    readonly ok: boolean;
    readonly entries: number;
    readonly first?: {
      readonly segment: string;
      readonly offset: number;
      readonly index: number;
      readonly what: string;
    };
  };
  readonly resolve: { readonly id: string };
  readonly info: {
    readonly paths: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, number>>;
    readonly version: string;
    readonly abi: number;
    readonly logFormat: number;
    readonly behaviour: number;
    readonly costModel: number;
    readonly v8: string;
    readonly platform: string;
    readonly build: string;
  };
}

/** A message between agents, from its sending to the end of the step that got it. */
export interface TracedMessage {
  readonly from: string;
  readonly to: string;
  /** Of its body; 0 of one that is erased. */
  readonly bytes: number;
  /** Its place in the order of all: tick, step of the tick, message of the step. */
  readonly sentTick: number;
  readonly sentStep: number;
  readonly sentIndex: number;
  readonly sentAt: string;
  readonly receivedTick: number;
  readonly receivedAt: string;
  readonly latencyTicks: number;
  /** By the times of both ticks. */
  readonly latencyMs: number;
  /** Of the step that got it. */
  readonly outcome: string;
}

/** One entry as `log show` prints it. */
export interface LogView {
  readonly tick: number;
  readonly time: string;
  /** State hash after it, 64 hex digits. */
  readonly hash: string;
  readonly commands: readonly {
    readonly seat: number;
    readonly kind: string;
    readonly client: string;
    readonly commandId: string | null;
    readonly agent: string | null;
    /** Of an execute. */
    readonly action?: string;
    /** Of a load: the module's sha256 in hex, and what was granted. */
    readonly module?: string;
    readonly grants?: readonly Grant[];
  }[];
  readonly steps: readonly {
    readonly tick: number;
    readonly seat: number;
    readonly agent: string | null;
    readonly entry: string;
    readonly outcome: string;
    readonly reason: string;
    readonly fuel: number;
    readonly writes: number;
    /** The kinds of engrams it wrote; "any" where it deleted or moved some, whose kinds the entry does not hold. */
    readonly changed: readonly (EngramKind | "any")[];
    readonly messages: number;
    readonly logs: readonly string[];
  }[];
}

/** Something that happened, told after it was durable. One a tick; the log is their history. */
export interface RuntimeEvent {
  readonly event: "tick";
  readonly entry: LogView;
}

/** How far a long piece of work has come. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly what: string;
}

/** What `replay` found. */
export interface ReplayReport {
  readonly ok: boolean;
  /** The last tick that was equal: that of `status` where all were. The first entry, tick 0, is the folder's own. */
  readonly ticks: number;
  /** After the last tick that was equal. */
  readonly stateHash: string;
  readonly steps: number;
  readonly workers: number;
  /** Ticks taken as they stand, because something of them was erased. */
  readonly redacted: number;
  /** The tick of the checkpoint it began from; null: the first entry. */
  readonly from: number | null;
  /** Ticks of checkpoints on the way whose rows were made again and are equal. */
  readonly checkpoints: readonly number[];
  /** Checkpoints that were not used, and why. */
  readonly passedOver: readonly PassedOver[];
  readonly first?: {
    readonly tick: number;
    readonly agent: string | null;
    readonly what: string;
    readonly expected: unknown;
    readonly actual: unknown;
  };
}

/** A way to a runtime. */
export interface Port {
  /** Asks for a change; resolves when it is durable. `commandId`: the same id again is the same command. */
  submit(
    request: Request,
    options?: { readonly client?: string; readonly commandId?: string },
  ): Promise<Receipt>;
  view<V extends View>(view: V): Promise<ViewResults[V["view"]]>;
  /** Ticks from `from` on, as they become durable, until the signal aborts. */
  events(from: number, signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  /** Resolves when nothing is left to do: no messages, no workflow steps, no carried steps; or after 10,000 ticks. */
  idle(): Promise<void>;
  /** Which kind it is, for `status` and `doctor`. */
  readonly where: "here" | "host";
  /** Why every command is refused here: nothing can be written. */
  readonly refuses?: EngramError;
  close(): Promise<void>;
}
