/** The routes about a host itself: models, jobs, tokens, over a real socket. */
import assert from "node:assert/strict";
import { testAgentBase64 } from "../support/agents.ts";
import { filesHolding } from "../support/folder_bytes.ts";
import { client } from "../support/http_client.ts";
import { serveHub } from "../support/model_hub.ts";
import { tinyModel } from "../support/onnx.ts";
import { type TestHost, withHost } from "../support/ports.ts";

type Send = ReturnType<typeof client>;

/** A job once it ended. */
async function ended(send: Send, id: string) {
  for (;;) {
    const { body } = await send("GET", `/v1/jobs/${id}?waitMs=5000`);
    if (body.state !== "running") return body;
  }
}

const withSend = (work: (send: Send, host: TestHost) => Promise<void>, options = {}) =>
  withHost((host) => work(client(host.address, host.token), host), options);

Deno.test("a model is pulled as a job, listed, run, loaded, unloaded and removed under /v1/models", () =>
  withSend(async (send) => {
    const hub = serveHub("acme/tiny", tinyModel());
    try {
      const started = await send("POST", "/v1/models", { name: "acme/tiny", endpoint: hub.url });
      assert.deepEqual([started.status, started.body.kind], [202, "model_pull"]);
      const job = await ended(send, started.body.id);
      assert.deepEqual([job.state, job.result.name, job.result.isNew], ["done", "acme/tiny", true]);
      assert.match(job.progress.what, /^bytes of /);
      const { models, cursor } = (await send("GET", "/v1/models")).body;
      assert.deepEqual([models.length, models[0].hash, cursor], [1, job.result.hash, null]);
      const path = "/v1/models/acme%2Ftiny";
      const ran = await send("POST", `${path}/run`, { text: "the cat sat" });
      assert.deepEqual([ran.status, ran.body.embedding.length, ran.body.provider], [200, 4, "cpu"]);
      assert.equal((await send("POST", `${path}/load`)).body.preload, true);
      assert.equal((await send("POST", `${path}/unload`)).body.preload, false);
      assert.deepEqual((await send("DELETE", path)).body.removed, [job.result.hash]);
      const none = await send("POST", `${path}/run`, { text: "x" });
      assert.deepEqual([none.status, none.body.code], [404, "model_not_found"]);
    } finally {
      await hub.close();
    }
  }));

Deno.test("a pull whose hub is at fault ends as a failed job that says why", () =>
  withSend(async (send) => {
    const hub = serveHub("acme/tiny", tinyModel());
    hub.fault = "html";
    try {
      const { body } = await send("POST", "/v1/models", { name: "acme/tiny", endpoint: hub.url });
      const job = await ended(send, body.id);
      assert.deepEqual([job.state, job.error.code], ["failed", "model_source_invalid"]);
      assert.deepEqual((await send("GET", "/v1/models")).body.models, []);
    } finally {
      await hub.close();
    }
  }));

Deno.test("a pull of what is no name, no URL and no whole path is refused and makes no job", () =>
  withSend(async (send) => {
    for (const name of ["", "../secret", "./a", "a.onnx", "/none/of/this", "file:///etc/passwd", "a b"]) {
      const { status, body } = await send("POST", "/v1/models", { name });
      assert([404, 422].includes(status), `${name}: ${status} ${body.detail}`);
    }
    const wrong = await send("POST", "/v1/models", { name: "acme/tiny", sha256: "abc" });
    assert.equal(wrong.status, 422);
    assert.deepEqual((await send("GET", "/v1/jobs")).body, { jobs: [], cursor: null });
  }));

Deno.test("a replay is a job whose result is that of engramlt replay, while the engine goes on", () =>
  withSend(async (send) => {
    await send("POST", "/v1/agents", { id: "counter", wasm: testAgentBase64 });
    for (let at = 0; at < 5; at++) await send("POST", "/v1/agents/counter/execute", { action: "count" });
    const { tick, stateHash } = (await send("GET", "/v1/status")).body;
    const started = await send("POST", "/v1/replay", { workers: 2 });
    assert.deepEqual([started.status, started.body.state, started.body.by], [202, "running", "owner"]);
    assert.equal((await send("POST", "/v1/engrams", { content: "meanwhile" })).status, 201);
    const job = await ended(send, started.body.id);
    assert.deepEqual([job.state, job.result.ok, job.result.workers], ["done", true, 2]);
    assert(job.result.ticks >= tick, `${job.result.ticks} of ${tick}`);
    if (job.result.ticks === tick) assert.equal(job.result.stateHash, stateHash);
  }));

