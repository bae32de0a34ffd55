/* Rows as an Arrow table: columns of numbers and bytes, without a Python object for each value.
 *
 * Reference: Apache Arrow, "The Arrow C data interface", "The Arrow C stream interface", "The Arrow PyCapsule
 * Interface". Values come in PostgreSQL's binary formats (the types' send functions), but for text. What Arrow cannot
 * hold is refused: infinity as a date or time, NaN as a decimal.
 *
 * A table is C's own memory, shared by counting: who takes it over may use and release it in any thread, without the
 * GIL.
 */
#include "arrow_abi.h"
#include "messages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCH_ROWS = 1 << 16, /* in a batch, at most */
    DATA_MAX = 1 << 30,   /* bytes of a column in a batch: its offsets are of 32 bits */
    FIRST_ROWS = 64,      /* room for so many at first */
    FORMAT_SIZE = 24,     /* of the longest: d:38,38 */
    PRECISION_MAX = 38,   /* of 128 bits */
    LIMBS = 5,            /* of 32 bits: 38 digits, and some that turn out to be zeros */
    DECIMAL_SIZE = 16,    /* bytes */
    NUMERIC_HEAD = 8,     /* ndigits, weight, sign, dscale */
    NUMERIC_BASE = 10000,
    NUMERIC_DIGIT = 4, /* decimal digits in one of base 10000 */
    NUMERIC_NEGATIVE = 0x4000,
    EPOCH_DAYS = 10957, /* from 1970, Arrow's, to 2000, PostgreSQL's */
    CHILD_BUFFERS = 3,  /* validity, offsets or values, data */
    NULLABLE = 2,       /* ARROW_FLAG_NULLABLE */
};

#define EPOCH_MICROSECONDS INT64_C(946684800000000)
#define DAY_MICROSECONDS INT64_C(86400000000)

enum { STREAM_ERROR = 12 /* ENOMEM: the only one there is once a table is made */ };

/* --- the table ------------------------------------------------------------------------------ */

enum kind {
    TEXT,
    BINARY,
    BOOLEAN,
    INT16,
    INT32,
    INT64,
    UINT32,
    FLOAT32,
    FLOAT64,
    DATE,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    DECIMAL,
    KINDS
};

struct type {
    const char *name, *format; /* Python's constant; Arrow's format string */
    size_t size;               /* bytes of a value; 0: of any size */
    int received;              /* bytes of a value in a message; -1: any */
};

static const struct type types[KINDS] = {
    [TEXT] = {"TEXT", "u", 0, -1},
    [BINARY] = {"BINARY", "z", 0, -1},
    [BOOLEAN] = {"BOOLEAN", "b", 0, 1},
    [INT16] = {"INT16", "s", 2, 2},
    [INT32] = {"INT32", "i", 4, 4},
    [INT64] = {"INT64", "l", 8, 8},
    [UINT32] = {"UINT32", "I", 4, 4},
    [FLOAT32] = {"FLOAT32", "f", 4, 4},
    [FLOAT64] = {"FLOAT64", "g", 8, 8},
    [DATE] = {"DATE", "tdD", 4, 4},
    [TIME] = {"TIME", "ttu", 8, 8},
    [TIMESTAMP] = {"TIMESTAMP", "tsu:", 8, 8},
    [TIMESTAMPTZ] = {"TIMESTAMPTZ", "tsu:UTC", 8, 8},
    [DECIMAL] = {"DECIMAL", NULL, DECIMAL_SIZE, -1},
};

struct column {
    enum kind kind;
    int precision, scale;
    char format[FORMAT_SIZE];
    char *name;
};

/* A column's part of a batch. */
struct vector {
    uint8_t *validity; /* a bit a row */
    uint8_t *values;   /* numbers; of text and binary, offsets; of booleans, bits */
    uint8_t *data;     /* of text and binary */
    size_t data_size, data_capacity;
    int64_t nulls;
};

struct batch {
    struct batch *next;
    size_t rows, capacity;
    struct vector vectors[];
};

struct table {
    long references; /* by __atomic */
    size_t width;
    int64_t rows;
    struct batch *first, *last;
    struct column columns[];
};

