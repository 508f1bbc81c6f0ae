/**
 * Serves an agent's host calls over its session: the meaning of every function of the ABI table.
 *
 * Invariants:
 * 1. No answer throws into a guest: what is wrong is a negative status (design §6).
 * 2. `recorded` functions answer from the log in replay; all others are computed the same way live and in replay.
 */
import type { HostAnswer, HostCall, HostFunctionName, Status } from "../sandbox/abi.ts";
import { embedTextBytesMax, hostFunctions, status } from "../sandbox/abi.ts";
import {
  EngramError,
  type EngramTexts,
  type Json,
  type JsonObject,
  nestsDeeper,
  Payload,
} from "../kernel/mod.ts";
import { byteLength, formatOrNull, parseObject, type ReservedFields, shown, takeReserved } from "./fields.ts";
import { awaitsModel, later } from "./meanings.ts";
import { Denial, type EngramParts, type Session } from "./session.ts";
import { sendLimits, sendPermit } from "./permit.ts";
import type { SnapshotRecall, SnapshotSearch } from "./snapshot.ts";
import { connectedWith, pathsWith } from "./walks.ts";
import { answerWork, lookWork, workOf } from "./work.ts";

/** Hits of one recall at most. */
const recallHitsMax = 100;

/**
 * An answer, or the end of the step: it has to wait for a model, or the log has no result for a recorded call, so
 * replay has diverged.
 */
export type Served = HostAnswer | { readonly end: string };

type Args = HostCall["args"];
const texts = (args: Args, at: number): string | null => {
  const value = args[at];
  return typeof value === "string" ? value : null;
};
const numbers = (args: Args, at: number): number => {
  const value = args[at];
  return typeof value === "number" ? value : Number(value ?? 0);
};
const done: HostAnswer = { status: status.done };
const refuse = (code: Status): HostAnswer => ({ status: code });
const json = (value: unknown): HostAnswer => ({ json: JSON.stringify(value) });
const answerOf = (denial: Denial | null): HostAnswer => denial === null ? done : refuse(denial.status);

function engramCreate(session: Session, args: Args): HostAnswer {
  const content = texts(args, 0), confidence = numbers(args, 2), given = parseObject(texts(args, 3));
  if (content === null || content === "" || given === null || !(confidence >= 0 && confidence <= 1)) {
    return refuse(-2);
  }
  const reserved = takeReserved(given);
  if (reserved === null) return refuse(-2);
  const context = session.current;
  if (context === null || !session.mayWrite(context)) return refuse(-3);
  const { fields, metadata } = reserved;
  const id = session.nextId("engram");
  const parts: EngramParts = {
    kind: fields.kind ?? "note",
    confidence,
    position: fields.position ?? null,
    observedAt: formatOrNull(fields.observedAt ?? null),
    timeSource: fields.observedAt === undefined || fields.observedAt === null ? "none" : "given",
    validFrom: formatOrNull(fields.validFrom ?? null),
    validTo: formatOrNull(fields.validTo ?? null),
  };
  const body: EngramTexts = {
    content,
    title: fields.title ?? null,
    source: texts(args, 1),
    ref: fields.ref ?? null,
    thread: fields.thread ?? null,
    metadata,
  };
  const denial = session.putEngram(id, parts, body, null);
  if (denial !== null) return refuse(denial.status);
  session.join(context, id);
  return { id };
}

