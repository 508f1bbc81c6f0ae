/** engramlt memory: store, read, change, link and search memories. */
import { type Engram, engramKinds, type Hit, type JsonObject } from "../../kernel/records.ts";
import type { Port } from "../../runtime/port.ts";
import type { Receipt } from "../../runtime/receipts.ts";
import type { WriteOp } from "../../runtime/requests.ts";
import { type Call, type Flag, given, type Group, type Leaf, type Place, usage } from "../command.ts";
import { contextOf, fullId } from "../ids.ts";
import { write } from "../submit.ts";
import { oneLine, plural } from "../terminal/screen.ts";
import { day, memoryColumns, placeOf, showEngram } from "../terminal/shown.ts";
import { embed } from "./embed.ts";

const directions = ["in", "out", "both"] as const;
const atFlag: Flag = { flags: "--at WHEN", says: "as known at a tick or a date (a day alone: its end)" };
/** Takes in what was forgotten, too. */
export const againFlag: Flag = { flags: "--again", says: "take in what was forgotten, too" };
const limitFlag: Flag = { flags: "--limit N", says: "how many at most" };
const idPlace: Place = { name: "id", says: "memory: id, its beginning, or @last" };

const contentFlags: readonly Flag[] = [
  { flags: "--title T", says: "a short title" },
  { flags: "--source S", says: "where it comes from: a file, an address, a person" },
  { flags: "--ref R", says: "its name within the source" },
  { flags: "--confidence C", says: "from 0 to 1 (default: 1)" },
  { flags: "--metadata JSON", says: "an object of your own" },
  { flags: "--time T", says: "when it was so or was seen, ISO 8601" },
  { flags: "--valid-from T", says: "since when it holds" },
  { flags: "--valid-to T", says: "until when it held" },
  { flags: "--thread T", says: "the thread it belongs to" },
];

/** What the content flags say, as the fields of a memory. */
export function fields(call: Call): Omit<Extract<WriteOp, { op: "update" }>, "op" | "id" | "content"> {
  return given({
    title: call.text("title"),
    source: call.text("source"),
    ref: call.text("ref"),
    thread: call.text("thread"),
    confidence: call.number("confidence"),
    metadata: call.object("metadata"),
    time: call.text("time"),
    validFrom: call.text("valid-from"),
    validTo: call.text("valid-to"),
  });
}

/** The text of a memory; `-` reads standard input. */
export async function contentOf(call: Call): Promise<string> {
  const text = call.need("content");
  return text === "-" ? (await call.screen.terminal.read()).trimEnd() : text;
}

/** The id in a write's receipt. */
export function idOf(receipt: Receipt, at = 0): string {
  const results = receipt["results"];
  const item: unknown = Array.isArray(results) ? results[at] : null;
  if (typeof item === "object" && item !== null && "id" in item && typeof item.id === "string") {
    return item.id;
  }
  throw new Error("Fault: a write's receipt without an id");
}

/** Stores a memory and prints its id. Used by `memory add` and `remember`, each with its own choice of a context. */
export async function addMemory(
  call: Call,
  choose: (call: Call, port: Port) => Promise<string | null> = contextOf,
): Promise<void> {
  const content = await contentOf(call);
  const speaker = call.text("speaker");
  const { metadata, ...rest } = fields(call);
  const all: JsonObject = { ...metadata, ...(speaker === null ? {} : { speaker }) };
  const port = await call.port();
  const context = await choose(call, port);
  const more = given({
    kind: call.choice("kind", engramKinds),
    position: call.whole("position", 0),
    context,
  });
  const receipt = await write(call, [{ op: "add", content, metadata: all, ...rest, ...more }]);
  const id = idOf(receipt);
  call.screen.result({ id, tick: receipt.tick }, () => call.screen.line(id));
  const isSaid = !call.screen.isJson && !call.screen.options.quiet;
  const where = !isSaid ? "" : ` in ${await nameOfContext(port, context)}`;
  call.screen.summary(`remembered${where} at tick ${receipt.tick}`);
}

/** What people call a context. */
async function nameOfContext(port: Port, id: string | null): Promise<string> {
  if (id === null) return "personal";
  const { contexts } = await port.view({ view: "contexts" });
  return contexts.find((one) => one.id === id)?.name ?? id;
}

