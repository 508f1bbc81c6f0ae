/**
 * An agent that calls every host function of the ABI as its action says, so that tests reach the whole host interface
 * through a real module. An action is calls with `;` between them, a call is a name and its arguments with `|`
 * between them. An argument left out is absent; `@` is the id that was made last in the same action; a number is a
 * digit string, and one of type f64 counts tenths. The answer is that of the last call; the call `started` answers
 * how often initialize ran.
 */
import assert from "node:assert/strict";
import { capabilities, type Capability } from "../../src/kernel/mod.ts";
import type { Runtime } from "../../src/mod.ts";
import { type HostFunction, hostFunctions, type Param } from "../../src/sandbox/abi.ts";
import { wat } from "../support/wat.ts";

const all: readonly (readonly [string, HostFunction])[] = Object.entries(hostFunctions);
const names = [...all.map(([name]) => name), "started"];

/** The wasm types of a parameter. */
const typesOf = ({ type }: Param): string => type === "text" || type === "out" ? "i32 i32" : type;

/** Where the argument `at` was put by $split: its pointer and its length. */
const argument = (at: number): string =>
  `(i32.load (i32.const ${512 + 8 * at})) (i32.load (i32.const ${516 + 8 * at}))`;

function pushed(param: Param, at: number): string {
  switch (param.type) {
    case "text":
      return argument(at);
    case "i32":
      return `(call $whole ${argument(at)})`;
    case "i64":
      return `(i64.extend_i32_u (call $whole ${argument(at)}))`;
    case "f64":
      return `(call $tenths ${argument(at)})`;
    case "out":
      return "(i32.const 65536) (i32.const 40)";
    default:
      return param satisfies never;
  }
}

function called([name, { params, answer }]: readonly [string, HostFunction], code: number): string {
  const call = `(call $${name} ${params.map((param, at) => pushed(param, at + 1)).join(" ")})`;
  const answered = answer === "status"
    ? `(call $number ${call})`
    : answer === "id"
    ? `(call $id ${call})`
    : `(call $json ${call})`;
  return `(if (i32.eq (local.get $code) (i32.const ${code})) (then
    (i32.store (i32.const 40) (i32.const 400000)) (return ${answered})))`;
}

const imported = ([name, { params }]: readonly [string, HostFunction]): string =>
  `(import "engram" "${name}" (func $${name} (param ${params.map(typesOf).join(" ")}) (result i32)))`;

