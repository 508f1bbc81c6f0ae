import assert from "node:assert/strict";
import { readManifest } from "../../../src/input/manifest.ts";
import { EngramError } from "../../../src/kernel/errors.ts";

const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const least = { manifest: 1, id: "scout", version: "1.0.0" };

/** The refusal as "code pointer message". */
function refusalOf(value: unknown): string {
  try {
    readManifest(bytes(value), "m.json");
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    return `${error.code} ${error.message.replace("Cannot read manifest m.json: ", "")}`;
  }
  return "none";
}

Deno.test("readManifest() takes id and version alone", () => {
  assert.deepEqual(readManifest(bytes(least), "m.json"), {
    id: "scout",
    version: "1.0.0",
    abi: 1,
    name: "scout",
    description: "",
    wasm: null,
    actions: null,
    capabilities: [],
    limits: { stepFuelMax: null, linearMemoryPagesMax: null },
    subscriptions: [],
    config: {},
    given: least,
  });
});

Deno.test("readManifest() reads every key", () => {
  const manifest = readManifest(
    bytes({
      ...least,
      $schema: "manifest.schema.json",
      abi: "engram@1",
      name: "Scout",
      description: "Looks around",
      wasm: "build/scout.wasm",
      actions: [{ name: "run", input: { type: "object" } }],
      capabilities: [{ name: "read", scope: "notes", reason: "to look" }],
      limits: { stepFuelMax: 5, linearMemoryPagesMax: 32 },
      subscriptions: [{ context: "notes", kind: "note" }],
      config: { depth: 2 },
    }),
    "m.json",
  );
  assert.deepEqual({ ...manifest, given: null }, {
    id: "scout",
    version: "1.0.0",
    abi: 1,
    name: "Scout",
    description: "Looks around",
    wasm: "build/scout.wasm",
    actions: [{ name: "run", description: "", input: { type: "object" }, output: null }],
    capabilities: [{ capability: "read", scope: ["notes"], reason: "to look" }],
    limits: { stepFuelMax: 5, linearMemoryPagesMax: 32 },
    subscriptions: [{ context: "notes", kind: "note", action: null, params: {} }],
    config: { depth: 2 },
    given: null,
  });
});

const refused: readonly (readonly [string, unknown, string])[] = [
  ["another format", { ...least, manifest: 2 }, "invalid_manifest /manifest: must be 1"],
  ["a missing key", { manifest: 1, id: "a" }, "invalid_manifest /version: is missing"],
  [
    "a version like 1.0",
    { ...least, version: "1.0" },
    "invalid_manifest /version: must be a semantic version, like 1.0.0",
  ],
  ["an unknown key", { ...least, "a/b": 1 }, "invalid_manifest /a~1b: the key is not known"],
  [
    "an unknown capability",
    { ...least, capabilities: [{ name: "network", scope: "*", reason: "r" }] },
    'invalid_manifest /capabilities/0/name: must be "read", "write", "send" or "model"',
  ],
  [
    "a capability without a reason",
    { ...least, capabilities: [{ name: "read", scope: "*" }] },
    "invalid_manifest /capabilities/0/reason: is missing",
  ],
  [
    "a module outside its folder",
    { ...least, wasm: "../other.wasm" },
    "invalid_manifest /wasm: must be a file below the manifest's folder",
  ],
  [
    "an action that is there twice",
    { ...least, actions: [{ name: "a" }, { name: "a" }] },
    'invalid_manifest /actions/1/name: action "a" is there already',
  ],
  [
    "a limit of nothing",
    { ...least, limits: { stepFuelMax: 0 } },
    "invalid_manifest /limits/stepFuelMax: must be at least 1",
  ],
  [
    "another ABI",
    { ...least, abi: "engram@2" },
    'abi_unsupported it asks for ABI "engram@2"; this host speaks engram@1',
  ],
  ["a list", [], "invalid_manifest it is not an object"],
];

for (const [what, value, expected] of refused) {
  // proves: mentat-practices2-validated
  Deno.test(`readManifest() refuses ${what}`, () => {
    assert.equal(refusalOf(value), expected);
  });
}

Deno.test("readManifest() names the line of what is not JSON", () => {
  assert.match(refusalOf('{\n"manifest": 1,\n}'), /m\.json:3:1: it is not JSON/);
});
