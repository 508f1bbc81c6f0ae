import assert from "node:assert/strict";
import { audit, counts, type Problem, readLedgers, scanTests } from "../../scripts/requirements.ts";

const ledgers = readLedgers();
const scan = scanTests();
const problems = audit(ledgers, scan);
console.log(counts(ledgers));

const sentences: Readonly<Record<Problem["kind"], string>> = {
  malformed: "the ledger is well formed",
  duplicate: "no id stands twice in the ledger",
  no_reason: "every declined requirement has a reason",
  lost_test: "every proven requirement names tests that exist and cite it",
  unknown_id: "every id that a test cites is in the ledger",
  stray_citation: "every citation stands directly above a test",
  not_synced: "the ledger holds every citation (deno run -A scripts/requirements.ts --sync)",
};

for (const [kind, sentence] of Object.entries(sentences)) {
  Deno.test(`requirements: ${sentence}`, () => {
    const found = problems.filter((problem) => problem.kind === kind).map((problem) => problem.message);
    assert.deepEqual(found, []);
  });
}
