import assert from "node:assert/strict";
import { type Grant, holds } from "../../../src/kernel/mod.ts";

const grants: Grant[] = [{ capability: "read", scope: ["notes", "x123"] }, {
  capability: "send",
  scope: ["*"],
}];

// proves: mentat-practices2-minimal
Deno.test("holds() gives nothing by default", () => {
  assert.equal(holds([], "read", ["notes"]), false);
});

Deno.test("holds() knows a context by id or by name", () => {
  assert.deepEqual(
    [["notes"], ["x123"], ["x9", "notes"], ["x9", "other"]].map((names) => holds(grants, "read", names)),
    [true, true, true, false],
  );
});

Deno.test("holds() does not take one capability for another", () => {
  assert.equal(holds(grants, "write", ["notes"]), false);
});

Deno.test("holds() with a star is everything, even what has no name", () => {
  assert.deepEqual(
    [holds(grants, "send", ["anyone"]), holds(grants, "send", []), holds(grants, "read", [])],
    [
      true,
      true,
      false,
    ],
  );
});

Deno.test("a context called * is no grant of everything", () => {
  assert.equal(holds([{ capability: "read", scope: ["notes"] }], "read", ["*"]), false);
});
