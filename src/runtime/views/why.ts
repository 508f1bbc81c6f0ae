/**
 * Why: from a memory to the note, file and line it came from, the step that wrote it, and what caused that step.
 *
 * Invariants:
 * 1. Everything told stands in the log or the graph; nothing is inferred.
 * 2. `check` runs that one step again, from its agent's image before it, and compares what it did.
 */
import {
  assert,
  type Connection,
  connectionTypes,
  type Engram,
  EngramError,
  type Entry,
  formatTime,
  type Id,
  type StepEnd,
  type StepRecord,
} from "../../kernel/mod.ts";
import { entriesFrom, lineAt, messageAt, payloadText, plainPart, readEntry } from "../entries.ts";
import { Erasures } from "../erasure/recorded.ts";
import type { WhyLink, WhyView } from "../port.ts";
import { agentAt, erasedKey } from "../rows.ts";
import type { ViewParts } from "./parts.ts";

/** Links shown of one kind. */
const linksMax = 20;
/** Messages followed back. */
const messagesMax = 8;

const encoder = new TextEncoder(), decoder = new TextDecoder();

function range(connection: Connection): { start: number; end: number } | null {
  const { start, end } = connection.metadata;
  return typeof start === "number" && typeof end === "number" ? { start, end } : null;
}

function fromLinks(parts: ViewParts, id: Id): WhyLink[] {
  const connections = parts.graph.connectionsOf(id, {
    direction: "out",
    type: connectionTypes.from,
    limit: linksMax,
  });
  return connections.flatMap((connection): WhyLink[] => {
    const engram = parts.graph.engram(connection.target);
    if (engram === null) return [];
    const at = range(connection);
    const quote = at === null ? null : decoder.decode(encoder.encode(engram.content).slice(at.start, at.end));
    const line = lineAt(engram, at?.start ?? 0);
    return [{
      link: "from",
      connection,
      engram,
      start: at?.start ?? null,
      end: at?.end ?? null,
      line,
      quote,
    }];
  });
}

function otherLinks(parts: ViewParts, id: Id): WhyLink[] {
  const told = new Set<string>([
    connectionTypes.supersedes,
    connectionTypes.contradicts,
    connectionTypes.duplicates,
  ]);
  return (["out", "in"] as const).flatMap((direction) =>
    parts.graph.connectionsOf(id, { direction, limit: linksMax }).filter((one) => told.has(one.type)).map(
      (connection): WhyLink => {
        const engram = parts.graph.engram(direction === "out" ? connection.target : connection.source);
        return { link: "connection", connection, engram, direction };
      },
    )
  );
}

/** The record of the step that wrote a version, and the entry it stands in. */
function writer(parts: ViewParts, engram: Engram): { entry: Entry; record: StepRecord } {
  const entry = readEntry(parts.log, engram.updatedTick);
  const record = entry.steps.find((one) => one.tick === engram.by.tick && one.seat === engram.by.seat);
  assert(
    record !== undefined,
    `the log has no step ${engram.by.tick}.${engram.by.seat} in tick ${entry.tick}`,
  );
  return { entry, record };
}

function stepLinks(parts: ViewParts, entry: Entry, record: StepRecord, depth: number): WhyLink[] {
  const first = readEntry(parts.log, record.tick);
  const command = first.commands.find((one) => one.seat === record.seat)?.command ?? null;
  const loaded = record.agent === null ? null : agentAt(parts.graph, record.agent, entry.tick);
  const cause = record.cause;
  const step: WhyLink = {
    link: "step",
    tick: record.tick,
    entryTick: entry.tick,
    seat: record.seat,
    time: formatTime(entry.time),
    agent: record.agent,
    agentVersion: loaded?.agent.version ?? null,
    module: loaded?.agent.module ?? null,
    entry: record.entry,
    action: command?.ask.kind === "execute" ? command.ask.action : null,
    params: command?.ask.kind === "execute"
      ? payloadText(command.ask.params)
      : cause !== null && "run" in cause
      ? payloadText(cause.params)
      : null,
    outcome: record.outcome,
    fuel: record.fuel,
    writes: record.writes.length,
  };
  if (command !== null) return [step, commandLink(first, record.seat)];
  if (cause !== null && "run" in cause) return [...runLinks(parts, cause, step)];
  return [step, ...mailLinks(parts, record, depth)];
}

