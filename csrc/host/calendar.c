/* Broken-down time. The guest lives in UTC (TZ=UTC in its environment): local time is UTC, and
 * PostgreSQL's time zones are its own.
 */
#include "host/abi.h"
#include "host/imports.h"
#include "host/layout.h"

#define CALENDAR_SECONDS_MAX INT64_C(8640000000000) /* either side of 1970: JavaScript's Date */

enum { SECONDS_PER_DAY = 86400, TIME_ZONE_NAME_SIZE = 17 };

/* The Gregorian calendar in eras of 400 years, years starting in March, so that the leap day is a
   year's last. Reference: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400, EPOCH_DAYS = 719468 /* 0000-03-01 to 1970 */ };

static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    int64_t quotient = dividend / divisor;

    return dividend % divisor < 0 ? quotient - 1 : quotient;
}

/* Days since 1970-01-01; month 1 to 12. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t shifted_year = year - (month <= 2);
    int64_t era = floor_divide(shifted_year, YEARS_PER_ERA);
    int64_t year_of_era = shifted_year - era * YEARS_PER_ERA;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS;
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era = floor_divide(shifted, DAYS_PER_ERA);
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524
                           - day_of_era / 146096)
                          / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (int) ((5 * day_of_year + 2) / 153);

    *day = (int) (day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = era * YEARS_PER_ERA + year_of_era + (*month <= 2);
}

static void store_tm(unsigned char *tm, int64_t time)
{
    int64_t days = floor_divide(time, SECONDS_PER_DAY);
    int second_of_day = (int) (time - days * SECONDS_PER_DAY);
    int64_t year;
    int month, day;

    date_from_days(days, &year, &month, &day);
    store_u32(tm + TM_SEC, (uint32_t) (second_of_day % 60));
    store_u32(tm + TM_MIN, (uint32_t) (second_of_day / 60 % 60));
    store_u32(tm + TM_HOUR, (uint32_t) (second_of_day / 3600));
    store_u32(tm + TM_MDAY, (uint32_t) day);
    store_u32(tm + TM_MON, (uint32_t) (month - 1));
    store_u32(tm + TM_YEAR, (uint32_t) (int32_t) (year - 1900));
    store_u32(tm + TM_WDAY, (uint32_t) (days + 4 - floor_divide(days + 4, 7) * 7)); /* Thursday */
    store_u32(tm + TM_YDAY, (uint32_t) (days - days_from_date(year, 1, 1)));
    store_u32(tm + TM_ISDST, 0);
    store_u32(tm + TM_GMTOFF, 0);
}

static bool representable(int64_t time)
{
    return time >= -CALENDAR_SECONDS_MAX && time <= CALENDAR_SECONDS_MAX;
}

/* _gmtime_js(time, struct tm *): 1 when there is no such date. Also _localtime_js. */
enum guest_outcome calendar_gmtime(struct guest_call *call)
{
    int64_t time = arg_i64(call, 0);
    unsigned char *tm = arg_at(call, 1, TM_SIZE);

    if (!tm || !representable(time))
        return return_i32(call, 1);
    store_tm(tm, time);
    return return_i32(call, 0);
}

/* _mktime_js(struct tm *): fields may be out of their ranges and come back in them. -1: no such
   time. */
enum guest_outcome calendar_mktime(struct guest_call *call)
{
    unsigned char *tm = arg_at(call, 0, TM_SIZE);

    if (!tm)
        return return_i64(call, -1);

    int64_t month = (int32_t) load_u32(tm + TM_MON);
    int64_t year = (int64_t) (int32_t) load_u32(tm + TM_YEAR) + 1900 + floor_divide(month, 12);
    int64_t days = days_from_date(year, (int) (month - floor_divide(month, 12) * 12) + 1, 1)
                   + (int32_t) load_u32(tm + TM_MDAY) - 1;
    int64_t time = days * SECONDS_PER_DAY + INT64_C(3600) * (int32_t) load_u32(tm + TM_HOUR)
                   + INT64_C(60) * (int32_t) load_u32(tm + TM_MIN)
                   + (int32_t) load_u32(tm + TM_SEC);

    if (!representable(time))
        return return_i64(call, -1);
    store_tm(tm, time);
    return return_i64(call, time);
}

/* _tzset_js(i32 *seconds_west, i32 *has_daylight_saving, char name[17], char daylight_name[17]) */
enum guest_outcome calendar_tzset(struct guest_call *call)
{
    void *seconds_west = arg_at(call, 0, sizeof(uint32_t));
    void *has_daylight_saving = arg_at(call, 1, sizeof(uint32_t));
    void *name = arg_at(call, 2, TIME_ZONE_NAME_SIZE);
    void *daylight_name = arg_at(call, 3, TIME_ZONE_NAME_SIZE);

    if (!seconds_west || !has_daylight_saving || !name || !daylight_name)
        return guest_set_trap(call->guest, "tzset with a pointer outside memory"); /* no result */
    store_u32(seconds_west, 0);
    store_u32(has_daylight_saving, 0);
    memcpy(name, "UTC", sizeof "UTC");
    memcpy(daylight_name, "UTC", sizeof "UTC");
    return GUEST_RETURNED;
}