const add: Leaf = {
  name: "add",
  says: "store a memory; its id is printed once it is durable",
  places: [{ name: "content", shown: "TEXT", says: "the text; - reads standard input" }],
  flags: [
    ...contentFlags,
    { flags: "--position N", says: "its place in the thread" },
    { flags: "--speaker NAME", says: "who said it; kept as metadata.speaker" },
    { flags: "--kind KIND", says: "what it is", choices: engramKinds },
  ],
  examples: [
    'memory add "Heron launches on 12 May" --source standup --time 2026-03-14',
    "memory add --content - --context work < note.txt",
  ],
  run: (call) => addMemory(call),
};

const get: Leaf = {
  name: "get",
  says: "show a memory",
  places: [idPlace],
  flags: [atFlag],
  examples: ["memory get @last", "memory get e219130 --at 2026-03-01 --json"],
  async run(call) {
    const port = await call.port();
    const id = await fullId(port, "engram", call.need("id"));
    const engram = await port.view({ view: "engram", id, ...given({ at: call.at() }) });
    if (call.screen.isJson) call.screen.result(engram, () => {});
    else await showEngram(call.screen, engram, port);
  },
};

const update: Leaf = {
  name: "update",
  says: "change a memory; the earlier version stays in its history",
  places: [idPlace, {
    name: "content",
    shown: "TEXT",
    says: "the new text; - reads standard input",
    optional: true,
  }],
  flags: contentFlags,
  examples: ['memory update @last "Heron launches on 14 May"', "memory update e219130 --confidence 0.6"],
  async run(call) {
    const changes = fields(call);
    const content = call.text("content") === null ? null : await contentOf(call);
    const op = { ...changes, ...given({ content }) };
    if (Object.keys(op).length === 0) {
      throw usage(
        'Cannot run "memory update": nothing to change was given',
        "Give a text, or a flag such as --title",
      );
    }
    const id = await fullId(await call.port(), "engram", call.need("id"));
    const receipt = await write(call, [{ op: "update", id, ...op }]);
    call.screen.result({ id, tick: receipt.tick }, () => call.screen.line(id));
    call.screen.summary(`changed at tick ${receipt.tick}`);
  },
};

const remove: Leaf = {
  name: "delete",
  says: "delete a memory and its links; its history stays in the log",
  places: [{ ...idPlace, many: true }],
  examples: ["memory delete e219130", "memory delete @last"],
  async run(call) {
    const port = await call.port();
    const ids: string[] = [];
    for (const text of call.needAll("id")) ids.push(await fullId(port, "engram", text));
    const receipt = await write(call, ids.map((id) => ({ op: "delete", id })));
    const [id] = ids;
    call.screen.result({ id, ids, tick: receipt.tick }, () => ids.forEach((one) => call.screen.line(one)));
    call.screen.summary(`${plural(ids.length, "memory", "memories")} deleted at tick ${receipt.tick}`);
  },
};

const connect: Leaf = {
  name: "connect",
  says: "link one memory to another",
  places: [
    { name: "source", shown: "FROM", says: "the memory the link starts from" },
    { name: "target", shown: "TO", says: "the memory it leads to" },
  ],
  flags: [
    { flags: "--type T", says: "what the link says: mentions, supersedes, or a word of yours" },
    { flags: "--weight W", says: "how strong it is (default: 1)" },
    { flags: "--metadata JSON", says: "an object of your own" },
  ],
  examples: ["memory connect e219130 e219140 --type supersedes"],
  async run(call) {
    const [from, to, type] = [call.need("source"), call.need("target"), call.need("type")];
    const port = await call.port();
    const source = await fullId(port, "engram", from);
    const target = await fullId(port, "engram", to);
    const more = given({ weight: call.number("weight"), metadata: call.object("metadata") });
    const receipt = await write(call, [{ op: "connect", source, target, type, ...more }]);
    const id = idOf(receipt);
    call.screen.result({ id, tick: receipt.tick }, () => call.screen.line(id));
    call.screen.summary(`linked at tick ${receipt.tick}`);
  },
};

