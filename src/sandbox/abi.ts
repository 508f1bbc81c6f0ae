/**
 * The `engram` ABI, version 1, as one typed table: import check, dispatch, docs/abi.md, SDKs and tests use it.
 *
 * Owns: names, parameters, effects, capabilities and base fuel of every host function; the status numbers;
 * the exports an agent has.
 * Does not own: what a function does (src/host), how bytes travel (channel.ts).
 *
 * Invariants:
 * 1. Every import comes from module `engram`; every function returns i32.
 * 2. `effect` decides the log: `read` is recomputed at replay, `write` is staged, `recorded` is stored as the guest got it.
 * 3. Names and signatures of version 1 never change, and new functions stand at its end; base fuel is part of cost
 *    model 1.
 * Source: Engram-Lite seed §4.2, design §6.
 */

/** The ABI version this host speaks. */
export const abiVersion = 1;
/** The module name of every import. */
export const abiModule = "engram";

/** Status numbers host functions return. */
export const status = {
  done: 0,
  notFound: -1,
  invalidArgument: -2,
  denied: -3,
  conflict: -4,
  bufferTooSmall: -5,
  limitReached: -6,
  wrongState: -7,
  notAvailable: -8,
} as const;
/** One of {@link status}. */
export type Status = typeof status[keyof typeof status];

/** What each status tells the guest. */
export const statusMeanings: Readonly<Record<keyof typeof status, string>> = {
  done: "Done.",
  notFound: "What was named is not there, or may not be seen.",
  invalidArgument:
    "An argument is not valid: text that is not UTF-8 or leads out of memory, a number out of range.",
  denied: "The agent holds no grant for this, or runs a query, which may not write or send.",
  conflict: "It collides with what is there.",
  bufferTooSmall: "The buffer is too small; the length needed is told. Nothing is lost: ask again.",
  limitReached: "A limit is reached.",
  wrongState: "Not now: a commit without a begin, or a call from inside the allocator.",
  notAvailable: "This host does not have it.",
};

/** How a parameter travels: text is (ptr, len) in UTF-8, out is (out_ptr, out_len_ptr). */
export type Param =
  /** `raw`: the host gets its bytes, once they are known to be UTF-8. */
  | { readonly name: string; readonly type: "text"; readonly raw?: true }
  | { readonly name: string; readonly type: "i32" | "i64" | "f64" }
  | { readonly name: "out"; readonly type: "out" };

/** What a host function gives back: a status, an id string (a pointer), or JSON in the guest's buffer. */
export type Answer = "status" | "id" | "json";

/** One host function. */
export interface HostFunction {
  readonly params: readonly Param[];
  readonly answer: Answer;
  readonly effect: "read" | "write" | "recorded";
  /** What the agent must hold; "read" and "write" are checked against the contexts concerned. */
  readonly capability: "none" | "read" | "write" | "send" | "model";
  /** Base fuel; each byte in or out costs {@link fuelPerByteShift}. */
  readonly fuel: number;
  readonly about: string;
}

/** A host call's bytes cost `bytes >> fuelPerByteShift` fuel, in and out. */
export const fuelPerByteShift = 3;

/** The most bytes of text one host call may carry in; beyond, its status is −6. */
export const callBytesMax = 16 * 1024 * 1024;

/** The most bytes of text `embed` takes, beyond it the status is −6; a longer question is recalled by words and links. */
export const embedTextBytesMax = 64 * 1024;

/** The most texts of one step that a model is asked about; beyond, `embed` is −6. */
export const embedTextsPerStepMax = 64;

/** The most bytes a step's result may have; beyond, the step is trapped. */
export const resultBytesMax = 16 * 1024 * 1024;

const text = (name: string): Param => ({ name, type: "text" });
const raw = (name: string): Param => ({ name, type: "text", raw: true });
const i32 = (name: string): Param => ({ name, type: "i32" });
const i64 = (name: string): Param => ({ name, type: "i64" });
const f64 = (name: string): Param => ({ name, type: "f64" });
const out: Param = { name: "out", type: "out" };