function engramUpdate(session: Session, args: Args): HostAnswer {
  const id = texts(args, 0), content = texts(args, 1), source = texts(args, 2), confidence = numbers(args, 3);
  const metadataText = texts(args, 4);
  const given = metadataText === null ? null : parseObject(metadataText);
  if (id === null || content === "" || (metadataText !== null && given === null)) return refuse(-2);
  if (!Number.isNaN(confidence) && !(confidence >= 0 && confidence <= 1)) return refuse(-2);
  const reserved = given === null ? { fields: {} as ReservedFields, metadata: null } : takeReserved(given);
  if (reserved === null) return refuse(-2);
  const before = session.rawEngram(id);
  if (before === null || !session.sees(before)) return refuse(-1);
  const denied = session.engramDenial(before, "change");
  if (denied !== null) return refuse(denied.status);
  const { fields } = reserved;
  const time = (value: number | null | undefined, old: string | null) =>
    value === undefined ? old : formatOrNull(value);
  const parts: EngramParts = {
    kind: fields.kind ?? before.kind,
    confidence: Number.isNaN(confidence) ? before.confidence : confidence,
    position: fields.position === undefined ? before.position : fields.position,
    observedAt: time(fields.observedAt, before.observedAt),
    timeSource: fields.observedAt === undefined
      ? before.timeSource
      : fields.observedAt === null
      ? "none"
      : "given",
    validFrom: time(fields.validFrom, before.validFrom),
    validTo: time(fields.validTo, before.validTo),
  };
  const body: EngramTexts = {
    content: content ?? before.content,
    title: fields.title === undefined ? before.title : fields.title,
    source: source ?? before.source,
    ref: fields.ref === undefined ? before.ref : fields.ref,
    thread: fields.thread === undefined ? before.thread : fields.thread,
    metadata: reserved.metadata ?? before.metadata,
  };
  if (unchanged(before, parts, body)) return done;
  return answerOf(session.putEngram(id, parts, body, before));
}

/** Whether a put would change nothing. */
export function unchanged(before: EngramParts & EngramTexts, parts: EngramParts, body: EngramTexts): boolean {
  return before.kind === parts.kind && before.confidence === parts.confidence &&
    before.position === parts.position && before.observedAt === parts.observedAt &&
    before.timeSource === parts.timeSource && before.validFrom === parts.validFrom &&
    before.validTo === parts.validTo && before.content === body.content && before.title === body.title &&
    before.source === body.source && before.ref === body.ref && before.thread === body.thread &&
    (before.metadata === body.metadata || JSON.stringify(before.metadata) === JSON.stringify(body.metadata));
}

function engramDelete(session: Session, args: Args): HostAnswer {
  const id = texts(args, 0);
  if (id === null) return refuse(-2);
  const engram = session.rawEngram(id);
  if (engram === null || !session.sees(engram)) return refuse(-1);
  const denied = session.engramDenial(engram, "delete") ?? session.full();
  if (denied !== null) return refuse(denied.status);
  session.writes.stage({ write: { op: "engram_delete", id } });
  return done;
}

function connectionCreate(session: Session, args: Args): HostAnswer {
  const source = texts(args, 0), target = texts(args, 1), type = texts(args, 2), weight = numbers(args, 3);
  const metadata = parseObject(texts(args, 4));
  if (
    source === null || target === null || type === null || type === "" || metadata === null ||
    !Number.isFinite(weight)
  ) {
    return refuse(-2);
  }
  if (type.length > session.config.nameBytesMax) return refuse(-6);
  const made = session.connect(source, target, type, weight, metadata);
  return made instanceof Denial ? refuse(made.status) : { id: made };
}

/**
 * The JSON `{"name": [items]}` with `more` after it; null (nothing is built) where it is over answerBytesMax.
 * Agents choose what lists hold, so a list is measured while it grows.
 */
function listJson(
  session: Session,
  name: string,
  items: readonly unknown[],
  more: object = {},
): string | null {
  const parts: string[] = [];
  let size = 0;
  for (const item of items) {
    const text = JSON.stringify(item);
    size += text.length + 1;
    if (size > session.config.answerBytesMax) return null;
    parts.push(text);
  }
  const rest = JSON.stringify(more).slice(1, -1);
  return `{"${name}":[${parts.join(",")}]${rest === "" ? "" : `,${rest}`}}`;
}

function list(session: Session, name: string, items: readonly unknown[], more: object = {}): HostAnswer {
  const text = listJson(session, name, items, more);
  return text === null ? refuse(-6) : { json: text };
}

