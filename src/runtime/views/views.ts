/**
 * Views: everything the doors can read, over one graph and one log. They change nothing.
 *
 * Invariants:
 * 1. The owner's reads cover every context unless one is named.
 * 2. A view at a tick sees what was known then, never what was so then.
 */
import { fileURLToPath } from "node:url";
import {
  type AgentState,
  type Config,
  endOf as endOfTime,
  type Engram,
  EngramError,
  type EngramKind,
  engramKinds,
  type Entry,
  formatTime,
  type Id,
  parseId,
  requireTime,
  type Write,
} from "../../kernel/mod.ts";
import { recallLimits } from "../../graph/mod.ts";
import { formatVersion, toHex } from "../../log/mod.ts";
import { abiVersion } from "../../sandbox/mod.ts";
import { costModel } from "../../wasm/mod.ts";
import { ask } from "../ask/ask.ts";
import { brief, briefLimits } from "./brief.ts";
import { assetRoot, buildInfo, executablePath } from "../assets.ts";
import { damagedBlob } from "../blob_check.ts";
import { behaviour, entriesFrom, payloadText, tickAt } from "../entries.ts";
import type { AgentView, At, LogView, QuestionVector, View, ViewResults } from "../port.ts";
import { tracedMessages } from "./message_trace.ts";
import { unpack } from "../rows.ts";
import { reviewPage } from "./review.ts";
import type { ViewParts } from "./parts.ts";
import type { SessionStart } from "../sessions.ts";
import { chainOf, inSpan, maybeId, timelineLimits, timelinePage } from "./timeline.ts";
import { why } from "./why.ts";

/** Ticks whose messages are told where none is named. */
const messageTicksDefault = 20;

const notFound = (what: string, text: string) =>
  new EngramError(
    what === "agent" ? "agent_not_found" : what === "context" ? "context_not_found" : "engram_not_found",
    `Cannot find ${what === "engram" ? "memory" : what} ${JSON.stringify(text)}: there is none`,
  );

/** What kinds of engrams writes are about; "any" where they do not say. */
function changedKinds(writes: readonly Write[]): (EngramKind | "any")[] {
  const kinds = new Set<EngramKind | "any">();
  const put = new Set<string>();
  for (const write of writes) {
    if (write.op === "engram_put") {
      kinds.add(write.kind);
      put.add(write.id);
    } else if (write.op === "engram_delete") kinds.add("any");
    else if ((write.op === "member_add" || write.op === "member_remove") && !put.has(write.engram)) {
      kinds.add("any");
    }
  }
  return [...kinds].sort();
}

/** Members of a thread that are looked through for what stands beside one, and how many on each side are told. */
const threadMembersMax = 10_000, besideMax = 2;

/** One entry as `log show` and events tell it. */
export function logView(entry: Entry, hash: Uint8Array): LogView {
  return {
    tick: entry.tick,
    time: formatTime(entry.time),
    hash: toHex(hash),
    commands: entry.commands.map(({ seat, command }) => ({
      seat,
      kind: command.ask.kind,
      client: command.client,
      commandId: command.commandId,
      agent: "agent" in command.ask ? command.ask.agent : null,
      ...(command.ask.kind === "execute" ? { action: command.ask.action } : {}),
      ...(command.ask.kind === "agent_load"
        ? { module: command.ask.module, grants: command.ask.grants }
        : {}),
    })),
    steps: entry.steps.map((record) => ({
      tick: record.tick,
      seat: record.seat,
      agent: record.agent,
      entry: record.entry,
      outcome: record.outcome,
      reason: record.reason,
      fuel: record.fuel,
      writes: record.writes.length,
      changed: changedKinds(record.writes),
      messages: record.messages.length,
      logs: record.logs.map((line) => payloadText(line.text) ?? ""),
    })),
  };
}

function agentView(agent: AgentState): AgentView {
  const {
    id,
    name,
    description,
    version,
    module,
    actions,
    grants,
    context,
    loadedTick,
    functionCalls,
    manifest,
  } = agent;
  const memoryBytes = agent.pages * 65_536;
  return {
    id,
    name,
    description,
    version,
    module,
    actions,
    grants,
    context,
    loadedTick,
    steps: agent.completed,
    functionCalls,
    memoryBytes,
    manifest,
  };
}