/** Every host function of ABI version 1. */
export const hostFunctions = {
  engram_create: {
    params: [text("content"), text("source"), f64("confidence"), text("metadata")],
    answer: "id",
    effect: "write",
    capability: "write",
    fuel: 500,
    about: "Creates an engram in the context the step runs in, else in the agent's own. Returns its id.",
  },
  engram_get: {
    params: [text("id"), out],
    answer: "json",
    effect: "read",
    capability: "read",
    fuel: 300,
    about: "An engram by id.",
  },
  engram_update: {
    params: [text("id"), text("content"), text("source"), f64("confidence"), text("metadata")],
    answer: "status",
    effect: "write",
    capability: "write",
    fuel: 500,
    about: "Changes an engram; what is absent (pointer 0; confidence NaN) stays as it is.",
  },
  engram_delete: {
    params: [text("id")],
    answer: "status",
    effect: "write",
    capability: "write",
    fuel: 300,
    about: "Deletes an engram, its connections and its memberships; history keeps them.",
  },
  connection_create: {
    params: [
      text("source_id"),
      text("target_id"),
      text("relationship_type"),
      f64("weight"),
      text("metadata"),
    ],
    answer: "id",
    effect: "write",
    capability: "write",
    fuel: 500,
    about: "Connects two engrams; an existing (source, target, type) is updated and keeps its id.",
  },
  search_by_text: {
    params: [text("query"), i32("exact_match"), i32("limit"), out],
    answer: "json",
    effect: "recorded",
    capability: "read",
    fuel: 5000,
    about: "Engrams by words, best first; exact_match 1 asks for the words as one phrase.",
  },
  search_by_metadata: {
    params: [text("key"), text("value"), i32("limit"), out],
    answer: "json",
    effect: "recorded",
    capability: "read",
    fuel: 5000,
    about: "Engrams whose metadata key has this value (text as it is, anything else as JSON).",
  },
  search_combined: {
    params: [text("params"), out],
    answer: "json",
    effect: "recorded",
    capability: "read",
    fuel: 5000,
    about: "Engrams by several criteria, in pages with a cursor.",
  },
  find_paths: {
    params: [text("source_id"), text("target_id"), i32("max_depth"), out],
    answer: "json",
    effect: "read",
    capability: "read",
    fuel: 2000,
    about: "Ways through connections from one engram to another, shortest first.",
  },
  find_connected_engrams: {
    params: [text("engram_id"), i32("max_depth"), text("relationship_type"), out],
    answer: "json",
    effect: "read",
    capability: "read",
    fuel: 2000,
    about: "Engrams within max_depth connections, of one type where given.",
  },
  context_create: {
    params: [text("name"), text("description"), text("metadata")],
    answer: "id",
    effect: "write",
    capability: "write",
    fuel: 500,
    about: "Creates a context; the agent may read and write it.",
  },
  context_add_engram: {
    params: [text("context_id"), text("engram_id")],
    answer: "status",
    effect: "write",
    capability: "write",
    fuel: 300,
    about: "Adds an engram to a context.",
  },
  context_add_agent: {
    params: [text("context_id"), text("agent_id")],
    answer: "status",
    effect: "write",
    capability: "write",
    fuel: 300,
    about: "Lets another agent read and write a context this agent may write.",
  },
  context_get_engrams: {
    params: [text("context_id"), out],
    answer: "json",
    effect: "read",
    capability: "read",
    fuel: 2000,
    about: "The engrams of a context, at most 1,000; -6 beyond: search_combined has a cursor.",
  },
  context_current: {
    params: [out],
    answer: "json",
    effect: "read",
    capability: "none",
    fuel: 100,
    about: "The context the step runs in: {id, name}.",
  },
  changes: {
    params: [i64("since_tick"), i32("limit"), out],
    answer: "json",
    effect: "read",
    capability: "read",
    fuel: 1000,
    about: "What changed at or after a tick in the contexts the agent may read; give nextTick to go on.",
  },
  log: {
    params: [i32("level"), text("message")],
    answer: "status",
    effect: "write",
    capability: "none",
    fuel: 100,
    about: "Writes a line to the agent's log: 0 error, 1 warning, 2 info, 3 debug, 4 trace.",
  },
  send_message: {
    params: [text("to"), raw("body")],
    answer: "status",
    effect: "write",
    capability: "send",
    fuel: 300,
    about:
      "Sends a message; the agent named gets it in a later tick. −6 while its mailbox is full, or all are.",
  },
  transaction_begin: {
    params: [],
    answer: "status",
    effect: "write",
    capability: "none",
    fuel: 100,
    about: "Opens a savepoint inside the step's transaction.",
  },
  transaction_commit: {
    params: [],
    answer: "status",
    effect: "write",
    capability: "none",
    fuel: 100,
    about: "Keeps what was done since the last savepoint.",
  },
  transaction_rollback: {
    params: [],
    answer: "status",
    effect: "write",
    capability: "none",
    fuel: 100,
    about: "Undoes what was done since the last savepoint, messages included.",
  },
  recall: {
    params: [text("question"), text("params"), out],
    answer: "json",
    effect: "recorded",
    capability: "read",
    fuel: 10_000,
    about:
      "What answers a question, best first: by words and links, and by meaning where the agent holds a model. params: {k?, context?, minConfidence?}.",
  },
  embed: {
    params: [text("text"), out],
    answer: "json",
    effect: "recorded",
    capability: "model",
    fuel: 100_000,
    about:
      "The vector that the host's model makes of a text: int8 numbers in base64, and who made them. -8 where the host has no model that can.",
  },
  similarity: {
    params: [text("id"), text("other_id"), out],
    answer: "json",
    effect: "recorded",
    capability: "read",
    fuel: 1000,
    about:
      "How near two engrams are in meaning, -1 to 1, by the vectors the graph holds of them; -8 where it holds none.",
  },
} as const satisfies Record<string, HostFunction>;

