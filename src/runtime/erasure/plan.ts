/**
 * Planning an erasure: what it takes to remove memories for good from everything a data folder holds.
 *
 * Owns: finding the copies of a text in the log (commands, write sets, results, messages, recorded answers), in the
 * memories that agents took from it, and in agents' images; and what an erasure says it could not reach.
 * Does not own: what is looked for in which form (needles.ts), removing it (open.ts).
 *
 * Invariants:
 * 1. Finding changes nothing; what was found is recorded in the entry before anything is removed, so a crash in the
 *    middle is taken up again from the entry alone.
 * 2. What agents wrote and what says the same goes too. The texts of a person stay, also where they say the same: they
 *    are named instead (`alsoIn`).
 * 3. An agent that ran since the text was first told, by a command, an agent or as a memory, may have read it. Its image
 *    is stored anew by the entry, with the text overwritten by spaces wherever it stands, and words of it that no other
 *    memory has and the agent did not bring along; replay goes on from there.
 * 4. Agents may have mail meanwhile. Messages that wait and hold the text, or such a word, are not delivered any more: an
 *    agent would have it in its memory again. The others stay as they are.
 */
import { Buffer } from "node:buffer";
import type { Graph } from "../../graph/mod.ts";
import {
  assert,
  connectionTypes,
  type Engram,
  EngramError,
  type EngramTexts,
  type Entry,
  type Erasure,
  erasureOf,
  type Id,
  type Message,
  type Payload,
  type State,
} from "../../kernel/mod.ts";
import { type Log, type LogEntry, toHex } from "../../log/mod.ts";
import { overwriteMemory } from "../../sandbox/mod.ts";
import { entriesFrom } from "../entries.ts";
import { inJson, needleCharsMin, Needles, textsIn, Words } from "./needles.ts";
import { imagesIn } from "./recorded.ts";

/** Memories named at most that say the same and stay. */
const alsoInMax = 100;

/** What an erasure needs to look at. */
export interface ErasureParts {
  readonly graph: Graph;
  readonly log: Log;
  readonly state: State;
  /** The image of a loaded agent after its last step. */
  readonly imageOf: (agent: string) => Uint8Array;
  /** The module of an agent that is loaded, or was when a tick was made. */
  readonly moduleOf: (agent: string, tick: number) => Uint8Array;
  readonly storeImages: (images: readonly Uint8Array[]) => string[];
}

/** What is to be deleted, what the entry records, and what its receipt says. */
export interface PlannedErasure {
  /** Live memories to delete in the same step. */
  readonly deletions: readonly Id[];
  readonly erasure: Erasure;
  readonly receipt: {
    readonly erased: readonly Id[];
    readonly derived: readonly Id[];
    readonly payloads: number;
    readonly agents: readonly string[];
    /** How many messages that waited are not delivered any more. */
    readonly messages: number;
    readonly alsoIn: readonly Id[];
    readonly notReached: readonly string[];
  };
}

/** What no program can reach, or none should: said by every receipt. */
const notReached = [
  "copies made elsewhere: exports, backups, snapshots of the disk, what log repair put into log-aside/, and the files " +
  "and sessions it was imported from (the next import takes it in again)",
  "blocks the disk has freed but not yet overwritten",
  "what agents put into words of their own, words that other memories have too, and names of things",
] as const;

/** Titles, refs, sources and metadata of some memories: what else may tell of them. */
function textsBeside(graph: Graph, ids: ReadonlySet<Id>): Set<string> {
  const found = new Set<string>();
  for (const id of ids) {
    for (const { engram: { title, source, ref, thread, metadata } } of graph.versions(id)) {
      for (const text of textsIn([title, source, ref, thread, metadata])) {
        if (text.length >= needleCharsMin) found.add(text);
      }
    }
  }
  return found;
}

