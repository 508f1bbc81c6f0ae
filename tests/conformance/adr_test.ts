import assert from "node:assert/strict";
import { readLedgers } from "../../scripts/requirements.ts";
import { arrows } from "../../scripts/lint_plugin.ts";

const folder = new URL("../../docs/adr/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, folder));
const pages = Array.from(Deno.readDirSync(folder), (entry) => entry.name).filter((name) =>
  name.startsWith("ADR-")
)
  .sort();

/** Number, title and file name of the RFC's index (section 12). */
const rfc: readonly (readonly [string, string, string])[] = [
  ["ADR-001", "Shared Runtime (Node.js + WASM + ONNX)", "ADR-001-shared-runtime.md"],
  ["ADR-002", "Ordering-Only Determinism", "ADR-002-ordering-only-determinism.md"],
  ["ADR-003", "Scheduler Tick Granularity", "ADR-003-scheduler-tick-granularity.md"],
  ["ADR-004", "Shared Memory Ownership Rules", "ADR-004-shared-memory-ownership-rules.md"],
  ["ADR-005", "Plugin Signing & ABI Enforcement", "ADR-005-plugin-signing-and-abi-enforcement.md"],
  ["ADR-006", "Performance & Latency Targets", "ADR-006-performance-and-latency-targets.md"],
  ["ADR-007", "Logging Format & Serialization", "ADR-007-logging-format-and-serialization.md"],
  ["ADR-008", "Optional UI Framework", "ADR-008-optional-ui-framework.md"],
  ["ADR-009", "Model Caching & GPU Memory Policy", "ADR-009-model-caching-and-gpu-memory-policy.md"],
  ["ADR-010", "Agent SDK & Toolchain", "ADR-010-agent-sdk-and-toolchain.md"],
  ["ADR-011", "Fault Injection & Stress Testing", "ADR-011-fault-injection-and-stress-testing.md"],
  ["ADR-012", "Cross-Platform Build & Packaging", "ADR-012-cross-platform-build-and-packaging.md"],
  ["ADR-013", "DAG Scheduler v2 Guidelines", "ADR-013-dag-scheduler-v2-guidelines.md"],
];

// proves: rfc-12-adr_001, rfc-12-adr_002, rfc-12-adr_003, rfc-12-adr_004, rfc-12-adr_005, rfc-12-adr_006
// proves: rfc-12-adr_007, rfc-12-adr_008, rfc-12-adr_009, rfc-12-adr_010, rfc-12-adr_011, rfc-12-adr_012
// proves: rfc-12-adr_013
Deno.test("docs/adr holds every decision of the RFC's index by number, title and file name", () => {
  for (const [id, title, file] of rfc) assert.equal(read(file).split("\n")[0], `# ${id}: ${title}`);
});

Deno.test("every page of docs/adr has its five parts", () => {
  for (const page of pages) {
    const text = read(page);
    assert.match(text, /^Status: (accepted|proposed|superseded)/m, page);
    const parts = Array.from(text.matchAll(/^## (.+)$/gm), (match) => match[1]);
    assert.deepEqual(parts, ["Context", "Decision", "Consequences", "Checked by"], page);
  }
});

Deno.test("the index of docs/adr links every page", () => {
  const linked = Array.from(read("README.md").matchAll(/\(\.\/(ADR-[^)]+)\)/g), (match) => match[1]);
  assert.deepEqual(linked, pages);
});

Deno.test("every requirement that docs/adr names is in the ledger", () => {
  const known = new Set(readLedgers().flatMap((ledger) => ledger.requirements.map((one) => one.id)));
  for (const page of pages) {
    for (const [, id = ""] of read(page).matchAll(/`((?:engram|deploy|readme|mentat|rfc)-[^`]+)`/g)) {
      assert.ok(known.has(id), `${page}: ${id}`);
    }
  }
});

Deno.test("ADR-014 has the map of imports as the lint rule has it", () => {
  const rows = read("ADR-014-import-arrows-beyond-the-map.md").matchAll(
    /^\| ([a-z, ]+?) +\| ([^|]+?) +\|$/gm,
  );
  const written = new Map<string, string[]>();
  for (const [, from = "", to = ""] of rows) {
    if (from === "folder") continue;
    for (const one of from.split(", ")) written.set(one, to === "nothing" ? [] : to.split(", "));
  }
  const { "": _publicApi, ...folders } = arrows;
  assert.deepEqual(Object.fromEntries(written), folders);
});