static void retain(struct table *table)
{
    __atomic_add_fetch(&table->references, 1, __ATOMIC_RELAXED);
}

static void release_batch(struct batch *batch, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        free(batch->vectors[i].validity);
        free(batch->vectors[i].values);
        free(batch->vectors[i].data);
    }
    free(batch);
}

static void release(struct table *table)
{
    if (!table || __atomic_sub_fetch(&table->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    while (table->first) {
        struct batch *next = table->first->next;

        release_batch(table->first, table->width);
        table->first = next;
    }
    for (size_t i = 0; i < table->width; i++)
        free(table->columns[i].name);
    free(table);
}

/* --- values: from a message into a vector ---------------------------------------------------- */

enum outcome { GOOD, NO_MEMORY, DAMAGED, NOT_UTF8, INFINITE, NOT_DECIMAL, OUT_OF_RANGE };

static const char *const complaints[] = {
    [NOT_UTF8] = "is not UTF-8: client_encoding must be UTF8",
    [INFINITE] = "holds infinity, which Arrow's type cannot: cast it to text",
    [NOT_DECIMAL] = "holds NaN or infinity, which Arrow's decimals cannot: cast it to text",
    [OUT_OF_RANGE] = "holds a value outside the range of Arrow's type: cast it to text",
};

static size_t bits(size_t rows)
{
    return (rows + 7) / 8;
}

static void set_bit(uint8_t *bitmap, size_t row)
{
    bitmap[row / 8] |= (uint8_t) (1u << row % 8);
}

static bool resize(uint8_t **bytes, size_t old, size_t size)
{
    uint8_t *moved = realloc(*bytes, size);

    if (!moved)
        return false;
    memset(moved + old, 0, size - old);
    *bytes = moved;
    return true;
}

/* Bytes that the values of some rows take; offsets are one more than rows. */
static size_t values_size(enum kind kind, size_t rows)
{
    if (kind == BOOLEAN)
        return bits(rows);
    return types[kind].size ? rows * types[kind].size : (rows + 1) * sizeof(int32_t);
}

static bool is_continuation(const unsigned char *at, const unsigned char *end)
{
    return at < end && (*at & 0xc0) == 0x80;
}

/* RFC 3629: the shortest form only, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        uint64_t word;
        size_t more;

        if (end - at >= (ptrdiff_t) sizeof word) {
            memcpy(&word, at, sizeof word);
            if (!(word & UINT64_C(0x8080808080808080))) {
                at += sizeof word;
                continue;
            }
        }
        if (*at < 0x80) {
            at++;
            continue;
        }
        if (*at < 0xc2 || *at > 0xf4)
            return false;
        more = *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
        if (!is_continuation(at + 1, end))
            return false;
        if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f)
            || (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
            return false;
        for (size_t i = 2; i <= more; i++)
            if (!is_continuation(at + i, end))
                return false;
        at += more + 1;
    }
    return true;
}

static enum outcome append_bytes(struct vector *vector, size_t row, struct span value)
{
    size_t size = (size_t) span_size(&value);
    int32_t end;

    if (size > INT32_MAX - vector->data_size)
        return OUT_OF_RANGE;
    if (size > vector->data_capacity - vector->data_size) {
        size_t capacity = (vector->data_size + size) * 2;
        uint8_t *data = realloc(vector->data, capacity);

        if (!data)
            return NO_MEMORY;
        vector->data = data;
        vector->data_capacity = capacity;
    }
    if (size)
        memcpy(vector->data + vector->data_size, value.at, size);
    vector->data_size += size;
    end = (int32_t) vector->data_size;
    memcpy(vector->values + (row + 1) * sizeof end, &end, sizeof end);
    return GOOD;
}

/* A whole number in limbs, the least first: number * factor + summand; false where it is too large. */
static bool multiply(uint32_t number[LIMBS], uint32_t factor, uint32_t summand)
{
    uint64_t carry = summand;

    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t) number[i] * factor;
        number[i] = (uint32_t) carry;
        carry >>= 32;
    }
    return carry == 0;
}