function commandLink(entry: Entry, seat: number): WhyLink {
  const command = entry.commands.find((one) => one.seat === seat)?.command;
  assert(command !== undefined, `entry ${entry.tick} has no command at seat ${seat}`);
  const { client, commandId } = command;
  return {
    link: "command",
    tick: entry.tick,
    seat,
    time: formatTime(entry.time),
    kind: command.ask.kind,
    client,
    commandId,
  };
}

function runLinks(
  parts: ViewParts,
  cause: { readonly run: Id; readonly step: string },
  step: WhyLink,
): WhyLink[] {
  const start = parts.images.runStartOf(cause.run);
  const entry = readEntry(parts.log, start.tick);
  const ask = entry.commands.find((one) => one.seat === start.seat)?.command.ask;
  if (ask?.kind !== "workflow") return [step];
  const planned = ask.workflow.steps.find((one) => one.id === cause.step);
  const named: WhyLink = step.link === "step" ? { ...step, action: planned?.action ?? null } : step;
  return [
    named,
    { link: "workflow", id: ask.workflow.id, name: ask.workflow.name, step: cause.step },
    commandLink(entry, start.seat),
  ];
}

function mailLinks(parts: ViewParts, record: StepRecord, depth: number): WhyLink[] {
  const [tick, step, index] = record.cause !== null && "mail" in record.cause ? record.cause.mail : [];
  if (tick === undefined || step === undefined || index === undefined) return [];
  const message = messageAt(parts.log, tick, step, index);
  const link: WhyLink = { link: "message", from: message.from, tick, body: payloadText(message.body) };
  if (depth >= messagesMax) return [link];
  const entry = readEntry(parts.log, tick);
  const sender = entry.steps[step];
  return sender === undefined ? [link] : [link, ...stepLinks(parts, entry, sender, depth + 1)];
}

const told = (end: Pick<StepEnd, "writes" | "messages" | "result">): string =>
  JSON.stringify(plainPart([end.writes, end.messages, end.result]));

/** Whether running a step again gives the same; what differs, if not. */
function differs(record: StepRecord, end: StepEnd): string | null {
  const outcome = end.kind === "lost" ? "lost" : end.kind;
  if (outcome !== record.outcome) return `outcome: ${record.outcome} in the log, ${outcome} now`;
  if (record.outcome === "completed" && end.fuel !== record.fuel) {
    return `fuel: ${record.fuel} in the log, ${end.fuel} now`;
  }
  return told(record) === told(end) ? null : "writes, messages or result";
}

function check(parts: ViewParts, id: Id): WhyView["check"] {
  const engram = parts.graph.versions(id).at(-1)?.engram;
  assert(engram !== undefined, `memory ${id} has no version`);
  const { entry, record } = writer(parts, engram);
  const base = { tick: record.tick, seat: record.seat };
  if (record.agent === null) {
    // A direct write is its own command: the entry's hash, checked against the chain, says it is what was asked.
    const verified = [...entriesFrom(parts.log, entry.tick)][0]?.entry.tick === entry.tick;
    return { ...base, identical: verified, what: verified ? null : "the entry" };
  }
  const loaded = agentAt(parts.graph, record.agent, entry.tick);
  if (loaded === null) {
    throw new EngramError(
      "cannot_verify",
      `Cannot run the step again: agent ${record.agent} of tick ${entry.tick} is not known`,
    );
  }
  if (
    parts.graph.row(erasedKey) !== null && new Erasures(parts.log).redacted(entry, parts.log.read(entry.tick))
  ) {
    throw new EngramError(
      "cannot_verify",
      `Cannot run the step of tick ${entry.tick} again: something its agent may have read is erased`,
      {},
      "engramlt why ID without --check still shows where it comes from",
    );
  }
  const what = differs(record, parts.images.again(loaded.agent, { entry, record }));
  return { ...base, identical: what === null, what };
}

/** The chain of a memory. */
export function why(parts: ViewParts, id: Id, checked: boolean): WhyView {
  const versions = parts.graph.versions(id);
  const engram = parts.graph.engram(id) ?? versions.at(-1)?.engram;
  if (engram === undefined) {
    throw new EngramError("engram_not_found", `Cannot say why: no memory ${JSON.stringify(id)}`);
  }
  const { entry, record } = writer(parts, engram);
  const chain: WhyLink[] = [
    { link: "engram", engram, line: lineAt(engram, 0) },
    ...fromLinks(parts, id),
    ...otherLinks(parts, id),
    ...stepLinks(parts, entry, record, 0),
  ];
  return { id, chain, check: checked ? check(parts, id) : null };
}
