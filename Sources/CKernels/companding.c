// Companding, w = unit (offset + a phi(v / b)), its gradients and counts; formulas in
// Sources/Core/Engine/Kernels/Kernels+Companding.swift. A function is its row of `curve`.
#ifndef CK_LOOPS

#include "pool.h"

/// Elements of one task and partial sum; fixed, so that the order of sums is.
enum { CHUNK = 32768 };

typedef struct {
    const ck_compander *compander;
    const float *v, *d_w, *w;
    float *out;
    float near, far;
    double (*sums)[2];
    ck_companding_counts *counts;
} companding;

#define CK_LOOPS "companding.c"
#include "variants.h"

static void forward_range(int64_t first, int64_t end, void *context) {
    const companding *c = context;
    CK_BEST(compand_array)(c, first, end);
}

void ck_compand(ck_pool *pool, const ck_compander *compander, const float *v, float *w, int64_t count) {
    companding c = {.compander = compander, .v = v, .out = w};
    ck_pool_ranges(pool, count, CHUNK, forward_range, &c);
}

static void backward_range(int64_t first, int64_t end, void *context) {
    const companding *c = context;
    CK_BEST(compand_backward_array)(c, first, end, c->sums[first / CHUNK]);
}

void ck_compand_backward(ck_pool *pool, const ck_compander *compander, const float *v, const float *d_w, float *d_v,
                         int64_t count, double *d_log_a, double *d_log_b) {
    const int64_t chunks = (count + CHUNK - 1) / CHUNK;
    companding c = {.compander = compander, .v = v, .d_w = d_w, .out = d_v,
                    .sums = ck_pool_take(pool, (size_t)(chunks + 1) * sizeof(double[2]))};
    ck_pool_ranges(pool, count, CHUNK, backward_range, &c);
    *d_log_a = *d_log_b = 0;
    for (int64_t i = 0; i < chunks; i++) {
        *d_log_a += c.sums[i][0];
        *d_log_b += c.sums[i][1];
    }
    ck_pool_give(pool);
}

static void count_range(int64_t first, int64_t end, void *context) {
    const companding *c = context;
    const ck_compander *p = c->compander;
    ck_companding_counts found = {0};
    for (int64_t i = first; i < end; i++) {
        const float scaled = p->unit ? (p->unit[i] == 0 ? p->offset : c->w[i] / p->unit[i]) : c->w[i];
        const float distance = fabsf(scaled - p->offset);
        found.near += distance < c->near;
        found.far += distance > c->far;
        found.largest = distance > found.largest ? distance : found.largest;
    }
    c->counts[first / CHUNK] = found;
}

ck_companding_counts ck_companding_count(ck_pool *pool, const ck_compander *compander, const float *w, int64_t count,
                                         float near, float far) {
    const int64_t chunks = (count + CHUNK - 1) / CHUNK;
    companding c = {.compander = compander, .w = w, .near = near, .far = far,
                    .counts = ck_pool_take(pool, (size_t)(chunks + 1) * sizeof(ck_companding_counts))};
    ck_pool_ranges(pool, count, CHUNK, count_range, &c);
    ck_companding_counts total = {0};
    for (int64_t i = 0; i < chunks; i++) {
        total.near += c.counts[i].near;
        total.far += c.counts[i].far;
        total.largest = c.counts[i].largest > total.largest ? c.counts[i].largest : total.largest;
    }
    ck_pool_give(pool);
    return total;
}

#else

CK_INLINE lanes CK_(magnitude)(lanes x) { return (lanes)((int_lanes)x & 0x7fffffff); }

CK_INLINE lanes CK_(with_sign)(lanes magnitude, lanes sign) {
    return (lanes)((int_lanes)magnitude | ((int_lanes)sign & (int32_t)0x80000000));
}