Deno.test("jobs are bounded, stopped on request, and one key is one job", () =>
  withSend(async (send) => {
    // Its hub takes the request and never answers.
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const endpoint = `http://127.0.0.1:${silent.addr.port}`;
    try {
      const ask = (name: string, key: string) =>
        send("POST", "/v1/models", { name, endpoint }, { "idempotency-key": key });
      const first = await ask("acme/one", "k1");
      assert.equal((await ask("acme/one", "k1")).body.id, first.body.id);
      const reused = await ask("acme/other", "k1");
      assert.deepEqual([reused.status, reused.body.code], [409, "command_id_reused"]);
      const second = await ask("acme/two", "k2");
      const third = await ask("acme/three", "k3");
      assert.deepEqual([third.status, third.body.code], [429, "limit_reached"]);
      assert.match(third.body.detail, /jobsRunningMax/);
      const page = (await send("GET", "/v1/jobs?limit=1")).body;
      assert.deepEqual(page.jobs.map((job: { id: string }) => job.id), [second.body.id]);
      const next = (await send("GET", `/v1/jobs?limit=1&cursor=${page.cursor}`)).body;
      assert.deepEqual([next.jobs[0].id, next.cursor], [first.body.id, null]);
      for (const { body } of [first, second]) {
        assert.equal((await send("DELETE", `/v1/jobs/${body.id}`)).status, 200);
        assert.equal((await ended(send, body.id)).state, "stopped");
      }
      const none = await send("GET", "/v1/jobs/j9-00000000");
      assert.deepEqual([none.status, none.body.code], [404, "job_not_found"]);
    } finally {
      silent.close();
    }
  }));

Deno.test("a host that stops ends its jobs", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const began = performance.now();
  try {
    await withSend(async (send) => {
      const endpoint = `http://127.0.0.1:${silent.addr.port}`;
      assert.equal((await send("POST", "/v1/models", { name: "acme/one", endpoint })).status, 202);
      assert.equal((await send("POST", "/v1/replay", {})).status, 202);
    });
  } finally {
    silent.close();
  }
  assert(performance.now() - began < 20_000, "a job kept the host");
});

Deno.test("a token is made, used, listed, rotated and revoked under /v1/tokens", () =>
  withSend(async (send, { address }) => {
    const made = await send("POST", "/v1/tokens", { name: "dashboard", scope: "read" });
    assert.equal(made.status, 201);
    const uses = async (token: string) => (await client(address, token)("GET", "/v1/status")).status;
    assert.equal(await uses(made.body.token), 200);
    const { tokens } = (await send("GET", "/v1/tokens")).body;
    assert.deepEqual(tokens.map((one: { name: string }) => one.name), ["dashboard"]);
    assert(!JSON.stringify(tokens).includes(made.body.token));
    const next = await send("POST", "/v1/tokens/dashboard/rotate");
    assert.deepEqual([await uses(made.body.token), await uses(next.body.token)], [401, 200]);
    assert.equal((await send("DELETE", `/v1/tokens/${next.body.id}`)).status, 200);
    assert.equal(await uses(next.body.token), 401);
    assert.equal((await send("DELETE", "/v1/tokens/dashboard")).body.code, "token_not_found");
  }));

for (
  const [what, body, status, code] of [
    ["the name of the first one", { name: "owner", scope: "admin" }, 422, "invalid_argument"],
    ["a name with a line break", { name: "a\nb", scope: "read" }, 422, "invalid_argument"],
    ["a scope that is none", { name: "a", scope: "root" }, 422, "invalid_argument"],
    ["an end that is past", { name: "a", scope: "read", expires: "2001-01-01" }, 422, "invalid_time"],
  ] as const
) {
  Deno.test(`POST /v1/tokens refuses ${what}`, () =>
    withSend(async (send) => {
      const answer = await send("POST", "/v1/tokens", body);
      assert.deepEqual([answer.status, answer.body.code], [status, code]);
    }));
}

