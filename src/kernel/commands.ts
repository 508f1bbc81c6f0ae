/**
 * Commands: everything a caller can ask for that may change state. One closed union.
 *
 * Invariants:
 * 1. A command holds everything its effect needs: time is stamped by the tick, nothing is read later.
 * 2. What a person wrote is inside a Payload.
 */
import type { Config } from "./config.ts";
import type { Grant } from "./grants.ts";
import type { Id } from "./ids.ts";
import type { Payload } from "./payload.ts";
import type { EngramKind, JsonObject, TimeSource } from "./records.ts";
import type { LoggedWorkflow } from "./workflow.ts";

/** One direct change of the owner's. Contexts are ids or names; times are ms since 1970. */
export type DirectOp =
  | {
    readonly op: "add" | "upsert";
    readonly context: string;
    readonly kind: EngramKind;
    readonly confidence: number;
    readonly position: number | null;
    readonly observedAt: number | null;
    readonly timeSource: TimeSource;
    readonly validFrom: number | null;
    readonly validTo: number | null;
    /** The JSON of EngramTexts; `upsert` finds the engram by its source and ref. */
    readonly texts: Payload;
  }
  /** `texts` is the JSON of the EngramTexts that change; null elsewhere leaves a value as it is. */
  | {
    readonly op: "update";
    readonly id: Id;
    readonly confidence: number | null;
    readonly observedAt: number | null;
    readonly validFrom: number | null;
    readonly validTo: number | null;
    readonly texts: Payload;
  }
  | { readonly op: "delete"; readonly id: Id }
  | {
    readonly op: "connect";
    readonly source: Id;
    readonly target: Id;
    readonly type: string;
    readonly weight: number;
    /** JSON object. */
    readonly metadata: Payload;
  }
  /** Connects what (source, ref) names, as an import knows it: the JSON of [[source, ref], [source, ref]]. */
  | { readonly op: "link"; readonly type: string; readonly ends: Payload }
  | { readonly op: "disconnect"; readonly id: Id }
  | { readonly op: "join"; readonly context: string; readonly engram: Id }
  /** Vectors of an engram as of the version written at `tick`; nothing where that holds no more. */
  | {
    readonly op: "embed";
    readonly id: Id;
    readonly tick: number;
    readonly model: string;
    readonly dimensions: number;
    readonly vectors: Payload;
  };

/** What a caller asks for. */
export type Ask =
  | { readonly kind: "configure"; readonly changes: Readonly<Record<string, number>> }
  | { readonly kind: "write"; readonly ops: readonly DirectOp[] }
  | {
    readonly kind: "context_create";
    readonly agents: readonly string[];
    /** The JSON of {name, description, metadata}. */
    readonly texts: Payload;
  }
  | {
    readonly kind: "agent_load";
    readonly agent: string;
    readonly name: string;
    readonly description: string;
    readonly version: string;
    /** sha256 of the module's bytes, in hex; the bytes lie in the blobs. */
    readonly module: string;
    /** The manifest as given, or null. */
    readonly manifest: JsonObject | null;
    readonly actions: readonly string[] | null;
    readonly grants: readonly Grant[];
    readonly limits: AgentLimits;
    /** Given to initialize as `config`. */
    readonly config: JsonObject;
    /** Whether the module exports `receive`. */
    readonly receives: boolean;
  }
  | { readonly kind: "agent_unload"; readonly agent: string }
  | {
    readonly kind: "execute";
    readonly agent: string;
    readonly action: string;
    readonly params: Payload;
    readonly context: string | null;
    readonly fuel: number | null;
  }
  | {
    readonly kind: "query";
    readonly agent: string;
    readonly query: Payload;
    readonly context: string | null;
    readonly fuel: number | null;
  }
  | { readonly kind: "workflow"; readonly context: string; readonly workflow: LoggedWorkflow }
  /** Removes memories for good: texts, and every copy the folder holds. The only command of its tick. */
  | { readonly kind: "erase"; readonly ids: readonly Id[] };

/** A command: what is asked, by whom, and the client's own id for it, if it gave one. */
export interface Command {
  readonly ask: Ask;
  readonly client: string;
  readonly commandId: string | null;
}

/** What an agent's manifest may set below the configuration. */
export interface AgentLimits {
  readonly stepFuelMax: number | null;
  readonly linearMemoryPagesMax: number | null;
}

/** The first command of every log. */
export interface Genesis {
  readonly config: Config;
  /** Names the data folder, 32 hex digits. */
  readonly folder: string;
}

/** Whether an agent may send messages in what a command of a kind sets off. */
export function sendsMessages(kind: Ask["kind"]): boolean {
  switch (kind) {
    case "agent_load":
    case "agent_unload":
    case "execute":
    case "workflow":
      return true;
    case "query":
    case "configure":
    case "write":
    case "context_create":
    case "erase":
      return false;
    default:
      return kind satisfies never;
  }
}

/** The agent a command runs, or null for one without wasm. */
export function agentOf(ask: Ask): string | null {
  switch (ask.kind) {
    case "agent_load":
    case "agent_unload":
    case "execute":
    case "query":
      return ask.agent;
    case "configure":
    case "write":
    case "context_create":
    case "workflow":
    case "erase":
      return null;
    default:
      return ask satisfies never;
  }
}