/* Returns the remainder. */
static uint32_t divide(uint32_t number[LIMBS], uint32_t divisor)
{
    uint64_t rest = 0;

    for (int i = LIMBS; i-- > 0;) {
        rest = rest << 32 | number[i];
        number[i] = (uint32_t) (rest / divisor);
        rest %= divisor;
    }
    return (uint32_t) rest;
}

static bool is_below_power(const uint32_t number[LIMBS], int exponent)
{
    uint32_t power[LIMBS] = {1};

    for (int i = 0; i < exponent; i++)
        multiply(power, 10, 0); /* 38 at most: it fits */
    for (int i = LIMBS; i-- > 0;)
        if (number[i] != power[i])
            return number[i] < power[i];
    return false;
}

/* What numeric_send writes: digits of base 10000, of which the first counts 10000^weight. */
static enum outcome decimal(const struct column *column, struct span value, uint8_t *to)
{
    uint32_t number[LIMBS] = {0}, carry;
    int count, weight, sign, shift;

    if (span_size(&value) < NUMERIC_HEAD)
        return DAMAGED;
    count = (int) load16(value.at);
    weight = (int16_t) load16(value.at + 2);
    sign = (int) load16(value.at + 4);
    if (span_size(&value) != NUMERIC_HEAD + 2 * (Py_ssize_t) count)
        return DAMAGED;
    if (sign != 0 && sign != NUMERIC_NEGATIVE)
        return NOT_DECIMAL;
    for (int i = 0; i < count; i++) {
        uint32_t digit = load16(value.at + NUMERIC_HEAD + 2 * i);

        if (digit >= NUMERIC_BASE)
            return DAMAGED;
        if (!multiply(number, NUMERIC_BASE, digit))
            return OUT_OF_RANGE;
    }
    shift = count == 0 ? 0 : column->scale + NUMERIC_DIGIT * (weight - count + 1);
    for (; shift > 0; shift--)
        if (!multiply(number, 10, 0))
            return OUT_OF_RANGE;
    for (; shift < 0; shift++)
        if (divide(number, 10))
            return OUT_OF_RANGE;
    if (!is_below_power(number, column->precision))
        return OUT_OF_RANGE;
    carry = 1;
    for (int i = 0; i < DECIMAL_SIZE / 4; i++) { /* two's complement, the least byte first */
        uint32_t limb = sign ? ~number[i] + carry : number[i];

        carry = carry && limb == 0;
        for (int byte = 0; byte < 4; byte++)
            *to++ = (uint8_t) (limb >> 8 * byte);
    }
    return GOOD;
}

static enum outcome append_number(const struct column *column, struct span value, uint8_t *to)
{
    int64_t wide = 0;
    int32_t word = 0;
    int16_t half;

    switch (column->kind) {
    case INT16:
        half = (int16_t) load16(value.at);
        memcpy(to, &half, sizeof half);
        return GOOD;
    case DATE:
        word = (int32_t) load32(value.at);
        if (word == INT32_MAX || word == INT32_MIN)
            return INFINITE;
        if (word > INT32_MAX - EPOCH_DAYS)
            return OUT_OF_RANGE;
        word += EPOCH_DAYS;
        memcpy(to, &word, sizeof word);
        return GOOD;
    case INT32:
    case UINT32:
    case FLOAT32:
        word = (int32_t) load32(value.at);
        memcpy(to, &word, sizeof word);
        return GOOD;
    case TIMESTAMP:
    case TIMESTAMPTZ:
        wide = (int64_t) load64(value.at);
        if (wide == INT64_MAX || wide == INT64_MIN)
            return INFINITE;
        if (wide > INT64_MAX - EPOCH_MICROSECONDS)
            return OUT_OF_RANGE;
        wide += EPOCH_MICROSECONDS;
        memcpy(to, &wide, sizeof wide);
        return GOOD;
    case TIME:
        wide = (int64_t) load64(value.at);
        if (wide < 0 || wide >= DAY_MICROSECONDS) /* 24:00 */
            return OUT_OF_RANGE;
        memcpy(to, &wide, sizeof wide);
        return GOOD;
    case DECIMAL:
        return decimal(column, value, to);
    default: /* of 8 bytes */
        wide = (int64_t) load64(value.at);
        memcpy(to, &wide, sizeof wide);
        return GOOD;
    }
}

