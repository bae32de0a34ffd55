;; Every field's place; links are followed.
(import "env" "__syscall_stat64" (func $stat (param i32 i32) (result i32)))
(import "env" "__syscall_utimensat" (func $utimensat (param i32 i32 i32 i32) (result i32)))
(import "env" "__syscall_symlinkat" (func $symlink (param i32 i32 i32) (result i32)))
(data (i32.const 80) "/a\00")
(data (i32.const 16) "/link\00")
(data (i32.const 32) "/none\00")
(data (i32.const 48) "/a/b\00")
(data (i32.const 64) "/dev/shm\00")
(data (i32.const 500) "\05\00\00\00\00\00\00\00\06\00\00\00\00\00\00\00") ;; 5 s 6 ns
(data (i32.const 516) "\07\00\00\00\00\00\00\00\08\00\00\00\00\00\00\00")
(func (export "test")
  (call $equal (i32.const 1) (call $create (i32.const 80)) (i32.const 3))
  (call $equal (i32.const 2)
    (call $write (i32.const 3) (i32.const 0) (i32.const 5000)) (i32.const 5000))
  (call $equal (i32.const 3)
    (call $symlink (i32.const 80) (global.get $AT_CWD) (i32.const 16)) (i32.const 0))
  (call $equal (i32.const 4)
    (call $utimensat (global.get $AT_CWD) (i32.const 80) (i32.const 500) (i32.const 0)) (i32.const 0))
  (memory.fill (i32.const 1024) (i32.const 0xff) (i32.const 104))
  (call $equal (i32.const 5) (call $stat (i32.const 16) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 6) (i32.load (i32.const 1028)) (i32.const 0x81a4))  ;; 0100644
  (call $equal (i32.const 7) (i32.load (i32.const 1032)) (i32.const 1))       ;; links
  (call $equal (i32.const 8) (i32.load (i32.const 1036)) (i32.const 0))       ;; uid
  (call $equal (i32.const 9) (i32.load (i32.const 1040)) (i32.const 0))       ;; gid
  (call $equal (i32.const 10) (i32.load (i32.const 1044)) (i32.const 0))      ;; rdev
  (call $equal_i64 (i32.const 11) (i64.load (i32.const 1048)) (i64.const 5000))
  (call $equal (i32.const 12) (i32.load (i32.const 1056)) (i32.const 4096))   ;; blksize
  (call $equal (i32.const 13) (i32.load (i32.const 1060)) (i32.const 16))     ;; blocks
  (call $equal_i64 (i32.const 14) (i64.load (i32.const 1064)) (i64.const 5))  ;; atime
  (call $equal (i32.const 15) (i32.load (i32.const 1072)) (i32.const 6))
  (call $equal_i64 (i32.const 16) (i64.load (i32.const 1080)) (i64.const 7))  ;; mtime
  (call $equal (i32.const 17) (i32.load (i32.const 1088)) (i32.const 8))
  (call $equal (i32.const 18) ;; ctime: after 2023
    (i64.gt_s (i64.load (i32.const 1096)) (i64.const 1700000000)) (i32.const 1))
  (call $equal (i32.const 19) (i64.eqz (i64.load (i32.const 1112))) (i32.const 0)) ;; ino
  (call $equal (i32.const 20) (i32.load (i32.const 1120)) (i32.const -1))     ;; not ours
  (call $equal (i32.const 21) (call $stat (i32.const 64) (i32.const 1024)) (i32.const 0))
  (call $equal (i32.const 22)
    (i32.and (i32.load (i32.const 1028)) (i32.const 0xf000)) (i32.const 0x4000))
  (call $equal (i32.const 23) (call $stat (i32.const 32) (i32.const 1024)) (global.get $E_NOENT))
  (call $equal (i32.const 24) (call $stat (i32.const 48) (i32.const 1024)) (global.get $E_NOTDIR))
  (call $equal (i32.const 25) (call $stat (global.get $WILD) (i32.const 1024)) (global.get $E_FAULT))
  (call $equal (i32.const 26) (call $stat (i32.const 80) (i32.const 2097100)) (global.get $E_FAULT)))
