// Elementwise loops, embedding rows and whole-array reductions.
#ifndef CK_LOOPS

#include "pool.h"

#define CK_LOOPS "elementwise.c"
#include "variants.h"

/// Elements of one task or partial sum; fixed, so that the order of sums is.
enum { CHUNK = 32768 };

typedef struct {
    const float *x, *y;
    float *out;
    float alpha;
    int64_t ld_x, ld_out, width;
    const int32_t *ids;
    double *partials;
    bool *flags;
} arrays;

static void add_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    CK_BEST(add_array)(a->x + first, a->out + first, end - first);
}

void ck_add(ck_pool *pool, const float *x, float *y, int64_t count) {
    arrays a = {.x = x, .out = y};
    ck_pool_ranges(pool, count, CHUNK, add_range, &a);
}

static void axpy_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    CK_BEST(axpy_array)(a->alpha, a->x + first, a->out + first, end - first);
}

void ck_axpy(ck_pool *pool, float alpha, const float *x, float *y, int64_t count) {
    arrays a = {.x = x, .out = y, .alpha = alpha};
    ck_pool_ranges(pool, count, CHUNK, axpy_range, &a);
}

static void scale_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    CK_BEST(scale_array)(a->alpha, a->out + first, end - first);
}

void ck_scale(ck_pool *pool, float alpha, float *x, int64_t count) {
    arrays a = {.out = x, .alpha = alpha};
    ck_pool_ranges(pool, count, CHUNK, scale_range, &a);
}

static void multiply_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    CK_BEST(multiply_arrays)(a->x + first, a->y + first, a->out + first, end - first);
}

void ck_multiply(ck_pool *pool, const float *x, const float *y, float *out, int64_t count) {
    arrays a = {.x = x, .y = y, .out = out};
    ck_pool_ranges(pool, count, CHUNK, multiply_range, &a);
}

static void fill_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    if (a->alpha == 0 && !signbit(a->alpha)) {
        memset(a->out + first, 0, (size_t)(end - first) * sizeof(float));
    } else {
        for (int64_t i = first; i < end; i++) a->out[i] = a->alpha;
    }
}

void ck_fill(ck_pool *pool, float value, float *x, int64_t count) {
    arrays a = {.out = x, .alpha = value};
    ck_pool_ranges(pool, count, CHUNK, fill_range, &a);
}

static void add_rows(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    for (int64_t r = first; r < end; r++) CK_BEST(add_array)(a->x + r * a->ld_x, a->out + r * a->ld_out, a->width);
}

void ck_add_row(ck_pool *pool, const float *bias, float *y, int64_t ld, int64_t rows, int64_t width) {
    arrays a = {.x = bias, .out = y, .ld_x = 0, .ld_out = ld, .width = width};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), add_rows, &a);
}

/// Columns first..<end of the sums; every column adds its rows in ascending order.
static void column_sum_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    for (int64_t r = 0; r < a->width; r++) CK_BEST(add_array)(a->x + r * a->ld_x + first, a->out + first, end - first);
}

void ck_column_sum(ck_pool *pool, const float *x, int64_t ld, float *sums, int64_t rows, int64_t width) {
    arrays a = {.x = x, .out = sums, .ld_x = ld, .width = rows};
    ck_pool_ranges(pool, width, 256, column_sum_range, &a);
}

static void gather_rows(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    for (int64_t r = first; r < end; r++)
        memcpy(a->out + r * a->width, a->x + a->ids[r] * a->width, (size_t)a->width * sizeof(float));
}

void ck_embedding_gather(ck_pool *pool, const float *table, const int32_t *ids, float *out, int64_t rows, int64_t width) {
    arrays a = {.x = table, .out = out, .ids = ids, .width = width};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), gather_rows, &a);
}

/// Columns first..<end of all rows, in ascending order of rows, so that equal ids never meet on two threads.
static void scatter_columns(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    for (int64_t r = 0; r < a->ld_x; r++)
        CK_BEST(add_array)(a->x + r * a->width + first, a->out + a->ids[r] * a->width + first, end - first);
}