static enum outcome append_value(const struct column *column, struct vector *vector, size_t row,
                                 struct span value)
{
    const struct type *type = &types[column->kind];

    if (!value.at) {
        vector->nulls++;
        return type->size || column->kind == BOOLEAN ? GOOD : append_bytes(vector, row, value);
    }
    if (type->received >= 0 && span_size(&value) != type->received)
        return DAMAGED;
    set_bit(vector->validity, row);
    switch (column->kind) {
    case TEXT:
        if (!is_utf8(value.at, value.end))
            return NOT_UTF8;
        return append_bytes(vector, row, value);
    case BINARY:
        return append_bytes(vector, row, value);
    case BOOLEAN:
        if (*value.at)
            set_bit(vector->values, row);
        return GOOD;
    default:
        return append_number(column, value, vector->values + row * type->size);
    }
}

/* --- rows ------------------------------------------------------------------------------------ */

static enum outcome add_batch(struct table *table)
{
    struct batch *batch = calloc(1, sizeof *batch + table->width * sizeof *batch->vectors);

    if (!batch)
        return NO_MEMORY;
    if (table->last)
        table->last->next = batch;
    else
        table->first = batch;
    table->last = batch;
    return GOOD;
}

static enum outcome widen(struct table *table, struct batch *batch)
{
    size_t rows = batch->capacity ? batch->capacity * 2 : FIRST_ROWS;

    for (size_t i = 0; i < table->width; i++) {
        struct vector *vector = &batch->vectors[i];
        enum kind kind = table->columns[i].kind;
        size_t old = batch->capacity ? values_size(kind, batch->capacity) : 0;

        if (!resize(&vector->validity, bits(batch->capacity), bits(rows))
            || !resize(&vector->values, old, values_size(kind, rows)))
            return NO_MEMORY;
    }
    batch->capacity = rows;
    return GOOD;
}

/* Has the last batch room for a row of some bytes? */
static bool has_room(const struct table *table, size_t size)
{
    const struct batch *batch = table->last;

    if (!batch || batch->rows == BATCH_ROWS)
        return false;
    for (size_t i = 0; i < table->width && batch->rows > 0; i++) {
        size_t taken = batch->vectors[i].data_size;

        if (taken > DATA_MAX || size > DATA_MAX - taken)
            return false;
    }
    return true;
}

static enum outcome append_row(struct table *table, struct span row, size_t *where)
{
    enum outcome outcome = GOOD;
    struct batch *batch;

    if (span_size(&row) < 2 || load16(row.at) != table->width)
        return DAMAGED;
    row.at += 2;
    if (!has_room(table, (size_t) span_size(&row)))
        outcome = add_batch(table);
    batch = table->last;
    if (outcome == GOOD && batch->rows == batch->capacity)
        outcome = widen(table, batch);
    for (size_t i = 0; i < table->width && outcome == GOOD; i++) {
        struct span value;

        *where = i;
        outcome = take_value(&row, &value)
                      ? append_value(&table->columns[i], &batch->vectors[i], batch->rows, value)
                      : DAMAGED;
    }
    if (outcome == GOOD) {
        batch->rows++;
        table->rows++;
    }
    return outcome;
}

static enum outcome append_run(struct table *table, struct span run, size_t *where)
{
    enum outcome outcome = GOOD;
    struct span row;

    while (outcome == GOOD && take_message(&run, 'D', &row))
        outcome = append_row(table, row, where);
    return outcome == GOOD && run.at != run.end ? DAMAGED : outcome;
}

static int complain(const struct table *table, enum outcome outcome, size_t where)
{
    if (outcome == GOOD)
        return 0;
    if (outcome == NO_MEMORY)
        PyErr_NoMemory();
    else if (outcome == DAMAGED)
        damaged();
    else
        PyErr_Format(PyExc_ValueError, "column %zu, \"%s\", %s", where + 1,
                     table->columns[where].name, complaints[outcome]);
    return -1;
}

