;; Comes last in every guest: memory, allocator, names for numbers.
;;
;; Memory: 0 the test's data, 32768 scratch of the functions below, 65536 the top of the stack and
;; the start of the heap, 2 MiB the end (4 MiB the most it can grow to).
(memory $memory (export "memory") 32 64)
(global $sp (export "__stack_pointer") (mut i32) (i32.const 65536)) ;; global 0

(global (export "pglite_link_table") i32 (i32.const 512)) ;; where the dlopen tests have theirs
(global $break (mut i32) (i32.const 65536))
(global $freed (mut i32) (i32.const 0))   ;; what was given to free last
(global $threw (mut i32) (i32.const 0))   ;; setThrew's last argument, plus 1 for each call

(func $memalign (export "emscripten_builtin_memalign") (param $alignment i32) (param $size i32)
    (result i32)
  (local $at i32)
  (local.set $at
    (i32.and
      (i32.add (global.get $break) (i32.sub (local.get $alignment) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $alignment))))
  (if (i32.or
        (i32.gt_u (local.get $size) (i32.const 2097152))
        (i32.gt_u (i32.add (local.get $at) (local.get $size)) (i32.const 2097152)))
    (then (return (i32.const 0))))
  (global.set $break (i32.add (local.get $at) (local.get $size)))
  (local.get $at))
(func $malloc (export "malloc") (param $size i32) (result i32)
  (call $memalign (i32.const 16) (local.get $size)))
(func (export "free") (param $at i32)
  (global.set $freed (local.get $at)))
(func (export "setThrew") (param $threw i32) (param $value i32)
  (global.set $threw (i32.add (global.get $threw) (local.get $threw))))

;; A new file, open for reading and writing, mode 0644: the descriptor.
(func $create (param $path i32) (result i32)
  (i32.store (i32.const 32768) (i32.const 0x1a4))
  (call $openat (i32.const -100) (local.get $path) (i32.const 0x242) (i32.const 32768)))
;; Bytes written, or minus errno.
(func $write (param $fd i32) (param $from i32) (param $size i32) (result i32)
  (local $errno i32)
  (i32.store (i32.const 32768) (local.get $from))
  (i32.store (i32.const 32772) (local.get $size))
  (local.set $errno
    (call $fd_write (local.get $fd) (i32.const 32768) (i32.const 1) (i32.const 32776)))
  (if (local.get $errno) (then (return (i32.sub (i32.const 0) (local.get $errno)))))
  (i32.load (i32.const 32776)))
;; Bytes read, or minus errno.
(func $read (param $fd i32) (param $to i32) (param $size i32) (result i32)
  (local $errno i32)
  (i32.store (i32.const 32768) (local.get $to))
  (i32.store (i32.const 32772) (local.get $size))
  (local.set $errno
    (call $fd_read (local.get $fd) (i32.const 32768) (i32.const 1) (i32.const 32776)))
  (if (local.get $errno) (then (return (i32.sub (i32.const 0) (local.get $errno)))))
  (i32.load (i32.const 32776)))

;; Outside memory, wherever it ends.
(global $WILD i32 (i32.const -16))
(global $AT_CWD i32 (i32.const -100))

;; WASI calls return these, system calls their negatives.
(global $ACCES i32 (i32.const 2))
(global $AFNOSUPPORT i32 (i32.const 5))
(global $AGAIN i32 (i32.const 6))
(global $BADF i32 (i32.const 8))
(global $FAULT i32 (i32.const 21))
(global $INVAL i32 (i32.const 28))
(global $IO i32 (i32.const 29))
(global $ISDIR i32 (i32.const 31))
(global $NOENT i32 (i32.const 44))
(global $SPIPE i32 (i32.const 70))
(global $E_ACCES i32 (i32.const -2))
(global $E_AFNOSUPPORT i32 (i32.const -5))
(global $E_AGAIN i32 (i32.const -6))
(global $E_BADF i32 (i32.const -8))
(global $E_EXIST i32 (i32.const -20))
(global $E_FAULT i32 (i32.const -21))
(global $E_FBIG i32 (i32.const -22))
(global $E_INTR i32 (i32.const -27))
(global $E_INVAL i32 (i32.const -28))
(global $E_ISDIR i32 (i32.const -31))
(global $E_LOOP i32 (i32.const -32))
(global $E_MFILE i32 (i32.const -33))
(global $E_NAMETOOLONG i32 (i32.const -37))
(global $E_NODEV i32 (i32.const -43))
(global $E_NOENT i32 (i32.const -44))
(global $E_NOMEM i32 (i32.const -48))
(global $E_NOTDIR i32 (i32.const -54))
(global $E_NOTEMPTY i32 (i32.const -55))
(global $E_NOTSOCK i32 (i32.const -57))
(global $E_NOTSUP i32 (i32.const -138))
(global $E_NOTTY i32 (i32.const -59))
(global $E_PERM i32 (i32.const -63))
(global $E_RANGE i32 (i32.const -68))
(global $E_SPIPE i32 (i32.const -70))
