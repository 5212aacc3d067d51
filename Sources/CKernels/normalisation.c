// RMSNorm and LayerNorm; formulas in Sources/Core/Engine/Kernels/Kernels+Normalisation.swift.
#ifndef CK_LOOPS

#include "pool.h"

#define CK_LOOPS "normalisation.c"
#include "variants.h"

/// Rows whose weight gradients are summed into one partial row; fixed, so that the order of sums is.
enum { ROWS_PER_PARTIAL = 64 };

typedef struct {
    const float *x, *weight, *bias, *d_y;
    float *y, *mean, *inverse, *d_x, *partial_weight, *partial_bias;
    const float *saved_mean, *saved_inverse;
    int64_t width, rows;
    float epsilon;
    bool accumulate;
} norm;

static void rms_norm_rows(int64_t first, int64_t end, void *context) {
    const norm *n = context;
    for (int64_t r = first; r < end; r++)
        n->inverse[r] = CK_BEST(rms_norm_row)(n->x + r * n->width, n->weight, n->y + r * n->width, n->width, n->epsilon);
}

void ck_rms_norm(ck_pool *pool, const float *x, const float *weight, float *y, float *inverse_rms, int64_t rows,
                 int64_t width, float epsilon) {
    norm n = {.x = x, .weight = weight, .y = y, .inverse = inverse_rms, .width = width, .epsilon = epsilon};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), rms_norm_rows, &n);
}

static void layer_norm_rows(int64_t first, int64_t end, void *context) {
    const norm *n = context;
    for (int64_t r = first; r < end; r++)
        CK_BEST(layer_norm_row)(n->x + r * n->width, n->weight, n->bias, n->y + r * n->width, n->mean + r, n->inverse + r,
                                n->width, n->epsilon);
}

void ck_layer_norm(ck_pool *pool, const float *x, const float *weight, const float *bias, float *y, float *mean,
                   float *inverse_deviation, int64_t rows, int64_t width, float epsilon) {
    norm n = {.x = x, .weight = weight, .bias = bias, .y = y, .mean = mean, .inverse = inverse_deviation, .width = width,
              .epsilon = epsilon};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), layer_norm_rows, &n);
}

static void backward_rows(int64_t first, int64_t end, void *context) {
    const norm *n = context;
    for (int64_t r = first; r < end; r++)
        CK_BEST(norm_backward_row)(n->d_y + r * n->width, n->x + r * n->width, n->weight, n->saved_mean != NULL,
                                   n->saved_mean ? n->saved_mean[r] : 0, n->saved_inverse[r], n->d_x + r * n->width,
                                   n->accumulate, n->width);
}

/// Partial weight (and bias) gradients of one group of rows.
static void partial_rows(int64_t first, int64_t end, void *context) {
    const norm *n = context;
    const int64_t at = first / ROWS_PER_PARTIAL * n->width;
    float *weight = n->partial_weight ? n->partial_weight + at : NULL;
    float *bias = n->partial_bias ? n->partial_bias + at : NULL;
    if (weight) memset(weight, 0, (size_t)n->width * sizeof(float));
    if (bias) memset(bias, 0, (size_t)n->width * sizeof(float));
    for (int64_t r = first; r < end; r++)
        CK_BEST(norm_weight_row)(n->d_y + r * n->width, n->x + r * n->width, n->saved_mean ? n->saved_mean[r] : 0,
                                 n->saved_inverse[r], weight, bias, n->width);
}

static void backward(ck_pool *pool, norm *n, float *d_weight, float *d_bias) {
    const int64_t partials = (n->rows + ROWS_PER_PARTIAL - 1) / ROWS_PER_PARTIAL, size = partials * n->width;
    if (d_weight || d_bias) {
        float *scratch = ck_pool_take(pool, (size_t)size * 2 * sizeof(float));
        n->partial_weight = d_weight ? scratch : NULL;
        n->partial_bias = d_bias ? scratch + size : NULL;
        ck_pool_ranges(pool, n->rows, ROWS_PER_PARTIAL, partial_rows, n);
        for (int64_t p = 0; p < partials; p++)
            for (int64_t i = 0; i < n->width; i++) {
                if (d_weight) d_weight[i] += n->partial_weight[p * n->width + i];
                if (d_bias) d_bias[i] += n->partial_bias[p * n->width + i];
            }
        ck_pool_give(pool);
    }
    ck_pool_ranges(pool, n->rows, ck_rows_per_task(n->width), backward_rows, n);
}

void ck_rms_norm_backward(ck_pool *pool, const float *d_y, const float *x, const float *weight, const float *inverse_rms,
                          float *d_x, bool accumulate, float *d_weight, int64_t rows, int64_t width) {
    norm n = {.d_y = d_y, .x = x, .weight = weight, .saved_inverse = inverse_rms, .d_x = d_x, .accumulate = accumulate,
              .width = width, .rows = rows};
    backward(pool, &n, d_weight, NULL);
}

