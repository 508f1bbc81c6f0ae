/**
 * The agents of a running host: loads the bundled ones where asked, and keeps those that subscribe to changes awake.
 *
 * Invariant: trouble with agents is told and never ends the host; what they do is commands like any other.
 */
import { EngramError } from "../../kernel/mod.ts";
import { type BundledAgent, loadNoteAgents } from "../../runtime/agents/bundled.ts";
import { keepAwake, wakeClient, type WakeOptions } from "../../runtime/agents/wake.ts";
import type { Port } from "../../runtime/port.ts";

/** Which agents are awake: none, those that are loaded, or these and the bundled ones for notes. */
export type AwakeAgents = "none" | "loaded" | "bundled";

/** Loads what is asked for and begins to wake; returns when agents are loaded. Waking ends with the signal. */
export async function startAgents(
  which: AwakeAgents,
  port: Port,
  signal: AbortSignal,
  onTrouble: (error: unknown) => void,
  timing: Pick<WakeOptions, "quietMs"> = {},
): Promise<readonly BundledAgent[]> {
  if (which === "none") return [];
  let agents: readonly BundledAgent[] = [];
  try {
    if (which === "bundled") agents = await loadNoteAgents(port, wakeClient);
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    onTrouble(error);
  }
  keepAwake({ port, signal, onTrouble, ...timing }).catch((error: unknown) => {
    if (!signal.aborted) onTrouble(error); // a lost engine ends the host by itself
  });
  return agents;
}