/** Leaves those that no memory of a person but these has: a file's name goes with the last memory of the file. */
function dropShared(log: Log, texts: Set<string>, words: Words, ids: ReadonlySet<Id>): void {
  const forms = new Map([...texts].map((text) => [text, inJson(text)]));
  for (const { entry } of entriesFrom(log, 0)) {
    for (const { agent, writes } of entry.steps) {
      for (const write of agent === null ? writes : []) {
        if (forms.size === 0 && words.size === 0) return;
        if (write.op !== "engram_put" || ids.has(write.id) || write.texts.bytes === null) continue;
        const { bytes } = write.texts;
        const inBytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
        for (const [text, form] of forms) {
          if (!inBytes.includes(form)) continue;
          texts.delete(text);
          forms.delete(text);
        }
        for (const text of textsIn(JSON.parse(inBytes.toString()))) words.drop(text);
      }
    }
  }
}

/** Things whose names hold a word that no memory but these has: an agent can know them from nowhere else. */
function thingsOf(log: Log, words: Words): Map<Id, string> {
  const found = new Map<Id, string>();
  if (words.size === 0) return found;
  for (const { entry } of entriesFrom(log, 0)) {
    for (const { agent, writes } of entry.steps) {
      for (const write of agent === null ? [] : writes) {
        if (write.op !== "engram_put" || write.kind !== "thing" || write.texts.bytes === null) continue;
        const { content } = JSON.parse(write.texts.text()) as EngramTexts; // written by this program
        if (words.in(content)) found.set(write.id, content);
      }
    }
  }
  return found;
}

/** Every version of a memory that there ever was. Refuses `engram_not_found`. */
function versionsOf(graph: Graph, id: Id): Engram[] {
  const versions = graph.versions(id).map(({ engram }) => engram);
  if (versions.length > 0) return versions;
  throw new EngramError("engram_not_found", `Cannot erase ${JSON.stringify(id)}: there is no such memory`, {
    id,
  });
}

/** The memories that agents took from some, by `from` connections that are or were; the some come first. */
function withDerived(log: Log, ids: readonly Id[]): Set<Id> {
  const takenFrom = new Map<Id, Set<Id>>();
  for (const { entry } of entriesFrom(log, 0)) {
    for (const { agent, writes } of entry.steps) {
      for (const write of agent === null ? [] : writes) {
        if (write.op !== "connection_put" || write.type !== connectionTypes.from) continue;
        const known = takenFrom.get(write.target);
        if (known === undefined) takenFrom.set(write.target, new Set([write.source]));
        else known.add(write.source);
      }
    }
  }
  const all = new Set(ids);
  for (const id of all) for (const one of takenFrom.get(id) ?? []) all.add(one);
  return all;
}

/** The messages that wait and tell of what is erased, in the order in which they are delivered. */
function waitingMessages(
  { state, moduleOf }: ErasureParts,
  needles: Needles,
  words: Words,
): readonly Message[] {
  const found: Message[] = [];
  const modules = new Map<string, Buffer>(), own = new Map<string, boolean>();
  const isOwn = ({ from, tick }: Message, word: string): boolean => {
    const key = `${from} ${word}`, known = own.get(key);
    if (known !== undefined) return known;
    const module = modules.get(from) ?? Buffer.from(moduleOf(from, tick));
    modules.set(from, module);
    const is = words.areIn(module, word);
    own.set(key, is);
    return is;
  };
  for (const box of state.mail.values()) {
    for (const message of box) {
      const { bytes } = message.body;
      if (bytes === null) continue;
      const told = words.amongThoseOf(message.body.text());
      if (needles.in(bytes) || told.some((word) => !isOwn(message, word))) found.push(message);
    }
  }
  return found;
}

/** What one pass over the log found. */
interface Found {
  readonly payloads: [number, number[]][];
  /** Memories that agents wrote and that say the same. */
  readonly byAgents: Set<Id>;
  readonly alsoIn: Set<Id>;
  readonly readers: Set<string>;
  readonly blobs: Set<string>;
}

const nothingFound = (): Found => ({
  payloads: [],
  byAgents: new Set(),
  alsoIn: new Set(),
  readers: new Set(),
  blobs: new Set(),
});

/** The tick in which a text was first told, by a command or an agent: it may have become a memory later only. */
function firstTold(
  log: Log,
  known: number,
  look: (read: { entry: Entry; logged: LogEntry }, found: Found) => void,
): number {
  const found = nothingFound();
  for (const read of entriesFrom(log, 0)) {
    if (read.entry.tick >= known) break;
    look(read, found);
    if (found.payloads.length > 0) return read.entry.tick;
  }
  return known;
}

