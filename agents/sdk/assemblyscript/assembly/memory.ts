/**
 * The memory graph as an agent sees it: every function of the host's table, with strings and {@link Json}.
 *
 * Invariants:
 * 1. Nothing here traps on a refusal: an id is "" and a page is empty or null, and `lastStatus()` says why.
 * 2. null is "absent" for the host; "" is the empty text.
 */
import * as host from "./host";
import { Json } from "./json";
import {
  length,
  noteStatus,
  outLength,
  outPointer,
  outTooSmall,
  pointer,
  Status,
  takeId,
  takeOut,
  utf8,
  utf8OrAbsent,
} from "./wire";

/** An engram as the host shows it; `score` and `snippet` are set in search results. */
export class Engram {
  constructor(readonly json: Json) {}
  get id(): string {
    return this.json.get("id").asText();
  }
  /** `note`, `fact`, `thing`, `digest` or a kind of your own. */
  get kind(): string {
    return this.json.get("kind").asText();
  }
  get content(): string {
    return this.json.get("content").asText();
  }
  get title(): string {
    return this.json.get("title").asText();
  }
  get source(): string {
    return this.json.get("source").asText();
  }
  /** The name within its source: a path and a section, say. */
  get ref(): string {
    return this.json.get("ref").asText();
  }
  get confidence(): f64 {
    return this.json.get("confidence").asNumber(1);
  }
  get metadata(): Json {
    return this.json.get("metadata");
  }
  /** Ids of the contexts it is in. */
  get contexts(): string[] {
    return this.json.get("contexts").asTexts();
  }
  get thread(): string {
    return this.json.get("thread").asText();
  }
  get position(): i64 {
    return this.json.get("position").asInteger();
  }
  /** ISO 8601, or "" where unknown. */
  get observedAt(): string {
    return this.json.get("observedAt").asText();
  }
  get validFrom(): string {
    return this.json.get("validFrom").asText();
  }
  get validTo(): string {
    return this.json.get("validTo").asText();
  }
  get createdTick(): i64 {
    return this.json.get("createdTick").asInteger();
  }
  get updatedTick(): i64 {
    return this.json.get("updatedTick").asInteger();
  }
  /** The id of what superseded it, or "". */
  get supersededBy(): string {
    return this.json.get("supersededBy").asText();
  }
  get by(): Json {
    return this.json.get("by");
  }
  get score(): i64 {
    return this.json.get("score").asInteger();
  }
  get snippet(): string {
    return this.json.get("snippet").asText();
  }
}

/** A page of search results; `cursor` is "" on the last. */
export class Page {
  constructor(readonly hits: Engram[], readonly cursor: string) {}
}

/** An engram reached over connections. */
export class Connected {
  constructor(readonly engram: Engram, readonly depth: i32, readonly via: Json) {}
}

/** One change: `op` as the host names it, and the engram or connection concerned. */
export class Change {
  constructor(readonly tick: i64, readonly op: string, readonly id: string) {}
}

/** A page of changes; ask again with `nextTick` as the tick. */
export class Changes {
  constructor(readonly changes: Change[], readonly nextTick: i64) {}
}

/** Creates an engram; gives its id, or "". `metadata` may set kind, title, ref, thread, position, observedAt, validFrom, validTo. */
export function createEngram(
  content: string,
  metadata: Json | null = null,
  source: string | null = null,
  confidence: f64 = 1,
): string {
  const text = utf8(content);
  const from = utf8OrAbsent(source);
  const meta = utf8OrAbsent(metadata === null ? null : metadata.toString());
  return takeId(
    host.engram_create(
      pointer(text),
      length(text),
      pointer(from),
      length(from),
      confidence,
      pointer(meta),
      length(meta),
    ),
  );
}

/** An engram by id, or null. */
export function getEngram(id: string): Engram | null {
  const key = utf8(id);
  let status: i32;
  do status = host.engram_get(pointer(key), length(key), outPointer(), outLength()); while (
    outTooSmall(status)
  );
  const text = takeOut(status);
  return text === null ? null : new Engram(Json.parse(text));
}

