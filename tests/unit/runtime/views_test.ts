import assert from "node:assert/strict";
import { codeOf, withRuntime } from "../../support/runtimes.ts";

Deno.test("a view keeps to the limits that `configure` set", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "configure", changes: { searchLimitMax: 2 } });
    assert.equal(await codeOf(runtime.view({ view: "search", text: "one", limit: 3 })), "invalid_argument");
  }));
