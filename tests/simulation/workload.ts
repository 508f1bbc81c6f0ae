/**
 * Workloads: what a simulated person and their agents ask for, chosen by a seed.
 *
 * Each memory stored by the owner has a content of its own (a token), so that what is stored can be told from
 * what was asked, once each.
 */
import { Buffer } from "node:buffer";
import { parseId } from "../../src/kernel/mod.ts";
import { EngramError, type JsonObject, type Request, type WriteOp } from "../../src/mod.ts";
import { decisionOps, reviewedTypes, type ReviewItem, reviewVerbs } from "../../src/runtime/views/review.ts";
import { testAgentBase64 } from "../support/agents.ts";
import type { Random } from "./random.ts";

/** Kinds of request. A seed uses a part of them. */
export const operations = [
  "add",
  "upsert",
  "update",
  "delete",
  "erase",
  "embed",
  "connect",
  "count",
  "create",
  "change",
  "read",
  "remove",
  "join",
  "rollback",
  "mail",
  "post",
  "find",
  "recall",
  "vector",
  "crash",
  "spin",
  "query",
  "workflow",
  "configure",
  "reload",
  "context",
  "place",
  "supersede",
  "relate",
  "disconnect",
  "link",
  "import",
  "rewrite",
  "strange",
  "propose",
  "decide",
  "upgrade",
  "wake",
  "wrong",
] as const;
/** One of {@link operations}. */
export type Operation = typeof operations[number];

/** A request with what the checks need to know of it. */
export interface Asked {
  readonly operation: Operation;
  readonly request: Request;
  /** Contents the request stores, if it is done. */
  readonly tokens: readonly string[];
  /** The agent whose counter it counts up, or null. */
  readonly counts: string | null;
}

/** Agents of the simulation. */
export const agentNames = ["ada", "bob", "cyd", "dot"] as const;

/** The request that loads one, with grants for everything. */
export function loadRequest(agent: string): Request {
  const all = (name: string) => ({ name, scope: "*", reason: "to be simulated" });
  const manifest = {
    manifest: 1,
    id: agent,
    version: "1.0.0",
    abi: "engram@1",
    capabilities: ["read", "write", "send", "model"].map(all),
  };
  return { kind: "agent_load", agent, wasm: testAgentBase64, manifest };
}

/** The same agent in a newer version: other bytes, another configuration. It has to be unloaded first. */
export function newerRequest(agent: string): Request {
  const newer = Uint8Array.of(...Uint8Array.fromBase64(testAgentBase64), 0, 4, 1, 0x76, 0x32, 0x2e);
  const { manifest, ...request } = loadRequest(agent) as Extract<Request, { kind: "agent_load" }>;
  return {
    ...request,
    wasm: newer.toBase64(),
    manifest: { ...manifest, version: "2.0.0", config: { b: 1, a: -0, 10: [] } },
  };
}

/** Chooses requests. Ids of what is stored are told to it as they become known. */
export class Workload {
  /** Memories that were there the last time somebody looked. */
  readonly known: string[] = [];
  /** Connections that somebody made. */
  readonly links: string[] = [];
  /** What was proposed or decided, the last time somebody looked. */
  reviews: readonly ReviewItem[] = [];
  readonly #random: Random;
  readonly #operations: readonly Operation[];
  readonly #agents: readonly string[];
  #tokens = 0;

  constructor(random: Random, operations: readonly Operation[], agents: readonly string[]) {
    this.#random = random;
    this.#operations = operations;
    this.#agents = agents;
  }

  next(): Asked {
    const operation = this.#random.pick(this.#operations);
    const tokens: string[] = [];
    const token = () => {
      const made = `token${this.#tokens++}.`;
      tokens.push(made);
      return made;
    };
    const agent = this.#random.pick(this.#agents);
    const request = this.#request(operation, agent, token);
    const counts = operation === "count" ? agent : null;
    return { operation, request, tokens: request.kind === "write" ? tokens : [], counts };
  }

