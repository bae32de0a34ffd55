/* The operations that may be the first of two: wasm3's own macros, expanded with the name and the
 * jump that fusions.h has defined. No include guard, as it is read once for each second operation.
 * What FUSION_FIRSTS does not name is not compiled. To clang-format operators are no arguments. */

/* clang-format off */
d_m3CommutativeOp_i(i32, Equal, ==)
d_m3CommutativeOp_i(i64, Equal, ==)
d_m3CommutativeOp_i(i32, NotEqual, !=)
d_m3CommutativeOp_i(i64, NotEqual, !=)
d_m3Op_i(i32, LessThan, <)
d_m3Op_i(i64, LessThan, <)
d_m3Op_i(u32, LessThan, <)
d_m3Op_i(u64, LessThan, <)
d_m3Op_i(i32, GreaterThan, >)
d_m3Op_i(i64, GreaterThan, >)
d_m3Op_i(u32, GreaterThan, >)
d_m3Op_i(u64, GreaterThan, >)
d_m3Op_i(i32, LessThanOrEqual, <=)
d_m3Op_i(i64, LessThanOrEqual, <=)
d_m3Op_i(u32, LessThanOrEqual, <=)
d_m3Op_i(u64, LessThanOrEqual, <=)
d_m3Op_i(i32, GreaterThanOrEqual, >=)
d_m3Op_i(i64, GreaterThanOrEqual, >=)
d_m3Op_i(u32, GreaterThanOrEqual, >=)
d_m3Op_i(u64, GreaterThanOrEqual, >=)
d_m3UnaryOp_i(i32, EqualToZero, OP_EQZ)
d_m3UnaryOp_i(i64, EqualToZero, OP_EQZ)
d_m3CommutativeOp_i(i32, Add, +)
d_m3CommutativeOp_i(i64, Add, +)
d_m3CommutativeOp_i(i32, Multiply, *)
d_m3CommutativeOp_i(i64, Multiply, *)
d_m3Op_i(i32, Subtract, -)
d_m3Op_i(i64, Subtract, -)
d_m3CommutativeOp_i(u32, And, &)
d_m3CommutativeOp_i(u64, And, &)
d_m3CommutativeOp_i(u32, Or, |)
d_m3CommutativeOp_i(u64, Or, |)
d_m3CommutativeOp_i(u32, Xor, ^)
d_m3CommutativeOp_i(u64, Xor, ^)
d_m3OpFunc_i(u32, ShiftLeft, OP_SHL_32)
d_m3OpFunc_i(u64, ShiftLeft, OP_SHL_64)
d_m3OpFunc_i(i32, ShiftRight, OP_SHR_32)
d_m3OpFunc_i(i64, ShiftRight, OP_SHR_64)
d_m3OpFunc_i(u32, ShiftRight, OP_SHR_32)
d_m3OpFunc_i(u64, ShiftRight, OP_SHR_64)
d_m3OpFunc_i(u32, Rotl, rotl32)
d_m3OpFunc_i(u64, Rotl, rotl64)
d_m3UnaryOp_i(i32, Extend8_s, OP_EXTEND8_S_I32)
d_m3UnaryOp_i(i32, Extend16_s, OP_EXTEND16_S_I32)
d_m3TypeModifyOp(_r0, _r0, i64, Extend, i32)
d_m3TypeModifyOp(_r0, _r0, i64, Extend, u32)
d_m3Select_i(i32, _r0)
d_m3Select_i(i64, _r0)
d_m3Load_i(i32, i8)
d_m3Load_i(i32, u8)
d_m3Load_i(i32, i16)
d_m3Load_i(i32, u16)
d_m3Load_i(i32, i32)
d_m3Load_i(i64, i32)
d_m3Load_i(i64, u32)
d_m3Load_i(i64, i64)
d_m3Load_f(f32, f32)
d_m3Load_f(f64, f64)
d_m3CommutativeOp_f(f32, Add, +)
d_m3CommutativeOp_f(f64, Add, +)
d_m3CommutativeOp_f(f32, Multiply, *)
d_m3CommutativeOp_f(f64, Multiply, *)
d_m3Op_f(f32, Subtract, -)
d_m3Op_f(f64, Subtract, -)
d_m3CompareOp_f(f32, LessThan, <)
d_m3CompareOp_f(f64, LessThan, <)
d_m3CompareOp_f(f32, GreaterThan, >)
d_m3CompareOp_f(f64, GreaterThan, >)

/* These wasm3 defines without a macro. */
d_m3Op(i32_Wrap_i64_r)
{
    _r0 = OP_WRAP_I64((i64) _r0);
    nextOp();
}

d_m3Op(i32_Wrap_i64_s)
{
    _r0 = OP_WRAP_I64(slot(i64));
    nextOp();
}

d_m3Op(CopySlot_32)
{
    u32 *to = slot_ptr(u32);

    *to = slot(u32);
    nextOp();
}
