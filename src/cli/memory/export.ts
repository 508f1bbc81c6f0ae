/**
 * engramlt memory export: every memory as a line of JSONL, then every link between them.
 *
 * Invariants:
 * 1. `memory import` of it into an empty folder gives the same memories and links (their ids differ); a memory without
 *    a source gets the source "engramlt" and its id as ref, so that importing twice changes nothing.
 * 2. Every memory has a name of its own in its context: what has the source and ref of another, as agents may write it,
 *    gets its id as ref. A link names the context of an end whose source and ref are told in two of them.
 */
import { exportSource } from "../../input/jsonl.ts";
import type { Connection, Engram } from "../../kernel/records.ts";
import type { Port } from "../../runtime/port.ts";
import { type Call, given } from "../command.ts";
import { contextOf } from "../ids.ts";
import { fileRefusal, fromCaller } from "../paths.ts";
import { plural } from "../terminal/screen.ts";
import { type LinkEnd, linkLine } from "./link_lines.ts";

const pageSize = 1000;

/** How an export names a memory; `context` is null for the one that needs no name. */
interface Name {
  readonly source: string;
  readonly ref: string;
  readonly context: string | null;
}

/** Gives every memory its name. */
class Names {
  readonly #contextName: (id: string) => string;
  readonly #byId = new Map<string, Name>();
  readonly #full = new Set<string>();
  /** In how many contexts a source and ref are told. */
  readonly #short = new Map<string, number>();

  constructor(contextName: (id: string) => string) {
    this.#contextName = contextName;
  }

  add(engram: Engram): Name {
    const [first] = engram.contexts;
    const named = first === undefined ? "personal" : this.#contextName(first);
    const context = named === "personal" ? null : named;
    const source = textOr(engram.source, exportSource), given = textOr(engram.ref, engram.id);
    const ref = this.#full.has(JSON.stringify([source, given, context])) ? engram.id : given;
    this.#full.add(JSON.stringify([source, ref, context]));
    const short = JSON.stringify([source, ref]);
    this.#short.set(short, (this.#short.get(short) ?? 0) + 1);
    const name = { source, ref, context };
    this.#byId.set(engram.id, name);
    return name;
  }

  /** The end of a link, or null of what was not exported. */
  end(id: string): LinkEnd | null {
    const name = this.#byId.get(id);
    if (name === undefined) return null;
    const { source, ref, context } = name;
    const isOne = this.#short.get(JSON.stringify([source, ref])) === 1;
    return isOne ? [source, ref] : [source, ref, context ?? "personal"];
  }
}

/** An agent may write the empty text where it has none. */
const textOr = (text: string | null, other: string) => text === null || text === "" ? other : text;

function toLine(engram: Engram, { source, ref, context }: Name): object {
  const speaker = engram.metadata["speaker"];
  return {
    content: engram.content,
    ref,
    source,
    ...given({
      kind: engram.kind === "note" ? null : engram.kind,
      title: engram.title,
      confidence: engram.confidence === 1 ? null : engram.confidence,
      time: engram.observedAt,
      validFrom: engram.validFrom,
      validTo: engram.validTo,
      thread: engram.thread === "" ? null : engram.thread,
      position: engram.position,
      context,
      speaker: typeof speaker === "string" ? speaker : null,
    }),
    metadata: engram.metadata,
  };
}

/** Everything there is, page by page. */
async function* exported(port: Port, context: string | null): AsyncGenerator<Engram | Connection> {
  let after: string | null = null;
  do {
    const page: { engrams: readonly Engram[]; connections: readonly Connection[]; next: string | null } =
      await port
        .view({ view: "export", limit: pageSize, ...given({ after, context }) });
    yield* page.engrams;
    yield* page.connections;
    after = page.next;
  } while (after !== null);
}

/** The command. */
export async function exportMemory(call: Call): Promise<void> {
  const { screen } = call;
  const port = await call.port();
  const { contexts } = await port.view({ view: "contexts" });
  const contextName = (id: string) => contexts.find((one) => one.id === id)?.name ?? id;
  const out = call.text("out");
  const path = out === null || out === "-" ? null : fromCaller(screen.terminal, out);
  const memories: object[] = [];
  const links: string[] = [];
  const names = new Names(contextName);
  const connections: Connection[] = [];
  const lines: string[] = [];
  let size = 0;
  const put = (line: string) => {
    if (path !== null) lines.push(line);
    else if (screen.options.format !== "json") screen.terminal.out(`${line}\n`);
  };
  for await (const item of exported(port, await contextOf(call, port))) {
    if (!("content" in item)) {
      connections.push(item);
      continue;
    }
    const line = toLine(item, names.add(item));
    size += 1;
    if (path === null && screen.options.format === "json") memories.push(line);
    put(JSON.stringify(line));
  }
  for (const { source, target, type, weight, metadata } of connections) {
    const [from, to] = [names.end(source), names.end(target)];
    if (from === null || to === null) continue;
    links.push(linkLine({ from, to, type, weight, metadata }));
    put(links.at(-1) ?? "");
  }
  if (path !== null) {
    await writeLines(path, lines);
    screen.result({ path, memories: size, links: links.length }, () => screen.line(path));
  } else if (screen.options.format === "json") {
    screen.result({ memories, links: links.map((line): unknown => JSON.parse(line).link) }, () => {});
  }
  screen.summary(`${plural(size, "memory", "memories")} and ${plural(links.length, "link")} written`);
}

async function writeLines(path: string, lines: readonly string[]): Promise<void> {
  try {
    await Deno.writeTextFile(path, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  } catch (error) {
    throw fileRefusal("write", path, error);
  }
}