/** A page of at most `limit` things, and whether there are more: one more than that is asked for. */
function cut<T>(
  limit: number,
  read: (count: number) => readonly T[],
): { taken: readonly T[]; more: boolean } {
  const found = read(limit + 1);
  return { taken: found.slice(0, limit), more: found.length > limit };
}

function numbersOf({ numbers }: QuestionVector): Int8Array {
  try {
    return new Int8Array(Uint8Array.fromBase64(numbers).buffer);
  } catch {
    throw new EngramError("invalid_argument", "Cannot recall: the question's vector is not base64");
  }
}

/** The views of one data folder. */
export class Views {
  readonly parts: ViewParts;

  constructor(parts: ViewParts) {
    this.parts = parts;
  }

  /** Answers a view. Refuses with the code that says what was not found. */
  view(view: View): unknown {
    const { graph } = this.parts;
    switch (view.view) {
      case "engram":
        return this.#engram(view.id, this.tickOf(view.at));
      case "versions":
        return this.#versions(view);
      case "search":
        return this.#search(view);
      case "recall":
        return this.#recall(view);
      case "timeline":
        return this.#timeline(view);
      case "unembedded":
        return graph.unembedded(view.model, view.after ?? 0, Math.min(view.limit ?? 100, 1000));
      case "ask":
        return this.#ask(view);
      case "brief":
        return this.#brief(view);
      case "session":
        throw new Error("Fault: sessions are the runtime's own");
      case "neighbors":
        return this.#neighbors(view);
      case "paths":
        return this.#paths(view);
      case "thread":
        return { engrams: graph.thread(view.thread, this.#source(view.source, this.tickOf(view.at))) };
      case "contexts":
        return this.#contexts(view);
      case "context":
        return this.#context(view);
      case "agents":
        return this.#agentPage(view);
      case "metrics":
        return this.#metrics(view.agent);
      case "why":
        return why(this.parts, this.engramId(view.id), view.check ?? false);
      case "changes":
        return graph.changes(view.since, Math.min(view.limit ?? 1000, this.#config.changesLimitMax));
      case "export":
        return this.#export(view);
      case "log":
        return this.#log(
          view.from ?? Math.max(0, this.parts.log.next - (view.limit ?? 20)),
          view.limit ?? 20,
        );
      case "messages":
        return tracedMessages(
          this.parts.log,
          view.from ?? Math.max(0, this.parts.log.next - messageTicksDefault),
          view.limit ?? 100,
        );
      case "verify_log":
        return this.#verify();
      case "review":
        return this.#review(view);
      case "resolve":
        return { id: this.#resolve(view.what, view.text) };
      case "info":
        return this.#info();
      case "status":
      case "runtime_metrics":
        throw new Error(`Fault: ${view.view} is the runtime's own view`);
      default:
        return view satisfies never;
    }
  }

  /** The tick a point in history means, or null for now. */
  tickOf(at: At | undefined, named = "--at"): number | null {
    if (at === undefined) return null;
    const last = this.parts.log.next - 1;
    if (typeof at === "number" || /^\d+$/.test(at)) {
      const tick = Number(at);
      if (Number.isSafeInteger(tick) && tick >= 0 && tick <= last) return tick;
      throw new EngramError("tick_not_found", `Cannot look at tick ${at}: the last one is ${last}`);
    }
    const tick = tickAt(this.parts.log, endOfTime(requireTime(at, named)));
    if (tick >= 0) return tick;
    throw new EngramError("tick_not_found", `Cannot look at ${at}: the memory begins later`);
  }

  /** A full engram id from an id, a unique prefix, or "@last". */
  engramId(text: string): Id {
    return this.#resolve("engram", text);
  }

  /** A context's id from its id, name or a unique prefix. */
  contextId(text: string): Id {
    return this.#resolve("context", text);
  }

  #resolve(what: "engram" | "context" | "agent", text: string): Id {
    if (text === "") throw notFound(what, text);
    if (what === "agent") return this.#agentId(text);
    if (what === "engram" && text === "@last") return this.#lastEngram();
    const graph = this.parts.graph;
    if (what === "context") {
      const known = graph.contextIdOf(text);
      if (known !== null) return known;
    } else if (graph.engram(text) !== null || graph.versions(text).length > 0) return text;
    const letter = what === "engram" ? "e" : "x";
    if (!text.startsWith(letter)) throw notFound(what, text);
    const found = graph.idsByPrefix(text, 2);
    if (found.length > 1) {
      throw new EngramError(
        "id_ambiguous",
        `Cannot tell which ${what === "engram" ? "memory" : "context"} ${JSON.stringify(text)} is: ${
          found.join(", ")
        } and maybe more begin with it`,
      );
    }
    const [only] = found;
    if (only === undefined) throw notFound(what, text);
    return only;
  }

  #agentId(text: string): string {
    const ids = this.#agents().map((agent) => agent.id);
    if (ids.includes(text)) return text;
    const found = ids.filter((id) => id.startsWith(text));
    if (found.length > 1) {
      throw new EngramError(
        "id_ambiguous",
        `Cannot tell which agent ${JSON.stringify(text)} is: ${found.join(", ")}`,
      );
    }
    const named = found[0] ?? this.#agents().find((agent) => agent.name === text)?.id;
    if (named === undefined) throw notFound("agent", text);
    return named;
  }

  #lastEngram(): Id {
    const { hits } = this.parts.graph.search({ limit: 1, includeSuperseded: true });
    const [newest] = hits;
    if (newest === undefined) {
      throw new EngramError("engram_not_found", "Cannot find the last memory: there is none yet");
    }
    return newest.id;
  }

  #engram(text: string, at: number | null): Engram {
    const id = this.engramId(text);
    const engram = this.parts.graph.engram(id, at ?? undefined);
    if (engram !== null) return engram;
    const when = at === null ? "it was deleted" : `it was not there at tick ${at}`;
    throw new EngramError(
      "engram_not_found",
      `Cannot get memory ${id}: ${when}`,
      {},
      "engramlt memory get ID --at TICK looks at an earlier state",
    );
  }