/** Looks through one entry's payloads. */
function lookThrough(
  entry: Entry,
  logged: LogEntry,
  all: ReadonlySet<Id>,
  refs: ReadonlySet<string>,
  needles: Needles,
  dropped: readonly Message[],
  found: Found,
): void {
  const places = new Map(logged.payloads.map(({ digest }, place) => [toHex(digest), place]));
  const gone = new Set<number>(), kept = new Set<number>();
  const placeOf = (payload: Payload): number => {
    const place = places.get(toHex(payload.digest ?? new Uint8Array()));
    assert(place !== undefined, "a payload of an entry lies beside its body");
    return place;
  };
  for (const { agent, writes } of entry.steps) {
    for (const write of writes) {
      if (write.op === "context_put") kept.add(placeOf(write.texts));
      if (write.op === "vector_put" && all.has(write.id)) gone.add(placeOf(write.vectors));
      if (write.op !== "engram_put") continue;
      const place = placeOf(write.texts);
      if (all.has(write.id)) gone.add(place);
      else if (agent !== null && holds(needles, write.texts)) {
        found.byAgents.add(write.id);
        gone.add(place);
      } else {
        kept.add(place);
        if (holds(needles, write.texts)) found.alsoIn.add(write.id);
      }
    }
  }
  for (const place of aboutThem(entry, all, refs, placeOf)) gone.add(place);
  for (const { step, index } of dropped) {
    const sent = entry.steps[step]?.messages[index];
    assert(sent !== undefined, `entry ${entry.tick} sent the message ${step}/${index} that waits`);
    gone.add(placeOf(sent.body));
  }
  logged.payloads.forEach(({ bytes }, place) => {
    if (bytes !== null && !kept.has(place) && needles.in(bytes)) gone.add(place);
  });
  const removed = [...gone].filter((place) => !kept.has(place)).sort((a, b) => a - b);
  if (removed.length > 0) found.payloads.push([entry.tick, removed]);
}

/** Places of what was asked to be changed of some memories, and of what their links say. */
function aboutThem(
  { commands, steps }: Entry,
  all: ReadonlySet<Id>,
  refs: ReadonlySet<string>,
  placeOf: (payload: Payload) => number,
): Set<number> {
  const found = new Set<number>(), ofOthers = new Set<number>();
  const link = (
    { source, target, metadata }: { source: Id; target: Id; metadata: Payload },
    made: readonly Id[] = [],
  ) => {
    // "@0" is what the same command made.
    const isOurs = [source, target].some((end) => end.startsWith("@") ? made.length > 0 : all.has(end));
    (isOurs ? found : ofOthers).add(placeOf(metadata));
  };
  for (const { seat, command: { ask } } of commands) {
    const writes = steps.find((step) => step.seat === seat && step.agent === null)?.writes ?? [];
    const made = writes.flatMap((write) => write.op === "engram_put" && all.has(write.id) ? [write.id] : []);
    for (const op of ask.kind === "write" ? ask.ops : []) {
      if (op.op === "update" && all.has(op.id)) found.add(placeOf(op.texts));
      if (op.op === "upsert" && refs.has(refOf(op.texts))) found.add(placeOf(op.texts));
      if (op.op === "connect") link(op, made);
    }
  }
  for (const { writes } of steps) for (const write of writes) if (write.op === "connection_put") link(write);
  return found.difference(ofOthers);
}

/** Source and ref of a memory as one word; of what has none, or is erased already, a word that no memory has. */
function refOf(texts: Payload): string {
  if (texts.bytes === null) return "";
  const { source, ref } = JSON.parse(texts.text()) as Partial<EngramTexts>; // written by this program
  return wordOf(source, ref);
}

const wordOf = (source: string | null | undefined, ref: string | null | undefined): string =>
  typeof source === "string" && typeof ref === "string" ? JSON.stringify([source, ref]) : "";

function holds(needles: Needles, payload: Payload): boolean {
  return payload.bytes !== null && needles.in(payload.bytes);
}

/** Images that erasures before a tick stored: they cannot be made again, and are older than what is erased. */
function storedBefore(log: Log, tick: number): Set<string> {
  const found = new Set<string>();
  for (const { entry } of entriesFrom(log, 0)) {
    if (entry.tick >= tick) break;
    for (const record of entry.steps) {
      for (const sha of Object.values(erasureOf(record)?.images ?? {})) found.add(sha);
    }
  }
  return found;
}

