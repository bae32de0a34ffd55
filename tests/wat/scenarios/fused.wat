;; Pairs of operations that csrc/guest/wasm3/fusions.h makes one of, and places where it must not:
;; where the second one is jumped to, control comes to it without the first.
(func $merge (param $which i32) (result i32)
  (local $sum i32)
  ;; The end of the block lies between the addition and the store of its sum.
  (local.set $sum
    (block (result i32)
      (drop (br_if 0 (i32.const 7) (local.get $which)))
      (i32.add (local.get $which) (i32.const 40))))
  (i32.add (local.get $sum) (i32.const 1)))
(func $branches (param $x i32) (result i32)
  ;; Comparisons followed by each kind of decision.
  (local $n i32)
  (block $out
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 3)))
      (br_if $out (i32.gt_u (local.get $n) (local.get $x)))
      (if (i32.eq (i32.rem_u (local.get $n) (i32.const 3)) (i32.const 0))
        (then (local.set $n (i32.sub (local.get $n) (i32.const 1))))
        (else (local.set $n (i32.add (local.get $n) (i32.const 1)))))
      (br_if $again (i32.ne (local.get $n) (i32.const 1000)))))
  (local.get $n))
(func $moves (param $a i32) (param $b i64) (param $c f32) (param $d f64) (result i32)
  ;; Results of each type into locals; two copies in a row.
  (local $i i32) (local $j i32) (local $k i64) (local $x f32) (local $y f64)
  (local.set $i (local.get $a))
  (local.set $j (local.get $i))
  (local.set $i (i32.shl (local.get $a) (i32.const 4)))
  (local.set $k (i64.mul (local.get $b) (i64.const -3)))
  (local.set $x (f32.sub (local.get $c) (f32.const 0.5)))
  (local.set $y (f64.mul (local.get $d) (f64.const 2)))
  (i32.add
    (i32.add (local.get $i) (local.get $j))
    (i32.add
      (i32.wrap_i64 (local.get $k))
      (i32.add (i32.trunc_f32_s (local.get $x)) (i32.trunc_f64_s (local.get $y))))))
(func $pointer (result i32)
  ;; An address that is summed up, a load from it, a sum with what was loaded.
  (i32.store (i32.const 65536) (i32.const 65600))
  (i32.store (i32.const 65608) (i32.const 11))
  (i32.add
    (i32.load (i32.add (i32.load (i32.const 65536)) (i32.shl (i32.const 2) (i32.const 2))))
    (i32.const 5)))
(func $many_locals (param $n i32) (result i32)
  ;; More bytes of locals, and of constants, than op_Entry sets with its fixed sizes.
  (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64) (local $f i64)
  (local $g i64) (local $h i64) (local $i i64) (local $j i64) (local $k i64) (local $l i64)
  (local.set $a (i64.add (local.get $l) (i64.const 100000001)))
  (local.set $b (i64.add (local.get $k) (i64.const 100000002)))
  (local.set $c (i64.add (local.get $j) (i64.const 100000003)))
  (local.set $d (i64.add (local.get $i) (i64.const 100000004)))
  (local.set $e (i64.add (local.get $h) (i64.const 100000005)))
  (local.set $f (i64.add (local.get $g) (i64.const 100000006)))
  (if (local.get $n)
    (then (drop (call $many_locals (i32.sub (local.get $n) (i32.const 1))))))
  (i32.wrap_i64
    (i64.sub
      (i64.add
        (i64.add (local.get $a) (local.get $b))
        (i64.add
          (i64.add (local.get $c) (local.get $d))
          (i64.add (local.get $e) (local.get $f))))
      (i64.const 600000000))))
(func (export "test")
  (call $equal (i32.const 1) (call $merge (i32.const 0)) (i32.const 41))
  (call $equal (i32.const 2) (call $merge (i32.const 1)) (i32.const 8))
  (call $equal (i32.const 3) (call $branches (i32.const 99)) (i32.const 101))
  (call $equal (i32.const 4)
    (call $moves (i32.const 5) (i64.const 7) (f32.const 3) (f64.const 4)) (i32.const 74))
  (call $equal (i32.const 5) (call $pointer) (i32.const 16))
  (call $equal (i32.const 6) (call $many_locals (i32.const 3)) (i32.const 21)))