  #search(view: Extract<View, { view: "search" }>) {
    const { text, exact, metadata, kind, source, minConfidence, context, includeSuperseded, limit, cursor } =
      view;
    const at = this.tickOf(view.at);
    const known = engramKinds.find((one) => one === kind);
    if (kind !== undefined && known === undefined) {
      throw new EngramError(
        "invalid_argument",
        `Cannot search: kind ${JSON.stringify(kind)} is none of ${engramKinds.join(", ")}`,
      );
    }
    const count = limit ?? 20;
    if (!Number.isInteger(count) || count < 1 || count > this.#config.searchLimitMax) {
      throw new EngramError(
        "invalid_argument",
        `Cannot search: limit ${count} is not a whole number from 1 to ${this.#config.searchLimitMax}`,
      );
    }
    checkConfidence("search", minConfidence);
    return this.parts.graph.search({
      limit: count,
      includeSuperseded: includeSuperseded ?? true,
      ...(text === undefined ? {} : exact === true ? { exact: text } : { text }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(known === undefined ? {} : { kind: known }),
      ...(source === undefined ? {} : { source }),
      ...(minConfidence === undefined ? {} : { minConfidence }),
      ...this.#within(context, view.contexts),
      ...(cursor === undefined ? {} : { cursor }),
      ...(at === null ? {} : { asOf: at }),
    });
  }