/** Searches: recorded live, from the log in replay. */
function searchWith(session: Session, query: Partial<SnapshotSearch> & { limit: number }): Served {
  session.work += query.limit * lookWork;
  const answer = session.record(() => {
    try {
      const { hits, cursor } = session.snapshot.search({
        ...query,
        readable: session.readable,
        staged: session.changedEngrams(),
        hidden: session.writes.touched(),
      });
      const seen = hits.map((hit) => shown(hit, session.readable));
      return listJson(session, "hits", seen, cursor === undefined ? {} : { cursor }) ??
        new Denial(-6, "the hits are over answerBytesMax");
    } catch (error) {
      // A cursor that is from no search, or a number no search takes.
      if (error instanceof EngramError && error.code === "invalid_argument") {
        return new Denial(-2, error.message);
      }
      throw error;
    }
  });
  return answered(answer);
}

function limitOf(session: Session, limit: number): number | null {
  if (!Number.isInteger(limit) || limit < 0) return null;
  return Math.min(limit === 0 ? 20 : limit, session.config.searchLimitMax);
}

function searchByText(session: Session, args: Args): Served {
  const text = texts(args, 0), limit = limitOf(session, numbers(args, 2));
  if (text === null || limit === null) return refuse(-2);
  return searchWith(session, { text, exact: numbers(args, 1) !== 0, limit });
}

function searchByMetadata(session: Session, args: Args): Served {
  const key = texts(args, 0), value = texts(args, 1), limit = limitOf(session, numbers(args, 2));
  if (key === null || key === "" || value === null || limit === null) return refuse(-2);
  return searchWith(session, { metadata: { [key]: valueOf(value) }, limit });
}

/** A metadata value as a guest gives it: JSON where it is a number, boolean, null, list or object; else text. */
function valueOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return nestsDeeper(value) ? text : value as Json;
  } catch {
    return text; // plain text is the common case
  }
}

const combinedKeys = new Set([
  "text",
  "exact",
  "metadata",
  "kind",
  "source",
  "minConfidence",
  "context",
  "changedSinceTick",
  "includeSuperseded",
  "limit",
  "cursor",
]);

function combinedQuery(
  session: Session,
  given: JsonObject,
): (Partial<SnapshotSearch> & { limit: number }) | Status {
  const {
    text,
    exact,
    metadata,
    kind,
    source,
    minConfidence,
    context,
    changedSinceTick,
    includeSuperseded,
    limit,
    cursor,
  } = given;
  const isText = (value: Json | undefined) => value === undefined || typeof value === "string";
  const isNumber = (value: Json | undefined) => value === undefined || typeof value === "number";
  const isFlag = (value: Json | undefined) => value === undefined || typeof value === "boolean";
  const known = Object.keys(given).every((key) => combinedKeys.has(key));
  const typed = [text, kind, source, context, cursor].every(isText) &&
    [minConfidence, changedSinceTick, limit].every(isNumber) &&
    [exact, includeSuperseded].every(isFlag) &&
    (metadata === undefined ||
      (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata)));
  const count = limitOf(session, typeof limit === "number" ? limit : 0);
  if (!known || !typed || count === null) return -2;
  const inContext = typeof context === "string" ? session.context(context) : null;
  if (typeof context === "string" && (inContext === null || !session.mayRead(inContext.id))) return -1;
  return {
    limit: count,
    ...(typeof text === "string" ? { text } : {}),
    ...(typeof exact === "boolean" ? { exact } : {}),
    ...(typeof kind === "string" ? { kind } : {}),
    ...(typeof source === "string" ? { source } : {}),
    ...(typeof minConfidence === "number" ? { minConfidence } : {}),
    ...(typeof changedSinceTick === "number" ? { changedSinceTick } : {}),
    ...(typeof includeSuperseded === "boolean" ? { includeSuperseded } : {}),
    ...(typeof cursor === "string" ? { cursor } : {}),
    ...(metadata === undefined ? {} : { metadata: metadata as JsonObject }),
    ...(inContext === null ? {} : { context: inContext.id }),
  };
}

function searchCombined(session: Session, args: Args): Served {
  const given = parseObject(texts(args, 0));
  if (given === null) return refuse(-2);
  const query = combinedQuery(session, given);
  return typeof query === "number" ? refuse(query) : searchWith(session, query);
}

