/** Bundled agents on a real runtime: loading them by manifest, giving them notes, reading what they made. */
import { fileURLToPath } from "node:url";
import type { JsonObject, Runtime, WriteOp } from "../../src/mod.ts";

const agents = new URL("../../agents/", import.meta.url);

/** A note for an agent to read. */
export interface NoteInput {
  readonly title: string;
  readonly content: string;
  readonly metadata?: JsonObject;
}

/** A set of notes with what should be found in it. */
export interface NoteSet {
  readonly about: string;
  readonly notes: readonly NoteInput[];
  /** Names of things to find. */
  readonly things: readonly string[];
  /** Names that may be found or not. */
  readonly optional?: readonly string[];
  /** Aliases each thing must have. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Names that fit two things, so that they name none. */
  readonly ambiguous: readonly string[];
}

/** The sets that agents were not written on, by name. */
export async function heldBackSets(): Promise<[string, NoteSet][]> {
  const folder = new URL("agent_notes_heldback/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) =>
    name.endsWith(".json")
  );
  const sets: [string, NoteSet][] = [];
  for (const name of names.sort()) {
    sets.push([name, JSON.parse(await Deno.readTextFile(new URL(name, folder)))]);
  }
  return sets;
}

/** Loads an agent of agents/FOLDER with one of its manifests, granting all it asks for. */
export async function loadAgent(
  runtime: Runtime,
  folder: string,
  options: { manifest?: string; wasm?: string; config?: JsonObject } = {},
): Promise<void> {
  const manifest = JSON.parse(
    await Deno.readTextFile(new URL(`${folder}/${options.manifest ?? "manifest.json"}`, agents)),
  );
  const wasm = await Deno.readFile(new URL(`${folder}/${manifest.wasm}`, agents));
  await runtime.submit({
    kind: "agent_load",
    agent: manifest.id,
    wasm: wasm.toBase64(),
    manifest,
    config: options.config ?? manifest.config ?? {},
  });
}

/** A context "notes" for agents to read. */
export async function makeNotesContext(runtime: Runtime): Promise<void> {
  await runtime.submit({ kind: "context_create", name: "notes" });
}

/** Adds notes to the context "notes", in this order. */
export async function addNotes(runtime: Runtime, notes: readonly NoteInput[]): Promise<void> {
  const ops: WriteOp[] = notes.map((note) => ({ op: "add", kind: "note", context: "notes", ...note }));
  await runtime.submit({ kind: "write", ops });
}

/** Executes an action; the answer. */
export async function act(
  runtime: Runtime,
  agent: string,
  action: string,
  params: unknown = {},
): Promise<unknown> {
  const receipt = await runtime.submit({ kind: "execute", agent, action, params: JSON.stringify(params) });
  return receipt.result;
}

/** The things of the graph, and who mentions them: by names and texts, free of ids. */
export interface ThingView {
  readonly name: string;
  readonly ref: string;
  readonly metadata: JsonObject;
  /** The content of each note that mentions it, with the connection's metadata. */
  readonly mentions: readonly string[];
}

/** Every thing in the graph, in the order of their refs. */
export async function thingsOf(runtime: Runtime): Promise<ThingView[]> {
  const graph = await exportOf(runtime);
  const content = new Map(graph.engrams.map((engram) => [engram.id, engram.content]));
  return graph.engrams.filter((engram) => engram.kind === "thing").map((thing) => ({
    name: thing.title ?? "",
    ref: thing.ref ?? "",
    metadata: thing.metadata,
    mentions: graph.connections.filter((one) => one.target === thing.id && one.type === "mentions")
      .map((one) => `${content.get(one.source)} ${JSON.stringify(one.metadata)}`).sort(),
  })).sort((a, b) => a.ref < b.ref ? -1 : 1);
}

/** Everything in the graph. */
export async function exportOf(runtime: Runtime) {
  const engrams = [];
  const connections = [];
  let after: string | undefined;
  do {
    const page = await runtime.view({ view: "export", ...(after === undefined ? {} : { after }) });
    engrams.push(...page.engrams);
    connections.push(...page.connections);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return { engrams, connections };
}

/** Where a bundled file lies. */
export const agentPath = (path: string): string => fileURLToPath(new URL(path, agents));