const disconnect: Leaf = {
  name: "disconnect",
  says: "remove a link, by its id",
  places: [{ name: "id", says: "id of the link (memory neighbors shows it)" }],
  examples: ["memory disconnect c219130"],
  async run(call) {
    const id = call.need("id");
    const receipt = await write(call, [{ op: "disconnect", id }]);
    call.screen.result({ id, tick: receipt.tick }, () => call.screen.line(id));
    call.screen.summary(`link removed at tick ${receipt.tick}`);
  },
};

/** What fits of a hit; one that begins inside its text says so. */
function shownText({ content, snippet }: Hit): string {
  if (snippet === "") return content;
  return oneLine(content).startsWith(oneLine(snippet).slice(0, 20)) ? snippet : `… ${snippet}`;
}

/** Searches and prints hits. Used by `memory search` and `search`. */
export async function searchMemory(call: Call): Promise<void> {
  const text = call.needAll("query").join(" ");
  const port = await call.port();
  const found = await port.view({
    view: "search",
    text,
    ...given({
      exact: call.has("exact") ? true : null,
      kind: call.choice("kind", engramKinds),
      source: call.text("source"),
      metadata: call.object("metadata"),
      minConfidence: call.number("min-confidence"),
      includeSuperseded: call.has("include-superseded") ? true : null,
      context: await contextOf(call, port),
      limit: call.whole("limit"),
      cursor: call.text("cursor"),
      at: call.at(),
    }),
  });
  const { hits, ...rest } = found;
  call.screen.list<Hit>("hits", hits, rest, () => {
    call.screen.table(hits, memoryColumns(shownText));
  });
  for (const { word, as } of found.spelled ?? []) {
    call.screen.note(`searched for "${as}" as well as "${word}"`);
  }
  if (found.scanned) call.screen.note("searched the memory as it was then, which is slower than now");
  if (found.cursor !== undefined) call.screen.note(`more with --cursor ${found.cursor}`);
  call.screen.summary(hits.length === 0 ? "nothing found" : plural(hits.length, "memory", "memories"));
}

/** Flags of a search. */
export const searchFlags: readonly Flag[] = [
  limitFlag,
  { flags: "--exact", says: "these words exactly, in this order" },
  { flags: "--kind KIND", says: "only of this kind", choices: engramKinds },
  { flags: "--source S", says: "only from this source" },
  { flags: "--metadata JSON", says: "only with these metadata" },
  { flags: "--min-confidence C", says: "only of this confidence or more" },
  { flags: "--include-superseded", says: "superseded ones too" },
  { flags: "--cursor C", says: "go on where a search ended" },
  atFlag,
];

const search: Leaf = {
  name: "search",
  says: "find memories by words",
  places: [{ name: "query", shown: "WORDS", says: "what to look for", many: true }],
  flags: searchFlags,
  examples: ["memory search heron launch --limit 5", "memory search heron --at 2026-03-01 --json"],
  run: searchMemory,
};

const paths: Leaf = {
  name: "paths",
  says: "show how two memories are linked",
  places: [
    { name: "source", shown: "FROM", says: "where to start" },
    { name: "target", shown: "TO", says: "where to arrive" },
  ],
  flags: [{ flags: "--depth N", says: "links in a path at most" }, limitFlag, atFlag],
  examples: ["memory paths e219130 e219140 --depth 3"],
  async run(call) {
    const port = await call.port();
    const source = await fullId(port, "engram", call.need("source"));
    const target = await fullId(port, "engram", call.need("target"));
    const more = given({ depth: call.whole("depth"), limit: call.whole("limit"), at: call.at() });
    const { paths: found } = await port.view({ view: "paths", source, target, ...more });
    call.screen.list("paths", found, {}, () => {
      for (const { engrams, connections } of found) {
        const steps = connections.map(({ type }, at) => `─${type}→ ${engrams[at + 1] ?? ""}`);
        call.screen.line([engrams[0] ?? "", ...steps].join(" "));
      }
    });
    call.screen.summary(found.length === 0 ? "no path" : plural(found.length, "path"));
  },
};

