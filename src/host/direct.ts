/**
 * The owner's direct writes: steps without wasm, under the same rules, write set and conflicts as an agent's.
 *
 * Invariants:
 * 1. A command is whole or not at all: one refused change refuses it, and nothing of it is logged.
 * 2. What changes nothing writes nothing: the same import twice leaves the graph as it was.
 */
import {
  type Command,
  type DirectOp,
  type Engram,
  EngramError,
  type EngramTexts,
  formatTime,
  type Id,
  type JsonObject,
  Payload,
} from "../kernel/mod.ts";
import { formatOrNull, textsPayload } from "./fields.ts";
import { unchanged } from "./serve.ts";
import { Denial, type EngramParts, type Session } from "./session.ts";

/** What one change did. */
export interface Done {
  readonly id: Id;
  /** `forgotten`: an upsert of what was deleted before, which stays so. */
  readonly status: "created" | "updated" | "unchanged" | "deleted" | "forgotten";
}

const quote = (text: string): string => JSON.stringify(text);

function refusal(denial: Denial, what: string): EngramError {
  switch (denial.status) {
    case -1:
      return new EngramError("engram_not_found", `Cannot ${what}: ${denial.why}`);
    case -3:
      return new EngramError("denied", `Cannot ${what}: ${denial.why}`);
    case -4:
      return new EngramError("context_exists", `Cannot ${what}: ${denial.why}`);
    case -6:
      return new EngramError("limit_reached", `Cannot ${what}: ${denial.why}`);
    default:
      return new EngramError("invalid_argument", `Cannot ${what}: ${denial.why}`);
  }
}

function jsonOf(payload: Payload): JsonObject {
  return JSON.parse(payload.text());
}

function contextId(session: Session, named: string, what: string): Id {
  const context = session.context(named);
  if (context === null) {
    throw new EngramError("context_not_found", `Cannot ${what}: no context ${quote(named)}`);
  }
  return context.id;
}

function needEngram(session: Session, id: Id, what: string): Engram {
  const engram = session.rawEngram(id);
  if (engram === null) throw new EngramError("engram_not_found", `Cannot ${what}: no memory ${quote(id)}`);
  return engram;
}

function check(denial: Denial | null, what: string): void {
  if (denial !== null) throw refusal(denial, what);
}

type AddOp = Extract<DirectOp, { op: "add" | "upsert" }>;

function partsOf(session: Session, op: AddOp): EngramParts {
  const { kind, confidence, position } = op;
  const now = op.observedAt === null && op.timeSource === "command";
  return {
    kind,
    confidence,
    position,
    observedAt: now ? formatTime(session.options.time) : formatOrNull(op.observedAt),
    timeSource: op.timeSource,
    validFrom: formatOrNull(op.validFrom),
    validTo: formatOrNull(op.validTo),
  };
}

function checkConfidence(confidence: number): void {
  if (confidence >= 0 && confidence <= 1) return;
  throw new EngramError(
    "invalid_confidence",
    `Cannot store the memory: confidence ${confidence} is outside 0..1`,
  );
}

function add(session: Session, op: AddOp): Done {
  checkConfidence(op.confidence);
  const texts = jsonOf(op.texts) as unknown as EngramTexts;
  if (texts.content === "") {
    throw new EngramError("invalid_argument", "Cannot store the memory: its content is empty");
  }
  const context = contextId(session, op.context, "store the memory");
  const known = op.op === "upsert" ? knownByRef(session, texts, context) : null;
  const parts = partsOf(session, op);
  if (known !== null) {
    const before = needEngram(session, known, "update the memory");
    if (unchanged(before, parts, texts)) return { id: known, status: "unchanged" };
    check(session.putEngram(known, parts, texts, before, op.texts), "update the memory");
    return { id: known, status: "updated" };
  }
  const forgotten = op.op === "upsert" ? forgottenByRef(session, texts, context) : null;
  if (forgotten !== null) return { id: forgotten, status: "forgotten" };
  const id = session.nextId("engram");
  check(session.putEngram(id, parts, texts, null, op.texts), "store the memory");
  session.join(context, id);
  return { id, status: "created" };
}

