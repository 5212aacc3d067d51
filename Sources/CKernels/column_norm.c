// Normalisation of columns over groups of rows; formulas in Sources/Core/Engine/Kernels/Kernels+Images.swift.
#ifndef CK_LOOPS

#include "pool.h"

#define CK_LOOPS "column_norm.c"
#include "variants.h"

typedef struct {
    const float *x, *weight, *bias, *d_y, *saved_mean, *saved_inverse;
    float *y, *mean, *inverse, *d_weight, *d_bias;
    int64_t rows, width, group_rows, blocks;
    float epsilon;
    bool accumulate;
} column_groups;

/// One group and 16 of its columns: the unit of work, whatever the number of threads.
typedef struct {
    int64_t at, group_at, column, rows, count;
} part;

static part part_of(const column_groups *c, int64_t task) {
    const int64_t group = task / c->blocks, column = task % c->blocks * LANES, first = group * c->group_rows;
    return (part){.at = first * c->width + column, .group_at = group * c->width + column, .column = column,
                  .rows = ck_min(c->group_rows, c->rows - first), .count = ck_min(LANES, c->width - column)};
}

static void forward_parts(int64_t from, int64_t to, void *context) {
    const column_groups *c = context;
    for (int64_t t = from; t < to; t++) {
        const part p = part_of(c, t);
        CK_BEST(column_norm)(c->x + p.at, c->width, p.rows, p.count, c->weight + p.column, c->bias + p.column, c->y + p.at,
                             c->mean + p.group_at, c->inverse + p.group_at, c->epsilon);
    }
}

static int64_t parts(column_groups *c) {
    c->blocks = (c->width + LANES - 1) / LANES;
    return (c->rows + c->group_rows - 1) / c->group_rows * c->blocks;
}

void ck_column_norm(ck_pool *pool, const float *x, const float *weight, const float *bias, float *y, float *mean,
                    float *inverse_deviation, int64_t rows, int64_t width, int64_t group_rows, float epsilon) {
    column_groups c = {.x = x, .weight = weight, .bias = bias, .y = y, .mean = mean, .inverse = inverse_deviation,
                       .rows = rows, .width = width, .group_rows = group_rows, .epsilon = epsilon};
    ck_pool_ranges(pool, parts(&c), 1, forward_parts, &c);
}

static void backward_parts(int64_t from, int64_t to, void *context) {
    const column_groups *c = context;
    for (int64_t t = from; t < to; t++) {
        const part p = part_of(c, t);
        CK_BEST(column_norm_backward)(c->d_y + p.at, c->x + p.at, c->width, p.rows, p.count, c->weight + p.column,
                                      c->saved_mean + p.group_at, c->saved_inverse + p.group_at,
                                      c->y ? c->y + p.at : NULL, c->accumulate, c->d_weight + p.group_at,
                                      c->d_bias + p.group_at);
    }
}

void ck_column_norm_backward(ck_pool *pool, const float *d_y, const float *x, const float *weight, const float *mean,
                             const float *inverse_deviation, float *d_x, bool accumulate, float *d_weight, float *d_bias,
                             int64_t rows, int64_t width, int64_t group_rows) {
    column_groups c = {.d_y = d_y, .x = x, .weight = weight, .saved_mean = mean, .saved_inverse = inverse_deviation, .y = d_x,
                       .accumulate = accumulate, .d_weight = d_weight, .d_bias = d_bias, .rows = rows, .width = width,
                       .group_rows = group_rows};
    ck_pool_ranges(pool, parts(&c), 1, backward_parts, &c);
}

static void scale_shift_rows(int64_t from, int64_t to, void *context) {
    const column_groups *c = context;
    for (int64_t r = from; r < to; r++)
        CK_BEST(scale_shift)(c->x + r * c->width, c->weight, c->bias, c->y + r * c->width, c->accumulate, c->width);
}

void ck_scale_shift(ck_pool *pool, const float *x, const float *scale, const float *shift, float *y, bool accumulate,
                    int64_t rows, int64_t width) {
    column_groups c = {.x = x, .weight = scale, .bias = shift, .y = y, .accumulate = accumulate, .width = width};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), scale_shift_rows, &c);
}

#else

