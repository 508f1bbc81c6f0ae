/**
 * A session: one step's view of the memory graph (its snapshot and what it staged) and what it may do there.
 *
 * Owns: permission checks, the write set, ids, keys read, messages, log lines. Agents reach it through `serve.ts`,
 * the owner's direct writes through `direct.ts`: one set of rules for both.
 *
 * Invariants:
 * 1. What a step may not read does not exist for it: the answer is "not found".
 * 2. A user's text is never changed or deleted by an agent.
 * 3. An answer depends only on the snapshot, the step's own calls, the configuration and recorded results.
 */
import { type Status, status } from "../sandbox/abi.ts";
import {
  type AgentState,
  type Author,
  type Config,
  type Connection,
  connectionTypes,
  type Context,
  type Engram,
  type EngramTexts,
  formatId,
  type Grant,
  holds,
  type Id,
  type IdKind,
  type JsonObject,
  parseId,
  Payload,
  type TimeSource,
} from "../kernel/mod.ts";
import { byteLength, putOf, shown, stagedEngram, textsPayload, textsTooLarge, visible } from "./fields.ts";
import { later, type Meanings, type TextVector } from "./meanings.ts";
import type { SendLimits } from "./permit.ts";
import type { Readable, Snapshot } from "./snapshot.ts";
import { lookWork } from "./work.ts";
import { connectionKey, WriteSet } from "./write_set.ts";

/** What a refused call answers: a status for a guest, and why, for the owner. */
export class Denial {
  constructor(readonly status: Status, readonly why: string) {}
}

/** Facts about other agents that a step may need. */
export interface Peers {
  /** Whether it is loaded, and has `receive`. */
  agent(id: string): { readonly receives: boolean } | null;
  /** What waited in its mailbox when the tick began. */
  mailbox(id: string): { readonly messages: number; readonly bytes: number };
  /** Whether nothing may be sent in this tick: as much waits as may for all agents together. */
  readonly mailIsFull: boolean;
}

/** What a session is made of. */
export interface SessionOptions {
  readonly snapshot: Snapshot;
  readonly config: Config;
  /** The agent, or null for the owner, who may do everything. */
  readonly agent: Pick<AgentState, "id" | "grants" | "context"> | null;
  readonly author: Author;
  /** The tick this step commits in, and its time. */
  readonly tick: number;
  readonly time: number;
  /** The context the step runs in; null where it has none but its agent's own. */
  readonly context: Id | null;
  readonly peers: Peers;
  /** Whether writing and sending calls are denied. */
  readonly query: boolean;
  /** Results from the log, in replay; null live. */
  readonly recorded: readonly Payload[] | null;
  /** Contexts there are; given so that steps of one tick share one list. */
  readonly contexts: readonly Context[];
  /** What a model says of texts; none where there is no model, and in replay. */
  readonly meanings?: Meanings;
}

/** The fields of a new or changed engram, beside its texts. */
export interface EngramParts {
  readonly kind: Engram["kind"];
  readonly confidence: number;
  readonly position: number | null;
  readonly observedAt: string | null;
  readonly timeSource: TimeSource;
  readonly validFrom: string | null;
  readonly validTo: string | null;
}

type Agent = Pick<AgentState, "id" | "grants" | "context">;

/** The contexts an agent may read and write; null is all. */
interface Access {
  readonly read: ReadonlySet<Id> | null;
  readonly write: ReadonlySet<Id> | null;
}

const everything: Access = { read: null, write: null };

/** A list of contexts by id, by name and by agent. What agents may do under it is worked out once for each. */
class ContextIndex {
  readonly byId = new Map<Id, Context>();
  readonly #byName = new Map<string, Context[]>();
  readonly #byAgent = new Map<string, { readonly context: Id; readonly access: string }[]>();
  readonly #access = new WeakMap<Agent, Access>();

