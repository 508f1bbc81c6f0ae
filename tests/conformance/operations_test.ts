/** Promises of the seeds to whoever runs a host: it can be watched, and what went wrong can be taken back. */
import assert from "node:assert/strict";
import { createToken } from "../../src/api/tokens/tokens.ts";
import { sha256Hex } from "../../src/log/mod.ts";
import type { LogLevel } from "../../src/input/log_levels.ts";
import { EngramError, type Request, type Runtime } from "../../src/mod.ts";
import { dataPaths } from "../../src/runtime/data_folder.ts";
import { testAgent, testAgentBase64 } from "../support/agents.ts";
import { withHost } from "../support/ports.ts";
import { codeOf, run, withRuntime } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";
import { wat } from "../support/wat.ts";

const withNote = (bytes: Uint8Array, note: number) => new Uint8Array([...bytes, 0, 3, 1, 0x76, note]);
const loaded = (runtime: Runtime, wasm: Uint8Array, version: string) =>
  runtime.submit({
    kind: "agent_load",
    agent: "a",
    wasm: wasm.toBase64(),
    manifest: {
      ...{ manifest: 1, id: "a", version, abi: "engram@1" },
      capabilities: [{ name: "write", scope: "personal", reason: "To note" }],
    },
  });

// proves: mentat-practices4-rollback
Deno.test("an agent goes back to its earlier version: it has its memories, and the log says which version wrote which", () =>
  withRuntime(async (runtime) => {
    const first = withNote(testAgent, 1), second = withNote(testAgent, 2);
    await loaded(runtime, first, "1.0.0");
    const early = String(await run(runtime, "write", '"early"', "a"));
    assert.equal(await codeOf(loaded(runtime, second, "2.0.0")), "agent_exists");
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    await loaded(runtime, second, "2.0.0");
    const late = String(await run(runtime, "write", '"late"', "a"));
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    await loaded(runtime, first, "1.0.0");
    const { agents: [agent] } = await runtime.view({ view: "agents" });
    assert.deepEqual([agent?.version, agent?.module], ["1.0.0", sha256Hex(first)]);
    const { engrams } = await runtime.view({ view: "context", id: agent?.context ?? "" });
    assert.deepEqual(engrams.map(({ content }) => content).sort(), ['"early"', '"late"']);
    const writerOf = async (id: string) => {
      const { chain } = await runtime.view({ view: "why", id });
      const step = chain.find(({ link }) => link === "step");
      return step?.link === "step" ? [step.agentVersion, step.module] : null;
    };
    assert.deepEqual(await writerOf(early), ["1.0.0", sha256Hex(first)]);
    assert.deepEqual(await writerOf(late), ["2.0.0", sha256Hex(second)]);
    await run(runtime, "Update", JSON.stringify(late), "a");
    assert.equal((await runtime.view({ view: "engram", id: late })).content, "changed");
  }));

