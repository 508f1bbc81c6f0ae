/**
 * The agents that come with the program and work on a person's notes: linker, curator and digest.
 *
 * Invariants:
 * 1. An agent that is loaded already is left as it is, whatever its version and grants.
 * 2. What is granted is what its manifest asks for, and the caller is told it in plain words.
 */
import { readManifest } from "../../input/manifest.ts";
import { type Grant, grantsOf, plainWords } from "../../kernel/mod.ts";
import { assetUrl } from "../assets.ts";
import type { Port } from "../port.ts";

/** The ids of the bundled agents for notes. */
const noteAgents = ["linker", "curator", "digest"] as const;

/** A bundled agent as the host has it. */
export interface BundledAgent {
  readonly id: string;
  readonly grants: readonly Grant[];
  /** Its grants in plain words. */
  readonly words: readonly string[];
  /** Whether it was loaded now; false where it was there already. */
  readonly isNew: boolean;
}

/** Loads each of {@link noteAgents} that is not there, in a command of its own; refuses as `agent_load` does. */
export async function loadNoteAgents(port: Port, client: string): Promise<BundledAgent[]> {
  const { agents } = await port.view({ view: "agents" });
  const loaded: BundledAgent[] = [];
  for (const id of noteAgents) {
    const known = agents.find((agent) => agent.id === id);
    if (known !== undefined) {
      loaded.push({ id, grants: known.grants, words: plainWords(known.grants), isNew: false });
      continue;
    }
    const path = `agents/${id}/manifest.json`;
    const manifest = readManifest(await Deno.readFile(assetUrl(path)), path);
    const wasm = await Deno.readFile(assetUrl(`agents/${id}/${manifest.wasm}`));
    const grants = grantsOf(manifest.capabilities);
    await port.submit({
      kind: "agent_load",
      agent: id,
      wasm: wasm.toBase64(),
      name: manifest.name,
      description: manifest.description,
      manifest: manifest.given,
      grants,
      config: manifest.config,
    }, { client });
    loaded.push({ id, grants, words: plainWords(grants), isNew: true });
  }
  return loaded;
}
