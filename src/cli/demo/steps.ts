/** Steps that both demos take: notes in, agents loaded, agents run. Each gives figures, and whether it held. */
import { fileURLToPath } from "node:url";
import type { Failure } from "../../input/mod.ts";
import { EngramError } from "../../kernel/errors.ts";
import { grantsOf, plainWords } from "../../kernel/manifest.ts";
import { assetUrl, buildInfo } from "../../runtime/assets.ts";
import type { Port } from "../../runtime/port.ts";
import { findAgent } from "../agent/load.ts";
import { findFiles, importFiles } from "../memory/import.ts";
import { readBytes } from "../paths.ts";
import { count, duration, plural } from "../terminal/screen.ts";
import type { Story } from "./screen.ts";

/** The client that the demo's commands come from, as `why` shows it. */
export const client = "demo";
/** The context of the notes; the manifests of the bundled agents name it. */
export const notesContext = "notes";

/** The path of a bundled file. */
export function assetPath(path: string): string {
  return fileURLToPath(assetUrl(path));
}

/** What the import of notes came to. */
export interface NotesReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly files: number;
  readonly memories: number;
  readonly links: number;
  readonly failures: readonly Failure[];
}

/** Makes the context and takes the notes of a folder in. `shown` is the folder as people know it. */
export async function takeNotes(
  story: Story,
  port: Port,
  folder: string,
  shown: string,
): Promise<NotesReport> {
  const files = await findFiles([folder]);
  const { value, ms } = await story.working(`reading ${plural(files.length, "note")}`, async () => {
    const { id } = await port.submit({ kind: "context_create", name: notesContext }, { client });
    return await importFiles(files, {
      port,
      context: String(id),
      prefix: "",
      createContexts: true,
      onProgress: () => {},
      client,
    });
  });
  const { created, links, failures } = value;
  const ok = failures.length === 0;
  const broken = new Set(failures.map(({ path }) => path)).size;
  const taken = broken === 0 ? "" : `${count(files.length - broken)} of `;
  // Files that can't be read are the folder's matter: the promise is that the rest goes in, and that they are named.
  story.check(broken < files.length, `${taken}${plural(files.length, "note")} from ${shown}`, duration(ms));
  for (const { path, line, message } of failures.slice(0, 5)) {
    story.under(line === null ? `${path}: ${message}` : `${path}:${line}: ${message}`);
  }
  if (failures.length > 5) story.under(`and ${count(failures.length - 5)} more that did not go in`);
  return { ok, ms, files: files.length, memories: created, links, failures };
}

/** An agent as it was loaded. */
export interface LoadedAgent {
  readonly id: string;
  /** What it may do. */
  readonly words: readonly string[];
  readonly module: string;
}

/** Loads a bundled agent and grants what its manifest asks for. */
export async function loadBundled(
  story: Story,
  port: Port,
  wasm: string,
  manifestPath: string | null = null,
): Promise<LoadedAgent> {
  const files = await findAgent(story.screen.terminal, wasm, manifestPath);
  const { manifest } = files;
  if (manifest === null) throw new EngramError("file_not_found", `Cannot load ${wasm}: it has no manifest`);
  const bytes = await readBytes(files.wasm, "load agent");
  // Nothing outside the demo's notes: what the manifest asks for is more, for a host that has many projects.
  const grants = grantsOf(manifest.capabilities).map(({ capability, scope }) => ({
    capability,
    scope: scope.includes("*") && capability !== "send" ? [notesContext] : scope,
  }));
  const receipt = await port.submit({
    kind: "agent_load",
    agent: manifest.id,
    wasm: bytes.toBase64(),
    name: manifest.name,
    description: manifest.description,
    manifest: manifest.given,
    grants,
    config: manifest.config,
  }, { client });
  return { id: manifest.id, words: plainWords(grants), module: String(receipt["module"]) };
}

const agents = ["linker", "curator", "digest"] as const;

/** Loads the three agents for notes, and says what each may do. */
export async function loadAgents(story: Story, port: Port): Promise<LoadedAgent[]> {
  const loaded: LoadedAgent[] = [];
  for (const name of agents) {
    const { value } = await story.working(
      `loading ${name}`,
      () => loadBundled(story, port, assetPath(`agents/${name}`)),
    );
    loaded.push(value);
    story.check(true, `${name.padEnd(9)} ${value.words.join(" · ")}`);
  }
  return loaded;
}

/** Figures an agent gives, in the words for one and many of it; what is not named here is not shown. */
const figureWords: Readonly<Record<string, readonly [string, string]>> = {
  things: ["thing", "things"],
  links: ["link", "links"],
  facts: ["fact", "facts"],
  duplicates: ["duplicate", "duplicates"],
  decisions: ["decision", "decisions"],
  reversals: ["reversal", "reversals"],
  contradictions: ["contradiction", "contradictions"],
  tasks: ["open task", "open tasks"],
  disagreements: ["disagreement", "disagreements"],
};

/** The numbers in an agent's result. */
export function figuresOf(result: unknown): Readonly<Record<string, number>> {
  if (typeof result !== "object" || result === null) return {};
  return Object.fromEntries(
    Object.entries(result).filter((pair): pair is [string, number] => typeof pair[1] === "number"),
  );
}

/** Those numbers in words: `213 links, 46 things`. */
export function figuresLine(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures).flatMap(([name, value]) => {
    const words = figureWords[name];
    return words === undefined ? [] : [plural(value, words[0], words[1])];
  }).join(", ");
}

/** How a person starts this program again. */
export function programName(env: (name: string) => string | undefined): string {
  const { build, denoVersion } = buildInfo();
  if (build !== "source") return "engramlt";
  const viaNpm = env("npm_command") === "exec";
  return `${viaNpm ? `npx -y deno@${denoVersion} task` : "deno task"} -q engramlt`;
}
