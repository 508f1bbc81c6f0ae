;; Dot products of one int8 vector with many: integers, so the same on every machine. Lengths are multiples of 16.
(module
  (memory (export "memory") 1)
  ;; For each of $count vectors of $bytes bytes at $at: its dot product with the one at $query, as i32 at $out.
  (func (export "dots") (param $query i32) (param $at i32) (param $count i32) (param $bytes i32) (param $out i32)
    (local $i i32) (local $sum v128) (local $a v128) (local $b v128)
    (if (i32.eqz (local.get $count)) (then (return)))
    (loop $vectors
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (local.set $i (i32.const 0))
      (loop $blocks
        (local.set $a (v128.load (i32.add (local.get $query) (local.get $i))))
        (local.set $b (v128.load (i32.add (local.get $at) (local.get $i))))
        (local.set $sum (i32x4.add (local.get $sum)
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $a)) (i16x8.extend_low_i8x16_s (local.get $b)))))
        (local.set $sum (i32x4.add (local.get $sum)
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $a)) (i16x8.extend_high_i8x16_s (local.get $b)))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br_if $blocks (i32.lt_u (local.get $i) (local.get $bytes))))
      (i32.store (local.get $out)
        (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
          (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
      (local.set $at (i32.add (local.get $at) (local.get $bytes)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $vectors (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
