import assert from "node:assert/strict";
import type { WriteOp } from "../../../src/mod.ts";
import { codeOf, withRuntime } from "../../support/runtimes.ts";

const refused: Readonly<Record<string, (id: string) => WriteOp>> = {
  "a memory of blanks": () => ({ op: "add", content: " \n\t" }),
  "a change to blanks": (id) => ({ op: "update", id, content: "  " }),
  "a memory that ends before it begins": () => ({
    op: "add",
    content: "rain",
    validFrom: "2026-03-02",
    validTo: "2026-03-01",
  }),
  "a change to such times": (id) => ({ op: "update", id, validFrom: "2026-03-02", validTo: "2026-03-01" }),
  "a memory that supersedes itself": (id) => ({ op: "connect", source: id, target: id, type: "supersedes" }),
};
for (const [what, op] of Object.entries(refused)) {
  Deno.test(`${what} is refused and changes nothing`, () =>
    withRuntime(async (runtime) => {
      const { results } = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "sun" }] });
      const id = String(Reflect.get(Object((results as unknown[])[0]), "id"));
      const { tick, stateHash } = runtime.status();
      assert.equal(await codeOf(runtime.submit({ kind: "write", ops: [op(id)] })), "invalid_argument");
      assert.deepEqual([runtime.status().tick, runtime.status().stateHash], [tick, stateHash]);
    }));
}

Deno.test("a memory may be connected to itself by another type, and hold for one instant", () =>
  withRuntime(async (runtime) => {
    const day = "2026-03-01";
    const { results } = await runtime.submit({
      kind: "write",
      ops: [{ op: "add", content: "sun", validFrom: day, validTo: day }],
    });
    const id = String(Reflect.get(Object((results as unknown[])[0]), "id"));
    const ops: WriteOp[] = [{ op: "connect", source: id, target: id, type: "mentions" }];
    assert.equal(await codeOf(runtime.submit({ kind: "write", ops })), null);
  }));