Deno.test("a checkpoint is made as a job, listed, verified, replayed from and removed under /v1/checkpoints", () =>
  withSend(async (send) => {
    await send("POST", "/v1/agents", { id: "counter", wasm: testAgentBase64 });
    await send("POST", "/v1/agents/counter/execute", { action: "count" });
    const { tick, stateHash } = (await send("GET", "/v1/status")).body;
    const started = await send("POST", "/v1/checkpoints", undefined, { "idempotency-key": "first" });
    assert.deepEqual([started.status, started.body.kind, started.body.by], [202, "checkpoint", "owner"]);
    const job = await ended(send, started.body.id);
    assert.deepEqual([job.state, job.result.created], ["done", true], JSON.stringify(job.error));
    assert.ok(job.result.tick >= tick, `${job.result.tick} of ${tick}`);
    if (job.result.tick === tick) assert.equal(job.result.stateHash, stateHash);
    const same = await send("POST", "/v1/checkpoints", undefined, { "idempotency-key": "first" });
    assert.equal(same.body.id, started.body.id);
    const made = job.result.tick;
    await send("POST", "/v1/engrams", { content: "after it" });
    await ended(send, (await send("POST", "/v1/checkpoints")).body.id);
    const page = (await send("GET", "/v1/checkpoints?limit=1")).body;
    assert.deepEqual([page.checkpoints.length, page.checkpoints[0].tick, page.checkpoints[0].problem], [
      1,
      made,
      null,
    ]);
    const next = (await send("GET", `/v1/checkpoints?limit=1&cursor=${page.cursor}`)).body;
    assert.deepEqual([next.checkpoints.length, next.cursor], [1, null]);
    for (const which of [made, "latest"]) {
      const check = await send("POST", `/v1/checkpoints/${which}/verify`);
      assert.deepEqual([check.status, check.body.asked], [202, { checkpoint: which }]);
      const { state, result } = await ended(send, check.body.id);
      assert.deepEqual([state, result.ok, result.graph], ["done", true, "equal"]);
    }
    const replayed = await ended(send, (await send("POST", "/v1/replay", { from: made })).body.id);
    assert.deepEqual([replayed.result.ok, replayed.result.from], [true, made]);
    assert.deepEqual(replayed.result.checkpoints, [next.checkpoints[0].tick]);
    assert.deepEqual((await send("DELETE", `/v1/checkpoints/${made}`)).body, { tick: made });
    const gone = await send("DELETE", `/v1/checkpoints/${made}`);
    assert.deepEqual([gone.status, gone.body.code], [404, "checkpoint_not_found"]);
    const wrong = await send("DELETE", "/v1/checkpoints/first");
    assert.deepEqual([wrong.status, wrong.body.code], [422, "invalid_argument"]);
    const none = await ended(send, (await send("POST", "/v1/replay", { from: made })).body.id);
    assert.deepEqual([none.state, none.error.code], ["failed", "checkpoint_not_found"]);
  }));

Deno.test("an erasure through a host removes the checkpoints that hold the memory, and the answer says so", () =>
  withSend(async (send, { data }) => {
    const { id } = (await send("POST", "/v1/engrams", { content: "the purple otter keeps the vault" })).body;
    const { result } = await ended(send, (await send("POST", "/v1/checkpoints")).body.id);
    assert.notDeepEqual(filesHolding(`${data}/checkpoints`, "purple otter"), []);
    const erased = await send("POST", "/v1/erase", { ids: [id] });
    assert.deepEqual(
      [erased.status, erased.body.checkpoints],
      [200, [result.tick]],
      JSON.stringify(erased.body),
    );
    assert.deepEqual(filesHolding(data, "purple otter"), []);
    assert.deepEqual((await send("GET", "/v1/checkpoints")).body, { checkpoints: [], cursor: null });
  }));

Deno.test("a workflow is checked without being run", () =>
  withSend(async (send) => {
    const step = (id: string, dependencies: string[]) => ({
      id,
      agent: "a",
      action: "x",
      params: {},
      dependencies,
    });
    const check = (steps: unknown[]) =>
      send("POST", "/v1/workflows/check", { workflow: { id: "w", name: "W", steps } });
    assert.equal((await check([step("a", []), step("b", ["a"])])).body.ok, true);
    assert.equal((await check([step("a", ["b"]), step("b", ["a"])])).body.code, "workflow_cycle");
  }));
