/** engramlt checkpoint and replay --from, on a folder and beside a host; and a kill in the middle of making one. */
import assert from "node:assert/strict";
import { openRuntime } from "../../src/mod.ts";
import { listCheckpoints } from "../../src/runtime/checkpoint/checkpoint.ts";
import { verifyCheckpoint } from "../../src/runtime/checkpoint/use.ts";
import { dataPaths, exists } from "../../src/runtime/data_folder.ts";
import { startProgram, until } from "../support/life.ts";
import { withHost } from "../support/ports.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

/** Runs a command on a folder with --json; its result, or its error. */
async function engramlt(data: string, ...args: string[]) {
  const { code, out, err } = await runCli([...args, "--json", "--data", data]);
  return {
    code,
    result: out === "" ? null : JSON.parse(out),
    error: err === "" ? null : JSON.parse(err).error,
  };
}

/** The whole life of two checkpoints by the command line. */
async function life(data: string): Promise<void> {
  await engramlt(data, "memory", "add", "Heron launches on 12 May.");
  const first = await engramlt(data, "checkpoint", "create");
  assert.deepEqual([first.code, first.result.created], [0, true], JSON.stringify(first.error));
  assert.equal((await engramlt(data, "checkpoint", "create")).result.created, false);
  await engramlt(data, "memory", "add", "Heron launches on 19 May.");
  const second = await engramlt(data, "checkpoint", "create");
  const ticks = [first.result.tick, second.result.tick];
  const { checkpoints } = (await engramlt(data, "checkpoint", "list")).result;
  assert.deepEqual(checkpoints.map(({ tick }: { tick: number }) => tick), ticks);
  const status = (await engramlt(data, "status")).result;
  assert.equal(second.result.stateHash, status.stateHash);
  for (const which of [[], ["latest"], [String(ticks[0])]]) {
    const { code, result } = await engramlt(data, "checkpoint", "verify", ...which);
    assert.deepEqual([code, result.ok, result.graph], [0, true, "equal"]);
  }
  const whole = await engramlt(data, "replay", "--verify");
  assert.deepEqual([whole.result.from, whole.result.checkpoints], [null, ticks]);
  for (const from of ["latest", String(ticks[0])]) {
    const { code, result } = await engramlt(data, "replay", "--verify", "--from", from);
    assert.deepEqual([code, result.ok, result.stateHash], [0, true, whole.result.stateHash]);
  }
  const unknown = await engramlt(data, "replay", "--from", "99999");
  assert.deepEqual([unknown.code, unknown.error.code, unknown.error.ticks], [
    3,
    "checkpoint_not_found",
    ticks,
  ]);
  assert.equal((await engramlt(data, "replay", "--from", "yesterday")).error.code, "usage");
  assert.deepEqual((await engramlt(data, "checkpoint", "rm", String(ticks[0]))).result, { tick: ticks[0] });
  assert.equal(
    (await engramlt(data, "checkpoint", "rm", String(ticks[0]))).error.code,
    "checkpoint_not_found",
  );
  assert.equal((await engramlt(data, "checkpoint", "rm", "latest")).error.code, "usage");
}

Deno.test("checkpoints are made, listed, verified, replayed from and removed on a folder", async () => {
  using folder = temporaryFolder();
  await life(folder.path);
});

Deno.test("checkpoints are made, listed, verified, replayed from and removed beside a host", () =>
  withHost(({ data }) => life(data)));

Deno.test("a damaged checkpoint has its own exit code, and doctor names it with the command that removes it", async () => {
  using folder = temporaryFolder();
  const data = folder.path;
  await engramlt(data, "memory", "add", "Heron launches on 12 May.");
  const { tick } = (await engramlt(data, "checkpoint", "create")).result;
  const checksOf = async () => {
    const { findings } = (await engramlt(data, "doctor")).result as { findings: Record<string, unknown>[] };
    return findings.find(({ check }) => check === "checkpoints");
  };
  assert.deepEqual([(await checksOf())?.["ok"], (await checksOf())?.["next"]], [true, null]);
  Deno.truncateSync(`${data}/checkpoints/${tick}/graph.db`, 4096);
  const { code, result, error } = await engramlt(data, "checkpoint", "verify");
  assert.deepEqual([code, result.ok, error.code], [9, false, "checkpoint_corrupt"]);
  const { ok, next } = await checksOf() ?? {};
  assert.deepEqual([ok, next], [false, `engramlt checkpoint rm ${tick}`]);
  const latest = await engramlt(data, "replay", "--from", "latest");
  assert.deepEqual([latest.code, latest.error.code], [3, "checkpoint_not_found"]);
  await engramlt(data, "checkpoint", "rm", String(tick));
  assert.deepEqual((await checksOf())?.["detail"], "none: a replay begins at the first entry");
});

Deno.test("a folder whose graph is removed begins from its checkpoint, and status says so", async () => {
  using folder = temporaryFolder();
  const data = folder.path;
  await engramlt(data, "memory", "add", "Heron launches on 12 May.");
  const { tick } = (await engramlt(data, "checkpoint", "create")).result;
  await engramlt(data, "memory", "add", "Heron launches on 19 May.");
  const before = (await engramlt(data, "status")).result;
  for (const { name } of Deno.readDirSync(data)) {
    if (name.startsWith("graph.db")) Deno.removeSync(`${data}/${name}`);
  }
  const { out, err } = await runCli(["status", "--data", data]);
  assert.match(out, new RegExp(before.stateHash));
  assert.match(err, new RegExp(`made again from the checkpoint of tick ${tick}`));
  assert.equal((await engramlt(data, "status")).result.restored, null);
});

// proves: rfc-7-checkpoint
Deno.test("a kill in the middle of making a checkpoint leaves none, or a whole one, and the folder as it was", async () => {
  using folder = temporaryFolder();
  const data = folder.path, paths = dataPaths(data), scratch = `${paths.checkpoints}/new`;
  const runtime = await openRuntime({ data, seed: 1, workers: 1 });
  for (let batch = 0; batch < 20; batch++) {
    const ops = Array.from({ length: 100 }, (_, at) => ({
      op: "add" as const,
      content: `Memory ${batch}.${at}: ${
        "a text of some length, so that copying takes its time. ".repeat(200)
      }`,
    }));
    await runtime.submit({ kind: "write", ops });
  }
  const { stateHash } = runtime.status();
  await runtime.close();
  let inTheMiddle = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const child = startProgram(["checkpoint", "create", "--data", data]);
    await child.stdin.close();
    let ended = false;
    child.status.then(() => ended = true);
    await until("a checkpoint is being made", () => exists(scratch) || ended || null, 120_000);
    if (!ended) child.kill("SIGKILL");
    await child.output();
    if (exists(scratch)) inTheMiddle++;
    for (const { tick, problem } of listCheckpoints(paths)) {
      assert.deepEqual([problem, verifyCheckpoint({ paths, which: tick }).ok], [null, true]);
      await engramlt(data, "checkpoint", "rm", String(tick));
    }
  }
  assert.ok(inTheMiddle > 0, "no kill came in the middle: this test shows nothing");
  const again = await openRuntime({ data, seed: 1, workers: 1 });
  assert.equal(exists(scratch), false);
  assert.equal(again.status().stateHash, stateHash);
  assert.equal(again.checkpoint().created, true);
  await again.close();
});
