/** Runtimes in temporary folders, removed at the end. */
import {
  EngramError,
  openRuntime,
  type Receipt,
  replay,
  type Runtime,
  type RuntimeOptions,
} from "../../src/mod.ts";
import { testAgentBase64 } from "./agents.ts";

/** A temporary data folder's path, and a way to remove it. */
export function temporaryFolder(): { path: string; [Symbol.dispose](): void } {
  const path = `${Deno.makeTempDirSync({ prefix: "engramlt-test-" })}/data`;
  return {
    path,
    [Symbol.dispose]: () => Deno.removeSync(path.slice(0, -"/data".length), { recursive: true }),
  };
}

/** Runs `work` on a runtime in a temporary folder, then closes it and verifies its log by replay. */
export async function withRuntime(
  work: (runtime: Runtime, path: string) => Promise<void>,
  options: Partial<RuntimeOptions> = {},
): Promise<void> {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1, ...options });
  try {
    await work(runtime, folder.path);
  } finally {
    await runtime.close();
  }
  const report = await replay({ data: folder.path, workers: 1 });
  if (!report.ok) throw new Error(`replay differs: ${JSON.stringify(report.first)}`);
}

/** Loads the test agent. */
export function loadTestAgent(runtime: Runtime, agent = "tester"): Promise<Receipt> {
  return runtime.submit({ kind: "agent_load", agent, wasm: testAgentBase64 });
}

/** Executes an action; the result. */
export async function run(
  runtime: Runtime,
  action: string,
  params: string,
  agent = "tester",
): Promise<unknown> {
  const receipt = await runtime.submit({ kind: "execute", agent, action, params });
  return receipt.result;
}

/** The code of the refusal a promise ends in, or null. */
export async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    if (error instanceof EngramError) return error.code;
    throw error;
  }
}