/* --- what Arrow's consumers get -------------------------------------------------------------- */

/* Of a schema, an array or a child of one: what is freed as it is released. */
struct exported {
    struct table *table;
    const void *buffers[CHILD_BUFFERS];
    void **children; /* pointers to the structures, which follow each other from the first on */
};

static struct exported *export(struct table *table, size_t children, size_t size)
{
    struct exported *exported = calloc(1, sizeof *exported);

    if (!exported)
        return NULL;
    if (children > 0) {
        exported->children = calloc(children, sizeof *exported->children);
        if (exported->children)
            exported->children[0] = calloc(children, size);
        if (!exported->children || !exported->children[0]) {
            free(exported->children);
            free(exported);
            return NULL;
        }
        for (size_t i = 1; i < children; i++)
            exported->children[i] = (char *) exported->children[0] + i * size;
    }
    exported->table = table;
    retain(table);
    return exported;
}

static void unexport(struct exported *exported)
{
    release(exported->table);
    if (exported->children)
        free(exported->children[0]);
    free(exported->children);
    free(exported);
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
    unexport(schema->private_data);
    schema->release = NULL;
}

static bool open_schema(struct ArrowSchema *schema, struct table *table, const char *format,
                        const char *name, size_t children)
{
    struct exported *exported = export(table, children, sizeof *schema);

    if (!exported)
        return false;
    *schema = (struct ArrowSchema){
        .format = format,
        .name = name,
        .flags = format[0] == '+' ? 0 : NULLABLE,
        .n_children = (int64_t) children,
        .children = (struct ArrowSchema **) exported->children,
        .release = release_schema,
        .private_data = exported,
    };
    return true;
}

static bool make_schema(struct table *table, struct ArrowSchema *schema)
{
    if (!open_schema(schema, table, "+s", "", table->width))
        return false;
    for (size_t i = 0; i < table->width; i++)
        if (!open_schema(schema->children[i], table, table->columns[i].format,
                         table->columns[i].name, 0)) {
            schema->release(schema);
            return false;
        }
    return true;
}

static void release_array(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release)
            array->children[i]->release(array->children[i]);
    unexport(array->private_data);
    array->release = NULL;
}

static bool open_array(struct ArrowArray *array, struct table *table, size_t rows, size_t children,
                       int buffers)
{
    struct exported *exported = export(table, children, sizeof *array);

    if (!exported)
        return false;
    *array = (struct ArrowArray){
        .length = (int64_t) rows,
        .n_buffers = buffers,
        .n_children = (int64_t) children,
        .buffers = exported->buffers,
        .children = (struct ArrowArray **) exported->children,
        .release = release_array,
        .private_data = exported,
    };
    return true;
}

static bool make_array(struct table *table, const struct batch *batch, struct ArrowArray *array)
{
    if (!open_array(array, table, batch->rows, table->width, 1))
        return false;
    for (size_t i = 0; i < table->width; i++) {
        const struct vector *vector = &batch->vectors[i];
        enum kind kind = table->columns[i].kind;
        bool has_data = kind == TEXT || kind == BINARY;

        if (!open_array(array->children[i], table, batch->rows, 0, has_data ? 3 : 2)) {
            array->release(array);
            return false;
        }
        array->children[i]->null_count = vector->nulls;
        array->children[i]->buffers[0] = vector->nulls ? vector->validity : NULL;
        array->children[i]->buffers[1] = vector->values;
        array->children[i]->buffers[2] = vector->data ? vector->data : (const uint8_t *) "";
    }
    return true;
}

struct cursor {
    struct table *table;
    const struct batch *next;
};

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema)
{
    struct cursor *cursor = stream->private_data;

    return make_schema(cursor->table, schema) ? 0 : STREAM_ERROR;
}

/* At the end, an array that is released already. */
static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *array)
{
    struct cursor *cursor = stream->private_data;

    if (!cursor->next) {
        memset(array, 0, sizeof *array);
        return 0;
    }
    if (!make_array(cursor->table, cursor->next, array))
        return STREAM_ERROR;
    cursor->next = cursor->next->next;
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream)
{
    (void) stream;
    return "there is no memory";
}

