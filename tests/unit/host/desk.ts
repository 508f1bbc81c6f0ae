/**
 * A desk: a real graph in memory with contexts and engrams, and sessions of agents over it, so that host calls can be
 * made one by one and their write sets committed.
 */
import { type Graph, openGraph } from "../../../src/graph/mod.ts";
import { type Meanings, serve, type Served, Session, writeDirect } from "../../../src/host/mod.ts";
import {
  type Config,
  defaultConfig,
  type DirectOp,
  type Engram,
  formatId,
  type Grant,
  type Id,
  Payload,
  type Write,
} from "../../../src/kernel/mod.ts";
import { snapshotOf } from "../../../src/runtime/snapshots.ts";
import type { HostFunctionName } from "../../../src/sandbox/mod.ts";

export const open: Id = formatId("context", 1, 0, 0);
export const closed: Id = formatId("context", 1, 0, 1);
export const home: Id = formatId("context", 1, 0, 2);

/** What a call answered: a status, an id, or parsed JSON. */
// deno-lint-ignore no-explicit-any
export type Answered = any;

/** Unpacks an answer. */
export function unpacked(served: Served): Answered {
  if ("status" in served) return served.status;
  if ("id" in served) return served.id;
  if ("end" in served) return { end: served.end };
  return JSON.parse(served.json);
}

/** A session with its calls as functions. */
export class Hand {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  call(name: HostFunctionName, ...args: readonly (string | number | bigint | null)[]): Answered {
    return unpacked(serve(this.session, { name, args }));
  }

  create(content: string, metadata: object = {}): Answered {
    return this.call("engram_create", content, null, 1, JSON.stringify(metadata));
  }

  get(id: string): Answered {
    return this.call("engram_get", id);
  }

  update(id: string, content: string | null, metadata: object | null = null): Answered {
    return this.call(
      "engram_update",
      id,
      content,
      null,
      NaN,
      metadata === null ? null : JSON.stringify(metadata),
    );
  }

  connect(source: string, target: string, type = "mentions", weight = 1, metadata = "{}"): Answered {
    return this.call("connection_create", source, target, type, weight, metadata);
  }
}

/** What a test gives a session beside the usual. */
export interface HandOptions {
  readonly grants?: readonly Grant[];
  readonly config?: Partial<Config>;
  readonly context?: Id | null;
  readonly query?: boolean;
  readonly recorded?: readonly Payload[] | null;
  readonly agent?: string;
  readonly meanings?: Meanings;
  readonly peers?: Readonly<Record<string, { receives: boolean; waiting?: number; waitingBytes?: number }>>;
  readonly mailIsFull?: boolean;
  /** The configuration in the place of this build's, as a folder of an older build has it. */
  readonly older?: Config;
}

/** The graph of one test. */
export class Desk implements Disposable {
  readonly graph: Graph = openGraph({ path: ":memory:" });

  constructor() {
    const context = (id: Id, name: string, owner: string | null): Write => ({
      op: "context_put",
      id,
      owner,
      texts: Payload.text(JSON.stringify({ name, description: "", metadata: {} })),
    });
    this.commit([], null);
    this.commit([
      context(open, "open", null),
      context(closed, "closed", null),
      context(home, "scout", "scout"),
    ], null);
  }

  get tick(): number {
    return this.graph.applied.tick;
  }

  commit(writes: readonly Write[], agent: string | null): void {
    const tick = this.tick + 1;
    const author = { agent, client: "cli", tick, seat: 1 };
    this.graph.commit({ index: tick, hash: new Uint8Array(32), tick, steps: [{ author, writes }], rows: [] });
  }

  /** Does all of `work` in ticks that everyone is far beyond afterwards: how many it took cannot be told. */
  together(work: () => void, until = 1000): void {
    work();
    while (this.tick < until) this.commit([], null);
  }

  /** Stores a memory of the owner's (or of another agent's). */
  add(
    context: Id,
    content: string,
    more: Partial<Extract<DirectOp, { confidence: number; context: string }>> & { by?: string } = {},
  ): Id {
    const { by, ...rest } = more;
    const texts = { content, title: null, source: null, ref: null, thread: null, metadata: {} };
    const session = this.#session({}, null);
    const [done] = writeDirect(session, [{
      op: "add",
      context,
      kind: "note",
      confidence: 1,
      position: null,
      observedAt: null,
      timeSource: "none",
      validFrom: null,
      validTo: null,
      texts: Payload.text(JSON.stringify(texts)),
      ...rest,
    }]);
    this.commit(session.writes.writes(), by ?? null);
    return done?.id ?? "";
  }

  /** Stores a vector of a version. */
  embed(id: Id, updatedTick: number, model: string, vector: Int8Array): void {
    const vectors = new Payload(new Uint8Array(vector.buffer));
    const put = {
      op: "vector_put",
      id,
      tick: updatedTick,
      model,
      dimensions: vector.length,
      vectors,
    } as const;
    this.commit([put], null);
  }

  /** Connects as the owner. */
  link(source: Id, target: Id, type = "mentions", weight = 1): Id {
    const session = this.#session({}, null);
    const [done] = writeDirect(session, [
      { op: "connect", source, target, type, weight, metadata: Payload.text("{}") },
    ]);
    this.commit(session.writes.writes(), null);
    return done?.id ?? "";
  }

  /** The agent "scout", whose own context is {@link home}; granted what is given. */
  scout(options: HandOptions = {}): Hand {
    return new Hand(this.#session(options, options.agent ?? "scout"));
  }

  /** The owner's session. */
  owner(): Session {
    return this.#session({}, null);
  }

  engram(id: Id): Engram | null {
    return this.graph.engram(id);
  }

  #session(options: HandOptions, agent: string | null): Session {
    const tick = this.tick + 1;
    return new Session({
      snapshot: snapshotOf(this.graph, null),
      config: { ...(options.older ?? defaultConfig), ...options.config },
      agent: agent === null ? null : { id: agent, grants: options.grants ?? [], context: home },
      author: { agent, client: "cli", tick, seat: 1 },
      tick,
      time: 1_700_000_000_000,
      context: options.context ?? null,
      peers: {
        agent: (id) => options.peers?.[id] ?? null,
        mailbox: (id) => ({
          messages: options.peers?.[id]?.waiting ?? 0,
          bytes: options.peers?.[id]?.waitingBytes ?? 0,
        }),
        mailIsFull: options.mailIsFull ?? false,
      },
      query: options.query ?? false,
      recorded: options.recorded ?? null,
      contexts: this.graph.contexts(),
      ...(options.meanings === undefined ? {} : { meanings: options.meanings }),
    });
  }

  [Symbol.dispose](): void {
    this.graph.close();
  }
}

/** Grants over the context "open". */
export const readOpen: Grant[] = [{ capability: "read", scope: ["open"] }];
export const writeOpen: Grant[] = [...readOpen, { capability: "write", scope: [open] }];
