import assert from "node:assert/strict";
import { openRuntime, replay, type Runtime } from "../../../src/mod.ts";
import { openGraph } from "../../../src/graph/mod.ts";
import { Sqlite } from "../../../src/graph/file/sqlite.ts";
import {
  checkpointLimits,
  listCheckpoints,
  makeCheckpoint,
  removeCheckpoint,
} from "../../../src/runtime/checkpoint/checkpoint.ts";
import { verifyCheckpoint } from "../../../src/runtime/checkpoint/use.ts";
import { type DataPaths, dataPaths, exists } from "../../../src/runtime/data_folder.ts";
import { EngramError } from "../../../src/kernel/mod.ts";
import { codeOf, loadTestAgent, run, temporaryFolder } from "../../support/runtimes.ts";

async function add(runtime: Runtime, content: string): Promise<string> {
  const { results } = await runtime.submit({ kind: "write", ops: [{ op: "add", content }] });
  return (results as { id: string }[])[0]?.id ?? "";
}

/** A little of everything; called again, it goes on. */
async function work(runtime: Runtime, round: number): Promise<void> {
  if (round === 0) await loadTestAgent(runtime);
  const first = await add(runtime, `The boiler was serviced in round ${round}.`);
  const second = await add(runtime, `Heron launches in round ${round}.`);
  await runtime.submit({
    kind: "write",
    ops: [
      { op: "connect", source: first, target: second, type: "supersedes" },
      { op: "update", id: first, title: `Round ${round}` },
    ],
  });
  await runtime.submit({ kind: "context_create", name: `context ${round}`, agents: ["tester"] });
  for (let count = 0; count < 3; count++) await run(runtime, "count", "{}");
  await run(runtime, "Write", JSON.stringify(`written in round ${round}`));
  if (round % 2 === 1) await runtime.submit({ kind: "write", ops: [{ op: "delete", id: second }] });
}

interface Made {
  readonly path: string;
  readonly paths: DataPaths;
  readonly ticks: readonly number[];
  readonly stateHash: string;
}

/** A folder with two checkpoints and work before, between and after them. */
async function withCheckpoints(test: (made: Made) => Promise<void> | void): Promise<void> {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const ticks: number[] = [];
  for (let round = 0; round < 3; round++) {
    await work(runtime, round);
    if (round < 2) ticks.push(runtime.checkpoint().tick);
  }
  const { stateHash } = runtime.status();
  await runtime.close();
  await test({ path: folder.path, paths: dataPaths(folder.path), ticks, stateHash });
}

const refusalOf = (work: () => unknown): string | null => {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof EngramError) return error.code;
    throw error;
  }
};

function removeGraph(path: string): void {
  for (const { name } of Deno.readDirSync(path)) {
    if (name.startsWith("graph.db")) Deno.removeSync(`${path}/${name}`);
  }
}

/** Changes something in a graph's file behind its owner's back. */
function tamper(path: string, sql: string): void {
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
}

Deno.test("checkpoint() changes no hash: with and without it the state is the same", async () => {
  const hashes = [];
  for (const makes of [true, false]) {
    using folder = temporaryFolder();
    const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
    await work(runtime, 0);
    if (makes) runtime.checkpoint();
    await work(runtime, 1);
    hashes.push(runtime.status().stateHash);
    await runtime.close();
  }
  assert.equal(hashes[0], hashes[1]);
});

// proves: rfc-7-checkpoint
Deno.test("replay() from a checkpoint comes to the hash that it comes to from the start, with 1, 2 and 4 workers", () =>
  withCheckpoints(async ({ path, ticks, stateHash }) => {
    const [first = 0, second = 0] = ticks;
    for (const workers of [1, 2, 4]) {
      const whole = await replay({ data: path, workers });
      assert.deepEqual([whole.ok, whole.stateHash, whole.from, whole.checkpoints], [
        true,
        stateHash,
        null,
        ticks,
      ]);
      const from = await replay({ data: path, workers, from: first });
      assert.deepEqual([from.ok, from.stateHash, from.from, from.checkpoints], [true, stateHash, first, [
        second,
      ]]);
      const latest = await replay({ data: path, workers, from: "latest" });
      assert.deepEqual([latest.ok, latest.stateHash, latest.from], [true, stateHash, second]);
      assert.ok(latest.steps < from.steps && from.steps < whole.steps);
    }
  }));