  constructor(contexts: readonly Context[]) {
    for (const context of contexts) {
      this.byId.set(context.id, context);
      append(this.#byName, context.name, context);
      for (const { agent, access } of context.agents) {
        append(this.#byAgent, agent, { context: context.id, access });
      }
    }
  }

  /** A context by id, else the first of a name. */
  find(idOrName: string): Context | null {
    return this.byId.get(idOrName) ?? this.#byName.get(idOrName)?.[0] ?? null;
  }

  /** What an agent may read and write. Its grants and its context never change while it is loaded. */
  access(agent: Agent): Access {
    let access = this.#access.get(agent);
    if (access === undefined) {
      access = { read: this.#reach(agent, "read"), write: this.#reach(agent, "write") };
      this.#access.set(agent, access);
    }
    return access;
  }

  #reach(agent: Agent, capability: "read" | "write"): ReadonlySet<Id> | null {
    if (holds(agent.grants, capability, [])) return null;
    const ids = new Set<Id>([agent.context]);
    for (const { context, access } of this.#byAgent.get(agent.id) ?? []) {
      if (capability === "read" || access === "write") ids.add(context);
    }
    for (const grant of agent.grants) {
      if (grant.capability !== capability) continue;
      for (const scope of grant.scope) {
        if (this.byId.has(scope)) ids.add(scope);
        for (const context of this.#byName.get(scope) ?? []) ids.add(context.id);
      }
    }
    return ids;
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** By list: steps of one tick share one, and ticks share it as long as no context changes. */
const indexes = new WeakMap<readonly Context[], ContextIndex>();

function indexOf(contexts: readonly Context[]): ContextIndex {
  let index = indexes.get(contexts);
  if (index === undefined) {
    index = new ContextIndex(contexts);
    indexes.set(contexts, index);
  }
  return index;
}

/** A context of a list by id, else the first of a name, or null. */
export function findContext(contexts: readonly Context[], idOrName: string): Context | null {
  return indexOf(contexts).find(idOrName);
}

/** Whether the agent takes part in a context at all: then a step of its may run in it. */
export function mayEnter(agent: Pick<AgentState, "id" | "grants" | "context">, context: Context): boolean {
  return agent.context === context.id || context.agents.some((one) => one.agent === agent.id) ||
    holds(agent.grants, "read", [context.id, context.name]) ||
    holds(agent.grants, "write", [context.id, context.name]);
}

/** One step's session. */
export class Session {
  readonly writes = new WriteSet();
  readonly reads = new Set<string>();
  readonly recorded: Payload[] = [];
  readonly logs: { level: number; text: Payload }[] = [];
  /** What its host calls have taken of the engine (work.ts). */
  work = 0;
  /** Whether the step has to wait for a model: then it is carried over, and nothing of this run is kept. */
  awaitsModel = false;
  /** The engram that was got first, and the JSON of the one that was told last. */
  firstGot: Id | null = null;
  /** How much may be sent to the agent that was sent to last, as it was when the step began. */
  sendsTo: { readonly to: string; readonly limits: Denial | SendLimits } | null = null;
  #told: { readonly engram: Engram; readonly json: string } | null = null;
  readonly #options: SessionOptions;
  readonly #contexts: ContextIndex;
  #readable: ReadonlySet<Id> | null;
  #writable: ReadonlySet<Id> | null;
  #counter: number;
  #recordedAt = 0;
  #recordedBytes = 0;
  #stagedBytes = 0;

  constructor(options: SessionOptions, firstCounter = 0) {
    this.#options = options;
    this.#contexts = indexOf(options.contexts);
    const access = options.agent === null ? everything : this.#contexts.access(options.agent);
    this.#readable = access.read;
    this.#writable = access.write;
    this.#counter = firstCounter;
  }

  get options(): SessionOptions {
    return this.#options;
  }

  get config(): Config {
    return this.#options.config;
  }

  get snapshot(): Snapshot {
    return this.#options.snapshot;
  }

  /** The contexts this step may read; null is everything. */
  get readable(): Readable {
    return this.#readable;
  }

  /** The context new engrams join: the step's, else the agent's own. */
  get current(): Id | null {
    return this.#options.context ?? this.#options.agent?.context ?? null;
  }

  get grants(): readonly Grant[] {
    return this.#options.agent?.grants ?? [];
  }

  mayRead(context: Id): boolean {
    return this.#readable === null || this.#readable.has(context);
  }

  mayWrite(context: Id): boolean {
    return this.#writable === null || this.#writable.has(context);
  }

  /** A context just created by this step is its to read and write. */
  adopt(context: Id): void {
    if (this.#readable !== null) this.#readable = new Set(this.#readable).add(context);
    if (this.#writable !== null) this.#writable = new Set(this.#writable).add(context);
  }

  nextId(kind: IdKind): Id {
    return formatId(kind, this.#options.author.tick, this.#options.author.seat, this.#counter++);
  }

  /** An engram with all its contexts, seen or not; counts as read. */
  rawEngram(id: Id): Engram | null {
    if (parseId(id) === null) return null; // no such id was ever given, so nothing is kept of it
    this.reads.add(`e:${id}`);
    return this.#find(id);
  }

  /** An engram this step may read, without counting as read by id (lists and walks are not in the read set). */
  peek(id: Id): Engram | null {
    return this.#shown(this.#find(id));
  }

  /** Engrams that read differently because of what is staged, as this step may see them. */
  changedEngrams(): Engram[] {
    return [...this.writes.changed()].map((id) => this.peek(id)).filter((engram) => engram !== null);
  }

  /** The engram without anything this step may not see, or null. */
  #shown(engram: Engram | null): Engram | null {
    if (engram === null || !visible(engram, this.#readable)) return null;
    const seen = shown(engram, this.#readable), supersededBy = this.#superseder(engram);
    return supersededBy === seen.supersededBy ? seen : { ...seen, supersededBy };
  }

  /** The newest engram this step may see that supersedes another one. */
  #superseder({ id, supersededBy }: Engram): Id | null {
    const staged = this.writes.superseding(id);
    if (supersededBy === null && staged.length === 0) return null;
    const stored = this.snapshot.connectionsOf(id, "in", connectionTypes.supersedes)
      .filter(({ source, target, type }) => this.writes.connection(source, target, type) === undefined);
    this.work += (stored.length + staged.length) * lookWork;
    return [...stored, ...staged].map((one) => one.source).findLast((source) => {
      const newer = this.#find(source);
      return newer !== null && visible(newer, this.#readable);
    }) ?? null;
  }

  #find(id: Id): Engram | null {
    const staged = this.writes.engram(id);
    if (staged === null) return null;
    const engram = staged ?? this.snapshot.engram(id);
    return engram === null ? null : this.#overlay(engram);
  }

  /** An engram this step may read, as it may see it. */
  engram(id: Id): Engram | null {
    return this.#shown(this.rawEngram(id));
  }

  /** Whether this step may read what {@link rawEngram} gave. */
  sees(engram: Engram): boolean {
    return visible(engram, this.#readable);
  }

  /** Whether it is a user's text, and this an agent's step: agents neither change nor hide those. */
  #untouchable(engram: Engram): boolean {
    return this.#options.agent !== null && engram.kind === "note" && engram.by.agent === null;
  }

  /** Why this step may not change an engram, or null. */
  engramDenial(engram: Engram, what: string): Denial | null {
    if (this.#untouchable(engram)) {
      return new Denial(-3, `${what} ${engram.id}: it is a user's text`);
    }
    return engram.contexts.some((context) => this.mayWrite(context))
      ? null
      : new Denial(-3, `${what} ${engram.id}: no granted context holds it`);
  }

  /** Stages a put of an engram; `before` is the version it changes. */
  putEngram(
    id: Id,
    parts: EngramParts,
    texts: EngramTexts,
    before: Engram | null,
    payload: Payload | null = null,
  ): Denial | null {
    const body = payload ?? textsPayload(texts), bytes = body.bytes?.length ?? Infinity;
    const tooLarge = textsTooLarge(texts, bytes, this.config);
    if (tooLarge !== null) return new Denial(-6, tooLarge);
    const full = this.full(body.bytes?.length ?? 0);
    if (full !== null) return full;
    const write = putOf({ id, ...parts }, body);
    const engram = stagedEngram(write, texts, {
      contexts: before?.contexts ?? [],
      createdTick: before?.createdTick ?? this.#options.tick,
      updatedTick: this.#options.tick,
      supersededBy: before?.supersededBy ?? null,
      by: this.#options.author,
    });
    this.writes.stage({ write, engram, isNew: before === null });
    return null;
  }

  /** Adds an engram to a context; nothing if it is there. */
  join(context: Id, engram: Id): void {
    const staged = this.writes.member(context, engram);
    if (staged ?? this.snapshot.isMember(context, engram)) return;
    this.writes.stage({ write: { op: "member_add", context, engram } });
  }

  /** The limits on writes, reached; `bytes` is what one more write adds. */
  full(bytes = 0): Denial | null {
    const { writesPerStepMax } = this.config;
    if (this.writes.size >= writesPerStepMax) {
      return new Denial(-6, `writesPerStepMax is ${writesPerStepMax}`);
    }
    return this.take(bytes);
  }

  /** Counts bytes about to be staged against the step's limit. */
  take(bytes: number): Denial | null {
    const { stagedBytesPerStepMax } = this.config;
    if (this.#stagedBytes + bytes > stagedBytesPerStepMax) {
      return new Denial(-6, `stagedBytesPerStepMax is ${stagedBytesPerStepMax}`);
    }
    this.#stagedBytes += bytes;
    return null;
  }

  /** How many bytes may still be staged. */
  get stagedBytesLeft(): number {
    return this.config.stagedBytesPerStepMax - this.#stagedBytes;
  }

  /** The JSON of an engram as this step sees it. */
  engramJson(engram: Engram): string {
    if (this.#told?.engram !== engram) this.#told = { engram, json: JSON.stringify(engram) };
    return this.#told.json;
  }

  /** Bytes of everything staged and recorded. */
  get bytes(): number {
    return this.#stagedBytes + this.#recordedBytes;
  }

  /** Why a name and metadata are too large to be kept, or null. */
  #tooLarge(what: string, name: string, metadata: JsonObject): Denial | null {
    const { nameBytesMax, metadataBytesMax } = this.config;
    if (byteLength(name) > nameBytesMax) {
      return new Denial(-6, `${what} is over nameBytesMax (${nameBytesMax} bytes)`);
    }
    if (byteLength(JSON.stringify(metadata)) <= metadataBytesMax) return null;
    return new Denial(-6, `metadata is over metadataBytesMax (${metadataBytesMax} bytes)`);
  }

  connectionBetween(source: Id, target: Id, type: string): Connection | null {
    const staged = this.writes.connection(source, target, type);
    return staged === undefined ? this.snapshot.connectionBetween(source, target, type) : staged;
  }

  /**
   * Connects two engrams this step may read. An existing (source, target, type) keeps its id; if nothing changes,
   * nothing is written. `supersedes` changes how its target reads, so the target must be the step's to write, and
   * no user's text.
   */
  connect(
    source: Id,
    target: Id,
    type: string,
    weight: number,
    metadata: JsonObject,
    payload: Payload | null = null,
  ): Id | Denial {
    const from = this.rawEngram(source), to = this.rawEngram(target);
    if (from === null || !visible(from, this.#readable)) {
      return new Denial(-1, `engram ${source} is not there`);
    }
    if (to === null || !visible(to, this.#readable)) return new Denial(-1, `engram ${target} is not there`);
    const writable = (engram: Engram) => engram.contexts.some((context) => this.mayWrite(context));
    const needed = type === connectionTypes.supersedes ? writable(to) : writable(from) || writable(to);
    if (type === connectionTypes.supersedes && this.#untouchable(to)) {
      return new Denial(-3, `supersede ${target}: it is a user's text`);
    }
    if (!needed) return new Denial(-3, `connect ${source} to ${target}: no granted context holds them`);
    const before = this.connectionBetween(source, target, type);
    if (
      before !== null && before.weight === weight &&
      JSON.stringify(before.metadata) === JSON.stringify(metadata)
    ) return before.id;
    const body = payload ?? Payload.text(JSON.stringify(metadata));
    const full = this.#tooLarge("type", type, metadata) ?? this.full(body.bytes?.length ?? 0);
    if (full !== null) return full;
    const { tick, author } = this.#options;
    const connection: Connection = {
      id: before?.id ?? this.nextId("connection"),
      source,
      target,
      type,
      weight,
      metadata,
      createdTick: before?.createdTick ?? tick,
      updatedTick: tick,
      by: author,
    };
    const write = {
      op: "connection_put" as const,
      id: connection.id,
      source,
      target,
      type,
      weight,
      metadata: body,
    };
    this.writes.stage({ write, connection, isNew: before === null });
    return connection.id;
  }

  /** A context by id or name, staged ones first; whether it may be seen is the caller's question. */
  context(idOrName: string): Context | null {
    const staged = this.writes.context(idOrName) ?? this.writes.contextByName(idOrName);
    return staged ?? this.#contexts.find(idOrName);
  }

  /** Stages a new context. Names are unique. */
  createContext(
    name: string,
    description: string,
    metadata: JsonObject,
    owner: string | null,
    id: Id | null = null,
  ): Id | Denial {
    if (name === "") return new Denial(-2, "the context has no name");
    const tooLarge = this.#tooLarge("name", name, metadata);
    if (tooLarge !== null) return tooLarge;
    if (byteLength(description) > this.config.metadataBytesMax) {
      return new Denial(-6, `description is over metadataBytesMax (${this.config.metadataBytesMax} bytes)`);
    }
    this.reads.add(`x:name:${name}`);
    if (this.context(name) !== null) {
      return new Denial(-4, `context ${JSON.stringify(name)} is there already`);
    }
    const texts = Payload.text(JSON.stringify({ name, description, metadata }));
    const full = this.full(texts.bytes?.length ?? 0);
    if (full !== null) return full;
    const { tick } = this.#options;
    const made = id ?? this.nextId("context");
    const context: Context = {
      id: made,
      name,
      description,
      metadata,
      owner,
      agents: [],
      engrams: 0,
      createdTick: tick,
      updatedTick: tick,
    };
    this.writes.stage({ write: { op: "context_put", id: made, owner, texts }, context });
    return made;
  }

  /**
   * A result that is not recomputed: recorded live, taken from the log in replay; null where the log has none left.
   * A refusal is recorded too, as its status: results are JSON objects, so a number is one. Where the answer is
   * {@link later}, nothing is recorded.
   */
  record(result: () => string | Denial | typeof later): string | Status | null | typeof later {
    const logged = this.#options.recorded;
    if (logged !== null) {
      const payload = logged[this.#recordedAt++];
      if (payload === undefined || payload.erased) return null;
      this.recorded.push(payload);
      return statusIn(payload.text()) ?? payload.text();
    }
    const { work } = this;
    const answer = result();
    this.work = work; // a replay does not make the answer again
    if (answer === later) return later;
    const tooMuch = answer instanceof Denial ||
      this.#recordedBytes + answer.length > this.config.recordedBytesPerStepMax;
    const refused: Status | null = answer instanceof Denial ? answer.status : tooMuch ? -6 : null;
    const text = refused === null ? String(answer) : String(refused);
    this.#recordedBytes += text.length;
    this.recorded.push(Payload.text(text));
    return refused ?? text;
  }

  /** Whether some model is granted. */
  get mayAskModel(): boolean {
    return this.grants.some(({ capability, scope }) => capability === "model" && scope.length > 0);
  }

  /** What a model makes of a text, why nothing, or {@link later}. Live only. */
  meaning(text: string): TextVector | Denial | typeof later {
    if (!this.mayAskModel) return new Denial(-3, "no model is granted");
    const made = this.#options.meanings?.of(text) ?? status.notAvailable;
    if (made === later) {
      this.awaitsModel = true;
      return later;
    }
    if (typeof made === "number") return new Denial(made, "no model gives a vector of it");
    const { name, hash } = made.model;
    return holds(this.grants, "model", [name, hash])
      ? made
      : new Denial(-3, `the model ${name} is not granted`);
  }

  /** Whether replay used every recorded result. */
  get recordedLeft(): number {
    return (this.#options.recorded?.length ?? this.#recordedAt) - this.#recordedAt;
  }

  /** The keys this step wrote. New names of contexts are keys too: two steps may not take one name. */
  writtenKeys(): string[] {
    return [...this.writes.keys(), ...this.writes.contexts().map((context) => `x:name:${context.name}`)];
  }

  #overlay(engram: Engram): Engram {
    const staged = this.writes.memberships(engram.id);
    if (staged === undefined) return engram;
    const contexts = new Set(engram.contexts);
    for (const [context, member] of staged) {
      if (member) contexts.add(context);
      else contexts.delete(context);
    }
    return { ...engram, contexts: [...contexts].sort() };
  }
}

/** The status a recorded text stands for, or null for a result. */
function statusIn(text: string): Status | null {
  return Object.values(status).find((one) => String(one) === text) ?? null;
}

export { connectionKey };