void ck_layer_norm_backward(ck_pool *pool, const float *d_y, const float *x, const float *weight, const float *mean,
                            const float *inverse_deviation, float *d_x, bool accumulate, float *d_weight, float *d_bias,
                            int64_t rows, int64_t width) {
    norm n = {.d_y = d_y, .x = x, .weight = weight, .saved_mean = mean, .saved_inverse = inverse_deviation, .d_x = d_x,
              .accumulate = accumulate, .width = width, .rows = rows};
    backward(pool, &n, d_weight, d_bias);
}

#else

CK_LOOP float CK_(rms_norm_row)(const float *x, const float *weight, float *y, int64_t n, float epsilon) {
    lanes a = {0}, b = {0};
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        const lanes u = CK_(load)(x + i), v = CK_(load)(x + i + LANES);
        a += u * u;
        b += v * v;
    }
    for (; i < n; i += LANES) {
        const lanes u = i + LANES <= n ? CK_(load)(x + i) : CK_(load_first)(x + i, n - i);
        a += u * u;
    }
    const float inverse = 1.0f / sqrtf(CK_(sum)(a + b) / (float)n + epsilon);
    for (i = 0; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(x + i) * inverse * CK_(load)(weight + i));
    for (; i < n; i++) y[i] = x[i] * inverse * weight[i];
    return inverse;
}

CK_LOOP void CK_(layer_norm_row)(const float *x, const float *weight, const float *bias, float *y, float *mean,
                                 float *inverse_deviation, int64_t n, float epsilon) {
    lanes total = {0}, squares = {0};
    for (int64_t i = 0; i < n; i += LANES) total += i + LANES <= n ? CK_(load)(x + i) : CK_(load_first)(x + i, n - i);
    const float m = CK_(sum)(total) / (float)n;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes d = CK_(load)(x + i) - m;
        squares += d * d;
    }
    float rest = 0;
    for (; i < n; i++) rest += (x[i] - m) * (x[i] - m);
    const float inverse = 1.0f / sqrtf((CK_(sum)(squares) + rest) / (float)n + epsilon);
    for (i = 0; i + LANES <= n; i += LANES) {
        lanes v = (CK_(load)(x + i) - m) * inverse * CK_(load)(weight + i);
        if (bias) v += CK_(load)(bias + i);
        CK_(store)(y + i, v);
    }
    for (; i < n; i++) y[i] = (x[i] - m) * inverse * weight[i] + (bias ? bias[i] : 0);
    *mean = m;
    *inverse_deviation = inverse;
}

/// With n = (x - mean) s and g = dY weight: dX = s (g - mean(g) [if centred] - n mean(g n)).
CK_LOOP void CK_(norm_backward_row)(const float *d_y, const float *x, const float *weight, bool centred, float mean,
                                    float inverse, float *d_x, bool accumulate, int64_t n) {
    lanes products = {0}, gradients = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes g = CK_(load)(d_y + i) * CK_(load)(weight + i);
        products += g * (CK_(load)(x + i) - mean);
        gradients += g;
    }
    float product = CK_(sum)(products), gradient = CK_(sum)(gradients);
    for (; i < n; i++) {
        product += d_y[i] * weight[i] * (x[i] - mean);
        gradient += d_y[i] * weight[i];
    }
    const float slope = product * inverse * inverse / (float)n, offset = centred ? gradient / (float)n : 0;
    for (i = 0; i + LANES <= n; i += LANES) {
        lanes v = (CK_(load)(d_y + i) * CK_(load)(weight + i) - offset - (CK_(load)(x + i) - mean) * slope) * inverse;
        if (accumulate) v += CK_(load)(d_x + i);
        CK_(store)(d_x + i, v);
    }
    for (; i < n; i++) {
        const float v = (d_y[i] * weight[i] - offset - (x[i] - mean) * slope) * inverse;
        d_x[i] = accumulate ? d_x[i] + v : v;
    }
}

CK_LOOP void CK_(norm_weight_row)(const float *d_y, const float *x, float mean, float inverse, float *weight, float *bias,
                                  int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes d = CK_(load)(d_y + i);
        if (weight) CK_(store)(weight + i, CK_(load)(weight + i) + d * ((CK_(load)(x + i) - mean) * inverse));
        if (bias) CK_(store)(bias + i, CK_(load)(bias + i) + d);
    }
    for (; i < n; i++) {
        if (weight) weight[i] += d_y[i] * ((x[i] - mean) * inverse);
        if (bias) bias[i] += d_y[i];
    }
}

#endif
