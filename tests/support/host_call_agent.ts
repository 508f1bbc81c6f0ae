/**
 * A hand-written agent whose params go to a host function as they are, for hostile texts. Actions by first letter:
 * `metadata` (creates "text" with params as its metadata), `search` (search_combined), `get` (engram_get, without the
 * quotes around params). Each answers the status or the result.
 */
import { wat } from "./wat.ts";

/** The module. */
export const hostCallAgent = wat(`(module
  (import "engram" "engram_create" (func $create (param i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "engram_get" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "engram" "search_combined" (func $search (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 100)
  (data (i32.const 16) "text")
  (global $heap (mut i32) (i32.const 1048576))
  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release"))
  (func $alloc (export "engram_alloc") (param $size i32) (result i32) (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.add (global.get $heap) (local.get $size)))
    (if (i32.gt_u (global.get $heap) (i32.const 6000000)) (then (global.set $heap (i32.const 1048576))))
    (local.get $at))
  (func (export "engram_free") (param i32 i32) (global.set $heap (i32.const 1048576)))
  (func $answer (param $from i32) (param $len i32) (result i32) (local $at i32)
    (local.set $at (call $alloc (i32.add (local.get $len) (i32.const 4))))
    (i32.store (local.get $at) (local.get $len))
    (memory.copy (i32.add (local.get $at) (i32.const 4)) (local.get $from) (local.get $len))
    (local.get $at))
  (func $status (param $n i32) (result i32)
    (i32.store8 (i32.const 64) (i32.const 45))
    (i32.store8 (i32.const 65) (i32.sub (i32.const 48) (local.get $n)))
    (call $answer (i32.const 64) (i32.const 2)))
  (func $buffer (param $status i32) (result i32)
    (if (result i32) (local.get $status)
      (then (call $status (local.get $status)))
      (else (call $answer (i32.const 2048) (i32.load (i32.const 32))))))
  (func (export "execute") (param $a i32) (param i32) (param $p i32) (param $n i32) (result i32)
    (local $c i32) (local $made i32)
    (local.set $c (i32.load8_u (local.get $a)))
    (i32.store (i32.const 32) (i32.const 1000000))
    (if (i32.eq (local.get $c) (i32.const 109)) (then
      (local.set $made (call $create (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0) (f64.const 1)
        (local.get $p) (local.get $n)))
      (if (i32.lt_s (local.get $made) (i32.const 0)) (then (return (call $status (local.get $made)))))
      (return (call $answer (i32.add (local.get $made) (i32.const 4)) (i32.load (local.get $made))))))
    (if (i32.eq (local.get $c) (i32.const 115)) (then (return (call $buffer
      (call $search (local.get $p) (local.get $n) (i32.const 2048) (i32.const 32))))))
    (return (call $buffer (call $get (i32.add (local.get $p) (i32.const 1)) (i32.sub (local.get $n) (i32.const 2))
      (i32.const 2048) (i32.const 32)))))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0)))`);