/// arctan x by its polynomial around 0 after x -> (|x| - 1) / (|x| + 1) or -1 / |x| (Cephes), within 2 units in the last place.
CK_INLINE lanes CK_(arctangent)(lanes x) {
    const lanes m = CK_(magnitude)(x), one = CK_(spread)(1), zero = CK_(spread)(0);
    const int_lanes large = m > CK_(spread)(2.414213562373095f), middle = m > CK_(spread)(0.4142135623730950f);
    const lanes numerator = CK_(choose)(large, -one, CK_(choose)(middle, m - one, m));
    const lanes denominator = CK_(choose)(large, m, CK_(choose)(middle, m + one, one));
    const lanes start = CK_(choose)(
        large, CK_(spread)(1.5707963267948966f), CK_(choose)(middle, CK_(spread)(0.7853981633974483f), zero));
    const lanes t = numerator / denominator, z = t * t;
    lanes p = z * 8.05374449538e-2f - 1.38776856032e-1f;
    p = p * z + 1.99777106478e-1f;
    p = p * z - 3.33329491539e-1f;
    return CK_(with_sign)(start + (p * z * t + t), x);
}

/// tanh x: below 0.625 a polynomial (Cephes), above 1 - 2 / (exp(2 |x|) + 1); within 3 units in the last place.
CK_INLINE lanes CK_(hyperbolic_tangent)(lanes x) {
    const lanes m = CK_(magnitude)(x), z = x * x;
    lanes p = z * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    const lanes far = 1.0f - 2.0f / (CK_(exponential)(2.0f * m) + 1.0f);
    const lanes near = p * z * x + x;
    return CK_(choose)(m < CK_(spread)(0.625f), near, CK_(with_sign)(far, x));
}

/// phi(x) and its slope.
CK_INLINE lanes CK_(curve)(int32_t function, lanes x, lanes *slope) {
    if (function == CK_COMPAND_ARCTAN) {
        *slope = 1.0f / (1.0f + x * x);
        return CK_(arctangent)(x);
    }
    if (function == CK_COMPAND_TANH) {
        const lanes t = CK_(hyperbolic_tangent)(x);
        *slope = 1.0f - t * t;
        return t;
    }
    // Softsign. An infinite x is an infinite number already, and no result of it is used.
    const lanes reciprocal = 1.0f / (1.0f + CK_(magnitude)(x));
    *slope = reciprocal * reciprocal;
    return x * reciprocal;
}

CK_INLINE lanes CK_(part)(const float *p, int64_t n) { return n >= LANES ? CK_(load)(p) : CK_(load_first)(p, n); }

CK_INLINE void CK_(put)(float *p, lanes v, int64_t n) {
    if (n >= LANES)
        CK_(store)(p, v);
    else
        CK_(store_first)(p, v, n);
}

CK_LOOP void CK_(compand_array)(const companding *c, int64_t first, int64_t end) {
    const ck_compander *p = c->compander;
    lanes slope;
    for (int64_t i = first; i < end; i += LANES) {
        const lanes x = CK_(part)(c->v + i, end - i) / p->b;
        lanes w = p->offset + p->a * CK_(curve)(p->function, x, &slope);
        if (p->unit) w *= CK_(part)(p->unit + i, end - i);
        CK_(put)(c->out + i, w, end - i);
    }
}

CK_INLINE double_lanes CK_(product_sum)(lanes x, lanes y) {
    return __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), double_lanes)
        * __builtin_convertvector(__builtin_shufflevector(y, y, 0, 1, 2, 3, 4, 5, 6, 7), double_lanes)
        + __builtin_convertvector(__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15), double_lanes)
            * __builtin_convertvector(__builtin_shufflevector(y, y, 8, 9, 10, 11, 12, 13, 14, 15), double_lanes);
}

/// Lanes beyond the end have d_w = 0 and v = 0, which add nothing.
CK_LOOP void CK_(compand_backward_array)(const companding *c, int64_t first, int64_t end, double *sums) {
    const ck_compander *p = c->compander;
    const float steepness = p->a / p->b;
    double_lanes of_a = {0}, of_b = {0};
    lanes slope;
    for (int64_t i = first; i < end; i += LANES) {
        const lanes v = CK_(part)(c->v + i, end - i);
        lanes d = CK_(part)(c->d_w + i, end - i);
        if (p->unit) d *= CK_(part)(p->unit + i, end - i);
        const lanes curve = CK_(curve)(p->function, v / p->b, &slope);
        const lanes d_v = d * (steepness * slope);
        of_a += CK_(product_sum)(d, p->a * curve);
        of_b += CK_(product_sum)(d_v, v);
        CK_(put)(c->out + i, d_v, end - i);
    }
    sums[0] = CK_(double_sum)(of_a);
    sums[1] = -CK_(double_sum)(of_b);
}

#endif