/** The engram an upsert changes: one this step staged, or a stored one that it has not deleted. */
function knownByRef(session: Session, { source, ref }: EngramTexts, context: Id): Id | null {
  if (source === null || ref === null) return null;
  const staged = stagedByRef(session, source, ref, context);
  if (staged !== null) return staged;
  const stored = session.snapshot.findByRef(source, ref, context);
  return stored === null || session.writes.engram(stored) === null ? null : stored;
}

/** The engram of this source and ref that its owner deleted: what is imported again does not bring it back. */
function forgottenByRef(session: Session, { source, ref }: EngramTexts, context: Id): Id | null {
  return source === null || ref === null ? null : session.snapshot.findForgotten(source, ref, context);
}

function stagedByRef(session: Session, source: string, ref: string, context: Id): Id | null {
  const staged = session.writes.engramsByRef(source, ref).find((engram) =>
    session.writes.member(context, engram.id) ?? engram.contexts.includes(context)
  );
  return staged?.id ?? null;
}

function update(session: Session, op: Extract<DirectOp, { op: "update" }>): Done {
  const before = needEngram(session, op.id, "update the memory");
  if (op.confidence !== null) checkConfidence(op.confidence);
  const changes = jsonOf(op.texts) as Partial<EngramTexts>;
  const texts: EngramTexts = {
    content: changes.content ?? before.content,
    title: changes.title ?? before.title,
    source: changes.source ?? before.source,
    ref: changes.ref ?? before.ref,
    thread: changes.thread ?? before.thread,
    metadata: changes.metadata ?? before.metadata,
  };
  const parts: EngramParts = {
    kind: before.kind,
    confidence: op.confidence ?? before.confidence,
    position: before.position,
    observedAt: op.observedAt === null ? before.observedAt : formatTime(op.observedAt),
    timeSource: op.observedAt === null ? before.timeSource : "given",
    validFrom: op.validFrom === null ? before.validFrom : formatTime(op.validFrom),
    validTo: op.validTo === null ? before.validTo : formatTime(op.validTo),
  };
  if (texts.content === "") {
    throw new EngramError("invalid_argument", "Cannot update the memory: its content is empty");
  }
  if (unchanged(before, parts, texts)) return { id: op.id, status: "unchanged" };
  check(session.putEngram(op.id, parts, texts, before, textsPayload(texts)), "update the memory");
  return { id: op.id, status: "updated" };
}

function remove(session: Session, id: Id): Done {
  needEngram(session, id, "delete the memory");
  check(session.full(), "delete the memory");
  session.writes.stage({ write: { op: "engram_delete", id } });
  return { id, status: "deleted" };
}

function connect(
  session: Session,
  source: Id,
  target: Id,
  type: string,
  weight: number,
  metadata: Payload,
): Done {
  const what = `connect ${source} to ${target}`;
  if (type === "") throw new EngramError("invalid_argument", `Cannot ${what}: the type is empty`);
  if (!Number.isFinite(weight)) {
    throw new EngramError("invalid_argument", `Cannot ${what}: the weight is not finite`);
  }
  const before = session.connectionBetween(source, target, type);
  const size = session.writes.size;
  const made = session.connect(source, target, type, weight, jsonOf(metadata), metadata);
  if (made instanceof Denial) throw refusal(made, what);
  return {
    id: made,
    status: session.writes.size === size ? "unchanged" : before === null ? "created" : "updated",
  };
}

function disconnect(session: Session, id: Id): Done {
  const connection = session.writes.connections().find((one) => one.id === id) ??
    session.snapshot.connection(id);
  if (connection === null) {
    throw new EngramError("connection_not_found", `Cannot remove the link: no link ${quote(id)}`);
  }
  session.reads.add(`e:${connection.source}`).add(`e:${connection.target}`);
  session.writes.stage({ write: { op: "connection_delete", id }, connection });
  return { id, status: "deleted" };
}

