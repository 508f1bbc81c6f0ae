/** Writes memories into a folder until killed, printing each acknowledged id on a line. Arguments: folder, prefix. */
import { openRuntime } from "../../src/mod.ts";
import { testAgentBase64 } from "./agents.ts";

const [data, prefix] = Deno.args;
if (data === undefined || prefix === undefined) throw new Error("usage: writer_process FOLDER PREFIX");
const runtime = await openRuntime({ data, workers: 1 });
const encoder = new TextEncoder();
await runtime.submit({ kind: "agent_load", agent: "tester", wasm: testAgentBase64 });
for (let i = 0;; i++) {
  const batch = Array.from({ length: 4 }, (_, at) => `${prefix} ${i}.${at}`);
  const adds = batch.map((content) => runtime.submit({ kind: "write", ops: [{ op: "add", content }] }));
  adds.push(
    runtime.submit({
      kind: "execute",
      agent: "tester",
      action: "write",
      params: JSON.stringify(`${prefix} agent ${i}`),
    }),
  );
  for (const { results, result } of await Promise.all(adds)) {
    const id = typeof result === "string" ? result : (results as { id: string }[])[0]?.id;
    Deno.stdout.writeSync(encoder.encode(`${id}\n`));
  }
}
