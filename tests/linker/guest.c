/* A side module with all that wasm-ld makes of C: relocated data, function pointers, constructors,
 * zeros, a stack frame, symbols of other modules. Compiled twice, to modules that use each other:
 * SIDE and OTHER are left and right, or right and left.
 */

#define JOIN(name, side) name##_##side
#define SYMBOL(name, side) JOIN(name, side)
#define MINE(name) SYMBOL(name, SIDE)
#define THEIRS(name) SYMBOL(name, OTHER)
#define EXPORT __attribute__((visibility("default")))

typedef int (*operation)(int);

extern int answer;         /* of the base */
extern int twice(int);     /* of the base */
extern int THEIRS(number); /* of the other module */
extern int THEIRS(add_number)(int);

EXPORT int MINE(number) = NUMBER;
EXPORT int MINE(calls); /* in zeroed memory */

EXPORT int MINE(add_number)(int value)
{
    MINE(calls)++;
    return value + MINE(number);
}

static int square(int value)
{
    return value * value;
}

/* Data relocations: own and foreign addresses, own and foreign functions. */
static struct {
    int *numbers[3];
    operation operations[4];
    const char *text;
} pointers = {
    {&MINE(number), &THEIRS(number), &answer},
    {MINE(add_number), THEIRS(add_number), twice, square},
    "text",
};

static int constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed = pointers.operations[2](MINE(number));
}

EXPORT int MINE(constructed)(void)
{
    return constructed;
}

EXPORT int MINE(sum_of_numbers)(void)
{
    int sum = 0;

    for (int i = 0; i < 3; i++)
        sum += *pointers.numbers[i];
    return sum;
}

EXPORT int MINE(sum_of_operations)(void)
{
    volatile int results[4]; /* on the stack, whose pointer is the base's */
    int sum = 0;

    for (int i = 0; i < 4; i++)
        results[i] = pointers.operations[i](10);
    for (int i = 0; i < 4; i++)
        sum += results[i];
    return sum;
}

EXPORT int MINE(same_pointers)(void)
{
    volatile operation mine = MINE(add_number), theirs = THEIRS(add_number), base = twice;

    return mine == pointers.operations[0] && theirs == pointers.operations[1]
           && base == pointers.operations[2];
}

EXPORT int MINE(switched)(void)
{
    int sum = 0;

    for (volatile int i = 0; i < 8; i++) {
        switch (i) {
        case 0:
            sum += twice(1);
            break;
        case 1:
            sum += square(3);
            break;
        case 2:
            sum ^= 0x55;
            break;
        case 3:
            sum *= 3;
            break;
        case 4:
            sum -= pointers.text[0];
            break;
        case 5:
            sum <<= 1;
            break;
        default:
            sum += 1000;
            break;
        }
    }
    return sum;
}
