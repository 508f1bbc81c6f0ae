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

/** What a recall found, best first; `model` is the name of the model that took part, or "" where words and links did. */
export class Recalled {
  constructor(readonly hits: Engram[], readonly model: string) {}
}

/** A text as the host's model sees it: int8 numbers, and who made them. */
export class Embedding {
  constructor(readonly numbers: Int8Array, readonly model: string, readonly modelHash: string) {}

  /** The cosine with another embedding of the same model, -1 to 1. */
  cosine(other: Embedding): f64 {
    const count = min(this.numbers.length, other.numbers.length);
    let sum: i32 = 0;
    for (let i = 0; i < count; i++) sum += <i32> this.numbers[i] * <i32> other.numbers[i];
    return max(-1.0, min(1.0, <f64> sum / (508.0 * 508.0)));
  }
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
  return connectBytes(
    utf8(source),
    utf8(target),
    utf8(type),
    utf8OrAbsent(metadata === null ? null : metadata.toString()),
    weight,
  );
}

/** Connects an engram to each of these, all with one metadata: many connections with little garbage. */
export function connectAll(
  source: string,
  targets: string[],
  type: string,
  metadata: Json | null = null,
  weight: f64 = 1,
): void {
  const a = utf8(source);
  const t = utf8(type);
  const meta = utf8OrAbsent(metadata === null ? null : metadata.toString());
  for (let i = 0; i < targets.length; i++) connectBytes(a, utf8(targets[i]), t, meta, weight);
}

function connectBytes(
  a: ArrayBuffer,
  b: ArrayBuffer,
  t: ArrayBuffer,
  meta: ArrayBuffer | null,
  weight: f64,
): string {
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

/**
 * What answers a question: by words and links, and by meaning where this agent is granted a model. `params`:
 * `{k?, context?, minConfidence?}`.
 */
export function recall(question: string, params: Json | null = null): Recalled {
  const q = utf8(question);
  const p = utf8OrAbsent(params === null ? null : params.toString());
  let status: i32;
  do {
    status = host.recall(pointer(q), length(q), pointer(p), length(p), outPointer(), outLength());
  } while (outTooSmall(status));
  const text = takeOut(status);
  if (text === null) return new Recalled([], "");
  return new Recalled(page(text).hits, Json.parse(text).get("model").get("name").asText());
}

/** A text as the host's model sees it, or null: no model, none granted, or a text it does not take. */
export function embed(text: string): Embedding | null {
  const bytes = utf8(text);
  let status: i32;
  do status = host.embed(pointer(bytes), length(bytes), outPointer(), outLength()); while (
    outTooSmall(status)
  );
  const answer = takeOut(status);
  if (answer === null) return null;
  const json = Json.parse(answer);
  const model = json.get("model");
  const numbers = fromBase64(json.get("vector").asText());
  return new Embedding(numbers, model.get("name").asText(), model.get("hash").asText());
}

/** How near two engrams are in meaning, -1 to 1; NaN where one has no vector or may not be seen. */
export function similarity(id: string, other: string): f64 {
  const a = utf8(id);
  const b = utf8(other);
  let status: i32;
  do {
    status = host.similarity(pointer(a), length(a), pointer(b), length(b), outPointer(), outLength());
  } while (outTooSmall(status));
  const text = takeOut(status);
  return text === null ? NaN : Json.parse(text).get("similarity").asNumber(NaN);
}

function sixBits(unit: i32): i32 {
  if (unit >= 97) return unit - 71;
  if (unit >= 65) return unit - 65;
  if (unit >= 48) return unit + 4;
  return unit == 43 ? 62 : 63;
}

function fromBase64(text: string): Int8Array {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) == 61) end--;
  const bytes = new Int8Array(end * 3 / 4);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < end; i++) {
    bits = (bits << 6) | sixBits(text.charCodeAt(i));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[at++] = <i8> (bits >> held);
    bits &= (1 << held) - 1;
  }
  return bytes;
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
