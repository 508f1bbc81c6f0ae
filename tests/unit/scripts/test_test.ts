import assert from "node:assert/strict";
import { countsOf } from "../../../scripts/test.ts";

Deno.test("countsOf() reads the closing line of deno test, colours or not", () => {
  const line =
    "\n\u001b[0m\u001b[31mFAILED\u001b[0m | 30 passed (4 steps) | 1 failed | 2 ignored \u001b[0m(12s)\u001b[0m\n";
  assert.deepEqual(countsOf(line), { passed: 30, failed: 1, skipped: 2 });
  assert.deepEqual(countsOf("ok | 7 passed | 0 failed (1s)\n"), { passed: 7, failed: 0, skipped: 0 });
  assert.equal(countsOf("nothing ran"), null);
});