type RecallParams = Pick<SnapshotRecall, "k" | "context" | "minConfidence">;

function recallParams(session: Session, given: JsonObject): RecallParams | Status {
  const { k, context, minConfidence, ...others } = given;
  if (Object.keys(others).length > 0) return -2;
  if (k !== undefined && !(typeof k === "number" && Number.isInteger(k) && k >= 1)) return -2;
  if (minConfidence !== undefined && typeof minConfidence !== "number") return -2;
  if (context !== undefined && typeof context !== "string") return -2;
  const within = context === undefined ? null : session.context(context);
  if (context !== undefined && (within === null || !session.mayRead(within.id))) return -1;
  return {
    k: Math.min(k ?? 10, recallHitsMax),
    ...(within === null ? {} : { context: within.id }),
    ...(minConfidence === undefined ? {} : { minConfidence }),
  };
}

/** Recorded live, from the log in replay. Without a grant for the model, words and links alone answer. */
function recall(session: Session, args: Args): Served {
  const question = texts(args, 0), given = parseObject(texts(args, 1));
  if (question === null || question.trim() === "" || given === null) return refuse(-2);
  const params = recallParams(session, given);
  if (typeof params === "number") return refuse(params);
  return answered(session.record(() => {
    const isShort = byteLength(question) <= embedTextBytesMax;
    const made = isShort ? session.meaning(question) : null;
    if (made === later) return later;
    const meant = made === null || made instanceof Denial ? null : made;
    const { hits, vectors } = session.snapshot.recall({
      question,
      ...params,
      vector: meant === null
        ? null
        : { model: meant.model.hash, numbers: new Int8Array(Uint8Array.fromBase64(meant.vector).buffer) },
      readable: session.readable,
      staged: session.changedEngrams(),
      hidden: session.writes.touched(),
    });
    const model = vectors && meant !== null ? { ...meant.model, provider: meant.provider } : null;
    const seen = hits.map((hit) => shown(hit, session.readable));
    return listJson(session, "hits", seen, { model }) ?? new Denial(-6, "the hits are over answerBytesMax");
  }));
}

/** The answer to a recorded call, or the end of the step. */
function answered(answer: string | Status | null | typeof later): Served {
  if (answer === later) return { end: awaitsModel };
  if (answer === null) return { end: "recorded_missing" };
  return typeof answer === "number" ? refuse(answer) : { json: answer };
}

function embed(session: Session, args: Args): Served {
  const text = texts(args, 0);
  if (text === null || text.trim() === "") return refuse(-2);
  if (!session.mayAskModel) return refuse(-3);
  if (byteLength(text) > embedTextBytesMax) return refuse(-6);
  return answered(session.record(() => {
    const made = session.meaning(text);
    return made === later || made instanceof Denial ? made : JSON.stringify(made);
  }));
}

/** The vectors are part of the graph; which of them count is the ranking's matter, so the answer is recorded. */
function similarity(session: Session, args: Args): Served {
  const id = texts(args, 0), other = texts(args, 1);
  if (id === null || other === null) return refuse(-2);
  if (session.peek(id) === null || session.peek(other) === null) return refuse(-1);
  return answered(session.record(() => {
    // What this step changed has no vector yet.
    const isStaged = session.writes.engram(id) !== undefined || session.writes.engram(other) !== undefined;
    const found = isStaged ? null : session.snapshot.similarity(id, other);
    return found === null ? new Denial(-8, "one of them has no vector") : JSON.stringify(found);
  }));
}

/** Counts what a walk looks at as the step's work. */
function looking(session: Session): (count: number) => void {
  return (count) => session.work += count * lookWork;
}

