import assert from "node:assert/strict";
import { abiImports, checkExports } from "../../../src/sandbox/mod.ts";
import { hostFunctions } from "../../../src/sandbox/abi.ts";
import { guestText, prepareText } from "./guest.ts";

// proves: rfc-6-typed, mentat-overview-host_api
Deno.test("abiImports() gives every host function its type by module and name", () => {
  const all = abiImports();
  assert.equal(all.size, Object.keys(hostFunctions).length);
  assert.deepEqual(all.get("engram.engram_create"), {
    params: ["i32", "i32", "i32", "i32", "f64", "i32", "i32"],
    results: ["i32"],
  });
  assert.deepEqual(all.get("engram.changes"), { params: ["i64", "i32", "i32", "i32"], results: ["i32"] });
});

const plain = guestText();

// proves: engram-4.2-alloc, engram-4.2-free
Deno.test("checkExports() accepts an agent and says that it has no receive", () => {
  assert.deepEqual(checkExports(prepareText(plain)), {
    receive: false,
    alloc: "engram_alloc",
    free: "engram_free",
  });
});

Deno.test("checkExports() finds receive", () => {
  const more = `(func (export "receive") (param i32 i32) (result i32) (i32.const 0))`;
  assert.equal(checkExports(prepareText(guestText({ more }))).receive, true);
});

// proves: engram-4.2-alloc, engram-4.2-free
Deno.test("checkExports() takes alloc and free as aliases with exactly their types", () => {
  const aliased = plain.replace('"engram_alloc"', '"alloc"').replace('"engram_free"', '"free"');
  const { alloc, free } = checkExports(prepareText(aliased));
  assert.deepEqual([alloc, free], ["alloc", "free"]);
});

Deno.test("checkExports() prefers engram_free to a free of libc", () => {
  const more = `(func (export "free") (param i32))`;
  assert.equal(checkExports(prepareText(guestText({ more }))).free, "engram_free");
});

Deno.test("checkExports() refuses a free of another type as an alias", () => {
  const text = plain.replace('"engram_free"', '"other"')
    .replace("(module", `(module (func (export "free") (param i32))`);
  assert.throws(() => checkExports(prepareText(text)), {
    code: "module_export_missing",
    message: 'Cannot load agent: export "engram_free" is missing',
  });
});

for (const name of ["memory", "initialize", "execute", "query", "release", "engram_alloc", "engram_free"]) {
  // proves: engram-4.3-required, mentat-step5-memory_export, rfc-3.1-abi_enforcement
  Deno.test(`checkExports() names a missing ${name}`, () => {
    const prepared = prepareText(plain.replace(`"${name}"`, '"other"'));
    assert.throws(() => checkExports(prepared), {
      code: "module_export_missing",
      message: `Cannot load agent: export "${name}" is missing`,
    });
  });
}

// proves: rfc-3.1-abi_enforcement
Deno.test("checkExports() names a wrong arity", () => {
  const text = plain.replace('(export "query") (param i32 i32)', '(export "query") (param i32 i32 i32)');
  assert.throws(() => checkExports(prepareText(text)), {
    message:
      'Cannot load agent: export "query" has type (i32 i32 i32) -> (i32), it must be (i32 i32) -> (i32)',
  });
});

Deno.test("checkExports() refuses an export of another kind", () => {
  const text = plain.replace('(export "release")', "")
    .replace("(module", `(module (global (export "release") i32 (i32.const 0))`);
  assert.throws(() => checkExports(prepareText(text)), {
    message: 'Cannot load agent: export "release" is a global, not a function',
  });
});
