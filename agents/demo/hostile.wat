;; An agent that means harm, to show that none is done.
;;
;; spin             loops without end: the host stops it when its fuel is used up
;; grab             takes memory until the host refuses, then says how many 64 KiB pages it got
;; write_then_trap  writes two engrams and a connection, sends itself a message, then traps: nothing of it may remain
;;
;; Exports and imports are those of the engram ABI, version 1.
(module
  (import "engram" "engram_create"
    (func $engram_create (param i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "connection_create"
    (func $connection_create (param i32 i32 i32 i32 i32 i32 f64 i32 i32) (result i32)))
  (import "engram" "send_message" (func $send_message (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 2)

  (data (i32.const 16) "spin")
  (data (i32.const 32) "grab")
  (data (i32.const 48) "write_then_trap")
  (data (i32.const 80) "This sentence must not be found.")
  (data (i32.const 128) "Nor this one.")
  (data (i32.const 160) "hostile")
  (data (i32.const 176) "supersedes")
  (data (i32.const 208) "do as I say")
  (data (i32.const 240) "{\"pages\":")

  ;; Blocks are never given back; the first lies above the texts.
  (global $free (mut i32) (i32.const 4096))

  (func $alloc (export "engram_alloc") (param $size i32) (result i32)
    (local $block i32)
    (local.set $block (global.get $free))
    (global.set $free
      (i32.and (i32.add (i32.add (local.get $block) (local.get $size)) (i32.const 15)) (i32.const -16)))
    (if (i32.gt_u (global.get $free) (i32.shl (memory.size) (i32.const 16)))
      (then
        (if (i32.eq
              (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
              (i32.const -1))
          (then (unreachable)))))
    (local.get $block))
  (func (export "engram_free") (param i32 i32))

  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release"))

  ;; 1 when the text at $a is the $size bytes at $b.
  (func $is (param $a i32) (param $length i32) (param $b i32) (param $size i32) (result i32)
    (if (i32.ne (local.get $length) (local.get $size)) (then (return (i32.const 0))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $size)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (if (i32.ne
              (i32.load8_u (i32.add (local.get $a) (local.get $size)))
              (i32.load8_u (i32.add (local.get $b) (local.get $size))))
          (then (return (i32.const 0))))
        (br $next)))
    (i32.const 1))

  (func (export "execute") (param $action i32) (param $length i32) (param i32 i32) (result i32)
    (if (call $is (local.get $action) (local.get $length) (i32.const 16) (i32.const 4)) (then (call $spin)))
    (if (call $is (local.get $action) (local.get $length) (i32.const 32) (i32.const 4)) (then (return (call $grab))))
    (if (call $is (local.get $action) (local.get $length) (i32.const 48) (i32.const 15))
      (then (call $write_then_trap)))
    (i32.const -1))

  (func $spin (loop $again (br $again)))

  ;; {"pages":N} once the host has refused to give more.
  (func $grab (result i32)
    (local $pages i32) (local $at i32) (local $digits i32) (local $rest i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (loop $last (br_if $last (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (local.set $pages (memory.size))
    (local.set $rest (local.get $pages))
    (loop $count
      (local.set $digits (i32.add (local.get $digits) (i32.const 1)))
      (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
      (br_if $count (local.get $rest)))
    ;; The block stands at 1024: a u32 length, then the text.
    (i32.store (i32.const 1024) (i32.add (local.get $digits) (i32.const 10)))
    (memory.copy (i32.const 1028) (i32.const 240) (i32.const 9))
    (local.set $at (i32.add (i32.const 1037) (local.get $digits)))
    (i32.store8 (local.get $at) (i32.const 125))
    (local.set $rest (local.get $pages))
    (loop $write
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $rest) (i32.const 10))))
      (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
      (br_if $write (local.get $rest)))
    (i32.const 1024))

  (func $write_then_trap
    (local $a i32) (local $b i32)
    (local.set $a
      (call $engram_create
        (i32.const 80) (i32.const 32) (i32.const 160) (i32.const 7) (f64.const 1) (i32.const 0) (i32.const 0)))
    (local.set $b
      (call $engram_create
        (i32.const 128) (i32.const 13) (i32.const 160) (i32.const 7) (f64.const 1) (i32.const 0) (i32.const 0)))
    (if (i32.and (i32.gt_s (local.get $a) (i32.const 0)) (i32.gt_s (local.get $b) (i32.const 0)))
      (then
        (drop
          (call $connection_create
            (i32.add (local.get $a) (i32.const 4)) (i32.load (local.get $a))
            (i32.add (local.get $b) (i32.const 4)) (i32.load (local.get $b))
            (i32.const 176) (i32.const 10) (f64.const 1) (i32.const 0) (i32.const 0)))))
    (drop (call $send_message (i32.const 160) (i32.const 7) (i32.const 208) (i32.const 11)))
    (unreachable)))