Deno.test("replay() names the row of the graph that was damaged when a checkpoint was made", async () => {
  using folder = temporaryFolder();
  const data = folder.path;
  const runtime = await openRuntime({ data, seed: 1, workers: 1 });
  await work(runtime, 0);
  await runtime.close();
  tamper(`${data}/graph.db`, "update engram_version set texts = replace(texts, 'boiler', 'kettle')");
  const again = await openRuntime({ data, seed: 1, workers: 1 });
  const { tick } = again.checkpoint();
  await again.close();
  const report = await replay({ data, workers: 1 });
  assert.equal(report.ok, false);
  const { first } = report;
  assert.deepEqual([first?.tick, first?.what], [tick, "rows of the checkpoint: engrams"]);
  assert.match(JSON.stringify(first?.expected), /kettle/);
  assert.match(JSON.stringify(first?.actual), /boiler/);
});

Deno.test("verifyCheckpoint() names the row of the graph that was damaged since", () =>
  withCheckpoints(({ path, paths, ticks }) => {
    const [tick = 0] = ticks;
    const whole = verifyCheckpoint({ paths, which: tick });
    assert.deepEqual(whole, { tick, ok: true, problem: null, graph: "equal" });
    tamper(`${path}/graph.db`, "update connection_version set weight = 0.25 where rid = 1");
    const verdict = verifyCheckpoint({ paths, which: tick });
    assert.deepEqual([verdict.ok, verdict.graph, verdict.first?.kind], [false, "differs", "connections"]);
    assert.match(JSON.stringify(verdict.first?.actual), /"weight":0.25/);
  }));

for (
  const [what, kind, sql] of [
    ["an engram's confidence", "engrams", "update engram_version set confidence = 0.5 where rid = 1"],
    ["an engram that is missing", "engrams", "delete from engram_version where rid = 1"],
    ["a membership", "members", "update member set from_tick = from_tick + 1 where rid = 1"],
    ["who may enter a context", "access", "update context_agent set access = 'read'"],
    ["a context's owner", "contexts", "update context_version set owner = 'other' where rid = 1"],
    ["the list of changes", "changes", "update change set list = '[]' where entry = 2"],
  ] as const
) {
  Deno.test(`verifyCheckpoint() finds ${what} changed in the graph`, () =>
    withCheckpoints(({ path, paths }) => {
      tamper(`${path}/graph.db`, sql);
      const { ok, first } = verifyCheckpoint({ paths, which: "latest" });
      assert.deepEqual([ok, first?.kind], [false, kind]);
    }));
}

Deno.test("a flipped byte of a checkpoint is found, and it is passed over for the one before", () =>
  withCheckpoints(async ({ path, paths, ticks, stateHash }) => {
    const [first = 0, second = 0] = ticks;
    const file = `${paths.checkpoints}/${second}/graph.db`;
    const bytes = Deno.readFileSync(file);
    bytes[bytes.length - 7] = (bytes[bytes.length - 7] ?? 0) ^ 1;
    Deno.writeFileSync(file, bytes);
    const why = "its graph does not have its sha256";
    assert.equal(verifyCheckpoint({ paths, which: second }).problem, why);
    assert.equal(await codeOf(replay({ data: path, from: second })), "checkpoint_corrupt");
    const report = await replay({ data: path, from: "latest", workers: 1 });
    assert.deepEqual(
      [report.ok, report.from, report.checkpoints, report.passedOver],
      [true, first, [], [{ tick: second, why }]],
    );
    removeGraph(path);
    const runtime = await openRuntime({ data: path, seed: 1, workers: 1 });
    const { restored, stateHash: now } = runtime.status();
    assert.deepEqual([restored, now], [{ tick: first, passedOver: [{ tick: second, why }] }, stateHash]);
    await runtime.close();
  }));