function findPaths(session: Session, args: Args): HostAnswer {
  const source = texts(args, 0), target = texts(args, 1), depth = numbers(args, 2);
  if (source === null || target === null || depth < 1) return refuse(-2);
  if (session.engram(source) === null || session.engram(target) === null) return refuse(-1);
  const { pathDepthMax, pathsMax } = session.config;
  const depthMax = Math.min(depth, pathDepthMax);
  const paths = session.writes.changesEdges
    ? pathsWith(session, source, target, depthMax, pathsMax)
    : session.snapshot.paths(source, target, {
      depthMax,
      pathsMax,
      readable: session.readable,
      looked: looking(session),
    });
  return list(session, "paths", paths);
}

function findConnected(session: Session, args: Args): HostAnswer {
  const id = texts(args, 0), depth = numbers(args, 1), type = texts(args, 2);
  if (id === null || depth < 1) return refuse(-2);
  if (session.engram(id) === null) return refuse(-1);
  const { pathDepthMax, connectedMax } = session.config;
  const bounded = Math.min(depth, pathDepthMax), kind = type === "" ? null : type;
  const connected = session.writes.changesEdges
    ? connectedWith(session, id, bounded, kind, connectedMax)
    : session.snapshot.neighbors(id, {
      type: kind,
      depth: bounded,
      limit: connectedMax,
      readable: session.readable,
      looked: looking(session),
    });
  const seen = connected.map((one) => ({ ...one, engram: session.peek(one.engram.id) ?? one.engram }));
  return list(session, "connected", seen);
}

function contextCreate(session: Session, args: Args): HostAnswer {
  const name = texts(args, 0), metadata = parseObject(texts(args, 2)), agent = session.options.agent;
  if (name === null || metadata === null) return refuse(-2);
  const made = session.createContext(name, texts(args, 1) ?? "", metadata, null);
  if (made instanceof Denial) return refuse(made.status);
  if (agent !== null) {
    session.writes.stage({
      write: { op: "context_agent_put", context: made, agent: agent.id, access: "write" },
    });
  }
  session.adopt(made);
  return { id: made };
}

function contextAddEngram(session: Session, args: Args): HostAnswer {
  const named = texts(args, 0), id = texts(args, 1);
  if (named === null || id === null) return refuse(-2);
  const context = session.context(named);
  if (context === null || !(session.mayRead(context.id) || session.mayWrite(context.id))) return refuse(-1);
  if (!session.mayWrite(context.id)) return refuse(-3);
  if (session.engram(id) === null) return refuse(-1);
  const denied = session.full();
  if (denied !== null) return refuse(denied.status);
  session.join(context.id, id);
  return done;
}

function contextAddAgent(session: Session, args: Args): HostAnswer {
  const named = texts(args, 0), agent = texts(args, 1);
  if (named === null || agent === null || agent === "") return refuse(-2);
  const context = session.context(named);
  if (context === null || !(session.mayRead(context.id) || session.mayWrite(context.id))) return refuse(-1);
  if (!session.mayWrite(context.id)) return refuse(-3);
  if (session.options.peers.agent(agent) === null) return refuse(-1);
  if (context.agents.some((one) => one.agent === agent && one.access === "write")) return done;
  const denied = session.full();
  if (denied !== null) return refuse(denied.status);
  session.writes.stage({ write: { op: "context_agent_put", context: context.id, agent, access: "write" } });
  return done;
}

function contextGetEngrams(session: Session, args: Args): HostAnswer {
  const named = texts(args, 0);
  if (named === null) return refuse(-2);
  const context = session.context(named);
  if (context === null || !session.mayRead(context.id)) return refuse(-1);
  const limit = session.config.contextEngramsMax;
  const stored = session.snapshot.contextEngrams(context.id, limit + 1);
  const ids = new Set(stored.map((engram) => engram.id));
  for (const id of session.writes.changed()) ids.add(id);
  session.work += (ids.size + session.writes.size) * lookWork;
  const engrams = [...ids].map((id) => session.peek(id)).filter((engram) =>
    engram !== null && engram.contexts.includes(context.id)
  );
  return engrams.length > limit ? refuse(-6) : list(session, "engrams", engrams);
}

function contextCurrent(session: Session): HostAnswer {
  const id = session.current;
  const context = id === null ? null : session.context(id);
  return context === null ? refuse(-1) : json({ id: context.id, name: context.name });
}