/** Changes an engram; null (confidence: NaN) leaves a field as it is. Gives the status. */
export function updateEngram(
  id: string,
  content: string | null = null,
  metadata: Json | null = null,
  source: string | null = null,
  confidence: f64 = NaN,
): i32 {
  const key = utf8(id);
  const text = utf8OrAbsent(content);
  const from = utf8OrAbsent(source);
  const meta = utf8OrAbsent(metadata === null ? null : metadata.toString());
  return noteStatus(
    host.engram_update(
      pointer(key),
      length(key),
      pointer(text),
      length(text),
      pointer(from),
      length(from),
      confidence,
      pointer(meta),
      length(meta),
    ),
  );
}

/** Deletes an engram with its connections. Gives the status. */
export function deleteEngram(id: string): i32 {
  const key = utf8(id);
  return noteStatus(host.engram_delete(pointer(key), length(key)));
}

/** Connects two engrams (an existing connection of that type is updated); gives its id, or "". */
export function connect(
  source: string,
  target: string,
  type: string,
  metadata: Json | null = null,
  weight: f64 = 1,
): string {
  const a = utf8(source);
  const b = utf8(target);
  const t = utf8(type);
  const meta = utf8OrAbsent(metadata === null ? null : metadata.toString());
  return takeId(
    host.connection_create(
      pointer(a),
      length(a),
      pointer(b),
      length(b),
      pointer(t),
      length(t),
      weight,
      pointer(meta),
      length(meta),
    ),
  );
}

/** Engrams by words, best first. `exact`: the words as one phrase. */
export function searchText(query: string, limit: i32 = 10, exact: bool = false): Engram[] {
  const q = utf8(query);
  let status: i32;
  do {
    status = host.search_by_text(pointer(q), length(q), exact ? 1 : 0, limit, outPointer(), outLength());
  } while (outTooSmall(status));
  return page(takeOut(status)).hits;
}

/** Engrams whose metadata key has this value (a text as it is, anything else as JSON). */
export function searchMetadata(key: string, value: string, limit: i32 = 10): Engram[] {
  const k = utf8(key);
  const v = utf8(value);
  let status: i32;
  do {
    status = host.search_by_metadata(
      pointer(k),
      length(k),
      pointer(v),
      length(v),
      limit,
      outPointer(),
      outLength(),
    );
  } while (outTooSmall(status));
  return page(takeOut(status)).hits;
}

/**
 * One page by several criteria: `{text?, exact?, metadata?, kind?, source?, minConfidence?, context?,
 * changedSinceTick?, includeSuperseded?, limit?, cursor?}`.
 */
export function search(criteria: Json): Page {
  const params = utf8(criteria.toString());
  let status: i32;
  do {
    status = host.search_combined(pointer(params), length(params), outPointer(), outLength());
  } while (outTooSmall(status));
  return page(takeOut(status));
}

/** Every engram that meets the criteria, page after page, at most `max`. */
export function searchAll(criteria: Json, max: i32 = i32.MAX_VALUE): Engram[] {
  const all: Engram[] = [];
  while (true) {
    const next = search(criteria);
    for (let i = 0; i < next.hits.length && all.length < max; i++) all.push(next.hits[i]);
    if (next.cursor.length == 0 || all.length >= max) return all;
    criteria.setText("cursor", next.cursor);
  }
}

function page(text: string | null): Page {
  const hits: Engram[] = [];
  if (text === null) return new Page(hits, "");
  const json = Json.parse(text);
  const items = json.get("hits").items;
  for (let i = 0; i < items.length; i++) hits.push(new Engram(items[i]));
  return new Page(hits, json.get("cursor").asText());
}

/** Ways from one engram to another, shortest first: `[{engrams, connections, weight}]`. */
export function findPaths(source: string, target: string, maxDepth: i32 = 4): Json[] {
  const a = utf8(source);
  const b = utf8(target);
  let status: i32;
  do {
    status = host.find_paths(
      pointer(a),
      length(a),
      pointer(b),
      length(b),
      maxDepth,
      outPointer(),
      outLength(),
    );
  } while (outTooSmall(status));
  const text = takeOut(status);
  return text === null ? [] : Json.parse(text).get("paths").items;
}