void ck_embedding_scatter_add(ck_pool *pool, const float *d_out, const int32_t *ids, float *d_table, int64_t rows,
                              int64_t width) {
    arrays a = {.x = d_out, .out = d_table, .ids = ids, .ld_x = rows, .width = width};
    ck_pool_ranges(pool, width, 128, scatter_columns, &a);
}

static void dot_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    a->partials[first / CHUNK] = CK_BEST(dot_arrays)(a->x + first, a->y + first, end - first);
}

double ck_dot(ck_pool *pool, const float *x, const float *y, int64_t count) {
    const int64_t chunks = (count + CHUNK - 1) / CHUNK;
    arrays a = {.x = x, .y = y, .partials = ck_pool_take(pool, (size_t)(chunks + 1) * sizeof(double))};
    ck_pool_ranges(pool, count, CHUNK, dot_range, &a);
    double total = 0;
    for (int64_t c = 0; c < chunks; c++) total += a.partials[c];
    ck_pool_give(pool);
    return total;
}

double ck_sum_of_squares(ck_pool *pool, const float *x, int64_t count) { return ck_dot(pool, x, x, count); }

static void non_finite_range(int64_t first, int64_t end, void *context) {
    const arrays *a = context;
    a->flags[first / CHUNK] = CK_BEST(non_finite_array)(a->x + first, end - first);
}

bool ck_has_non_finite(ck_pool *pool, const float *x, int64_t count) {
    const int64_t chunks = (count + CHUNK - 1) / CHUNK;
    arrays a = {.x = x, .flags = ck_pool_take(pool, (size_t)(chunks + 1) * sizeof(bool))};
    ck_pool_ranges(pool, count, CHUNK, non_finite_range, &a);
    bool found = false;
    for (int64_t c = 0; c < chunks; c++) found |= a.flags[c];
    ck_pool_give(pool);
    return found;
}

#else

CK_LOOP void CK_(add_array)(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(y + i) + CK_(load)(x + i));
    for (; i < n; i++) y[i] += x[i];
}

CK_LOOP void CK_(axpy_array)(float alpha, const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(y + i) + alpha * CK_(load)(x + i));
    for (; i < n; i++) y[i] += alpha * x[i];
}

CK_LOOP void CK_(scale_array)(float alpha, float *x, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(x + i, alpha * CK_(load)(x + i));
    for (; i < n; i++) x[i] *= alpha;
}

CK_LOOP void CK_(multiply_arrays)(const float *x, const float *y, float *out, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(out + i, CK_(load)(x + i) * CK_(load)(y + i));
    for (; i < n; i++) out[i] = x[i] * y[i];
}

CK_LOOP double CK_(dot_arrays)(const float *x, const float *y, int64_t n) {
    double_lanes low = {0}, high = {0};
    for (int64_t i = 0; i < n; i += LANES) {
        const bool whole = i + LANES <= n;
        const lanes u = whole ? CK_(load)(x + i) : CK_(load_first)(x + i, n - i);
        const lanes v = whole ? CK_(load)(y + i) : CK_(load_first)(y + i, n - i);
        low += __builtin_convertvector(__builtin_shufflevector(u, u, 0, 1, 2, 3, 4, 5, 6, 7), double_lanes)
            * __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), double_lanes);
        high += __builtin_convertvector(__builtin_shufflevector(u, u, 8, 9, 10, 11, 12, 13, 14, 15), double_lanes)
            * __builtin_convertvector(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), double_lanes);
    }
    return CK_(double_sum)(low + high);
}

/// A float is infinite or NaN when all bits of its exponent are set.
CK_LOOP bool CK_(non_finite_array)(const float *x, int64_t n) {
    const uint32_t exponent = 0x7f800000u;
    word_lanes found = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) found |= (word_lanes)(((word_lanes)CK_(load)(x + i) & exponent) == exponent);
    bool any = false;
    for (int lane = 0; lane < LANES; lane++) any |= found[lane] != 0;
    for (; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        any |= (bits & exponent) == exponent;
    }
    return any;
}

#endif
