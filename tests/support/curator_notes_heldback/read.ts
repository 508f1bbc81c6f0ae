/** Notes for the curator and the digest: sets they were not written on, and what the graph says afterwards. */
import { formatTime } from "../../../src/kernel/times.ts";
import { readNote } from "../../../src/input/mod.ts";
import type { Runtime, WriteOp } from "../../../src/mod.ts";
import { exportOf, loadAgent, makeNotesContext } from "../agent_host.ts";

/** A note as a file. */
export interface NoteText {
  readonly path: string;
  readonly text: string;
}

/** A set with what should be found: pairs of words from the newer and from the older sentence, or of paths. */
export interface CuratorSet {
  readonly notes: readonly NoteText[];
  readonly supersedes: readonly (readonly [string, string])[];
  readonly contradicts: readonly (readonly [string, string])[];
  readonly duplicates: readonly (readonly [string, string])[];
  /** Notes of one template, which are no duplicates. */
  readonly different: readonly (readonly [string, string])[];
}

/** The sets that the curator was not written on, by name. */
export function curatorSets(): [string, CuratorSet][] {
  const folder = new URL("./", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) =>
    name.endsWith(".json")
  );
  return names.sort().map((name) => [name, JSON.parse(Deno.readTextFileSync(new URL(name, folder)))]);
}

/** The notes of a folder, by path. */
export function folderNotes(folder: URL, under = ""): NoteText[] {
  const found: NoteText[] = [];
  for (const entry of Deno.readDirSync(new URL(under, folder))) {
    const path = under + entry.name;
    if (entry.isDirectory) found.push(...folderNotes(folder, `${path}/`));
    else if (path.endsWith(".md")) {
      found.push({
        path,
        text: Deno.readTextFileSync(new URL(encodeURIComponent(path).replaceAll("%2F", "/"), folder)),
      });
    }
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** A runtime with a context "notes", the curator and the digest. */
export async function prepare(runtime: Runtime, agents: readonly string[] = ["curator"]): Promise<void> {
  await makeNotesContext(runtime);
  for (const agent of agents) await loadAgent(runtime, agent);
}

/** Adds notes as an import does: a section an engram. */
export async function addFiles(runtime: Runtime, notes: readonly NoteText[]): Promise<void> {
  const ops: WriteOp[] = notes.flatMap(({ path, text }) => {
    const file = readNote({ path, bytes: new TextEncoder().encode(text), modifiedAt: null });
    return file.drafts.map((
      { content, title, source, ref, thread, position, metadata, observedAt, timeSource },
    ) => ({
      op: "upsert" as const,
      kind: "note" as const,
      context: "notes",
      content,
      title,
      source,
      ref,
      thread,
      position,
      metadata,
      ...(observedAt === null ? {} : { time: formatTime(observedAt), timeSource }),
    }));
  });
  await runtime.submit({ kind: "write", ops });
}

/** Executes an action in the context "notes". */
export async function actIn(runtime: Runtime, agent: string, action: string): Promise<unknown> {
  return (await runtime.submit({ kind: "execute", agent, action, params: "{}", context: "notes" })).result;
}

/** A connection by its ends' texts and places. */
export interface Told {
  readonly type: string;
  readonly newer: string;
  readonly older: string;
  readonly newerFile: string;
  readonly olderFile: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What agents made, free of ids: connections between facts or notes, and facts. */
export async function toldBy(runtime: Runtime) {
  const { engrams, connections } = await exportOf(runtime);
  const by = new Map(engrams.map((one) => [one.id, one]));
  const told: Told[] = connections.map((one) => ({
    type: one.type,
    newer: by.get(one.source)?.content ?? "",
    older: by.get(one.target)?.content ?? "",
    newerFile: by.get(one.source)?.source ?? "",
    olderFile: by.get(one.target)?.source ?? "",
    metadata: one.metadata,
  }));
  const made = engrams.filter((one) => one.kind !== "note").map((
    { kind, content, source, ref, title, observedAt, metadata },
  ) => ({
    kind,
    content,
    source,
    ref,
    title,
    observedAt,
    metadata,
  }));
  const order = (list: readonly unknown[]) => list.map((one) => JSON.stringify(one)).sort();
  return { told, made, engrams, connections, picture: [...order(told), ...order(made)] };
}
