/** Rings of agents on a real runtime: each sends to the next, so that every tick has all of them active. */
import type { Runtime } from "../src/mod.ts";

/** Loads `count` agents named PREFIX0, PREFIX1, … of one module, each allowed to send. */
export async function loadAgents(
  runtime: Runtime,
  wasm: Uint8Array,
  count: number,
  prefix = "agent",
): Promise<string[]> {
  const base64 = wasm.toBase64();
  const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  for (let at = 0; at < count; at += 500) {
    await Promise.all(
      names.slice(at, at + 500).map((agent) => {
        const capabilities = [{ name: "send", scope: ["*"], reason: "a ring" }];
        const manifest = { manifest: 1, id: agent, version: "1.0.0", abi: 1, name: agent, capabilities };
        return runtime.submit({ kind: "agent_load", agent, wasm: base64, manifest });
      }),
    );
  }
  return names;
}

/** Tells each agent whom to send to: the next of the ring. */
export async function joinRing(runtime: Runtime, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map((agent, at) => {
      const params = JSON.stringify(names[(at + 1) % names.length] ?? agent);
      return runtime.submit({ kind: "execute", agent, action: "t", params });
    }),
  );
}

/** Runs the ring until each agent has had `rounds` rounds. */
export async function runRing(runtime: Runtime, names: readonly string[], rounds: number): Promise<void> {
  const params = String(rounds);
  await Promise.all(names.map((agent) => runtime.submit({ kind: "execute", agent, action: "r", params })));
  await runtime.idle();
}