/** The name of a host function. */
export type HostFunctionName = keyof typeof hostFunctions;

/** What an agent exports. `aliases` count only with exactly the same type. */
export const agentExports = {
  initialize: { params: ["i32", "i32"], results: ["i32"], required: true, aliases: [] },
  execute: { params: ["i32", "i32", "i32", "i32"], results: ["i32"], required: true, aliases: [] },
  query: { params: ["i32", "i32"], results: ["i32"], required: true, aliases: [] },
  release: { params: [], results: [], required: true, aliases: [] },
  receive: { params: ["i32", "i32"], results: ["i32"], required: false, aliases: [] },
  engram_alloc: { params: ["i32"], results: ["i32"], required: true, aliases: ["alloc"] },
  engram_free: { params: ["i32", "i32"], results: [], required: true, aliases: ["free"] },
} as const;

/** A host call as it reaches the host: texts decoded, null where absent (pointer 0, length 0). */
export interface HostCall {
  readonly name: HostFunctionName;
  readonly args: readonly (string | Uint8Array | number | bigint | null)[];
  /** Whether its worker has answered it under a permit: another permit would not reach it. */
  readonly isAnswered?: boolean;
}

/**
 * Leave to answer some calls at once, without asking, because the host would say the same. It holds for as many of the
 * step's next calls, whatever they are, and ends at a call that stages something and has to ask.
 */
export interface StepPermit {
  readonly calls: number;
  /** Bytes that the calls answered under it may stage, all together. */
  readonly bytes: number;
  /** `send_message` to one agent, with bodies up to a size: 0. */
  readonly send: { readonly to: string; readonly bytesMax: number } | null;
  readonly engram: EngramPermit | null;
}

/** Leave for calls about one engram, as the step's snapshot has it. */
export interface EngramPermit {
  readonly id: string;
  /** What `engram_get` gives until it is changed. */
  readonly json: string;
  /**
   * `engram_update` of its content and confidence alone: 0. The content has up to `bytesMax` bytes, each of which stages
   * at most {@link bytesPerContentByte}, and `bytesMore` besides.
   */
  readonly update: { readonly bytesMax: number; readonly bytesMore: number } | null;
}

/** The most bytes of JSON that a byte of ASCII text becomes. */
export const bytesPerContentByte = 6;

/** The host's answer: a status, an id, or JSON text for the guest's buffer. */
export type HostAnswer =
  | { readonly status: Status; readonly permit?: StepPermit }
  | { readonly id: string }
  | { readonly json: string };
