import assert from "node:assert/strict";
import { EngramError } from "../../../src/kernel/mod.ts";
import { WorkerCalls } from "../../../src/runtime/worker_calls.ts";
import type { FailingCall } from "../../support/failing_worker.ts";

async function withCalls(work: (calls: WorkerCalls<FailingCall>) => Promise<void>): Promise<void> {
  const url = new URL("../../support/failing_worker.ts", import.meta.url);
  const calls = new WorkerCalls<FailingCall>("failing", url, { read: "inherit" });
  try {
    await work(calls);
  } finally {
    calls.end(new Error("the test is over"));
  }
}

Deno.test("ask() gives the worker's value", () =>
  withCalls(async (calls) => {
    assert.equal(await calls.ask("echo"), "echo");
  }));

Deno.test("ask() throws the worker's refusal with its code and data", () =>
  withCalls(async (calls) => {
    await assert.rejects(calls.ask("refuse"), (error) => {
      assert(error instanceof EngramError);
      assert.deepEqual([error.code, error.data], ["inbox_full", { waiting: 3 }]);
      return true;
    });
  }));

Deno.test("ask() throws a call's fault, and the worker goes on", () =>
  withCalls(async (calls) => {
    await assert.rejects(calls.ask("fault"), /this call's own/);
    assert.equal(await calls.ask("echo"), "echo");
  }));

Deno.test("an uncaught error in the worker is told to all who wait, to those who ask later, and by fault", () =>
  withCalls(async (calls) => {
    const waiting = calls.ask("never");
    await assert.rejects(calls.ask("die"), /the failing worker ended: .*uncaught/);
    await assert.rejects(waiting, /the failing worker ended/);
    await assert.rejects(calls.ask("echo"), /the failing worker ended/);
    assert.match((await calls.fault).message, /the failing worker ended/);
  }));

Deno.test("a worker that says it cannot go on is believed nothing more", () =>
  withCalls(async (calls) => {
    await assert.rejects(calls.ask("give up"), /it cannot go on/);
    await assert.rejects(calls.ask("echo"), /it cannot go on/);
  }));