  #recall(view: Extract<View, { view: "recall" }>): ViewResults["recall"] {
    const { question, context, contexts, minConfidence, vector } = view;
    const k = view.k ?? 10;
    if (!Number.isInteger(k) || k < 1 || k > recallLimits.kMax) {
      throw new EngramError(
        "invalid_argument",
        `Cannot recall: k ${k} is not from 1 to ${recallLimits.kMax}`,
      );
    }
    if (question.trim() === "") {
      throw new EngramError("invalid_argument", "Cannot recall: the question is empty");
    }
    checkConfidence("recall", minConfidence);
    const at = this.tickOf(view.at);
    const { hits, vectors } = this.parts.graph.recall({
      question,
      k,
      ...this.#within(context, contexts),
      ...(minConfidence === undefined ? {} : { minConfidence }),
      ...(at === null ? {} : { asOf: at }),
      ...(vector === undefined ? {} : { vector: { model: vector.model.hash, numbers: numbersOf(vector) } }),
    });
    return { hits, model: vectors ? vector?.model ?? null : null };
  }

  #timeline({ about, ...view }: Extract<View, { view: "timeline" }>): ViewResults["timeline"] {
    if (about.trim() === "") {
      throw new EngramError("invalid_argument", "Cannot read the timeline: it is about nothing", {
        field: "about",
      });
    }
    const asked = inSpan(view);
    const id = maybeId(about) ? this.#idIn(about, view) : null;
    if (id !== null) {
      return {
        ...timelinePage(chainOf(this.parts.graph, id).filter(asked), { about, ...view }),
        model: null,
      };
    }
    const { context, contexts, vector } = view;
    const scope = {
      ...(context === undefined ? {} : { context }),
      ...(contexts === undefined ? {} : { contexts }),
    };
    const { hits, model } = this.#recall({
      view: "recall",
      question: about,
      k: recallLimits.kMax,
      ...scope,
      ...(vector === undefined ? {} : { vector }),
    });
    const { hitsMax, hitScoreRatio } = timelineLimits;
    const told = hits.filter(({ kind }) => kind !== "digest");
    const best = told.reduce((most, { score }) => Math.max(most, score), 0);
    const events = told.filter((hit) => hit.score * hitScoreRatio >= best && asked(hit)).slice(0, hitsMax)
      .map(({ score: _score, snippet: _snippet, parts: _parts, facts: _facts, ...engram }) => engram);
    return { ...timelinePage(events, { about, ...view }), model };
  }

  /** The memory that a text names, "@last" as the newest of what is read; null where it is no id: a word like "every". */
  #idIn(
    text: string,
    { context, contexts }: { readonly context?: string; readonly contexts?: readonly string[] },
  ) {
    const within = this.#within(context, contexts);
    if (text === "@last" && (context ?? contexts) !== undefined) {
      const newest = this.parts.graph.search({ limit: 1, includeSuperseded: true, ...within }).hits[0];
      if (newest === undefined) throw notFound("engram", text);
      return newest.id;
    }
    try {
      return this.engramId(text);
    } catch (error) {
      const isWord = error instanceof EngramError && error.code === "engram_not_found" && text !== "@last" &&
        parseId(text) === null;
      if (isWord) return null;
      throw error;
    }
  }

  #ask(view: Extract<View, { view: "ask" }>) {
    if (view.question.trim() === "") {
      throw new EngramError("invalid_argument", "Cannot ask: the question is empty");
    }
    const at = this.tickOf(view.at);
    const within = { context: null, ...this.#within(view.context, view.contexts) };
    return ask(this.parts.graph, { question: view.question, ...within, at, limit: view.limit ?? 5 });
  }

  /** What a read is narrowed to: one context, several, or nothing. */
  #within(
    context: string | undefined,
    contexts: readonly string[] | undefined,
  ): { readonly context?: Id; readonly readable?: ReadonlySet<Id> } {
    if (context !== undefined && contexts !== undefined) {
      throw new EngramError("invalid_argument", "Cannot read: give context or contexts, not both");
    }
    if (context !== undefined) return { context: this.contextId(context) };
    return contexts === undefined ? {} : { readable: new Set(contexts.map((one) => this.contextId(one))) };
  }

  #brief(view: Extract<View, { view: "brief" }>): ViewResults["brief"] {
    const tokensMax = view.tokens ?? briefLimits.tokens;
    if (tokensMax < briefLimits.tokensMin || tokensMax > briefLimits.tokensMax) {
      const range = `${briefLimits.tokensMin} to ${briefLimits.tokensMax}`;
      throw new EngramError("invalid_argument", `Cannot brief: tokens ${tokensMax} is not from ${range}`);
    }
    const graph = this.parts.graph;
    const named = view.context === undefined ? graph.contextIdOf("personal") : view.context;
    const context = named === null ? null : graph.context(this.contextId(named));
    return brief(graph, {
      context: context === null ? null : { id: context.id, name: context.name },
      since: this.#since(view.since),
      tokensMax,
    });
  }

  #since(since: At | SessionStart | undefined): SessionStart | null {
    if (since === undefined) return null;
    if (typeof since === "object") return since;
    const tick = this.tickOf(since, "--since") ?? 0;
    return { tick, time: this.#timeOf(tick) };
  }

  #timeOf(tick: number): string {
    for (const { entry } of entriesFrom(this.parts.log, tick)) return formatTime(entry.time);
    throw new Error(`Fault: tick ${tick} is not in the log`);
  }

  #neighbors(view: Extract<View, { view: "neighbors" }>) {
    const { type, direction, depth, limit } = view;
    const at = this.tickOf(view.at);
    const engram = this.#engram(view.id, at), { id } = engram;
    return {
      thread: type === undefined && direction === undefined ? this.#beside(engram, at) : [],
      connected: this.parts.graph.neighbors(id, {
        depth: Math.min(depth ?? 1, this.#config.pathDepthMax),
        limit: Math.min(limit ?? 100, this.#config.connectedMax),
        ...(type === undefined ? {} : { type }),
        ...(direction === undefined ? {} : { direction }),
        ...(at === null ? {} : { asOf: at }),
      }),
    };
  }

  /** The members of its thread and source around an engram. */
  #beside({ id, thread, source }: Engram, at: number | null): ViewResults["neighbors"]["thread"] {
    if (thread === null) return [];
    const members = this.parts.graph.thread(thread, {
      source,
      limit: threadMembersMax,
      ...(at === null ? {} : { asOf: at }),
    });
    const place = members.findIndex((one) => one.id === id), from = Math.max(0, place - besideMax);
    if (place < 0) return [];
    return members.slice(from, place + besideMax + 1).map((engram, nth) => ({
      engram,
      offset: from + nth - place,
    }))
      .filter(({ offset }) => offset !== 0);
  }

  #paths(view: Extract<View, { view: "paths" }>) {
    const at = this.tickOf(view.at);
    const source = this.#engram(view.source, at).id, target = this.#engram(view.target, at).id;
    const depthMax = Math.min(view.depth ?? 4, this.#config.pathDepthMax);
    const pathsMax = Math.min(view.limit ?? 10, this.#config.pathsMax);
    return {
      paths: this.parts.graph.paths(source, target, {
        depthMax,
        pathsMax,
        ...(at === null ? {} : { asOf: at }),
      }),
    };
  }

  #review({ context, ...view }: Extract<View, { view: "review" }>): ViewResults["review"] {
    const within = context === undefined ? {} : { context: this.contextId(context) };
    return reviewPage(this.parts.graph, { ...view, ...within });
  }

  #source(source: string | undefined, at: number | null) {
    return { ...(source === undefined ? {} : { source }), ...(at === null ? {} : { asOf: at }) };
  }

  /** The recorded configuration: a reader beside the engine takes it from the graph. */
  get #config(): Config {
    const { state, images, graph } = this.parts;
    return state()?.config ?? images.configBefore(graph.applied.tick + 1);
  }

  #versions({ id, limit, after }: Extract<View, { view: "versions" }>): ViewResults["versions"] {
    const given = this.engramId(id);
    if (limit === undefined) return { versions: this.parts.graph.versions(given) };
    const { taken, more } = cut(limit, (count) =>
      this.parts.graph.versions(given, undefined, {
        limit: count,
        ...(after === undefined ? {} : { after }),
      }));
    return { versions: taken, next: more ? taken.at(-1)?.fromTick ?? null : null };
  }

  #contexts(view: Extract<View, { view: "contexts" }>): ViewResults["contexts"] {
    const at = this.tickOf(view.at) ?? undefined;
    const { limit, after } = view;
    if (limit === undefined) return { contexts: this.parts.graph.contexts(at) };
    const { taken, more } = cut(
      limit,
      (count) => this.parts.graph.contexts(at, { limit: count, ...(after === undefined ? {} : { after }) }),
    );
    return { contexts: taken, next: more ? taken.at(-1)?.id ?? null : null };
  }

  /** A cursor is where an agent was loaded, so that a page stays right while others come and go. */
  #agentPage({ limit, after }: Extract<View, { view: "agents" }>): ViewResults["agents"] {
    const all = this.#agents();
    if (limit === undefined) return { agents: all.map(agentView) };
    const [, tick, seat] = /^(\d{1,15})-(\d{1,15})$/.exec(after ?? "0-0") ?? [];
    if (tick === undefined || seat === undefined) {
      throw new EngramError("invalid_argument", "Cannot list the agents: the cursor is none of this list");
    }
    const isAfter = (agent: AgentState) =>
      after === undefined || agent.loadedTick > Number(tick) ||
      (agent.loadedTick === Number(tick) && agent.loadedSeat > Number(seat));
    const { taken, more } = cut(limit, (count) => all.filter(isAfter).slice(0, count));
    const last = taken.at(-1);
    return {
      agents: taken.map(agentView),
      next: more && last !== undefined ? `${last.loadedTick}-${last.loadedSeat}` : null,
    };
  }

  #context(view: Extract<View, { view: "context" }>) {
    const at = this.tickOf(view.at);
    const id = this.contextId(view.id);
    const context = this.parts.graph.context(id, at ?? undefined);
    if (context === null) throw notFound("context", view.id);
    const limit = Math.min(view.limit ?? 100, this.#config.contextEngramsMax);
    const { taken, more } = cut(limit, (count) =>
      this.parts.graph.contextEngrams(id, {
        limit: count,
        ...(view.after === undefined ? {} : { after: view.after }),
        ...(at === null ? {} : { asOf: at }),
      }));
    return { context, engrams: taken, next: more ? taken.at(-1)?.id ?? null : null };
  }

  #agents(): AgentState[] {
    const state = this.parts.state();
    if (state !== null) return [...state.agents.values()];
    const rows = this.parts.graph.rows("agent/").map(({ value }) => unpack(value) as AgentState);
    return rows.sort((a, b) => a.loadedTick - b.loadedTick || a.loadedSeat - b.loadedSeat);
  }

  #metrics(text: string) {
    const id = this.#agentId(text);
    const agent = this.#agents().find((one) => one.id === id);
    if (agent === undefined) throw notFound("agent", text);
    const { functionCalls, memoryOperations, fuel, pages } = agent;
    return { functionCalls, memoryOperations, memoryBytes: pages * 65_536, executionMs: 0, fuel };
  }

  /** Pages by id: each page holds engrams and the connections that leave them. */
  #export(view: Extract<View, { view: "export" }>) {
    const graph = this.parts.graph;
    const limit = Math.min(view.limit ?? 500, 1000);
    const context = view.context === undefined ? null : this.contextId(view.context);
    const engrams: Engram[] = [];
    let after = view.after ?? "e";
    let more = true;
    while (more && engrams.length < limit) {
      const ids = graph.engramIdsAfter(after, limit);
      more = ids.length === limit;
      for (const id of ids) {
        after = id;
        const engram = graph.engram(id);
        if (engram !== null && (context === null || engram.contexts.includes(context))) engrams.push(engram);
        if (engrams.length === limit) break;
      }
    }
    const connections = engrams.flatMap((engram) => graph.connectionsOf(engram.id, { direction: "out" }));
    return { engrams, connections, next: engrams.length === limit ? after : null };
  }

  #log(from: number, limit: number) {
    const entries: LogView[] = [];
    const count = Math.min(limit, 1000);
    const start = Math.max(0, from);
    if (start < this.parts.log.next) {
      for (const { entry, logged } of entriesFrom(this.parts.log, start)) {
        if (entries.length === count) return { entries, next: entry.tick };
        entries.push(logView(entry, logged.hash));
      }
    }
    return { entries, next: null };
  }

  #verify(): ViewResults["verify_log"] {
    const verdict = this.parts.log.verify();
    const first = verdict.ok ? damagedBlob(this.parts) : null;
    return first === null ? verdict : { ok: false, entries: first.index, first };
  }

  #info(): ViewResults["info"] {
    const { version, build, v8, platform } = buildInfo();
    const state = this.parts.state();
    const config = state?.config ?? this.parts.images.configBefore(Number.MAX_SAFE_INTEGER);
    const { profile, ...limits } = config;
    const prefixed = Object.fromEntries(
      Object.entries(profile).map(([key, value]) => [`profile.${key}`, value]),
    );
    const { root, ...below } = this.parts.paths;
    return {
      paths: { data: root, ...below, executable: executablePath(), files: fileURLToPath(assetRoot()) },
      limits: { ...limits, ...prefixed },
      version,
      abi: abiVersion,
      logFormat: formatVersion,
      behaviour,
      costModel,
      v8,
      platform,
      build,
    };
  }
}

function checkConfidence(what: string, least: number | undefined): void {
  if (least === undefined || (least >= 0 && least <= 1)) return;
  throw new EngramError(
    "invalid_confidence",
    `Cannot ${what}: the least confidence ${least} is outside 0..1`,
  );
}