/** Connects what two (context, source, ref) name; a note whose target is not there (yet) stays unconnected. */
function link(session: Session, op: Extract<DirectOp, { op: "link" }>): Done {
  const ends: unknown = JSON.parse(op.ends.text());
  const find = (end: unknown): Id | null => {
    const [source, ref] = Array.isArray(end) ? end : [];
    if (typeof source !== "string" || typeof ref !== "string") return null;
    return session.writes.engramsByRef(source, ref)[0]?.id ?? session.snapshot.findByRef(source, ref, null);
  };
  const [from, to] = Array.isArray(ends) ? [find(ends[0]), find(ends[1])] : [null, null];
  if (from === null || to === null || from === to) return { id: "", status: "unchanged" };
  return connect(session, from, to, op.type, 1, Payload.text("{}"));
}

/** `@0` names the memory that the first change of the same command made or changed, and so on. */
function idIn(id: Id, done: readonly Done[]): Id {
  return /^@\d{1,6}$/.test(id) ? done[Number(id.slice(1))]?.id ?? id : id;
}

function apply(session: Session, op: DirectOp, done: readonly Done[]): Done {
  switch (op.op) {
    case "add":
    case "upsert":
      return add(session, op);
    case "update":
      return update(session, op);
    case "delete":
      return remove(session, op.id);
    case "connect":
      return connect(
        session,
        idIn(op.source, done),
        idIn(op.target, done),
        op.type,
        op.weight,
        op.metadata,
      );
    case "link":
      return link(session, op);
    case "disconnect":
      return disconnect(session, op.id);
    case "join": {
      const context = contextId(session, op.context, "add the memory to the context");
      needEngram(session, op.engram, "add the memory to the context");
      session.join(context, op.engram);
      return { id: op.engram, status: "updated" };
    }
    case "embed":
      return embed(session, op);
    default:
      return op satisfies never;
  }
}

/** Vectors of a text that has changed since, or is gone, are dropped: they were made of another text. */
function embed(
  session: Session,
  { id, tick, model, dimensions, vectors }: Extract<DirectOp, { op: "embed" }>,
): Done {
  const engram = session.rawEngram(id);
  if (engram === null || engram.updatedTick !== tick) return { id, status: "unchanged" };
  check(session.full(), "store the vectors");
  session.writes.stage({ write: { op: "vector_put", id, tick, model, dimensions, vectors } });
  return { id, status: "updated" };
}

/** Runs the changes of a `write` command. Throws the refusal of the first that cannot be done. */
export function writeDirect(session: Session, ops: readonly DirectOp[]): readonly Done[] {
  if (ops.length > session.config.opsPerCommandMax) {
    throw new EngramError(
      "limit_reached",
      `Cannot write: ${ops.length} changes in one command, opsPerCommandMax is ${session.config.opsPerCommandMax}`,
    );
  }
  const done: Done[] = [];
  for (const op of ops) done.push(apply(session, op, done));
  return done;
}

/** Runs a `context_create` command; the agents named may read and write it. */
export function createContext(
  session: Session,
  ask: Extract<Command["ask"], { kind: "context_create" }>,
): Id {
  const { name, description, metadata } = jsonOf(ask.texts) as {
    name: string;
    description: string;
    metadata: JsonObject;
  };
  const what = `create context ${quote(name)}`;
  const unknown = ask.agents.find((agent) => session.options.peers.agent(agent) === null);
  if (unknown !== undefined) {
    throw new EngramError("agent_not_found", `Cannot ${what}: agent ${quote(unknown)} is not loaded`);
  }
  const made = session.createContext(name, description, metadata, null);
  if (made instanceof Denial) throw refusal(made, what);
  for (const agent of ask.agents) {
    session.writes.stage({ write: { op: "context_agent_put", context: made, agent, access: "write" } });
  }
  return made;
}
