/**
 * Makes a golden: the log and blobs of a small data folder in which everything happens once. tests/replay keeps them:
 * every later build must replay them to the same hash. A golden is never changed; a new behaviour adds a folder.
 *
 * Usage: deno run -A scripts/golden.ts FOLDER [--seed N]     (FOLDER must not exist)
 * Exit code: 0 if it was made, 2 for an argument that is none.
 */
import { parseArgs } from "node:util";
import { MemoryDisk } from "../src/log/mod.ts";
import { openRuntime, type Request, type Runtime } from "../src/mod.ts";
import { Sandbox, type SandboxStep, type Serve, type StepResult } from "../src/sandbox/mod.ts";
import { testAgentBase64 } from "../tests/support/agents.ts";

/** A sandbox that loses the workers of the agent "unlucky" as often as it is told to. */
class LosingSandbox extends Sandbox {
  static losses = 0;

  override run(steps: readonly SandboxStep[], serve: Serve): StepResult[] {
    return super.run(steps, serve).map((result, at): StepResult => {
      const agent = steps[at]?.agent ?? "";
      if (agent !== "unlucky" || LosingSandbox.losses === 0) return result;
      LosingSandbox.losses--;
      this.drop(agent);
      return { kind: "lost", executionMs: 0, memoryBytes: 0, hostCalls: 0, memoryOperations: 0 };
    });
  }
}

function load(agent: string, scope = "work"): Request {
  const capabilities = ["read", "write", "send"].map((name) => ({
    name,
    scope: name === "send" ? "*" : scope,
    reason: "to be replayed",
  }));
  const manifest = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities };
  return {
    kind: "agent_load",
    agent,
    wasm: testAgentBase64,
    manifest,
    config: { b: 1, a: [2, { d: 3, c: 4 }] },
  };
}

/** Everything a log can hold, once or twice. */
async function history(runtime: Runtime): Promise<void> {
  const done = async (request: Request, commandId?: string) => {
    try {
      return await runtime.submit(request, commandId === undefined ? {} : { commandId });
    } catch {
      return null; // crashes and refusals are a part of the history
    }
  };
  const act = (agent: string, action: string, params: unknown, fuel: number | null = null) =>
    done({ kind: "execute", agent, action, params: JSON.stringify(params), context: "work", fuel });
  await done({ kind: "context_create", name: "work", description: "What is done" });
  await Promise.all(["ada", "bob", "unlucky"].map((agent) => done(load(agent))));
  await done(load("stranger", "elsewhere"));
  await done({ kind: "configure", changes: { imageStepsMax: 4, workerLossMax: 1, conflictRetriesMax: 1 } });
  const added = await done({
    kind: "write",
    ops: [
      {
        op: "add",
        content: "The blue heron launches on 12 May.",
        context: "work",
        title: "Heron",
        time: "2026-03-01",
      },
      {
        op: "add",
        content: "Tea at four.",
        context: "work",
        kind: "fact",
        confidence: 0.5,
        metadata: { k: ["v"] },
      },
      {
        op: "upsert",
        source: "notes",
        ref: "a.md",
        content: "Naïve café, 🧠.",
        context: "work",
        validFrom: "2026-01-01",
      },
    ],
  }, "client-1");
  const [heron = "", tea = ""] = ((added?.results ?? []) as { id: string }[]).map(({ id }) => id);
  await done({
    kind: "write",
    ops: [{ op: "connect", source: tea, target: heron, type: "from", metadata: { start: 0 } }],
  });
  await done({
    kind: "write",
    ops: [{ op: "upsert", source: "notes", ref: "a.md", content: "Changed.", context: "work" }],
  });
  for (const agent of ["ada", "bob", "unlucky"]) for (let n = 0; n < 5; n++) await act(agent, "count", {});
  const thought = await act("ada", "Write", "A thought about the heron.");
  await act("ada", "Look", "heron tea");
  await act("bob", "Get", heron);
  await act("bob", "Join", tea);
  await act("bob", "Rollback", "ada");
  await Promise.all([act("ada", "Mail", "bob"), act("bob", "Mail", "ada"), act("unlucky", "Mail", "bob")]);
  await runtime.idle();
  await act("ada", "trap", "bob");
  await act("ada", "fail", "bob");
  await act("ada", "spin", {}, 100_000);
  await act("stranger", "count", {});
  await done({ kind: "query", agent: "bob", query: "" });
  await Promise.all(["ada", "bob", "unlucky"].map((agent) => act(agent, "Update", thought?.result)));
  await runtime.idle();
  await Promise.all([
    done({ kind: "write", ops: [{ op: "delete", id: tea }] }),
    done({ kind: "write", ops: [{ op: "update", id: tea, content: "too late" }] }),
  ]);
  await Promise.all(
    [1, 2, 3].map((n) => done({ kind: "write", ops: [{ op: "update", id: heron, title: `Heron ${n}` }] })),
  );
  LosingSandbox.losses = 1;
  await act("unlucky", "count", {});
  LosingSandbox.losses = 2;
  await act("unlucky", "count", {});
  const step = (id: string, agent: string, action: string, params: string, ...dependencies: string[]) => ({
    id,
    agent,
    action,
    params,
    dependencies,
  });
  const workflow = (id: string, last: string): Request => ({
    kind: "workflow",
    context: "work",
    workflow: {
      id,
      name: "Flow",
      steps: [
        step("one", "ada", "echo", `{"x": [1, "two"]}`),
        step("two", "bob", "count", "{}"),
        step(
          "three",
          "ada",
          last,
          `{"got": \${steps.one.result.x[1]}, "n": \${steps.two.result}}`,
          "one",
          "two",
        ),
      ],
    },
  });
  await done(workflow("works", "echo"));
  await done(workflow("breaks", "trap"));
  await done({ kind: "agent_unload", agent: "bob" });
  await done(load("bob"));
  await act("bob", "count", {});
  await runtime.idle();
}

/** The bytes without most of the zeros a log is filled up with. */
function trimmed(bytes: Uint8Array): Uint8Array {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return bytes.slice(0, Math.min(bytes.length, Math.ceil((end + 1) / 4096) * 4096));
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seed: { type: "string" } },
    allowPositionals: true,
  });
  const [folder] = positionals, seed = Number(values.seed ?? 1);
  if (folder === undefined || positionals.length > 1 || !Number.isSafeInteger(seed)) {
    console.error("Usage: deno run -A scripts/golden.ts FOLDER [--seed N]");
    return 2;
  }
  const disk = new MemoryDisk();
  const data = Deno.makeTempDirSync({ prefix: "engramlt-golden-" });
  const runtime = await openRuntime({
    data,
    seed,
    workers: 1,
    simulated: { disk, openSandbox: (options) => new LosingSandbox(options) },
  });
  await history(runtime);
  const { stateHash, tick } = runtime.status();
  await runtime.close();
  Deno.removeSync(data, { recursive: true });
  for (const part of ["log", "blobs"]) {
    Deno.mkdirSync(`${folder}/${part}`, { recursive: true });
    for (const name of disk.list(part).filter((one) => !one.endsWith(".marks"))) {
      const bytes = disk.bytes(`${part}/${name}`);
      Deno.writeFileSync(`${folder}/${part}/${name}`, part === "log" ? trimmed(bytes) : bytes);
    }
  }
  Deno.writeTextFileSync(
    `${folder}/expected.json`,
    `${JSON.stringify({ seed, ticks: tick + 1, stateHash }, null, 2)}\n`,
  );
  console.log(`${folder}: ${tick + 1} ticks, ${stateHash}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
