import assert from "node:assert/strict";
import { compareVersions } from "../../../src/runtime/version_order.ts";

/** In the order of semver.org §11. */
const rising = [
  "0.1.0",
  "0.2.0",
  "0.10.0",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "2.0.0",
];

Deno.test("compareVersions() orders every pair as Semantic Versioning does", () => {
  for (const [at, a] of rising.entries()) {
    for (const [other, b] of rising.entries()) {
      assert.equal(Math.sign(compareVersions(a, b) ?? NaN), Math.sign(at - other), `${a} and ${b}`);
    }
  }
});

Deno.test("compareVersions() does not count what follows a plus sign", () => {
  assert.equal(compareVersions("1.0.0+a", "1.0.0+b"), 0);
  assert.equal(compareVersions("1.0.0-rc.1+x", "1.0.0-rc.1"), 0);
});

Deno.test("compareVersions() gives null where a text is no version", () => {
  for (
    const text of ["", "1", "1.0", "v1.0.0", "1.0.0-", "1.0.0 ", "1.0.0\n2.0.0", "9".repeat(40) + ".0.0"]
  ) {
    assert.equal(compareVersions(text, "1.0.0"), null, JSON.stringify(text));
    assert.equal(compareVersions("1.0.0", text), null, JSON.stringify(text));
  }
});
