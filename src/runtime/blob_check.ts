/**
 * Blobs that the log cannot do without: modules of all agents there ever were, and images stored by erasures, which a
 * replay goes on from. Other images are made again where they are missing, and most are removed (agents/kept_images.ts).
 */
import { erasureOf } from "../kernel/mod.ts";
import type { Log, LogVerdict } from "../log/mod.ts";
import { entriesFrom } from "./entries.ts";
import { type AgentHistory, erasedKey, unpack } from "./rows.ts";
import type { ViewParts } from "./views/parts.ts";

type Damage = NonNullable<LogVerdict["first"]>;

/** The first of them that is missing or damaged, at the entry that names it; null where all are whole. Reads them. */
export function damagedBlob({ graph, log, images }: ViewParts): Damage | null {
  const checked = new Set<string>();
  const check = (sha: string, index: number, what: string): Damage | null => {
    if (checked.has(sha)) return null;
    checked.add(sha);
    const damage = images.damageOf(sha);
    return damage === null ? null : { segment: `blobs/${sha}`, offset: 0, index, what: `${what} ${damage}` };
  };
  for (const { value } of graph.rows("was/")) {
    const { agent } = unpack(value) as AgentHistory;
    const found = check(agent.module, agent.loadedTick, `the module of agent ${JSON.stringify(agent.id)}`);
    if (found !== null) return found;
  }
  if (graph.row(erasedKey) === null) return null;
  for (const [sha, { agent, tick }] of storedByErasures(log)) {
    const found = check(sha, tick, `the memory of agent ${JSON.stringify(agent)}`);
    if (found !== null) return found;
  }
  return null;
}

/** Images that erasures stored and no later one removed, by hash. */
function storedByErasures(log: Log): Map<string, { readonly agent: string; readonly tick: number }> {
  const stored = new Map<string, { agent: string; tick: number }>();
  for (const { entry: { tick, steps } } of entriesFrom(log, 0)) {
    for (const { images, blobs } of steps.map(erasureOf).filter((one) => one !== null)) {
      for (const sha of blobs) stored.delete(sha);
      for (const [agent, sha] of Object.entries(images)) stored.set(sha, { agent, tick });
    }
  }
  return stored;
}
