;; Seconds since 1970 as a date (local time is UTC), around leap days and at both ends of what a Date holds.
(import "env" "_localtime_js" (func $split (param i64 i32) (result i32)))
;; struct tm at 1025
(func $is (param $check i32) (param $sec i32) (param $min i32) (param $hour i32) (param $mday i32)
    (param $mon i32) (param $year i32) (param $wday i32) (param $yday i32)
  (call $equal (local.get $check) (i32.load (i32.const 1025)) (local.get $sec))
  (call $equal (local.get $check) (i32.load (i32.const 1029)) (local.get $min))
  (call $equal (local.get $check) (i32.load (i32.const 1033)) (local.get $hour))
  (call $equal (local.get $check) (i32.load (i32.const 1037)) (local.get $mday))
  (call $equal (local.get $check) (i32.load (i32.const 1041)) (local.get $mon))
  (call $equal (local.get $check) (i32.load (i32.const 1045)) (local.get $year))
  (call $equal (local.get $check) (i32.load (i32.const 1049)) (local.get $wday))
  (call $equal (local.get $check) (i32.load (i32.const 1053)) (local.get $yday))
  (call $equal (local.get $check) (i32.load (i32.const 1057)) (i32.const 0))
  (call $equal (local.get $check) (i32.load (i32.const 1061)) (i32.const 0))
  (call $equal (local.get $check) (i32.load (i32.const 1065)) (i32.const -1))) ;; not ours
(func (export "test")
  (memory.fill (i32.const 1024) (i32.const 0xff) (i32.const 64))
  ;; 1970-01-01 00:00:00
  (call $equal (i32.const 1) (call $split (i64.const 0) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)
    (i32.const 70) (i32.const 4) (i32.const 0))
  ;; 1969-12-31 23:59:59
  (call $equal (i32.const 2) (call $split (i64.const -1) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 2) (i32.const 59) (i32.const 59) (i32.const 23) (i32.const 31) (i32.const 11)
    (i32.const 69) (i32.const 3) (i32.const 364))
  ;; 2000-02-28 23:59:59
  (call $equal (i32.const 3) (call $split (i64.const 951782399) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 3) (i32.const 59) (i32.const 59) (i32.const 23) (i32.const 28) (i32.const 1)
    (i32.const 100) (i32.const 1) (i32.const 58))
  ;; 2000-02-29 00:00:00
  (call $equal (i32.const 4) (call $split (i64.const 951782400) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 29) (i32.const 1)
    (i32.const 100) (i32.const 2) (i32.const 59))
  ;; 2000-02-29 23:59:59
  (call $equal (i32.const 5) (call $split (i64.const 951868799) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 5) (i32.const 59) (i32.const 59) (i32.const 23) (i32.const 29) (i32.const 1)
    (i32.const 100) (i32.const 2) (i32.const 59))
  ;; 2000-03-01 00:00:00
  (call $equal (i32.const 6) (call $split (i64.const 951868800) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2)
    (i32.const 100) (i32.const 3) (i32.const 60))
  ;; 2100-02-28 23:59:59
  (call $equal (i32.const 7) (call $split (i64.const 4107542399) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 7) (i32.const 59) (i32.const 59) (i32.const 23) (i32.const 28) (i32.const 1)
    (i32.const 200) (i32.const 0) (i32.const 58))
  ;; 2100-03-01 00:00:00
  (call $equal (i32.const 8) (call $split (i64.const 4107542400) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2)
    (i32.const 200) (i32.const 1) (i32.const 59))
  ;; 2023-11-14 22:13:20
  (call $equal (i32.const 9) (call $split (i64.const 1700000000) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 9) (i32.const 20) (i32.const 13) (i32.const 22) (i32.const 14) (i32.const 10)
    (i32.const 123) (i32.const 2) (i32.const 317))
  ;; 0000-12-31 23:59:59
  (call $equal (i32.const 10) (call $split (i64.const -62135596801) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 10) (i32.const 59) (i32.const 59) (i32.const 23) (i32.const 31) (i32.const 11)
    (i32.const -1900) (i32.const 0) (i32.const 365))
  ;; 275760-09-13 00:00:00
  (call $equal (i32.const 11) (call $split (i64.const 8640000000000) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 11) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 13) (i32.const 8)
    (i32.const 273860) (i32.const 6) (i32.const 256))
  ;; -271821-04-20 00:00:00
  (call $equal (i32.const 12) (call $split (i64.const -8640000000000) (i32.const 1025)) (i32.const 0))
  (call $is (i32.const 12) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 20) (i32.const 3)
    (i32.const -273721) (i32.const 2) (i32.const 109))
  (call $equal (i32.const 13) (call $split (i64.const 8640000000001) (i32.const 1025)) (i32.const 1))
  (call $equal (i32.const 14) (call $split (i64.const -8640000000001) (i32.const 1025)) (i32.const 1))
  (call $equal (i32.const 15) (call $split (i64.const 0x8000000000000000) (i32.const 1025)) (i32.const 1))
  (call $equal (i32.const 16) (call $split (i64.const 0) (global.get $WILD)) (i32.const 1)))
