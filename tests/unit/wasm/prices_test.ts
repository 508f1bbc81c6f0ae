import assert from "node:assert/strict";
import { bulkBytesShift, costModel, prices } from "../../../src/wasm/mod.ts";

const page = Deno.readTextFileSync(new URL("../../../docs/determinism.md", import.meta.url));

for (const [name, fuel] of Object.entries(prices)) {
  Deno.test(`docs/determinism.md shows the price of ${name}`, () => {
    const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(`(\`${name}\`)`));
    assert.equal(row?.split("|")[2]?.trim(), String(fuel));
  });
}

Deno.test("docs/determinism.md shows how many bytes of a bulk operation cost one", () => {
  assert.match(page, new RegExp(`for each ${2 ** bulkBytesShift} bytes, rounded down *\\| 1 `));
});

Deno.test("docs/determinism.md is about the cost model of this build", () => {
  assert.ok(page.includes(`## Cost model ${costModel}\n`));
});
