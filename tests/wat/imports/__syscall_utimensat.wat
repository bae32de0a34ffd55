;; Given times, now, as they are; of a path, a descriptor, a link.
(import "env" "__syscall_utimensat" (func $utimensat (param i32 i32 i32 i32) (result i32)))
(import "env" "__syscall_stat64" (func $stat (param i32 i32) (result i32)))
(data (i32.const 32) "/a\00")
(data (i32.const 16) "/none\00")
(data (i32.const 500) "\fe\ff\ff\ff\ff\ff\ff\ff\06\00\00\00\00\00\00\00") ;; -2 s 6 ns
(data (i32.const 516) "\07\00\00\00\00\00\00\00\08\00\00\00\00\00\00\00") ;; 7 s 8 ns
(data (i32.const 532) "\00\00\00\00\00\00\00\00\fe\ff\ff\3f\00\00\00\00") ;; UTIME_OMIT
(data (i32.const 548) "\00\00\00\00\00\00\00\00\ff\ff\ff\3f\00\00\00\00") ;; UTIME_NOW
(data (i32.const 564) "\00\00\00\00\00\00\00\00\00\ca\9a\3b\00\00\00\00") ;; 10^9 ns
(data (i32.const 580) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
(data (i32.const 596) "\ff\ff\ff\ff\ff\ff\ff\7f\00\00\00\00\00\00\00\00") ;; 2^63 - 1 s
(data (i32.const 612) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
(func $touch (param $times i32) (result i32)
  (local $result i32)
  (local.set $result
    (call $utimensat (global.get $AT_CWD) (i32.const 32) (local.get $times) (i32.const 0)))
  (call $equal (i32.const 100) (call $stat (i32.const 32) (i32.const 1024)) (i32.const 0))
  (local.get $result))
(func (export "test")
  (call $equal (i32.const 1) (call $create (i32.const 32)) (i32.const 3))
  (call $equal (i32.const 2) (call $touch (i32.const 500)) (i32.const 0))
  (call $equal_i64 (i32.const 3) (i64.load (i32.const 1064)) (i64.const -2))
  (call $equal (i32.const 4) (i32.load (i32.const 1072)) (i32.const 6))
  (call $equal_i64 (i32.const 5) (i64.load (i32.const 1080)) (i64.const 7))
  (call $equal (i32.const 6) (i32.load (i32.const 1088)) (i32.const 8))
  (call $equal (i32.const 7) (call $touch (i32.const 532)) (i32.const 0))
  (call $equal_i64 (i32.const 8) (i64.load (i32.const 1064)) (i64.const -2))
  (call $equal (i32.const 9)
    (i64.gt_s (i64.load (i32.const 1080)) (i64.const 1700000000)) (i32.const 1))
  (call $equal (i32.const 10) ;; NULL for the path: the descriptor
    (call $utimensat (i32.const 3) (i32.const 0) (i32.const 500) (i32.const 0)) (i32.const 0))
  (call $equal (i32.const 11) (call $touch (i32.const 0)) (i32.const 0)) ;; NULL: both now
  (call $equal (i32.const 12)
    (i64.gt_s (i64.load (i32.const 1064)) (i64.const 1700000000)) (i32.const 1))
  (call $equal (i32.const 13) (call $touch (i32.const 564)) (global.get $E_INVAL))
  (call $equal (i32.const 14) (call $touch (i32.const 596)) (global.get $E_INVAL))
  (call $equal (i32.const 15) (call $touch (global.get $WILD)) (global.get $E_FAULT))
  (call $equal (i32.const 16)
    (call $utimensat (global.get $AT_CWD) (i32.const 16) (i32.const 500) (i32.const 0))
    (global.get $E_NOENT))
  (call $equal (i32.const 17)
    (call $utimensat (global.get $AT_CWD) (global.get $WILD) (i32.const 500) (i32.const 0))
    (global.get $E_FAULT))
  (call $equal (i32.const 18)
    (call $utimensat (i32.const 99) (i32.const 0) (i32.const 500) (i32.const 0))
    (global.get $E_BADF)))
