/** The same module and policy give the same bytes under one `instrumenterVersion`: caches and logs rest on it. */
import assert from "node:assert/strict";
import { instrumenterVersion, prepare } from "../../../src/wasm/mod.ts";
import { policy } from "../../support/guest.ts";
import { wat } from "../../support/wat.ts";

const text = `(module (import "env" "host" (func $h (param i32 f64) (result i32)))
  (memory (export "memory") 1 9) (table 3 funcref) (tag $e) (global $f (mut f64) (f64.const 1.5))
  (elem (i32.const 0) $f $h) (data $d "passive")
  (func $f (export "f") (param i32) (result f64) (local v128)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (block $c (try_table (catch_all $c) (drop (call $h (i32.const 1) (f64.const 2))) (throw $e)))
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop $d) (drop (memory.grow (i32.const 1)))
    (global.set $f (f64.sqrt (global.get $f))) (local.set 1 (f64x2.splat (global.get $f)))
    (return (f64x2.extract_lane 0 (f64x2.add (local.get 1) (local.get 1))))))`;

/** By instrumenter version. A new version gets a new row; an old row never changes. */
const digests: Readonly<Record<number, string>> = {
  1: "460dc6c13a923c420f6c8ea44b38704cfc5d8b71c381c09d92b20a9155a14448",
};

Deno.test("prepare() gives the bytes recorded for this instrumenter version", async () => {
  const policyWithHost = policy({ "env.host": { params: ["i32", "f64"], results: ["i32"] } });
  const { bytes } = prepare(wat(text), policyWithHost);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.ok(WebAssembly.validate(bytes));
  assert.equal(hex, digests[instrumenterVersion]);
});