/** Engrams within `maxDepth` connections, of one type where given. */
export function findConnected(id: string, type: string | null = null, maxDepth: i32 = 1): Connected[] {
  const key = utf8(id);
  const t = utf8OrAbsent(type);
  let status: i32;
  do {
    status = host.find_connected_engrams(
      pointer(key),
      length(key),
      maxDepth,
      pointer(t),
      length(t),
      outPointer(),
      outLength(),
    );
  } while (outTooSmall(status));
  const connected: Connected[] = [];
  const text = takeOut(status);
  if (text === null) return connected;
  const items = Json.parse(text).get("connected").items;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    // Taken apart at once, it is read once: the engram stands before the rest.
    if (item.length < 3) continue;
    connected.push(
      new Connected(new Engram(item.get("engram")), <i32> item.get("depth").asInteger(), item.get("via")),
    );
  }
  return connected;
}

/** Creates a context this agent may read and write; gives its id, or "". */
export function createContext(
  name: string,
  description: string | null = null,
  metadata: Json | null = null,
): string {
  const n = utf8(name);
  const d = utf8OrAbsent(description);
  const meta = utf8OrAbsent(metadata === null ? null : metadata.toString());
  return takeId(
    host.context_create(pointer(n), length(n), pointer(d), length(d), pointer(meta), length(meta)),
  );
}

/** Adds an engram to a context. Gives the status. */
export function addToContext(context: string, id: string): i32 {
  const c = utf8(context);
  const key = utf8(id);
  return noteStatus(host.context_add_engram(pointer(c), length(c), pointer(key), length(key)));
}

/** Lets another agent read and write a context this agent may write. Gives the status. */
export function addAgentToContext(context: string, agent: string): i32 {
  const c = utf8(context);
  const a = utf8(agent);
  return noteStatus(host.context_add_agent(pointer(c), length(c), pointer(a), length(a)));
}

/** The engrams of a context, at most 1,000 (else status -6: use {@link searchAll} with `context`). */
export function contextEngrams(context: string): Engram[] {
  const c = utf8(context);
  let status: i32;
  do {
    status = host.context_get_engrams(pointer(c), length(c), outPointer(), outLength());
  } while (outTooSmall(status));
  const engrams: Engram[] = [];
  const text = takeOut(status);
  if (text === null) return engrams;
  const items = Json.parse(text).get("engrams").items;
  for (let i = 0; i < items.length; i++) engrams.push(new Engram(items[i]));
  return engrams;
}

/** The context this step runs in: `{id, name}`. */
export function currentContext(): Json {
  let status: i32;
  do status = host.context_current(outPointer(), outLength()); while (outTooSmall(status));
  const text = takeOut(status);
  return text === null ? Json.none : Json.parse(text);
}

/** What changed after a tick in the contexts this agent may read; null if refused. */
export function changesSince(tick: i64, limit: i32 = 1000): Changes | null {
  let status: i32;
  do status = host.changes(tick, limit, outPointer(), outLength()); while (outTooSmall(status));
  const text = takeOut(status);
  if (text === null) return null;
  const json = Json.parse(text);
  const items = json.get("changes").items;
  const changes: Change[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    changes.push(
      new Change(item.get("tick").asInteger(), item.get("op").asText(), item.get("id").asText()),
    );
  }
  return new Changes(changes, json.get("nextTick").asInteger(tick));
}

/** Sends a text to another agent, who gets it in a later tick. Gives the status. */
export function send(to: string, body: string): i32 {
  const t = utf8(to);
  const b = utf8(body);
  return noteStatus(host.send_message(pointer(t), length(t), pointer(b), length(b)));
}

export namespace logger {
  function write(level: i32, message: string): void {
    const text = utf8(message);
    host.log(level, pointer(text), length(text));
  }
  export function error(message: string): void {
    write(0, message);
  }
  export function warn(message: string): void {
    write(1, message);
  }
  export function info(message: string): void {
    write(2, message);
  }
  export function debug(message: string): void {
    write(3, message);
  }
  export function trace(message: string): void {
    write(4, message);
  }
}

/** Savepoints inside the step's own transaction (a step that fails is undone whole, without any of this). */
export namespace transaction {
  export function begin(): i32 {
    return noteStatus(host.transaction_begin());
  }
  export function commit(): i32 {
    return noteStatus(host.transaction_commit());
  }
  export function rollback(): i32 {
    return noteStatus(host.transaction_rollback());
  }
}

/** True where a status says that it worked. */
export function ok(status: i32): bool {
  return status >= Status.done;
}