  #id(): string {
    // Few ids are used often: conflicts are what is to be found.
    const near = this.known.slice(-4);
    return near.length === 0 ? "e0000" : this.#random.pick(this.#random.chance(70) ? near : this.known);
  }

  #execute(agent: string, action: string, params: unknown, fuel: number | null = null): Request {
    return { kind: "execute", agent, action, params: JSON.stringify(params), fuel };
  }

  #request(operation: Operation, agent: string, token: () => string): Request {
    const random = this.#random, id = this.#id();
    const write = (...ops: WriteOp[]): Request => ({ kind: "write", ops });
    switch (operation) {
      case "add":
        return write(
          ...Array.from({ length: random.between(1, 3) }, (): WriteOp => ({ op: "add", content: token() })),
        );
      case "upsert": {
        const ref = `ref${random.below(3)}`;
        return write({ op: "upsert", source: "sim", ref, content: `upserted ${random.below(5)}` });
      }
      case "update":
        return write({ op: "update", id, title: `title ${random.below(1000)}` });
      case "delete":
        return write({ op: "delete", id });
      case "erase":
        return { kind: "erase", ids: [id] };
      case "embed":
        return write({
          op: "embed",
          id,
          updatedTick: parseId(id)?.tick ?? 0,
          model: "ab".repeat(32),
          dimensions: 16,
          vectors: Buffer.from(Uint8Array.from({ length: 32 }, () => random.below(256))).toString("base64"),
        });
      case "connect":
        return write({
          op: "connect",
          source: id,
          target: this.#id(),
          type: random.pick(["mentions", "from"]),
        });
      case "count":
        return this.#execute(agent, "count", {});
      case "create":
        return this.#execute(agent, "Write", `thought ${random.below(1000)}`);
      case "change":
        return this.#execute(agent, "Update", id);
      case "read":
        return this.#execute(agent, "Get", id);
      case "remove":
        return this.#execute(agent, "Delete", id);
      case "join":
        return this.#execute(agent, "Join", id);
      case "rollback":
        return this.#execute(agent, "Rollback", random.pick(this.#agents));
      case "mail":
        return this.#execute(agent, "Mail", random.pick(this.#agents));
      case "post": {
        // What a person said last is erased most often.
        const said = random.chance(70) ? `token${Math.max(0, this.#tokens - 1 - random.below(4))}.` : "hi";
        return this.#execute(agent, "Post", `${random.pick(this.#agents)} ${said}`);
      }
      case "find":
        return this.#execute(agent, "Look", "token thought");
      case "recall":
        return this.#execute(agent, "Know", `what of token${random.below(20)}?`);
      case "vector":
        return this.#execute(agent, "Vector", `thought ${random.below(1000)}`);
      case "crash":
        return this.#execute(agent, random.pick(["Trap", "Fail"]), random.pick(this.#agents));
      case "spin":
        return this.#execute(agent, "spin", {}, 50_000);
      case "query":
        return { kind: "query", agent, query: "" };
      case "workflow":
        return this.#workflow();
      case "configure":
        return { kind: "configure", changes: this.#changes() };
      case "reload":
        return random.chance(50) ? { kind: "agent_unload", agent } : loadRequest(agent);
      case "context":
        return {
          kind: "context_create",
          name: `context ${random.below(6)}`,
          agents: [agent],
          metadata: { project: `/projects/${random.below(3)}` },
        };
      case "place": {
        const context = random.pick(["personal", agent, `context ${random.below(6)}`]);
        return random.chance(50)
          ? write({ op: "add", content: token(), context })
          : write({ op: "join", context, engram: id });
      }
      case "supersede":
        return write({ op: "add", content: token() }, {
          op: "connect",
          source: "@0",
          target: id,
          type: "supersedes",
        });
      case "relate": {
        const weight = random.pick([1, 0, -0, -1.5, 1e-300, 2 ** 60]);
        const metadata = { why: `reason ${random.below(100)}` };
        return write({ op: "connect", source: id, target: this.#id(), type: "supports", weight, metadata });
      }
      case "disconnect":
        return write({ op: "disconnect", id: this.links.length === 0 ? "c0000" : random.pick(this.links) });
      case "link": {
        const end = (): [string, string] => ["sim", `ref${random.below(4)}`];
        return write({ op: "link", type: "mentions", from: end(), to: end() });
      }
      case "import":
        return write(...this.#imported());
      case "rewrite":
        return write({ op: "update", id, content: `rewritten ${random.below(1000)}`, confidence: 0.5 });
      case "strange":
        return write(this.#strange(token()));
      case "propose": {
        const type = random.pick(reviewedTypes);
        const metadata = { type, why: "they say the same", certainty: 0.5, state: "open" };
        return write({ op: "connect", source: id, target: this.#id(), type: "proposed", metadata });
      }
      case "decide":
        return write(...this.#decision());
      case "upgrade":
        return random.chance(40) ? { kind: "agent_unload", agent } : newerRequest(agent);
      case "wake":
        return this.#execute(agent, "Look", "token", null);
      case "wrong":
        return random.pick<Request>([
          write({ op: "add", content: "never stored" }, { op: "delete", id: "e0000" }),
          { kind: "execute", agent, action: "count", params: "{}", context: "nowhere" },
          { kind: "configure", changes: { nothing: 1 } },
        ]);
      default:
        return operation satisfies never;
    }
  }

  /** A file of notes, as an import sends it: each found again by its ref, linked to another. */
  #imported(): WriteOp[] {
    const file = this.#random.below(3);
    const notes = Array.from({ length: this.#random.between(2, 12) }, (_, at): WriteOp => ({
      op: "upsert",
      source: `file ${file}`,
      ref: `note ${at}`,
      thread: `file ${file}`,
      position: at,
      content: `Note ${at} says ${this.#random.below(3)}`,
      time: `2025-0${this.#random.between(1, 9)}-01`,
      timeSource: "file",
    }));
    return [...notes, {
      op: "link",
      type: "mentions",
      from: [`file ${file}`, "note 0"],
      to: [`file ${file}`, "note 1"],
    }];
  }

  /** What JSON and text allow, and what may be lost or put into another order on the way. */
  #strange(content: string): WriteOp {
    const metadata = this.#random.pick<JsonObject>([
      { $payload: ["a"], $$payload: { $payload: null } },
      { 10: "ten", 9: "nine", b: { z: 1, a: [1.5, -0, 1e21, 5e-324] } },
      { "": "", "\u0000": "nul", "é": "é", "\ud83d\ude00": [[], {}] },
      { constructor: 1, toString: null, hasOwnProperty: true },
    ]);
    const title = this.#random.pick(["İIıi", "a\u0301", "\u200f", "x".repeat(1000), "line\nline"]);
    return { op: "add", content, title, metadata, confidence: this.#random.pick([0, -0, 1, 1 / 3]) };
  }

  #decision(): WriteOp[] {
    if (this.reviews.length === 0) return [{ op: "disconnect", id: "c0000" }];
    try {
      return [...decisionOps(this.#random.pick(this.reviews), this.#random.pick(reviewVerbs))];
    } catch (error) {
      if (error instanceof EngramError) return [{ op: "disconnect", id: "c0000" }];
      throw error;
    }
  }

  #changes(): Record<string, number> {
    return this.#random.pick([
      { imageStepsMax: this.#random.between(2, 6) },
      { messagesPerStepMax: this.#random.between(1, 3) },
      { conflictRetriesMax: this.#random.between(1, 3) },
      { workerLossMax: this.#random.between(1, 3) },
      { stepsPerTickMax: this.#random.between(3, 20) },
      { commandsPerTickMax: this.#random.between(2, 20) },
      this.#mailBound(this.#random.between(1, 5)),
      { writesPerStepMax: this.#random.between(8, 40) },
      { contentBytesMax: this.#random.between(5, 100) },
      { tickBytesMax: this.#random.between(100, 100_000) },
      { resultBytesMax: this.#random.between(20, 10_000) },
      { hostCallsPerStepMax: this.#random.between(1, 10) },
      { hostWorkPerStepMax: this.#random.between(100, 10_000) },
    ]);
  }

  /** A bound that is soon reached; messages have two bytes. */
  #mailBound(at: number): Record<string, number> {
    if (at <= 2) return { mailboxMessagesMax: at };
    return at === 3 ? { mailboxBytesMax: at } : at === 4 ? { mailMessagesMax: 2 } : { mailBytesMax: at };
  }

  #workflow(): Request {
    const agent = () => this.#random.pick(this.#agents);
    const step = (id: string, params: string, ...dependencies: string[]) => ({
      id,
      agent: agent(),
      action: this.#random.chance(90) ? "echo" : "trap",
      params,
      dependencies,
    });
    return {
      kind: "workflow",
      context: this.#random.chance(80) ? "personal" : `context ${this.#random.below(6)}`,
      workflow: {
        id: "flow",
        name: "Flow",
        steps: [
          step("one", `{"x": 1}`),
          step("two", "{}"),
          step("three", "${steps.one.result}", "one", "two"),
        ],
      },
    };
  }
}
