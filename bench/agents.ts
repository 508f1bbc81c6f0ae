/** Agents for benches, written by hand: each step is only what its bench is about. */
import { wat } from "../tests/support/wat.ts";

/** The exports every agent has: a bump allocator that begins anew with each block freed, `initialize`, `release`. */
const common = `
  (global $heap (mut i32) (i32.const 32768))
  (func $alloc (export "engram_alloc") (param $size i32) (result i32) (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap
      (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  (func (export "engram_free") (param $at i32) (param i32)
    (if (i32.lt_u (local.get $at) (global.get $heap)) (then (global.set $heap (local.get $at)))))
  (func $number (param $p i32) (param $n i32) (result i32) (local $sum i32)
    (loop $more
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10))
        (i32.sub (i32.load8_u (local.get $p)) (i32.const 48))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func $target (param $p i32) (param $n i32)
    (i32.store (i32.const 24) (i32.sub (local.get $n) (i32.const 2)))
    (memory.copy (i32.const 128) (i32.add (local.get $p) (i32.const 1)) (i32.load (i32.const 24))))
  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release"))`;

/**
 * One of a ring. Action `t`, params `"NAME"`: whom to send to. Action `r`, params a number: makes the agent's engram if
 * it has none, then begins that many rounds. A round, at each message: read the engram, write it anew, send one
 * message. Action `n`: nothing.
 */
export const ringAgent = wat(`(module
  (import "engram" "engram_create" (func $create (param i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "engram_get" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "engram" "engram_update" (func $update (param i32 i32 i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; 16 rounds left, 20 length of the id, 24 length of the name, 28 room; 64 id, 128 name, 512 content, 1024 buffer
  (data (i32.const 512) "Heron 00000000 is what this engram says, in a line of some length, as notes have.")
  ${common}
  (func $round
    (i32.store (i32.const 28) (i32.const 8192))
    (drop (call $get (i32.const 64) (i32.load (i32.const 20)) (i32.const 1024) (i32.const 28)))
    (i32.store8 (i32.const 518) (i32.add (i32.const 97) (i32.rem_u (i32.load (i32.const 16)) (i32.const 26))))
    (i32.store8 (i32.const 519) (i32.add (i32.const 97) (i32.rem_u (i32.div_u (i32.load (i32.const 16)) (i32.const 26)) (i32.const 26))))
    (drop (call $update (i32.const 64) (i32.load (i32.const 20)) (i32.const 512) (i32.const 81)
      (i32.const 0) (i32.const 0) (f64.const nan) (i32.const 0) (i32.const 0)))
    (if (i32.eqz (i32.load (i32.const 16))) (then (return)))
    (i32.store (i32.const 16) (i32.sub (i32.load (i32.const 16)) (i32.const 1)))
    (drop (call $send (i32.const 128) (i32.load (i32.const 24)) (i32.const 512) (i32.const 64))))
  (func (export "receive") (param i32 i32) (result i32) (call $round) (i32.const 0))
  (func (export "execute") (param $a i32) (param $an i32) (param $p i32) (param $n i32) (result i32)
    (local $c i32) (local $r i32)
    (local.set $c (i32.load8_u (local.get $a)))
    (if (i32.eq (local.get $c) (i32.const 116)) (then (call $target (local.get $p) (local.get $n))))
    (if (i32.eq (local.get $c) (i32.const 114)) (then
      (if (i32.eqz (i32.load (i32.const 20))) (then
        (local.set $r (call $create (i32.const 512) (i32.const 81) (i32.const 0) (i32.const 0) (f64.const 1)
          (i32.const 0) (i32.const 0)))
        (i32.store (i32.const 20) (i32.load (local.get $r)))
        (memory.copy (i32.const 64) (i32.add (local.get $r) (i32.const 4)) (i32.load (local.get $r)))))
      (i32.store (i32.const 16) (call $number (local.get $p) (local.get $n)))
      (call $round)))
    (i32.const 0)))`);

/**
 * Passes messages on. Actions as {@link ringAgent}'s. At each delivery it sends `perStep` messages of `bytes` bytes
 * (1,000 at most), while rounds are left.
 */
export const relayAgent = (bytes: number, perStep: number): Uint8Array =>
  wat(`(module
  (import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  ${common}
  (func $burst (local $i i32)
    (if (i32.eqz (i32.load (i32.const 16))) (then (return)))
    (i32.store (i32.const 16) (i32.sub (i32.load (i32.const 16)) (i32.const 1)))
    (local.set $i (i32.const ${perStep}))
    (loop $more
      (i32.store8 (i32.const 512) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26))))
      (drop (call $send (i32.const 128) (i32.load (i32.const 24)) (i32.const 512) (i32.const ${bytes})))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $more (local.get $i))))
  (data (i32.const 512) "${"a message between agents ".repeat(40).slice(0, bytes)}")
  (func (export "receive") (param i32 i32) (result i32) (call $burst) (i32.const 0))
  (func (export "execute") (param $a i32) (param $an i32) (param $p i32) (param $n i32) (result i32)
    (if (i32.eq (i32.load8_u (local.get $a)) (i32.const 116)) (then (call $target (local.get $p) (local.get $n))))
    (if (i32.eq (i32.load8_u (local.get $a)) (i32.const 114)) (then
      (i32.store (i32.const 16) (call $number (local.get $p) (local.get $n)))
      (call $burst)))
    (i32.const 0)))`);
