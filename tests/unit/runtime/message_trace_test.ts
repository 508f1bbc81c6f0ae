import assert from "node:assert/strict";
import { actionOf, loadCaller } from "../../conformance/every_call.ts";
import { loadTestAgent, withRuntime } from "../../support/runtimes.ts";
import { runCli } from "../../support/terminal.ts";

const grants = [{ capability: "send", scope: ["sink"] }] as const;

// proves: rfc-4.2-trace_ordering, rfc-4.2-trace_latency, rfc-4.2-trace_throughput, rfc-2.6-telemetry
Deno.test("the trace of messages tells their order, how long each waited, and how many a tick brought", () =>
  withRuntime(async (runtime, data) => {
    for (const agent of ["a", "b"]) await loadCaller(runtime, agent, grants);
    await loadTestAgent(runtime, "sink");
    await runtime.submit({ kind: "configure", changes: { messagesPerStepMax: 3 } });
    const send = (agent: string, ...texts: string[]) =>
      runtime.submit({
        kind: "execute",
        agent,
        action: actionOf(...texts.map((text) => ["send_message", "sink", text])),
        params: "{}",
      });
    const [{ tick }] = await Promise.all([send("a", "1", "22"), send("b", "333", "4444")]);
    await runtime.idle();
    const all = await runtime.view({ view: "messages", from: 0 });
    const told = all.messages.map((
      { from, to, bytes, sentTick, sentIndex, receivedTick, latencyTicks, latencyMs },
    ) => [
      ...[from, to, bytes, sentTick - tick, sentIndex, receivedTick - tick],
      ...[latencyTicks, latencyMs],
    ]);
    assert.deepEqual(told, [
      ["a", "sink", 1, 0, 0, 1, 1, 1000],
      ["a", "sink", 2, 0, 1, 1, 1, 1000],
      ["b", "sink", 3, 0, 0, 1, 1, 1000],
      ["b", "sink", 4, 0, 1, 2, 2, 2000], // a step takes three
    ]);
    assert.ok(all.messages.every(({ outcome }) => outcome === "completed"));
    assert.equal(all.next, null);
    const first = await runtime.view({ view: "messages", from: 0, limit: 1 });
    assert.deepEqual([first.messages.length, first.next], [3, tick + 2]);
    const rest = await runtime.view({ view: "messages", from: first.next ?? 0 });
    assert.deepEqual([...first.messages, ...rest.messages], all.messages);
    assert.deepEqual((await runtime.view({ view: "messages", from: tick + 100 })).messages, []);
    const { metrics } = await runtime.view({ view: "runtime_metrics" });
    const counted = metrics.find(({ name }) => name === "engramlt_messages_total");
    assert.ok(counted !== undefined && "samples" in counted);
    assert.equal(counted.samples[0]?.value, 4);
    const { entries: [entry] } = await runtime.view({ view: "log", from: tick, limit: 1 });
    assert.deepEqual(entry?.steps.map((step) => [step.agent, step.outcome, step.messages, step.fuel > 0]), [
      ["a", "completed", 2, true],
      ["b", "completed", 2, true],
    ]);
    await runtime.close();
    const { code, out } = await runCli(["log", "messages", "0", "--data", data, "--json"]);
    assert.deepEqual([code, JSON.parse(out)], [0, JSON.parse(JSON.stringify(all))]);
  }));
