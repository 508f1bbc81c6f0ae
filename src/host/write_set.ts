/**
 * The write set of a step: what it staged over its snapshot, with savepoints.
 *
 * Invariants:
 * 1. Nothing here touches the graph: the commit does, after the entry is durable.
 * 2. A rolled-back savepoint leaves no write and no key, but the ids it used stay used.
 * 3. `writes()` holds at most one put per id, the last one, and none for what was made and deleted within the step.
 */
import {
  bodyBytes,
  type Connection,
  connectionTypes,
  type Context,
  type Engram,
  type Id,
  type Payload,
  type Write,
} from "../kernel/mod.ts";

/** A staged write with the view readers of the same step get. */
export type Staged =
  | { readonly write: Extract<Write, { op: "engram_put" }>; readonly engram: Engram; readonly isNew: boolean }
  | { readonly write: Extract<Write, { op: "engram_delete" }> }
  | {
    readonly write: Extract<Write, { op: "connection_put" }>;
    readonly connection: Connection;
    readonly isNew: boolean;
  }
  | { readonly write: Extract<Write, { op: "connection_delete" }>; readonly connection: Connection }
  | { readonly write: Extract<Write, { op: "context_put" }>; readonly context: Context }
  | {
    readonly write: Extract<
      Write,
      { op: "member_add" | "member_remove" | "context_agent_put" | "vector_put" }
    >;
  };

/** A message staged by a step. */
export interface StagedMessage {
  readonly to: string;
  readonly body: Payload;
}

/** The key of a connection by what it joins. */
export const connectionKey = (source: Id, target: Id, type: string): string =>
  `c:${source}|${target}|${type}`;

function keyOf(staged: Staged): string {
  const write = staged.write;
  switch (write.op) {
    case "engram_put":
    case "engram_delete":
      return `e:${write.id}`;
    case "connection_put":
      return connectionKey(write.source, write.target, write.type);
    case "connection_delete":
      return "connection" in staged
        ? connectionKey(staged.connection.source, staged.connection.target, staged.connection.type)
        : `c:${write.id}`;
    case "context_put":
      return `x:${write.id}`;
    case "member_add":
    case "member_remove":
      return `m:${write.context}|${write.engram}`;
    case "context_agent_put":
      return `a:${write.context}|${write.agent}`;
    case "vector_put":
      return `v:${write.id}|${write.model}`;
    default:
      return write satisfies never;
  }
}

/** What a step staged. */
export class WriteSet {
  #staged: Staged[] = [];
  #messages: StagedMessage[] = [];
  #messageBytes = 0;
  readonly #savepoints: { staged: number; messages: number }[] = [];
  #engrams = new Map<Id, Engram | null>();
  /** Whether an engram is deleted here. */
  #deletes = false;
  #connections = new Map<string, Connection | null>();
  /** Keys of connections by each of their two ends. */
  #connectionsAt = new Map<Id, Set<string>>();
  #touchedConnections = new Set<Id>();
  #contexts = new Map<Id, Context>();
  #contextsByName = new Map<string, Context>();
  /** Memberships by engram, then by context. */
  #members = new Map<Id, Map<Id, boolean>>();
  #refs = new Map<string, Id[]>();
  /** Keys of staged `supersedes` connections, by what they supersede. */
  #superseding = new Map<Id, string[]>();

  /** Number of staged writes. */
  get size(): number {
    return this.#staged.length;
  }

  /** Whether connections or deletions are staged: then walks need the overlay. */
  get changesEdges(): boolean {
    return this.#connections.size > 0 || this.#deletes;
  }

  get messages(): readonly StagedMessage[] {
    return this.#messages;
  }

  /** Bytes of the bodies of {@link messages}. */
  get messageBytes(): number {
    return this.#messageBytes;
  }

  get depth(): number {
    return this.#savepoints.length;
  }

  stage(staged: Staged): void {
    this.#staged.push(staged);
    this.#show(staged);
  }

  send(message: StagedMessage): void {
    this.#messages.push(message);
    this.#messageBytes += bodyBytes(message);
  }

  begin(): void {
    this.#savepoints.push({ staged: this.#staged.length, messages: this.#messages.length });
  }

  /** Keeps what was done since the last savepoint; false where there is none. */
  commit(): boolean {
    return this.#savepoints.pop() !== undefined;
  }

