/**
 * engramlt agent load: find the module and its manifest, say in plain words what it wants, load it.
 *
 * Invariants:
 * 1. A question is asked only where a person can answer: stdin and stderr are a terminal, and no --yes.
 * 2. What is granted is what the manifest asks for, narrowed by --grant; the runtime checks it again.
 */
import { fileURLToPath } from "node:url";
import { readManifest } from "../../input/manifest.ts";
import { EngramError } from "../../kernel/errors.ts";
import { grantsOf, type Manifest, narrow, parseGrant, plainWords } from "../../kernel/manifest.ts";
import { assetUrl } from "../../runtime/assets.ts";
import { type Call, given } from "../command.ts";
import { basename, dirname, fileRefusal, fromCaller, join, readBytes, statOf } from "../paths.ts";
import { submit } from "../submit.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** An agent's files. */
export interface AgentFiles {
  readonly wasm: string;
  readonly manifest: Manifest | null;
}

async function manifestAt(path: string): Promise<Manifest> {
  return readManifest(await readBytes(path, "read manifest"), path);
}

async function fromFolder(folder: string, manifestPath: string | null): Promise<AgentFiles> {
  const own = join(folder, "manifest.json");
  const path = manifestPath ?? (await statOf(own) === null ? null : own);
  const manifest = path === null ? null : await manifestAt(path);
  if (manifest?.wasm !== null && manifest?.wasm !== undefined) {
    return { wasm: join(dirname(path ?? own), manifest.wasm), manifest };
  }
  const modules: string[] = [];
  for (const place of [folder, join(folder, "build")]) {
    if (modules.length > 0 || await statOf(place) === null) continue;
    for await (const { name } of Deno.readDir(place)) {
      if (name.endsWith(".wasm")) modules.push(join(place, name));
    }
  }
  const [wasm] = modules;
  if (wasm !== undefined && modules.length === 1) return { wasm, manifest };
  const state = wasm === undefined ? "there is no .wasm in it" : "there are several .wasm in it";
  throw new EngramError("file_not_found", `Cannot load an agent from ${folder}: ${state}`, { path: folder });
}

async function fromManifest(path: string): Promise<AgentFiles> {
  const manifest = await manifestAt(path);
  if (manifest.wasm === null) return await fromFolder(dirname(path), path);
  return { wasm: join(dirname(path), manifest.wasm), manifest };
}

/** Finds an agent: a file, its manifest, a folder, or a bundled agent's name. */
export async function findAgent(
  terminal: Terminal,
  text: string,
  manifest: string | null,
): Promise<AgentFiles> {
  const manifestPath = manifest === null ? null : fromCaller(terminal, manifest);
  const path = fromCaller(terminal, text);
  const stat = await statOf(path);
  if (stat?.isDirectory === true) return await fromFolder(path, manifestPath);
  if (stat !== null && path.endsWith(".json") && manifestPath === null) return await fromManifest(path);
  if (stat !== null) {
    return { wasm: path, manifest: manifestPath === null ? null : await manifestAt(manifestPath) };
  }
  if (/^[a-z][a-z0-9-]*$/.test(text)) {
    const bundled = fileURLToPath(assetUrl(`agents/${text}`));
    if (await statOf(join(bundled, "manifest.json")) !== null) return await fromFolder(bundled, manifestPath);
  }
  const refusal = fileRefusal("load agent", text, new Deno.errors.NotFound());
  throw new EngramError(refusal.code, `${refusal.message}, and no bundled agent`, { path });
}

/** The command. */
export async function loadAgent(call: Call): Promise<void> {
  const { screen } = call;
  const named = call.need("wasm-path");
  const { wasm, manifest } = await findAgent(screen.terminal, named, call.text("manifest"));
  const bytes = await readBytes(wasm, "load agent");
  const agent = call.text("id") ?? manifest?.id ?? basename(wasm).replace(/\.wasm$/, "");
  const wanted = manifest?.capabilities ?? [];
  const asked = call.all("grant");
  const grants = asked.length === 0 ? grantsOf(wanted) : narrow(wanted, asked.map(parseGrant));
  for (const { capability, scope, reason } of wanted) {
    screen.note(`${agent} asks to ${capability} ${scope.join(", ")}: ${reason}`);
  }
  confirm(call, agent, grants.length > 0 && asked.length === 0);
  const receipt = await submit(call, {
    kind: "agent_load",
    agent,
    wasm: bytes.toBase64(),
    grants,
    ...given({
      name: call.text("name") ?? manifest?.name,
      description: call.text("description") ?? manifest?.description,
      manifest: manifest?.given,
      config: manifest?.config,
    }),
  });
  const words = plainWords(grants);
  screen.result({ id: agent, ...receipt, grants, words }, () => {
    screen.line(`${screen.paint("green", "✓")} ${agent}  ${words.join(" · ")}`);
  });
  const unchanged = receipt["unchanged"] === true;
  screen.summary(unchanged ? `${agent} was loaded already` : `${agent} loaded at tick ${receipt.tick}`);
}

function confirm(call: Call, agent: string, wantsGrants: boolean): void {
  const { terminal } = call.screen;
  const canAsk = terminal.inIsTerminal && terminal.errIsTerminal && !call.screen.isJson;
  if (!wantsGrants || !canAsk || call.has("yes")) return;
  const answer = terminal.ask(`Grant this to ${agent}? [Y/n]`);
  if (answer === null || /^\s*n/i.test(answer)) {
    throw new EngramError(
      "denied",
      `Cannot load agent "${agent}": it was not granted what it asks for`,
      {},
      "--yes grants it all; --grant narrows what it gets",
    );
  }
}
