/**
 * Blobs that the log cannot do without: modules of all agents there ever were, and images stored by erasures that agents
 * go on from. Other images are made again where they are missing.
 */
import { type AgentState, erasureOf } from "../kernel/mod.ts";
import type { LogVerdict } from "../log/mod.ts";
import { readEntry } from "./entries.ts";
import { type AgentHistory, unpack } from "./rows.ts";
import type { ViewParts } from "./view_parts.ts";

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
  for (const { value } of graph.rows("agent/")) {
    const { id, image } = unpack(value) as AgentState;
    if (image === null || !readEntry(log, image.tick).steps.some((step) => erasureOf(step) !== null)) {
      continue;
    }
    const found = check(image.sha, image.tick, `the memory of agent ${JSON.stringify(id)}`);
    if (found !== null) return found;
  }
  return null;
}
