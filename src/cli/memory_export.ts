/**
 * engramlt memory export: every memory as a line of JSONL, then every link between them.
 *
 * Invariant: `memory import` of it into an empty folder gives the same memories and links (their ids differ); a memory
 * without a source gets the source "engramlt" and its id as ref, so that importing twice changes nothing.
 */
import { exportSource } from "../input/jsonl.ts";
import type { Connection, Engram } from "../kernel/records.ts";
import type { Port } from "../runtime/port.ts";
import { type Call, given } from "./command.ts";
import { contextOf } from "./ids.ts";
import { linkLine } from "./link_lines.ts";
import { fileRefusal, fromCaller } from "./paths.ts";
import { plural } from "./screen.ts";

const pageSize = 1000;

/** How an export names a memory. */
function nameOf(engram: Engram): [string, string] {
  return [engram.source ?? exportSource, engram.ref ?? engram.id];
}

function toLine(engram: Engram, contextName: (id: string) => string): object {
  const [source, ref] = nameOf(engram);
  const [context] = engram.contexts;
  const named = context === undefined ? "personal" : contextName(context);
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
      thread: engram.thread,
      position: engram.position,
      context: named === "personal" ? null : named,
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
  const names = new Map<string, [string, string]>();
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
    names.set(item.id, nameOf(item));
    const line = toLine(item, contextName);
    size += 1;
    if (path === null && screen.options.format === "json") memories.push(line);
    put(JSON.stringify(line));
  }
  for (const { source, target, type, weight, metadata } of connections) {
    const [from, to] = [names.get(source), names.get(target)];
    if (from === undefined || to === undefined) continue;
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