/** What to look for of some memories; things that only their words name are added to `all`. */
function lookedFor({ graph, log }: ErasureParts, all: Set<Id>) {
  const needles = new Needles(), refs = new Set<string>(), words = new Words();
  for (const id of all) {
    for (const { content, source, ref } of graph.versions(id).map((one) => one.engram)) {
      needles.add(content);
      words.add(content);
      refs.add(wordOf(source, ref));
    }
  }
  refs.delete("");
  const beside = textsBeside(graph, all);
  for (const text of beside) words.add(text);
  dropShared(log, beside, words, all);
  for (const text of beside) needles.add(text);
  for (const [id, name] of thingsOf(log, words)) {
    all.add(id);
    needles.add(name);
  }
  return { needles, refs, words };
}

/** Stores the images of agents without what is erased; the sha256 of each, by agent. */
function storeWithout(
  { state, imageOf, moduleOf, storeImages }: ErasureParts,
  agents: readonly string[],
  needles: Needles,
  words: Words,
): Readonly<Record<string, string>> {
  const inMemory = needles.forMemory();
  const hashes = storeImages(
    agents.map((id) => overwriteMemory(imageOf(id), [...inMemory, ...words.for(moduleOf(id, state.tick))])),
  );
  return Object.fromEntries(agents.map((id, at) => [id, hashes[at] ?? ""]));
}

/** Finds everything that an erasure of some memories removes. Changes nothing but that new images are stored. */
export function planErasure(parts: ErasureParts, ids: readonly Id[]): PlannedErasure {
  const { graph, log, state } = parts;
  if (ids.length === 0) throw new EngramError("invalid_argument", "Cannot erase: no memory is named");
  const asked = [...new Set(ids)];
  const written = Math.min(...asked.map((id) => versionsOf(graph, id)[0]?.createdTick ?? 0));
  const all = withDerived(log, asked);
  const { needles, refs, words } = lookedFor(parts, all);
  const dropped = waitingMessages(parts, needles, words);
  const sent = Map.groupBy(dropped, ({ tick }) => tick);
  // Who sent one had the text before it became a memory.
  const known = dropped.reduce((first, { tick }) => Math.min(first, tick), written);
  const look = ({ entry, logged }: { entry: Entry; logged: LogEntry }, found: Found) =>
    lookThrough(entry, logged, all, refs, needles, sent.get(entry.tick) ?? [], found);
  const since = firstTold(log, known, look);
  const found = nothingFound();
  const others = storedBefore(log, since);
  for (const read of entriesFrom(log, since)) {
    const { entry } = read;
    look(read, found);
    for (const record of entry.steps) {
      if (record.agent !== null) found.readers.add(record.agent);
      for (const sha of imagesIn(record)) found.blobs.add(sha);
    }
  }
  const loaded = [...found.readers].filter((id) => (state.agents.get(id)?.completed ?? 0) > 0).sort();
  const images = storeWithout(parts, loaded, needles, words);
  for (const sha of Object.values(images)) others.add(sha);
  for (const agent of state.agents.values()) {
    if (!found.readers.has(agent.id) && agent.image !== null) others.add(agent.image.sha);
  }
  const derived = [...all, ...found.byAgents].filter((id) => !asked.includes(id));
  return {
    deletions: [...asked, ...derived].filter((id) => graph.engram(id) !== null),
    erasure: {
      ids: [...asked, ...derived],
      since,
      payloads: found.payloads,
      readers: [...found.readers].sort(),
      images,
      blobs: [...found.blobs].filter((sha) => !others.has(sha)).sort(),
      messages: dropped.flatMap(({ tick, step, index }) => [tick, step, index]),
    },
    receipt: {
      erased: asked,
      derived,
      payloads: found.payloads.reduce((sum, [, places]) => sum + places.length, 0),
      agents: loaded,
      messages: dropped.length,
      alsoIn: [...found.alsoIn].filter((id) => graph.engram(id) !== null)
        .slice(0, alsoInMax),
      notReached,
    },
  };
}