CK_INLINE lanes CK_(load_some)(const float *p, int64_t n) { return n == LANES ? CK_(load)(p) : CK_(load_first)(p, n); }

CK_INLINE void CK_(store_some)(float *p, lanes v, int64_t n) {
    if (n == LANES) CK_(store)(p, v);
    else CK_(store_first)(p, v, n);
}

/// sums += v, in double precision.
CK_INLINE void CK_(add_doubles)(double_lanes sums[2], lanes v) {
    sums[0] += __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), double_lanes);
    sums[1] += __builtin_convertvector(__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15), double_lanes);
}

CK_INLINE lanes CK_(mean_of)(const double_lanes sums[2], double count) {
    const half_lanes a = __builtin_convertvector(sums[0] / count, half_lanes);
    const half_lanes b = __builtin_convertvector(sums[1] / count, half_lanes);
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

CK_LOOP void CK_(column_norm)(const float *x, int64_t ld, int64_t rows, int64_t n, const float *weight, const float *bias,
                              float *y, float *mean, float *inverse, float epsilon) {
    double_lanes sums[2] = {{0}, {0}}, squares[2] = {{0}, {0}};
    for (int64_t r = 0; r < rows; r++) CK_(add_doubles)(sums, CK_(load_some)(x + r * ld, n));
    const lanes m = CK_(mean_of)(sums, (double)rows);
    for (int64_t r = 0; r < rows; r++) {
        const lanes d = CK_(load_some)(x + r * ld, n) - m;
        CK_(add_doubles)(squares, d * d);
    }
    const lanes variance = CK_(mean_of)(squares, (double)rows);
    lanes s;
    for (int i = 0; i < LANES; i++) s[i] = 1.0f / sqrtf(variance[i] + epsilon);
    const lanes scale = s * CK_(load_some)(weight, n), shift = CK_(load_some)(bias, n);
    for (int64_t r = 0; r < rows; r++)
        CK_(store_some)(y + r * ld, (CK_(load_some)(x + r * ld, n) - m) * scale + shift, n);
    CK_(store_some)(mean, m, n);
    CK_(store_some)(inverse, s, n);
}

CK_LOOP void CK_(column_norm_backward)(const float *d_y, const float *x, int64_t ld, int64_t rows, int64_t n,
                                       const float *weight, const float *mean, const float *inverse, float *d_x,
                                       bool accumulate, float *d_weight, float *d_bias) {
    const lanes m = CK_(load_some)(mean, n), s = CK_(load_some)(inverse, n);
    double_lanes biases[2] = {{0}, {0}}, weights[2] = {{0}, {0}};
    for (int64_t r = 0; r < rows; r++) {
        const lanes d = CK_(load_some)(d_y + r * ld, n);
        CK_(add_doubles)(biases, d);
        CK_(add_doubles)(weights, d * ((CK_(load_some)(x + r * ld, n) - m) * s));
    }
    CK_(store_some)(d_bias, CK_(mean_of)(biases, 1), n);
    CK_(store_some)(d_weight, CK_(mean_of)(weights, 1), n);
    if (!d_x) return;
    const lanes offset = CK_(mean_of)(biases, (double)rows), slope = CK_(mean_of)(weights, (double)rows);
    const lanes scale = s * CK_(load_some)(weight, n);
    for (int64_t r = 0; r < rows; r++) {
        const lanes normal = (CK_(load_some)(x + r * ld, n) - m) * s;
        lanes v = (CK_(load_some)(d_y + r * ld, n) - offset - normal * slope) * scale;
        if (accumulate) v += CK_(load_some)(d_x + r * ld, n);
        CK_(store_some)(d_x + r * ld, v, n);
    }
}

CK_LOOP void CK_(scale_shift)(const float *x, const float *scale, const float *shift, float *y, bool accumulate,
                              int64_t width) {
    for (int64_t i = 0; i < width; i += LANES) {
        const int64_t n = width - i < LANES ? width - i : LANES;
        lanes v = CK_(load_some)(x + i, n) * CK_(load_some)(scale + i, n);
        if (shift) v += CK_(load_some)(shift + i, n);
        if (accumulate) v += CK_(load_some)(y + i, n);
        CK_(store_some)(y + i, v, n);
    }
}

#endif