const neighbors: Leaf = {
  name: "neighbors",
  says: "show what a memory is linked with, and what stands beside it in its thread",
  places: [idPlace],
  flags: [
    { flags: "--type T", says: "links of this type only" },
    { flags: "--direction D", says: "links in, out or both (default)", choices: directions },
    { flags: "--depth N", says: "how many links away at most (default: 1)" },
    limitFlag,
    atFlag,
  ],
  examples: ["memory neighbors @last", "memory neighbors e219130 --type mentions --depth 2"],
  async run(call) {
    const port = await call.port();
    const id = await fullId(port, "engram", call.need("id"));
    const more = given({
      type: call.text("type"),
      direction: call.choice("direction", directions),
      depth: call.whole("depth"),
      limit: call.whole("limit"),
      at: call.at(),
    });
    const { connected, thread } = await port.view({ view: "neighbors", id, ...more });
    const rows = [
      ...thread.map(({ engram, offset }) => ({
        engram,
        link: "",
        type: offset < 0 ? "before" : "after",
        away: Math.abs(offset),
      })),
      ...connected.map(({ engram, depth, via }) => ({ engram, link: via.id, type: via.type, away: depth })),
    ];
    call.screen.list("connected", connected, { thread }, () => {
      call.screen.table(rows, [
        { title: "LINK", text: ({ link }) => link },
        { title: "TYPE", text: ({ type }) => type },
        { title: "AWAY", text: ({ away }) => String(away), right: true },
        { title: "ID", text: ({ engram }) => engram.id },
        { title: "MEMORY", text: ({ engram }) => engram.content, fills: true },
        { title: "FROM", text: ({ engram }) => placeOf(engram), yields: true },
      ]);
    });
    const beside = thread.length === 0 ? "" : `, ${thread.length} beside it in its thread`;
    call.screen.summary(plural(connected.length, "linked memory", "linked memories") + beside);
  },
};

const history: Leaf = {
  name: "history",
  says: "show every version of a memory",
  places: [idPlace],
  examples: ["memory history e219130"],
  async run(call) {
    const port = await call.port();
    const id = await fullId(port, "engram", call.need("id"));
    const { versions } = await port.view({ view: "versions", id });
    call.screen.list("versions", versions, {}, () => {
      call.screen.table(versions, [
        { title: "FROM", text: ({ fromTick }) => String(fromTick), right: true },
        { title: "TO", text: ({ toTick }) => toTick === null ? "now" : String(toTick), right: true },
        { title: "BY", text: ({ engram }: { engram: Engram }) => engram.by.agent ?? engram.by.client ?? "" },
        { title: "WHEN", text: ({ engram }) => day(engram.observedAt) },
        { title: "MEMORY", text: ({ engram }) => oneLine(engram.content), fills: true },
      ]);
    });
    call.screen.summary(plural(versions.length, "version"));
  },
};

const imports: Leaf = {
  name: "import",
  says: "take in folders of notes (Markdown, text) and JSONL; twice changes nothing",
  places: [{ name: "path", says: "files or folders", many: true, noFlag: true }],
  flags: [
    { flags: "--prefix TEXT", says: "stands before every file's path, to tell two folders apart" },
    { flags: "--create-contexts", says: "make the contexts that lines name and that are not there" },
    { flags: "--follow-links", says: "read what symbolic links out of the folder lead to" },
    againFlag,
  ],
  examples: ["memory import ~/notes", "memory import chat.jsonl --context work --json"],
  notes:
    "Front matter, headings and [[links]] of notes are understood; a note's sections are a thread in order.\n" +
    "What is broken is listed by file and line, and the rest goes in (exit code 11).",
  run: async (call) => (await import("./import.ts")).importMemory(call),
};

const exports: Leaf = {
  name: "export",
  says: "write all memories as JSONL that memory import takes back",
  places: [{
    name: "out",
    shown: "FILE",
    says: "the file to write (default: standard output)",
    optional: true,
  }],
  examples: ["memory export backup.jsonl", "memory export --context work > work.jsonl"],
  run: async (call) => (await import("./export.ts")).exportMemory(call),
};

/** engramlt memory … */
export const memory: Group = {
  name: "memory",
  says: "store, read, change, link and search memories",
  commands: [
    add,
    get,
    update,
    remove,
    search,
    connect,
    disconnect,
    neighbors,
    paths,
    history,
    embed,
    imports,
    exports,
  ],
};
