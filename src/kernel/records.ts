/**
 * What the memory graph holds, and the writes that change it: the vocabulary that kernel, log, graph and host share.
 *
 * Invariants:
 * 1. A write says everything the graph needs: applying it reads nothing but earlier rows of the same ids.
 * 2. Everything a person wrote (texts, names of files, metadata) is inside a Payload, so that it can be erased
 *    without breaking the chain; ids, kinds, numbers and times are not.
 */
import type { Id } from "./ids.ts";
import type { Payload } from "./payload.ts";

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** What an engram is: a user's text, a verbatim sentence taken from one, a named thing, or a summary. */
export const engramKinds = ["note", "fact", "thing", "digest"] as const;
/** One of {@link engramKinds}. */
export type EngramKind = typeof engramKinds[number];

/** Where `observedAt` came from; `command`: the time of the command that wrote it. */
export const timeSources = ["given", "front_matter", "name", "heading", "file", "command", "none"] as const;
/** One of {@link timeSources}. */
export type TimeSource = typeof timeSources[number];

/** The texts of an engram: the JSON inside the payload of `engram_put` (keys in this order). */
export interface EngramTexts {
  readonly content: string;
  readonly title: string | null;
  readonly source: string | null;
  /** Names the engram within its source (a path with an anchor, a message id). Unique with `source`. */
  readonly ref: string | null;
  /** The thread it belongs to (a note's sections, a chat's turns); neighbours by `position`. */
  readonly thread: string | null;
  readonly metadata: JsonObject;
}

/** Who wrote: the step, and what caused it. Stored with every version. */
export interface Author {
  /** The agent, or null for a direct write. */
  readonly agent: string | null;
  /** The client whose command caused the step ("cli", "http", "mcp:NAME"), or null for mail and workflows. */
  readonly client: string | null;
  readonly tick: number;
  readonly seat: number;
}

/** A change to the graph, as staged by a step and stored in the log. Times are ms since 1970 or null. */
export type Write =
  | {
    readonly op: "engram_put";
    readonly id: Id;
    readonly kind: EngramKind;
    readonly confidence: number;
    readonly position: number | null;
    readonly observedAt: number | null;
    readonly timeSource: TimeSource;
    readonly validFrom: number | null;
    readonly validTo: number | null;
    /** The JSON of {@link EngramTexts}. */
    readonly texts: Payload;
  }
  /** Ends the engram, its connections and its memberships. */
  | { readonly op: "engram_delete"; readonly id: Id }
  | {
    readonly op: "connection_put";
    readonly id: Id;
    readonly source: Id;
    readonly target: Id;
    readonly type: string;
    readonly weight: number;
    /** JSON object. */
    readonly metadata: Payload;
  }
  | { readonly op: "connection_delete"; readonly id: Id }
  /** `texts` is the JSON of {name, description, metadata}. `owner`: the agent whose own context it is, or null. */
  | { readonly op: "context_put"; readonly id: Id; readonly owner: string | null; readonly texts: Payload }
  | { readonly op: "member_add"; readonly context: Id; readonly engram: Id }
  | { readonly op: "member_remove"; readonly context: Id; readonly engram: Id }
  /**
   * What a model made of an engram's text, as of the version written at `tick`; dropped where that holds no more.
   * int8 vectors of `dimensions` numbers, one after the other: the whole text's, then its windows'.
   */
  | {
    readonly op: "vector_put";
    readonly id: Id;
    readonly tick: number;
    /** sha256 of the model's file, in hex. */
    readonly model: string;
    readonly dimensions: number;
    readonly vectors: Payload;
  }
  | {
    readonly op: "context_agent_put";
    readonly context: Id;
    readonly agent: string;
    readonly access: "read" | "write";
  };

/** Reserved connection types, from the newer or derived engram to its origin (design §6). */
export const connectionTypes = {
  from: "from",
  mentions: "mentions",
  duplicates: "duplicates",
  supersedes: "supersedes",
  contradicts: "contradicts",
} as const;

/** An engram as every reader gets it (design §6 "JSON"). Times are ISO 8601 or null. */
export interface Engram {
  readonly id: Id;
  readonly kind: EngramKind;
  readonly content: string;
  readonly title: string | null;
  readonly source: string | null;
  readonly ref: string | null;
  readonly confidence: number;
  readonly metadata: JsonObject;
  readonly contexts: readonly Id[];
  readonly thread: string | null;
  readonly position: number | null;
  readonly observedAt: string | null;
  readonly timeSource: TimeSource;
  readonly validFrom: string | null;
  readonly validTo: string | null;
  readonly createdTick: number;
  readonly updatedTick: number;
  /** The newest live engram with a `supersedes` connection to this one. */
  readonly supersededBy: Id | null;
  readonly by: Author;
}

/** A connection as every reader gets it. */
export interface Connection {
  readonly id: Id;
  readonly source: Id;
  readonly target: Id;
  readonly type: string;
  readonly weight: number;
  readonly metadata: JsonObject;
  readonly createdTick: number;
  readonly updatedTick: number;
  readonly by: Author;
}

/** A context as every reader gets it. */
export interface Context {
  readonly id: Id;
  readonly name: string;
  readonly description: string;
  readonly metadata: JsonObject;
  readonly owner: string | null;
  readonly agents: readonly { readonly agent: string; readonly access: "read" | "write" }[];
  readonly engrams: number;
  readonly createdTick: number;
  readonly updatedTick: number;
}

/** A search hit: an engram with its score (higher is better, an integer) and the words around the match. */
export interface Hit extends Engram {
  readonly score: number;
  readonly snippet: string;
}

/** A way through connections from one engram to another. */
export interface Path {
  readonly engrams: readonly Id[];
  readonly connections: readonly { readonly id: Id; readonly type: string; readonly weight: number }[];
  readonly weight: number;
}

/** An engram reached by walking connections. `via` is the connection of the last step. */
export interface Connected {
  readonly engram: Engram;
  readonly depth: number;
  readonly via: { readonly id: Id; readonly type: string; readonly from: Id };
}

/** A change of one tick, as `changes` lists it. */
export interface Change {
  readonly tick: number;
  readonly op: Exclude<Write["op"], "vector_put">;
  readonly id: Id;
}