function changes(session: Session, args: Args): HostAnswer {
  const since = numbers(args, 0), limit = numbers(args, 1);
  if (since < 0 || limit < 1) return refuse(-2);
  const bounded = Math.min(limit, session.config.changesLimitMax);
  const { changes, nextTick } = session.snapshot.changes(since, bounded, session.readable, looking(session));
  return list(session, "changes", changes, { nextTick });
}

function log(session: Session, args: Args): HostAnswer {
  const level = numbers(args, 0), text = texts(args, 1);
  if (text === null || !(level >= 0 && level <= 4)) return refuse(-2);
  const { logLinesPerStepMax, logLineBytesMax } = session.config;
  const tooMuch = session.logs.length >= logLinesPerStepMax || text.length > logLineBytesMax;
  if (tooMuch || session.take(text.length) !== null) return refuse(-6);
  session.logs.push({ level, text: Payload.text(text) });
  return done;
}

function sendMessage(session: Session, args: Args, isAnswered: boolean): HostAnswer {
  const to = texts(args, 0), body = args[1];
  const payload = typeof body === "string"
    ? Payload.text(body)
    : body instanceof Uint8Array
    ? new Payload(body)
    : null;
  if (to === null || to === "" || payload === null) return refuse(-2);
  const limits = sendLimits(session, to);
  if (limits instanceof Denial) return refuse(limits.status);
  const bytes = payload.bytes?.length ?? 0;
  if (limits.sends === 0 || bytes > limits.bytesMax || session.take(bytes) !== null) return refuse(-6);
  session.writes.send({ to, body: payload });
  const permit = isAnswered ? null : sendPermit(session, to);
  return permit === null ? done : { status: status.done, permit };
}

function begin(session: Session): HostAnswer {
  if (session.writes.depth >= session.config.savepointDepthMax) return refuse(-6);
  session.writes.begin();
  return done;
}

function rollback(session: Session): HostAnswer {
  session.work += (session.writes.size + session.writes.messages.length) * lookWork;
  return session.writes.rollback() ? done : refuse(-7);
}

function engramGet(session: Session, args: Args): HostAnswer {
  const id = texts(args, 0);
  if (id === null) return refuse(-2);
  const engram = session.engram(id);
  if (engram === null) return refuse(-1);
  session.firstGot ??= id;
  return { json: session.engramJson(engram) };
}

type Function = (session: Session, args: Args, isAnswered: boolean) => Served;
const functions: Readonly<Record<HostFunctionName, Function>> = {
  engram_create: engramCreate,
  engram_get: engramGet,
  engram_update: engramUpdate,
  engram_delete: engramDelete,
  connection_create: connectionCreate,
  search_by_text: searchByText,
  search_by_metadata: searchByMetadata,
  search_combined: searchCombined,
  find_paths: findPaths,
  find_connected_engrams: findConnected,
  context_create: contextCreate,
  context_add_engram: contextAddEngram,
  context_add_agent: contextAddAgent,
  context_get_engrams: contextGetEngrams,
  context_current: contextCurrent,
  changes,
  log,
  send_message: sendMessage,
  transaction_begin: begin,
  transaction_commit: (session) => session.writes.commit() ? done : refuse(-7),
  transaction_rollback: rollback,
  recall,
  embed,
  similarity,
};

/** Functions a query may call although their effect is `write`: they leave nothing behind. */
const harmless: ReadonlySet<HostFunctionName> = new Set([
  "log",
  "transaction_begin",
  "transaction_commit",
  "transaction_rollback",
]);

/** Answers one host call, and counts its work. */
export function serve(session: Session, call: HostCall): Served {
  if (session.options.query && hostFunctions[call.name].effect === "write" && !harmless.has(call.name)) {
    return refuse(-3);
  }
  session.work += workOf(call, session.writes.size);
  const answer = functions[call.name](session, call.args, call.isAnswered === true);
  if (!("end" in answer)) session.work += answerWork(answer);
  return answer;
}