/** The samples of a page in the text format of Prometheus, by name and labels as they stand there. */
function scraped(page: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const line of page.trimEnd().split("\n")) {
    const [, named] = /^# (?:HELP|TYPE) (\w+) \S/.exec(line) ?? [];
    if (named !== undefined) {
      typed.add(named);
      continue;
    }
    const [, name = "", labels = "", value = ""] =
      /^(\w+)((?:\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})?) (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(line) ?? [];
    assert.ok(typed.has(name) || typed.has(name.replace(/_(bucket|sum|count)$/, "")), line);
    assert.ok(!samples.has(name + labels), line);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

/** What `histogram_quantile` gives: the upper bound of the bucket that the quantile lies in. */
function quantile(samples: ReadonlyMap<string, number>, name: string, part: number): number {
  const all = samples.get(`${name}_count`) ?? NaN;
  const buckets = [...samples].flatMap(([key, count]) => {
    const [, le] = key.startsWith(name) ? /_bucket\{le="([\d.e-]+)"\}$/.exec(key) ?? [] : [];
    return le === undefined ? [] : [{ le: Number(le), count }];
  });
  assert.deepEqual(buckets, buckets.toSorted((a, b) => a.le - b.le || a.count - b.count));
  return buckets.find(({ count }) => count >= part * all)?.le ?? Infinity;
}

// proves: mentat-debugging2-prometheus, mentat-step5-execution_metric, mentat-step5-fuel_metric
// proves: mentat-tuning1-compile_metric, mentat-troubleshooting3-total_fuel_metric
// proves: mentat-debugging2-instances_active, mentat-debugging2-latency_p99, mentat-debugging2-memory_efficiency
// proves: engram-8.2-monitoring
Deno.test("a monitoring system with a read token scrapes what agents did and hold, and the guide's queries have answers", () =>
  withHost(async ({ address, token, port, data }) => {
    const { token: reading } = createToken(dataPaths(data), {
      name: "prometheus",
      scope: "read",
      expires: null,
    });
    const scrape = async () => {
      const answer = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${reading}` } });
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [
        200,
        "text/plain; version=0.0.4; charset=utf-8",
      ]);
      return scraped(await answer.text());
    };
    const refused = await fetch(`${address}/metrics`);
    await refused.body?.cancel();
    assert.equal(refused.status, 401);
    const before = await scrape();
    for (const agent of ["a", "b", "c"]) {
      await port.submit({ kind: "agent_load", agent, wasm: testAgentBase64 });
    }
    const fuels: number[] = [];
    for (let nth = 0; nth < 15; nth++) {
      const { fuel } = await port.submit({ kind: "execute", agent: "a", action: "count", params: "{}" });
      fuels.push(Number(fuel));
    }
    const spin: Request = { kind: "execute", agent: "b", action: "spin", params: "{}", fuel: 50_000_000 };
    assert.equal(await codeOf(port.submit(spin)), "agent_out_of_fuel");
    const bad = port.submit({ kind: "agent_load", agent: "d", wasm: new Uint8Array([0, 97]).toBase64() });
    assert.notEqual(await codeOf(bad), null);
    const after = await scrape();
    const more = (name: string) => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
    const of = async (agent: string) => await port.view({ view: "metrics", agent });
    const [a, b, c] = [await of("a"), await of("b"), await of("c")];
    assert.ok(fuels.every((fuel) => fuel > 0));
    assert.equal(more("wasm_fuel_consumed_total"), a.fuel + b.fuel + c.fuel);
    assert.equal(more('engramlt_steps_total{outcome="completed"}'), 3 + 15);
    assert.equal(more('engramlt_steps_total{outcome="out_of_fuel"}'), 1);
    assert.deepEqual([
      more("wasm_execution_duration_seconds_count"),
      more("wasm_compile_duration_seconds_count"),
    ], [
      19,
      1,
    ]);
    const sum = more("wasm_execution_duration_seconds_sum") * 1000;
    assert.ok(Math.abs(sum - a.executionMs - b.executionMs - c.executionMs) < 0.1, String(sum));
    assert.ok(more("wasm_compile_duration_seconds_sum") > 0);
    assert.equal(more("wasm_compile_failures_total"), 1);
    // sum(wasm_instances_total{status="active"}); histogram_quantile(0.99, …); memory by instances
    assert.equal(after.get('wasm_instances_total{status="active"}'), 3);
    const p99 = quantile(after, "wasm_execution_duration_seconds", 0.99);
    assert.ok(p99 * 1000 >= b.executionMs && quantile(after, "wasm_execution_duration_seconds", 0.5) <= p99);
    assert.equal((after.get("wasm_memory_usage_bytes") ?? 0) / 3, 4 * 65_536);
    // What an unloaded agent used moves to the fuel of those that are gone.
    await port.submit({ kind: "agent_unload", agent: "a" });
    const gone = await scrape();
    assert.ok((gone.get("wasm_fuel_total_consumed") ?? 0) >= a.fuel);
    assert.equal(gone.get('wasm_instances_total{status="active"}'), 2);
    const json = await fetch(`${address}/v1/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const { metrics } = await json.json();
    const { code, out } = await runCli(["metrics", "--data", data, "--json"]);
    assert.equal(code, 0);
    const shown: { metrics: { name: string }[] } = JSON.parse(out);
    assert.deepEqual(
      shown.metrics.map(({ name }) => name),
      metrics.map(({ name }: { name: string }) => name),
    );
    const page = await runCli(["metrics", "--data", data]);
    assert.deepEqual([...scraped(page.out).keys()], [...gone.keys()]);
    assert.deepEqual(
      metrics.map(({ name }: { name: string }) => name).filter((name: string) => name.startsWith("wasm_")),
      [...new Set([...gone.keys()].map((key) => key.replace(/(_bucket|_sum|_count)?(\{.*)?$/, "")))]
        .filter((name) => name.startsWith("wasm_")),
    );
  }));

// proves: mentat-debugging1-levels, mentat-troubleshooting1-logged
Deno.test("a host tells as much as its log level says: an agent that could not be loaded with module and cause, requests at debug", async () => {
  const told = async (logLevel: LogLevel) => {
    const lines: string[] = [];
    const onLine = (level: string, text: string) => void lines.push(`${level} ${text}`);
    let error: unknown = null;
    let text = "";
    await withHost(async ({ address, token, port, data }) => {
      const wasm = importing.toBase64();
      await port.submit({ kind: "agent_load", agent: "scout", wasm }).catch((refused) => error = refused);
      const answer = await fetch(`${address}/v1/search?q=heron`, {
        headers: { authorization: `Bearer ${token}` },
      });
      await answer.body?.cancel();
      if (logLevel !== "error") text = Deno.readTextFileSync(dataPaths(data).hostLog);
    }, { logLevel, onLine });
    const kinds = ["error", "warn", "info", "debug"].filter((one) => new RegExp(`Z ${one} `).test(text));
    assert.ok(error instanceof EngramError);
    return { kinds, lines, text, error };
  };
  const importing = wat('(module (import "env" "time" (func)) (memory (export "memory") 1))');
  const debug = await told("debug");
  const cause = `Cannot load agent "scout", a module of ${importing.length} bytes: `;
  assert.ok(
    debug.error.message.startsWith(cause) && debug.error.message.includes("env.time"),
    debug.error.message,
  );
  assert.deepEqual([debug.error.code, debug.error.data["agent"], debug.error.data["bytes"]], [
    "module_import_unknown",
    "scout",
    importing.length,
  ]);
  assert.ok(debug.lines.includes(`warn ${debug.error.message}`), debug.lines.join("\n"));
  assert.match(debug.text, /Z debug GET \/v1\/search 200, \d+ ms\n/);
  assert.doesNotMatch(debug.text, /heron/);
  assert.deepEqual(debug.kinds, ["warn", "info", "debug"]);
  assert.deepEqual((await told("info")).kinds, ["warn", "info"]);
  const warn = await told("warn");
  assert.deepEqual([warn.kinds, warn.lines], [["warn"], [`warn ${warn.error.message}`]]);
  assert.deepEqual((await told("error")).lines, []);
});
