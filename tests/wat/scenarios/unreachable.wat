;; expect: test: trapped: [trap] unreachable executed
(func (export "test") (unreachable))