static void release_stream(struct ArrowArrayStream *stream)
{
    struct cursor *cursor = stream->private_data;

    release(cursor->table);
    free(cursor);
    stream->release = NULL;
}

/* --- Python's object ------------------------------------------------------------------------- */

static const char STREAM_NAME[] = "arrow_array_stream", SCHEMA_NAME[] = "arrow_schema";

struct object {
    PyObject ob_base;
    struct table *table;
};

static struct table *table_of(PyObject *self)
{
    return ((struct object *) self)->table;
}

static void drop_stream(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, STREAM_NAME);

    if (stream && stream->release)
        stream->release(stream);
    free(stream);
}

static PyObject *to_stream(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"requested_schema", NULL};
    struct ArrowArrayStream *stream;
    struct cursor *cursor;
    PyObject *requested = Py_None, *capsule;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O:__arrow_c_stream__", names, &requested))
        return NULL;
    stream = calloc(1, sizeof *stream);
    cursor = malloc(sizeof *cursor);
    if (!stream || !cursor) {
        free(stream);
        free(cursor);
        return PyErr_NoMemory();
    }
    *cursor = (struct cursor){table_of(self), table_of(self)->first};
    retain(cursor->table);
    *stream = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, release_stream,
                                        cursor};
    capsule = PyCapsule_New(stream, STREAM_NAME, drop_stream);
    if (!capsule) {
        stream->release(stream);
        free(stream);
    }
    return capsule;
}

static void drop_schema(PyObject *capsule)
{
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, SCHEMA_NAME);

    if (schema && schema->release)
        schema->release(schema);
    free(schema);
}

static PyObject *to_schema(PyObject *self, PyObject *none)
{
    struct ArrowSchema *schema = calloc(1, sizeof *schema);
    PyObject *capsule;

    (void) none;
    if (!schema || !make_schema(table_of(self), schema)) {
        free(schema);
        return PyErr_NoMemory();
    }
    capsule = PyCapsule_New(schema, SCHEMA_NAME, drop_schema);
    if (!capsule) {
        schema->release(schema);
        free(schema);
    }
    return capsule;
}

static PyObject *get_rows(PyObject *self, void *closure)
{
    (void) closure;
    return PyLong_FromLongLong(table_of(self)->rows);
}

