;; SHA-256 (FIPS 180-4) of whole 64-byte blocks. Memory: 0 round constants (64 words), 256 state (8 words), 288 schedule
;; (64 words), 1024 blocks, big-endian words in them as in the message. sha256.ts writes constants and start state.
(module
  (memory (export "memory") 1 1)
  (func $schedule (param $from i32) (local $i i32) (local $w i32) (local $a i32) (local $b i32)
    (loop $load
      (local.set $a (i32.load (i32.add (local.get $from) (local.get $i))))
      (i32.store offset=288 (local.get $i) (i32.or
        (i32.and (i32.rotl (local.get $a) (i32.const 8)) (i32.const 0x00ff00ff))
        (i32.and (i32.rotr (local.get $a) (i32.const 8)) (i32.const 0xff00ff00))))
      (br_if $load (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 64))))
    (loop $extend
      (local.set $w (i32.add (local.get $i) (i32.const 288)))
      (local.set $a (i32.load (i32.sub (local.get $w) (i32.const 60))))
      (local.set $b (i32.load (i32.sub (local.get $w) (i32.const 8))))
      (i32.store (local.get $w) (i32.add
        (i32.add
          (i32.load (i32.sub (local.get $w) (i32.const 64)))
          (i32.xor (i32.xor (i32.rotr (local.get $a) (i32.const 7)) (i32.rotr (local.get $a) (i32.const 18)))
            (i32.shr_u (local.get $a) (i32.const 3))))
        (i32.add
          (i32.load (i32.sub (local.get $w) (i32.const 28)))
          (i32.xor (i32.xor (i32.rotr (local.get $b) (i32.const 17)) (i32.rotr (local.get $b) (i32.const 19)))
            (i32.shr_u (local.get $b) (i32.const 10))))))
      (br_if $extend (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 256)))))
  (func (export "compress") (param $blocks i32)
    (local $from i32) (local $i i32) (local $one i32) (local $two i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local.set $from (i32.const 1024))
    (loop $block
      (call $schedule (local.get $from))
      (local.set $a (i32.load (i32.const 256))) (local.set $b (i32.load (i32.const 260)))
      (local.set $c (i32.load (i32.const 264))) (local.set $d (i32.load (i32.const 268)))
      (local.set $e (i32.load (i32.const 272))) (local.set $f (i32.load (i32.const 276)))
      (local.set $g (i32.load (i32.const 280))) (local.set $h (i32.load (i32.const 284)))
      (local.set $i (i32.const 0))
      (loop $round
        (local.set $one (i32.add
          (i32.add (i32.load (local.get $i)) (i32.load offset=288 (local.get $i)))
          (i32.add (local.get $h) (i32.add
            (i32.xor (i32.xor (i32.rotr (local.get $e) (i32.const 6)) (i32.rotr (local.get $e) (i32.const 11)))
              (i32.rotr (local.get $e) (i32.const 25)))
            (i32.xor (local.get $g)
              (i32.and (local.get $e) (i32.xor (local.get $f) (local.get $g))))))))
        (local.set $two (i32.add
          (i32.xor (i32.xor (i32.rotr (local.get $a) (i32.const 2)) (i32.rotr (local.get $a) (i32.const 13)))
            (i32.rotr (local.get $a) (i32.const 22)))
          (i32.or (i32.and (local.get $a) (local.get $b))
            (i32.and (local.get $c) (i32.or (local.get $a) (local.get $b))))))
        (local.set $h (local.get $g))
        (local.set $g (local.get $f))
        (local.set $f (local.get $e))
        (local.set $e (i32.add (local.get $d) (local.get $one)))
        (local.set $d (local.get $c))
        (local.set $c (local.get $b))
        (local.set $b (local.get $a))
        (local.set $a (i32.add (local.get $one) (local.get $two)))
        (br_if $round (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 256))))
      (i32.store (i32.const 256) (i32.add (i32.load (i32.const 256)) (local.get $a)))
      (i32.store (i32.const 260) (i32.add (i32.load (i32.const 260)) (local.get $b)))
      (i32.store (i32.const 264) (i32.add (i32.load (i32.const 264)) (local.get $c)))
      (i32.store (i32.const 268) (i32.add (i32.load (i32.const 268)) (local.get $d)))
      (i32.store (i32.const 272) (i32.add (i32.load (i32.const 272)) (local.get $e)))
      (i32.store (i32.const 276) (i32.add (i32.load (i32.const 276)) (local.get $f)))
      (i32.store (i32.const 280) (i32.add (i32.load (i32.const 280)) (local.get $g)))
      (i32.store (i32.const 284) (i32.add (i32.load (i32.const 284)) (local.get $h)))
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (br_if $block (local.tee $blocks (i32.sub (local.get $blocks) (i32.const 1)))))))