  /** Undoes what was done since the last savepoint; false where there is none. */
  rollback(): boolean {
    const point = this.#savepoints.pop();
    if (point === undefined) return false;
    this.#messages = this.#messages.slice(0, point.messages);
    this.#messageBytes = this.#messages.reduce((sum, one) => sum + bodyBytes(one), 0);
    this.#staged = this.#staged.slice(0, point.staged);
    this.#engrams = new Map();
    this.#deletes = false;
    this.#connections = new Map();
    this.#connectionsAt = new Map();
    this.#touchedConnections = new Set();
    this.#contexts = new Map();
    this.#contextsByName = new Map();
    this.#members = new Map();
    this.#refs = new Map();
    this.#superseding = new Map();
    for (const staged of this.#staged) this.#show(staged);
    return true;
  }

  /** The staged engram; null where it is deleted, undefined where the snapshot decides. */
  engram(id: Id): Engram | null | undefined {
    return this.#engrams.get(id);
  }

  /** Staged engrams with this source and ref. */
  engramsByRef(source: string, ref: string): Engram[] {
    const ids = this.#refs.get(`${source}\n${ref}`) ?? [];
    return ids.map((id) => this.#engrams.get(id) ?? null).filter((one) =>
      one?.source === source && one.ref === ref
    )
      .filter((one) => one !== null);
  }

  /** Staged engrams that are not deleted. */
  engrams(): Engram[] {
    return [...this.#engrams.values()].filter((engram) => engram !== null);
  }

  /** Ids of engrams changed or deleted here: the snapshot's versions of them no longer count. */
  touched(): ReadonlySet<Id> {
    return new Set(this.#engrams.keys());
  }

  connection(source: Id, target: Id, type: string): Connection | null | undefined {
    return this.#connections.get(connectionKey(source, target, type));
  }

  connections(): Connection[] {
    return [...this.#connections.values()].filter((connection) => connection !== null);
  }

  /** Those of one engram. */
  connectionsOf(id: Id): Connection[] {
    const keys = [...this.#connectionsAt.get(id) ?? []];
    return keys.map((key) => this.#connections.get(key) ?? null).filter((one) => one !== null);
  }

  /** Staged connections by which an engram is superseded, oldest first. */
  superseding(target: Id): Connection[] {
    const keys = this.#superseding.get(target) ?? [];
    return keys.map((key) => this.#connections.get(key) ?? null).filter((one) => one !== null);
  }

  /** Ids of engrams that read differently because of what is staged, deleted ones aside. */
  changed(): ReadonlySet<Id> {
    const ids = new Set<Id>(this.#superseding.keys());
    for (const [id, engram] of this.#engrams) if (engram !== null) ids.add(id);
    for (const { write } of this.#staged) {
      if (write.op === "member_add" || write.op === "member_remove") ids.add(write.engram);
    }
    return ids;
  }

  /** Ids of connections put or deleted here. */
  touchedConnections(): ReadonlySet<Id> {
    return this.#touchedConnections;
  }

  context(id: Id): Context | undefined {
    return this.#contexts.get(id);
  }

  contextByName(name: string): Context | undefined {
    return this.#contextsByName.get(name);
  }

  contexts(): Context[] {
    return [...this.#contexts.values()];
  }

  member(context: Id, engram: Id): boolean | undefined {
    return this.#members.get(engram)?.get(context);
  }

  /** The staged memberships of an engram, by context. */
  memberships(engram: Id): ReadonlyMap<Id, boolean> | undefined {
    return this.#members.get(engram);
  }

  /** The keys written (design §3). */
  keys(): string[] {
    if (this.#staged.length === 0) return [];
    return [...new Set(this.#staged.map(keyOf))];
  }

  /** The writes to log, in order of first staging. */
  writes(): Write[] {
    const [only] = this.#staged;
    if (only === undefined) return [];
    if (this.#staged.length === 1) return [only.write];
    const last = new Map<string, Write>();
    const born = new Set<Id>();
    for (const staged of this.#staged) {
      const write = staged.write;
      if (write.op === "engram_put" && "isNew" in staged && staged.isNew) born.add(write.id);
      if (write.op === "connection_put" && "isNew" in staged && staged.isNew) born.add(write.id);
      last.set(keyOf(staged), write);
    }
    const ended = new Set<Id>();
    for (const write of last.values()) {
      if ((write.op === "engram_delete" || write.op === "connection_delete") && born.has(write.id)) {
        ended.add(write.id);
      }
    }
    return [...last.values()].filter((write) => {
      switch (write.op) {
        case "engram_put":
        case "engram_delete":
        case "connection_delete":
          return !ended.has(write.id);
        case "connection_put":
          return !ended.has(write.id) && !ended.has(write.source) && !ended.has(write.target);
        case "member_add":
        case "member_remove":
          return !ended.has(write.engram);
        case "context_put":
        case "context_agent_put":
        case "vector_put":
          return true;
        default:
          return write satisfies never;
      }
    });
  }

  #show(staged: Staged): void {
    const write = staged.write;
    if ("engram" in staged) this.#showEngram(staged.engram);
    else if (write.op === "engram_delete") this.#forget(write.id);
    else if ("connection" in staged) this.#showConnection(staged);
    else if ("context" in staged) {
      this.#contexts.set(staged.context.id, staged.context);
      this.#contextsByName.set(staged.context.name, staged.context);
    } else if (write.op === "member_add" || write.op === "member_remove") {
      const member = write.op === "member_add", known = this.#members.get(write.engram);
      if (known === undefined) this.#members.set(write.engram, new Map([[write.context, member]]));
      else known.set(write.context, member);
    }
  }

  #showEngram(engram: Engram): void {
    this.#engrams.set(engram.id, engram);
    if (engram.source === null || engram.ref === null) return;
    const key = `${engram.source}\n${engram.ref}`;
    const ids = this.#refs.get(key);
    if (ids === undefined) this.#refs.set(key, [engram.id]);
    else if (!ids.includes(engram.id)) ids.push(engram.id);
  }

  #showConnection(staged: Extract<Staged, { connection: Connection }>): void {
    const key = keyOf(staged), { source, target, type } = staged.connection;
    this.#connections.set(key, staged.write.op === "connection_put" ? staged.connection : null);
    this.#touchedConnections.add(staged.write.id);
    for (const end of [source, target]) {
      const keys = this.#connectionsAt.get(end);
      if (keys === undefined) this.#connectionsAt.set(end, new Set([key]));
      else keys.add(key);
    }
    if (type !== connectionTypes.supersedes || staged.write.op !== "connection_put") return;
    const keys = this.#superseding.get(target);
    if (keys === undefined) this.#superseding.set(target, [key]);
    else if (!keys.includes(key)) keys.push(key);
  }

  #forget(id: Id): void {
    this.#engrams.set(id, null);
    this.#deletes = true;
    for (const key of this.#connectionsAt.get(id) ?? []) this.#connections.set(key, null);
  }
}