static PyObject *get_names(PyObject *self, void *closure)
{
    const struct table *table = table_of(self);
    PyObject *names = PyList_New(0);

    (void) closure;
    for (size_t i = 0; names && i < table->width; i++) {
        PyObject *name = PyUnicode_FromString(table->columns[i].name);

        if (!name || PyList_Append(names, name) < 0)
            Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

/* (name, kind, precision, scale); the last two are of a decimal. */
static int open_column(PyObject *description, struct column *column)
{
    const char *name;
    int kind, precision, scale;
    size_t size;

    if (!PyTuple_Check(description)) {
        PyErr_SetString(PyExc_TypeError, "a column is described by a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(description, "siii:column", &name, &kind, &precision, &scale))
        return -1;
    if (kind < 0 || kind >= KINDS
        || (kind == DECIMAL
            && (precision < 1 || precision > PRECISION_MAX || scale < 0 || scale > precision))) {
        PyErr_SetString(PyExc_ValueError, "there is no such kind of column");
        return -1;
    }
    size = strlen(name) + 1;
    column->name = malloc(size);
    if (!column->name) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(column->name, name, size);
    column->kind = (enum kind) kind;
    column->precision = precision;
    column->scale = scale;
    if (kind == DECIMAL)
        snprintf(column->format, sizeof column->format, "d:%d,%d", precision, scale);
    else
        snprintf(column->format, sizeof column->format, "%s", types[kind].format);
    return 0;
}

static struct table *open_table(PyObject *descriptions)
{
    size_t width = (size_t) PyTuple_Size(descriptions);
    struct table *table = calloc(1, sizeof *table + width * sizeof *table->columns);

    if (!table) {
        PyErr_NoMemory();
        return NULL;
    }
    table->references = 1;
    for (; table->width < width; table->width++) {
        PyObject *description = PyTuple_GetItem(descriptions, (Py_ssize_t) table->width);

        if (open_column(description, &table->columns[table->width]) < 0) {
            release(table);
            return NULL;
        }
    }
    return table;
}

PyDoc_STRVAR(
    table_doc,
    "A result as an Arrow table, for pyarrow, polars, pandas, duckdb, and all others that take\n"
    "Arrow's streams (`__arrow_c_stream__`). It can be taken any number of times.");

/* ArrowTable(runs, columns): of the DataRows that the runs, a list of bytes, consist of. */
static PyObject *make(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    allocfunc allocate = (allocfunc) PyType_GetSlot(type, Py_tp_alloc);
    PyObject *runs, *descriptions, *self;
    struct table *table;

    (void) keywords;
    if (!PyArg_ParseTuple(args, "O!O!:ArrowTable", &PyList_Type, &runs, &PyTuple_Type,
                          &descriptions))
        return NULL;
    table = open_table(descriptions);
    if (!table)
        return NULL;
    for (Py_ssize_t i = 0; i < PyList_Size(runs); i++) {
        PyObject *run = PyList_GetItem(runs, i);
        enum outcome outcome = GOOD;
        struct span input;
        size_t where = 0;
        int status;

        Py_INCREF(run); /* other threads may change the list meanwhile */
        status = open_span(run, 0, &input);
        if (status == 0) {
            Py_BEGIN_ALLOW_THREADS outcome = append_run(table, input, &where);
            Py_END_ALLOW_THREADS status = complain(table, outcome, where);
        }
        Py_DECREF(run);
        if (status < 0) {
            release(table);
            return NULL;
        }
    }
    self = allocate(type, 0);
    if (!self) {
        release(table);
        return NULL;
    }
    ((struct object *) self)->table = table;
    return self;
}

static void finish(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc drop = (freefunc) PyType_GetSlot(type, Py_tp_free);

    release(table_of(self));
    drop(self);
    Py_DECREF(type);
}

/* An attribute; of one that there is not, what may be meant by it: pglite_native.guesses. */
static PyObject *get_attribute(PyObject *self, PyObject *name)
{
    PyObject *found = PyObject_GenericGetAttr(self, name), *guesses, *error = NULL;

    if (found || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return found;
    PyErr_Clear();
    guesses = PyImport_ImportModule("pglite_native.guesses");
    if (guesses)
        error = PyObject_CallMethod(guesses, "unknown_of_table", "OO", self, name);
    if (error)
        PyErr_SetObject(PyExc_AttributeError, error);
    Py_XDECREF(error);
    Py_XDECREF(guesses);
    return NULL;
}

static PyMethodDef methods[] = {
    {"__arrow_c_stream__", (PyCFunction) (void (*)(void)) to_stream, METH_VARARGS | METH_KEYWORDS,
     "Return the table as a capsule; a schema that is requested is not looked at."},
    {"__arrow_c_schema__", to_schema, METH_NOARGS, "Return the schema as a capsule."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"num_rows", get_rows, NULL, "How many rows there are.", NULL},
    {"column_names", get_names, NULL, "The columns' names, in order.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot table_slots[] = {
    {Py_tp_doc, (void *) table_doc},
    {Py_tp_new, (void *) make},
    {Py_tp_dealloc, (void *) finish},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_getattro, (void *) get_attribute},
    {0, NULL},
};

static PyType_Spec table_type = {"pglite_native._arrow.ArrowTable", sizeof(struct object), 0,
                                 Py_TPFLAGS_DEFAULT, table_slots};

/* --- the module ------------------------------------------------------------------------------ */

static int add_all(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &table_type, NULL);
    int status = type ? PyModule_AddType(module, (PyTypeObject *) type) : -1;

    Py_XDECREF(type);
    for (int kind = 0; kind < KINDS && status == 0; kind++)
        status = PyModule_AddIntConstant(module, types[kind].name, kind);
    return status;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *) add_all},
    API_SLOTS_END,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pglite_native._arrow",
    .m_doc = "Rows as Arrow tables: csrc/python/arrow.c.",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__arrow(void)
{
    return PyModuleDef_Init(&definition);
}
