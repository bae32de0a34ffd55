;; I/O vectors, unaligned and split; the end of the file; a bad pointer anywhere in the vector
;; moves nothing; lengths that do not fit; a vector that is read over.
(import "wasi_snapshot_preview1" "fd_read" (func $call (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
(data (i32.const 0) "/a\00")
(data (i32.const 16) "abcdefgh")
;; three parts, at an odd address: 3 bytes to 1101, none, 10 bytes to 1203
(data (i32.const 2001) "\4d\04\00\00\03\00\00\00\00\00\00\00\00\00\00\00\b3\04\00\00\0a\00\00\00")
;; the second part lies outside memory
(data (i32.const 2101) "\4d\04\00\00\03\00\00\00\f0\ff\ff\ff\08\00\00\00")
;; 2^31 bytes in all
(data (i32.const 2201) "\4d\04\00\00\00\00\10\00\4d\04\00\00\00\00\f0\7f")
;; the first part lies over the second
(data (i32.const 2301) "\05\09\00\00\04\00\00\00\4d\04\00\00\04\00\00\00")
(func $rewind
  (call $equal (i32.const 100)
    (call $seek (i32.const 3) (i64.const 0) (i32.const 0) (i32.const 3000)) (i32.const 0)))
(func (export "test")
  (call $equal (i32.const 1) (call $create (i32.const 0)) (i32.const 3))
  (call $equal (i32.const 2) (call $write (i32.const 3) (i32.const 16) (i32.const 8)) (i32.const 8))
  (call $rewind)
  (call $equal (i32.const 3)
    (call $call (i32.const 3) (i32.const 2001) (i32.const 3) (i32.const 1501)) (i32.const 0))
  (call $equal (i32.const 4) (i32.load (i32.const 1501)) (i32.const 8))
  (call $equal (i32.const 5) (i32.load (i32.const 1101)) (i32.const 0x00636261)) ;; "abc"
  (call $equal (i32.const 6) (i32.load (i32.const 1203)) (i32.const 0x67666564)) ;; "defg"
  (call $equal (i32.const 7)
    (call $call (i32.const 3) (i32.const 2001) (i32.const 3) (i32.const 1501)) (i32.const 0))
  (call $equal (i32.const 8) (i32.load (i32.const 1501)) (i32.const 0))
  (call $rewind)
  (call $equal (i32.const 9)
    (call $call (i32.const 3) (i32.const 2101) (i32.const 2) (i32.const 1501)) (global.get $FAULT))
  (call $equal (i32.const 10)
    (call $call (i32.const 3) (i32.const 2201) (i32.const 2) (i32.const 1501)) (global.get $INVAL))
  (call $equal (i32.const 11)
    (call $call (i32.const 3) (i32.const 2001) (i32.const 1025) (i32.const 1501)) (global.get $INVAL))
  (call $equal (i32.const 12)
    (call $call (i32.const 3) (i32.const 2001) (i32.const -1) (i32.const 1501)) (global.get $INVAL))
  (call $equal (i32.const 13)
    (call $call (i32.const 3) (global.get $WILD) (i32.const 3) (i32.const 1501)) (global.get $FAULT))
  (call $equal (i32.const 14)
    (call $call (i32.const 3) (i32.const 2001) (i32.const 3) (global.get $WILD)) (global.get $FAULT))
  (call $equal (i32.const 15) ;; all that failed before it was read
    (call $call (i32.const 3) (i32.const 2001) (i32.const 3) (i32.const 1501)) (i32.const 0))
  (call $equal (i32.const 16) (i32.load (i32.const 1501)) (i32.const 8))
  (call $equal (i32.const 17)
    (call $call (i32.const 99) (i32.const 2001) (i32.const 0) (i32.const 1501)) (global.get $BADF))
  (call $equal (i32.const 18)
    (call $call (i32.const 3) (i32.const 2001) (i32.const 0) (i32.const 1501)) (i32.const 0))
  (call $equal (i32.const 19) (call $read (i32.const 0) (i32.const 1024) (i32.const 8)) (i32.const 0))
  (call $rewind)
  (call $equal (i32.const 20) ;; "abcd" is no place in memory: what had been read is told
    (call $call (i32.const 3) (i32.const 2301) (i32.const 2) (i32.const 1501)) (i32.const 0))
  (call $equal (i32.const 21) (i32.load (i32.const 1501)) (i32.const 4))
  (call $equal (i32.const 22) (i32.load (i32.const 2309)) (i32.const 0x64636261)))