for (
  const [what, damage, problem] of [
    [
      "whose checkpoint.json is no JSON",
      (at: string) => Deno.writeTextFileSync(`${at}/checkpoint.json`, "{"),
      /damaged/,
    ],
    ["whose graph was cut", (at: string) => Deno.truncateSync(`${at}/graph.db`, 4096), /4096 bytes/],
    ["whose graph is missing", (at: string) => Deno.removeSync(`${at}/graph.db`), /missing/],
    [
      "of a newer format",
      (at: string) => Deno.writeTextFileSync(`${at}/checkpoint.json`, '{"format": 2}'),
      /format is 2/,
    ],
    [
      "of another log",
      (at: string) => {
        const text = Deno.readTextFileSync(`${at}/checkpoint.json`);
        const { stateHash } = JSON.parse(text);
        Deno.writeTextFileSync(`${at}/checkpoint.json`, text.replace(stateHash, "00".repeat(32)));
      },
      /the log does not have/,
    ],
    [
      "whose hashes of rows were changed",
      (at: string) => {
        const text = Deno.readTextFileSync(`${at}/checkpoint.json`);
        const { rows } = JSON.parse(text);
        Deno.writeTextFileSync(`${at}/checkpoint.json`, text.replaceAll(rows.engrams.hash, "00".repeat(32)));
      },
      /damaged/,
    ],
  ] as const
) {
  Deno.test(`a checkpoint ${what} is listed with what is wrong, passed over, and can be removed`, () =>
    withCheckpoints(async ({ path, paths, ticks, stateHash }) => {
      const [first = 0, second = 0] = ticks;
      damage(`${paths.checkpoints}/${second}`);
      const [, listed] = listCheckpoints(paths);
      assert.match(listed?.problem ?? "", problem);
      assert.equal(verifyCheckpoint({ paths, which: "latest" }).ok, false);
      const report = await replay({ data: path, workers: 1, from: "latest" });
      assert.deepEqual([report.from, report.stateHash, report.passedOver.length], [first, stateHash, 1]);
      removeCheckpoint(paths, second);
      assert.deepEqual(listCheckpoints(paths).map(({ tick }) => tick), [first]);
    }));
}

// proves: rfc-7-checkpoint
Deno.test("a folder whose graph is missing opens from the newest checkpoint, to the same rows", () =>
  withCheckpoints(async ({ path, ticks, stateHash }) => {
    const rows = () => {
      const graph = openGraph({ path: `${path}/graph.db`, readOnly: true });
      try {
        return graph.rowsHash().toHex();
      } finally {
        graph.close();
      }
    };
    const before = rows();
    removeGraph(path);
    Deno.writeFileSync(`${path}/graph.db-wal`, new Uint8Array(4096).fill(7)); // of the graph that is gone
    const runtime = await openRuntime({ data: path, seed: 1, workers: 1 });
    const status = runtime.status();
    assert.deepEqual([status.restored, status.stateHash], [{ tick: ticks[1], passedOver: [] }, stateHash]);
    assert.equal(await run(runtime, "count", "{}"), 10);
    const { hits } = await runtime.view({ view: "search", text: "boiler" });
    assert.equal(hits.length, 3);
    await runtime.close();
    assert.notEqual(rows(), before);
    const whole = await replay({ data: path, workers: 1 });
    assert.equal(whole.ok, true, JSON.stringify(whole.first));
    removeGraph(path);
    Deno.removeSync(`${path}/checkpoints`, { recursive: true });
    const rebuilt = await openRuntime({ data: path, seed: 1, workers: 1 });
    assert.equal(rebuilt.status().restored, null);
    await rebuilt.close();
  }));

