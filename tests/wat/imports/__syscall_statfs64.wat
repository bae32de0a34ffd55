;; The structure's size is checked, for it is written whole.
(import "env" "__syscall_statfs64" (func $statfs (param i32 i32 i32) (result i32)))
(data (i32.const 0) "/\00")
(data (i32.const 16) "/none\00")
(func (export "test")
  (memory.fill (i32.const 1024) (i32.const 0xff) (i32.const 100))
  (call $equal (i32.const 1) (call $statfs (i32.const 0) (i32.const 88) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 2) (i32.load (i32.const 1028)) (i32.const 4096)) ;; bsize
  (call $equal (i32.const 3) ;; blocks, of them free
    (i64.ge_u (i64.load (i32.const 1032)) (i64.load (i32.const 1040))) (i32.const 1))
  (call $equal (i32.const 4) (i64.eqz (i64.load (i32.const 1048))) (i32.const 0))
  (call $equal (i32.const 5) (i32.load (i32.const 1080)) (i32.const 255))  ;; namelen
  (call $equal (i32.const 6) (i32.load (i32.const 1084)) (i32.const 4096)) ;; frsize
  (call $equal (i32.const 7) (i32.load (i32.const 1112)) (i32.const -1))   ;; not ours
  (call $equal (i32.const 8)
    (call $statfs (i32.const 0) (i32.const 84) (i32.const 1024)) (global.get $E_INVAL))
  (call $equal (i32.const 9)
    (call $statfs (i32.const 16) (i32.const 88) (i32.const 1024)) (global.get $E_NOENT))
  (call $equal (i32.const 10)
    (call $statfs (global.get $WILD) (i32.const 88) (i32.const 1024)) (global.get $E_FAULT))
  (call $equal (i32.const 11)
    (call $statfs (i32.const 0) (i32.const 88) (global.get $WILD)) (global.get $E_FAULT)))
