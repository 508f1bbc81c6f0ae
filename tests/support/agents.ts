/**
 * A hand-written agent for tests of the runtime: the exports of the ABI, a counter in linear memory, and one action
 * for each thing a step can do. No manifest, no SDK, no start function.
 */
import { wat } from "./wat.ts";

const text = (value: string): string =>
  value.replace(/[^ -~]|["\\]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, "0")}`);

/**
 * Actions by first letter: `count` (adds one to a counter, answers it), `spin`, `trap` (counts, creates, sends, then
 * crashes), `fail` (counts, creates, answers −1), `write` (creates params), `update` (params is an id: content
 * "changed"), `get`, `mail` (sends "hi" to params), `find` (search_by_text), `delete`, `big` (grows memory to
 * the limit, answers pages), `initial` (answers what initialize was given), `join` (creates "changed" and connects it
 * to params by "hi"; answers the connection's id), `rollback` (creates params and sends to it inside a savepoint, rolls
 * both back, creates "changed"), `know` (recall), `vector` (embed), `post` (sends the params but for the first
 * four letters to the agent that the first three name), `echo` (answers the params). With a capital first letter (`Get`, `Mail` …) the quotes
 * around params are taken off: ids are never JSON, params always are.
 */
export const testAgent = wat(`(module
  (import "engram" "engram_create" (func $create (param i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "engram_get" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "engram" "engram_update" (func $update (param i32 i32 i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "engram_delete" (func $delete (param i32 i32) (result i32)))
  (import "engram" "search_by_text" (func $search (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "engram" "connection_create" (func $connect (param i32 i32 i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "transaction_begin" (func $begin (result i32)))
  (import "engram" "transaction_rollback" (func $rollback (result i32)))
  (import "engram" "recall" (func $recall (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "engram" "embed" (func $embed (param i32 i32 i32 i32) (result i32)))
  (import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "${text("changed")}")
  (data (i32.const 32) "hi")
  (global $heap (mut i32) (i32.const 131072))
  (func (export "initialize") (param $p i32) (param $n i32) (result i32)
    (i32.store (i32.const 1040) (local.get $n))
    (memory.copy (i32.const 70000) (local.get $p) (local.get $n))
    (i32.const 0))
  (func (export "release"))
  (func $alloc (export "engram_alloc") (param $size i32) (result i32) (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (if (i32.gt_u (global.get $heap) (i32.const 262144)) (then (global.set $heap (i32.const 131072)) (local.set $at (i32.const 131072))
      (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get $size)) (i32.const 7)) (i32.const -8)))))
    (local.get $at))
  (func (export "engram_free") (param $at i32) (param i32)
    (if (i32.lt_u (local.get $at) (global.get $heap)) (then (global.set $heap (local.get $at)))))
  (func $answer (param $from i32) (param $len i32) (result i32) (local $at i32)
    (local.set $at (call $alloc (i32.add (local.get $len) (i32.const 4))))
    (i32.store (local.get $at) (local.get $len))
    (memory.copy (i32.add (local.get $at) (i32.const 4)) (local.get $from) (local.get $len))
    (local.get $at))
  (func $number (param $n i32) (result i32) (local $at i32) (local $minus i32)
    (local.set $at (i32.const 128))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (local.set $minus (i32.const 1)) (local.set $n (i32.sub (i32.const 0) (local.get $n)))))
    (loop $more
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
      (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
      (br_if $more (local.get $n)))
    (if (local.get $minus) (then (local.set $at (i32.sub (local.get $at) (i32.const 1))) (i32.store8 (local.get $at) (i32.const 45))))
    (call $answer (local.get $at) (i32.sub (i32.const 128) (local.get $at))))
  (func $count (result i32)
    (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1)))
    (i32.load (i32.const 1024)))
  (func $make (param $p i32) (param $n i32) (result i32)
    (call $create (local.get $p) (local.get $n) (i32.const 0) (i32.const 0) (f64.const 1) (i32.const 0) (i32.const 0)))
  (func $id (param $r i32) (result i32)
    (if (result i32) (i32.gt_s (local.get $r) (i32.const 0))
      (then (call $answer (i32.add (local.get $r) (i32.const 4)) (i32.load (local.get $r))))
      (else (call $number (local.get $r)))))
  (func $buffer (param $status i32) (result i32)
    (if (result i32) (local.get $status)
      (then (call $number (local.get $status)))
      (else (call $answer (i32.const 2048) (i32.load (i32.const 1032))))))
  (func (export "execute") (param $a i32) (param $an i32) (param $p i32) (param $n i32) (result i32) (local $c i32) (local $made i32)
    (local.set $c (i32.load8_u (local.get $a)))
    (if (i32.lt_u (local.get $c) (i32.const 91)) (then
      (local.set $c (i32.add (local.get $c) (i32.const 32)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 2)))))
    (if (i32.eq (local.get $c) (i32.const 99)) (then (return (call $number (call $count)))))
    (if (i32.eq (local.get $c) (i32.const 115)) (then (loop $spin (br $spin))))
    (if (i32.eq (local.get $c) (i32.const 116)) (then
      (drop (call $count)) (drop (call $make (local.get $p) (local.get $n)))
      (drop (call $send (local.get $p) (local.get $n) (i32.const 32) (i32.const 2))) (unreachable)))
    (if (i32.eq (local.get $c) (i32.const 102)) (then
      (drop (call $count)) (drop (call $make (local.get $p) (local.get $n))) (return (i32.const -1))))
    (if (i32.eq (local.get $c) (i32.const 119)) (then (return (call $id (call $make (local.get $p) (local.get $n))))))
    (if (i32.eq (local.get $c) (i32.const 117)) (then (return (call $number
      (call $update (local.get $p) (local.get $n) (i32.const 16) (i32.const 7) (i32.const 0) (i32.const 0) (f64.const nan) (i32.const 0) (i32.const 0))))))
    (if (i32.eq (local.get $c) (i32.const 100)) (then (return (call $number (call $delete (local.get $p) (local.get $n))))))
    (if (i32.eq (local.get $c) (i32.const 109)) (then (return (call $number
      (call $send (local.get $p) (local.get $n) (i32.const 32) (i32.const 2))))))
    (if (i32.eq (local.get $c) (i32.const 106)) (then
      (local.set $made (call $make (i32.const 16) (i32.const 7)))
      (return (call $id (call $connect (i32.add (local.get $made) (i32.const 4)) (i32.load (local.get $made))
        (local.get $p) (local.get $n) (i32.const 32) (i32.const 2) (f64.const 1) (i32.const 0) (i32.const 0))))))
    (if (i32.eq (local.get $c) (i32.const 114)) (then
      (drop (call $begin)) (drop (call $make (local.get $p) (local.get $n)))
      (drop (call $send (local.get $p) (local.get $n) (i32.const 32) (i32.const 2))) (drop (call $rollback))
      (return (call $id (call $make (i32.const 16) (i32.const 7))))))
    (i32.store (i32.const 1032) (i32.const 60000))
    (if (i32.eq (local.get $c) (i32.const 103)) (then (return (call $buffer
      (call $get (local.get $p) (local.get $n) (i32.const 2048) (i32.const 1032))))))
    (if (i32.eq (local.get $c) (i32.const 108)) (then (return (call $buffer
      (call $search (local.get $p) (local.get $n) (i32.const 0) (i32.const 10) (i32.const 2048) (i32.const 1032))))))
    (if (i32.eq (local.get $c) (i32.const 107)) (then (return (call $buffer
      (call $recall (local.get $p) (local.get $n) (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 1032))))))
    (if (i32.eq (local.get $c) (i32.const 118)) (then (return (call $buffer
      (call $embed (local.get $p) (local.get $n) (i32.const 2048) (i32.const 1032))))))
    (if (i32.eq (local.get $c) (i32.const 98)) (then
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
      (return (call $number (memory.size)))))
    (if (i32.eq (local.get $c) (i32.const 105)) (then (return (call $answer (i32.const 70000) (i32.load (i32.const 1040))))))
    (if (i32.eq (local.get $c) (i32.const 112)) (then (return (call $number (call $send (local.get $p) (i32.const 3)
      (i32.add (local.get $p) (i32.const 4)) (i32.sub (local.get $n) (i32.const 4)))))))
    (call $answer (local.get $p) (local.get $n)))
  (func (export "query") (param $p i32) (param $n i32) (result i32)
    (if (local.get $n) (then (return (call $id (call $make (local.get $p) (local.get $n))))))
    (i32.store (i32.const 1036) (i32.const 7))
    (call $number (i32.load (i32.const 1024))))
  (func (export "receive") (param i32 i32) (result i32) (drop (call $count)) (i32.const 0))
)`);

/** Base64, as load requests carry modules. */
export const testAgentBase64 = testAgent.toBase64();

/** An agent that sends "hi" to the agent its action names, and answers every message with another, for ever. */
export const echoAgentBase64 = wat(`(module
  (import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 32) "hi")
  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release"))
  (global $slot (mut i32) (i32.const 65536))
  (func (export "engram_alloc") (param i32) (result i32)
    (global.set $slot (i32.xor (global.get $slot) (i32.const 32768)))
    (global.get $slot))
  (func (export "engram_free") (param i32 i32))
  (func (export "execute") (param $a i32) (param $n i32) (param i32 i32) (result i32)
    (drop (call $send (local.get $a) (local.get $n) (i32.const 32) (i32.const 2))) (i32.const 0))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0))
  (func (export "receive") (param $p i32) (param i32) (result i32)
    (drop (call $send (i32.add (local.get $p) (i32.const 10)) (i32.const 1) (i32.const 32) (i32.const 2))) (i32.const 0))
)`).toBase64();