Deno.test("the rows after opening from a checkpoint are those that were there", () =>
  withCheckpoints(async ({ path }) => {
    const hashes = [];
    for (const isRestored of [false, true]) {
      if (isRestored) removeGraph(path);
      const runtime = await openRuntime({ data: path, seed: 1, workers: 1 });
      await runtime.close();
      const graph = openGraph({ path: `${path}/graph.db`, readOnly: true });
      hashes.push(graph.rowsHash().toHex());
      graph.close();
    }
    assert.equal(hashes[0], hashes[1]);
  }));

Deno.test("a command is done once, also where the graph that remembered it is gone", async () => {
  using folder = temporaryFolder();
  const options = { data: folder.path, seed: 1, workers: 1 };
  const first = await openRuntime(options);
  const ask = { kind: "write", ops: [{ op: "add", content: "once" }] } as const;
  const receipt = await first.submit(ask, { commandId: "c1" });
  first.checkpoint();
  const later = await first.submit({ ...ask, ops: [{ op: "add", content: "later" }] }, { commandId: "c2" });
  await first.close();
  removeGraph(folder.path);
  const second = await openRuntime(options);
  assert.deepEqual(await second.submit(ask, { commandId: "c1" }), receipt);
  const again = second.submit({ ...ask, ops: [{ op: "add", content: "later" }] }, { commandId: "c2" });
  assert.deepEqual(await again, later);
  assert.equal(second.status().engrams, 2);
  await second.close();
});

Deno.test("of more than checkpointsMax the oldest is removed, and the second of one tick is the first", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const made = [];
  for (let at = 0; at <= checkpointLimits.checkpointsMax; at++) {
    await add(runtime, `memory ${at}`);
    made.push(runtime.checkpoint());
  }
  assert.deepEqual(made.at(-1)?.removed, [made[0]?.tick]);
  assert.equal(runtime.checkpoint().created, false);
  await runtime.close();
  const listed = listCheckpoints(dataPaths(folder.path));
  assert.deepEqual(listed.map(({ tick }) => tick), made.slice(1).map(({ tick }) => tick));
  assert.ok(listed.every(({ problem }) => problem === null));
});

Deno.test("what a crash left of a checkpoint is gone at the next opening", () =>
  withCheckpoints(async ({ path, paths, ticks }) => {
    Deno.mkdirSync(`${paths.checkpoints}/new`);
    Deno.writeTextFileSync(`${paths.checkpoints}/new/graph.db`, "half of one");
    assert.deepEqual(listCheckpoints(paths).map(({ tick }) => tick), ticks);
    await (await openRuntime({ data: path, seed: 1, workers: 1 })).close();
    assert.equal(exists(`${paths.checkpoints}/new`), false);
    Deno.removeSync(paths.checkpoints, { recursive: true });
    Deno.writeTextFileSync(paths.checkpoints, "no folder");
    assert.equal(refusalOf(() => listCheckpoints(paths)), "io_failed");
  }));

Deno.test("checkpoints refuse in plain words", () =>
  withCheckpoints(async ({ path, paths }) => {
    assert.equal(refusalOf(() => removeCheckpoint(paths, 999)), "checkpoint_not_found");
    assert.equal(refusalOf(() => verifyCheckpoint({ paths, which: 999 })), "checkpoint_not_found");
    assert.equal(await codeOf(replay({ data: path, from: 999 })), "checkpoint_not_found");
    const empty = dataPaths(`${path}-empty`);
    assert.equal(refusalOf(() => makeCheckpoint({ paths: empty })), "file_not_found");
    assert.deepEqual(listCheckpoints(empty), []);
    tamper(`${path}/graph.db`, "insert into kernel_row values ('local/erasing/000000000001', x'00')");
    assert.equal(refusalOf(() => makeCheckpoint({ paths })), "wrong_state");
    assert.equal(exists(`${paths.checkpoints}/new`), false);
    Deno.removeSync(paths.checkpoints, { recursive: true });
    Deno.writeTextFileSync(paths.checkpoints, "no folder");
    assert.equal(refusalOf(() => listCheckpoints(paths)), "io_failed");
  }));
