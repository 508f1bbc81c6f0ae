import assert from "node:assert/strict";
import {
  audit,
  type Ledger,
  parseLedger,
  type Requirement,
  type Scan,
  scanSource,
  synced,
} from "../../../scripts/requirements.ts";

const file = "wasm-engine-readme.json";

function ledger(...requirements: Partial<Requirement>[]): Ledger {
  const one = { id: "readme-1-headless", section: "1", promise: "Runs headless", state: "open" } as const;
  return { file, seed: "seed.md", requirements: requirements.map((change) => ({ ...one, ...change })) };
}

/** A test file of the given lines, scanned. */
const scanned = (...lines: string[]): Scan => scanSource("tests/a_test.ts", lines.join("\n"));

const kinds = (ledgers: Ledger[], scan: Scan) => audit(ledgers, scan).map((problem) => problem.kind);
const nothing: Scan = { tests: [], stray: [] };
const citing = scanned("// proves: readme-1-headless", 'Deno.test("it runs", () => {});');
const proof = ["tests/a_test.ts :: it runs"];

Deno.test("scanSource() finds the ids above a test", () => {
  const scan = scanned("// proves: a-1-x, a-1-y", "// proves: a-2-z", 'Deno.test("it runs", () => {});');
  assert.deepEqual(scan, {
    tests: [{ file: "tests/a_test.ts", name: "it runs", cites: ["a-1-x", "a-1-y", "a-2-z"] }],
    stray: [],
  });
});

Deno.test("scanSource() finds ids in a test's name", () => {
  const scan = scanned('Deno.test("it runs [rfc-7-crash, rfc-7-replay]", () => {});');
  assert.deepEqual(scan.tests[0]?.cites, ["rfc-7-crash", "rfc-7-replay"]);
});

Deno.test("scanSource() finds names in options, in templates and with quotes", () => {
  const scan = scanned(
    "Deno.test({ ignore: !has, name: 'a', fn: () => {} });",
    "Deno.test(`b ${kind}`, () => {});",
    'Deno.test("c \\"d\\"", () => {});',
    'Deno.bench("e", () => {});',
    'Deno.test.ignore("f", () => {});',
    'if (/x/.test("g")) {}',
  );
  assert.deepEqual(scan.tests.map((test) => test.name), ["a", "b ${kind}", 'c "d"', "e", "f"]);
});

Deno.test("scanSource() reports a citation that stands above no test", () => {
  assert.deepEqual(scanned("const a = 1;", "// proves: rfc-7-crash", "const b = 2;").stray, [
    "tests/a_test.ts:2",
  ]);
});

Deno.test("audit() accepts a ledger that agrees with the tests", () => {
  assert.deepEqual(kinds([ledger({ state: "proven", provenBy: proof })], citing), []);
});

Deno.test("audit() finds an id that is used twice", () => {
  assert.deepEqual(kinds([ledger({}, {})], nothing), ["duplicate"]);
});

Deno.test("audit() finds an id that does not name its section", () => {
  assert.deepEqual(kinds([ledger({ section: "2" })], nothing), ["malformed"]);
});

Deno.test("audit() finds a declined requirement without a reason", () => {
  assert.deepEqual(kinds([ledger({ state: "declined" })], nothing), ["no_reason"]);
});

Deno.test("audit() finds a proven requirement whose test is gone", () => {
  assert.deepEqual(kinds([ledger({ state: "proven", provenBy: proof })], nothing), ["lost_test"]);
});

Deno.test("audit() finds a proven requirement whose test no longer cites it", () => {
  const scan = scanned('Deno.test("it runs", () => {});');
  assert.deepEqual(kinds([ledger({ state: "proven", provenBy: proof })], scan), ["lost_test"]);
});

Deno.test("audit() finds a proven requirement without tests", () => {
  assert.deepEqual(kinds([ledger({ state: "proven" })], nothing), ["malformed"]);
});

Deno.test("audit() finds a cited id that is unknown", () => {
  assert.deepEqual(kinds([ledger()], citing), ["unknown_id"]);
});

Deno.test("audit() finds a citation that the ledger does not hold", () => {
  assert.deepEqual(kinds([ledger({})], citing), ["not_synced"]);
});

Deno.test("audit() finds a test that cites a declined requirement", () => {
  const declined = ledger({ state: "declined", reason: "Not in this design" });
  assert.deepEqual(kinds([declined], citing), ["not_synced"]);
});

Deno.test("synced() marks a cited requirement as proven", () => {
  assert.deepEqual(synced(ledger({}), citing), ledger({ state: "proven", provenBy: proof }));
});

Deno.test("synced() opens a requirement whose citation is gone", () => {
  assert.deepEqual(synced(ledger({ state: "proven", provenBy: proof }), nothing), ledger({}));
});

Deno.test("synced() leaves a declined requirement as it is", () => {
  const declined = ledger({ state: "declined", reason: "Not in this design" });
  assert.deepEqual(synced(declined, nothing), declined);
});

Deno.test("parseLedger() refuses an unknown key", () => {
  const entry = { id: "readme-1-a", section: "1", promise: "a", state: "open", provedBy: [] };
  const json = JSON.stringify({ seed: "seed.md", requirements: [entry] });
  assert.throws(() => parseLedger(file, json), /unknown key "provedBy"/);
});

Deno.test("scanSource() passes over a test inside a text or a comment", () => {
  assert.deepEqual(scanned(`const a = 'Deno.test("x")';`, '// Deno.test("y")').tests, []);
});