/** The module. */
export const everyCall = wat(`(module
  ${all.map(imported).join("\n  ")}
  (memory (export "memory") 16)
  (global $heap (mut i32) (i32.const 524288))
  (global $last (mut i32) (i32.const 0))
  (func (export "initialize") (param i32 i32) (result i32)
    (i32.store (i32.const 48) (i32.add (i32.load (i32.const 48)) (i32.const 1))) (i32.const 0))
  (func (export "release"))
  (func $alloc (export "engram_alloc") (param $size i32) (result i32) (local $at i32)
    (if (i32.gt_u (global.get $heap) (i32.const 900000)) (then (global.set $heap (i32.const 524288))))
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  (func (export "engram_free") (param i32 i32))
  (func $answer (param $from i32) (param $len i32) (result i32) (local $at i32)
    (local.set $at (call $alloc (i32.add (local.get $len) (i32.const 4))))
    (i32.store (local.get $at) (local.get $len))
    (memory.copy (i32.add (local.get $at) (i32.const 4)) (local.get $from) (local.get $len))
    (local.get $at))
  ;; -9 to 99 in digits
  (func $number (param $n i32) (result i32)
    (i32.store8 (i32.const 64) (i32.add (i32.const 48) (i32.div_s (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 65) (i32.add (i32.const 48) (i32.rem_s (local.get $n) (i32.const 10))))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then
      (i32.store8 (i32.const 64) (i32.const 45))
      (i32.store8 (i32.const 65) (i32.sub (i32.const 48) (local.get $n)))))
    (if (i32.eq (i32.load8_u (i32.const 64)) (i32.const 48)) (then
      (return (call $answer (i32.const 65) (i32.const 1)))))
    (call $answer (i32.const 64) (i32.const 2)))
  (func $id (param $made i32) (result i32)
    (if (i32.lt_s (local.get $made) (i32.const 0)) (then (return (call $number (local.get $made)))))
    (global.set $last (local.get $made))
    (local.get $made))
  (func $json (param $status i32) (result i32)
    (if (local.get $status) (then (return (call $number (local.get $status)))))
    (call $answer (i32.const 65536) (i32.load (i32.const 40))))
  (func $whole (param $at i32) (param $len i32) (result i32) (local $n i32)
    (block $end (loop $more
      (br_if $end (i32.eqz (local.get $len)))
      (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10))
        (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $len (i32.sub (local.get $len) (i32.const 1)))
      (br $more)))
    (local.get $n))
  (func $tenths (param $at i32) (param $len i32) (result f64)
    (if (i32.eqz (local.get $len)) (then (return (f64.const nan))))
    (f64.div (f64.convert_i32_s (call $whole (local.get $at) (local.get $len))) (f64.const 10)))
  (func $put (param $k i32) (param $from i32) (param $to i32) (local $at i32)
    (local.set $at (i32.add (i32.const 512) (i32.mul (local.get $k) (i32.const 8))))
    (if (i32.eq (local.get $from) (local.get $to)) (then (return)))
    (if (i32.and (i32.eq (i32.sub (local.get $to) (local.get $from)) (i32.const 1))
        (i32.eq (i32.load8_u (local.get $from)) (i32.const 64)))
      (then
        (i32.store (local.get $at) (i32.add (global.get $last) (i32.const 4)))
        (i32.store offset=4 (local.get $at) (i32.load (global.get $last))) (return)))
    (i32.store (local.get $at) (local.get $from))
    (i32.store offset=4 (local.get $at) (i32.sub (local.get $to) (local.get $from))))
  (func $split (param $from i32) (param $end i32) (local $at i32) (local $k i32)
    (memory.fill (i32.const 512) (i32.const 0) (i32.const 256))
    (local.set $at (local.get $from))
    (block $done (loop $more
      (br_if $done (i32.eq (local.get $at) (local.get $end)))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 124)) (then
        (call $put (local.get $k) (local.get $from) (local.get $at))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (local.set $from (i32.add (local.get $at) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $more)))
    (call $put (local.get $k) (local.get $from) (local.get $end)))
  (func $one (param $from i32) (param $end i32) (result i32) (local $code i32)
    (call $split (local.get $from) (local.get $end))
    (local.set $code (call $whole ${argument(0)}))
    ${all.map(called).join("\n    ")}
    (call $number (i32.load (i32.const 48))))
  (func (export "execute") (param $from i32) (param $len i32) (param i32 i32) (result i32)
    (local $end i32) (local $at i32) (local $told i32)
    (local.set $end (i32.add (local.get $from) (local.get $len)))
    (local.set $at (local.get $from))
    (block $done (loop $more
      (br_if $done (i32.eq (local.get $at) (local.get $end)))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 59)) (then
        (drop (call $one (local.get $from) (local.get $at)))
        (local.set $from (i32.add (local.get $at) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $more)))
    (call $one (local.get $from) (local.get $end)))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32) (i32.const 0)))`);

/** An action that makes `calls`, each a name and its arguments. */
export function actionOf(...calls: readonly (readonly (string | number)[])[]): string {
  return calls.map(([name, ...given]) => {
    const code = names.indexOf(String(name));
    assert(code >= 0, `there is no host function ${name}`);
    return [code, ...given].join("|");
  }).join(";");
}

/** Loads the agent, granted what is given of a manifest that asks for everything. */
export async function loadCaller(
  runtime: Runtime,
  agent: string,
  grants: readonly { readonly capability: Capability; readonly scope: readonly string[] }[] = [],
): Promise<void> {
  const wanted = capabilities.map((name) => ({ name, scope: "*", reason: "To test it" }));
  const manifest = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities: wanted };
  await runtime.submit({ kind: "agent_load", agent, wasm: everyCall.toBase64(), manifest, grants });
}

/** A caller: makes calls as one step of an agent, in a context or none; the last answer. */
export function callsOf(runtime: Runtime, agent: string, context: string | null = null) {
  return async (...calls: readonly (readonly (string | number)[])[]): Promise<unknown> => {
    const action = actionOf(...calls);
    const { result } = await runtime.submit({ kind: "execute", agent, action, params: "{}", context });
    return result;
  };
}
