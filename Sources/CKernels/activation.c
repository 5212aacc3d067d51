// SwiGLU, SiLU, GELU, ReLU, tanh, exp and soft caps; formulas in Sources/Core/Engine/Kernels/Kernels+Activation.swift.
#ifndef CK_LOOPS

#include "pool.h"

static const float SQRT_2_OVER_PI = 0.7978845608f, CUBIC = 0.044715f, SQRT_HALF = 0.70710678118f,
                   INVERSE_SQRT_2_PI = 0.3989422804f;

#define CK_LOOPS "activation.c"
#include "variants.h"

typedef struct {
    const float *d_out, *gate, *up;
    float *out, *d_gate, *d_up;
    int64_t ld, ld_gradient, width;
} swiglu;

static void swiglu_rows(int64_t first, int64_t end, void *context) {
    const swiglu *s = context;
    for (int64_t r = first; r < end; r++)
        CK_BEST(swiglu_row)(s->gate + r * s->ld, s->up + r * s->ld, s->out + r * s->width, s->width);
}

void ck_swiglu(ck_pool *pool, const float *gate, const float *up, int64_t ld, float *out, int64_t rows, int64_t width) {
    swiglu s = {.gate = gate, .up = up, .out = out, .ld = ld, .width = width};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), swiglu_rows, &s);
}

static void swiglu_backward_rows(int64_t first, int64_t end, void *context) {
    const swiglu *s = context;
    for (int64_t r = first; r < end; r++)
        CK_BEST(swiglu_backward_row)(s->d_out + r * s->width, s->gate + r * s->ld, s->up + r * s->ld,
                                     s->out ? s->out + r * s->width : NULL, s->d_gate + r * s->ld_gradient,
                                     s->d_up + r * s->ld_gradient, s->width);
}

void ck_swiglu_backward(ck_pool *pool, const float *d_out, const float *gate, const float *up, int64_t ld, float *out,
                        float *d_gate, float *d_up, int64_t ld_gradient, int64_t rows, int64_t width) {
    swiglu s = {.d_out = d_out, .gate = gate, .up = up, .out = out, .d_gate = d_gate, .d_up = d_up, .ld = ld,
                .ld_gradient = ld_gradient, .width = width};
    ck_pool_ranges(pool, rows, ck_rows_per_task(width), swiglu_backward_rows, &s);
}

typedef struct {
    int32_t kind;
    const float *d_y, *x;
    float *y;
} activation;

static void activation_range(int64_t first, int64_t end, void *context) {
    const activation *a = context;
    const float *x = a->x;
    float *y = a->y;
    if (a->kind == CK_GELU_TANH) return CK_BEST(gelu_tanh)(x + first, y + first, end - first);
    if (a->kind == CK_SILU) return CK_BEST(silu)(x + first, y + first, end - first);
    for (int64_t i = first; a->kind == CK_TANH && i < end; i++) y[i] = tanhf(x[i]);
    for (int64_t i = first; a->kind != CK_TANH && i < end; i++)
        y[i] = a->kind == CK_RELU ? (x[i] > 0 ? x[i] : 0) : 0.5f * x[i] * (1 + erff(x[i] * SQRT_HALF));
}

void ck_activation(ck_pool *pool, int32_t kind, const float *x, float *y, int64_t count) {
    activation a = {kind, NULL, x, y};
    ck_pool_ranges(pool, count, 16384, activation_range, &a);
}

static void activation_backward_range(int64_t first, int64_t end, void *context) {
    const activation *a = context;
    const float *x = a->x, *d_y = a->d_y;
    float *y = a->y;
    if (a->kind == CK_GELU_TANH) return CK_BEST(gelu_tanh_backward)(d_y + first, x + first, y + first, end - first);
    if (a->kind == CK_SILU) return CK_BEST(silu_backward)(d_y + first, x + first, y + first, end - first);
    for (int64_t i = first; i < end; i++) {
        const float t = a->kind == CK_TANH ? tanhf(x[i]) : 0;
        const float slope = a->kind == CK_TANH ? 1 - t * t : a->kind == CK_RELU
            ? (x[i] > 0 ? 1.0f : 0.0f)
            : 0.5f * (1 + erff(x[i] * SQRT_HALF)) + x[i] * INVERSE_SQRT_2_PI * expf(-0.5f * x[i] * x[i]);
        y[i] = d_y[i] * slope;
    }
}

void ck_activation_backward(ck_pool *pool, int32_t kind, const float *d_y, const float *x, float *d_x, int64_t count) {
    activation a = {kind, d_y, x, d_x};
    ck_pool_ranges(pool, count, 16384, activation_backward_range, &a);
}

static void exp_range(int64_t first, int64_t end, void *context) {
    const activation *a = context;
    CK_BEST(exp_array)(a->x + first, a->y + first, end - first);
}

void ck_exp(ck_pool *pool, const float *x, float *y, int64_t count) {
    activation a = {0, NULL, x, y};
    ck_pool_ranges(pool, count, 16384, exp_range, &a);
}

typedef struct {
    float *x, *slopes;
    float cap;
} soft_cap;

static void soft_cap_range(int64_t first, int64_t end, void *context) {
    const soft_cap *s = context;
    CK_BEST(soft_cap_array)(s->x + first, s->slopes ? s->slopes + first : NULL, s->cap, end - first);
}

void ck_soft_cap(ck_pool *pool, float *x, float *slopes, float cap, int64_t count) {
    soft_cap s = {x, slopes, cap};
    ck_pool_ranges(pool, count, 16384, soft_cap_range, &s);
}

#else

CK_INLINE lanes CK_(swiglu_lanes)(lanes gate, lanes up) { return gate * CK_(sigmoid)(gate) * up; }

CK_LOOP void CK_(swiglu_row)(const float *gate, const float *up, float *out, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(out + i, CK_(swiglu_lanes)(CK_(load)(gate + i), CK_(load)(up + i)));
    if (i < n)
        CK_(store_first)(out + i, CK_(swiglu_lanes)(CK_(load_first)(gate + i, n - i), CK_(load_first)(up + i, n - i)), n - i);
}

/// The slopes, and the forward pass's result.
CK_INLINE lanes CK_(swiglu_slopes)(lanes d, lanes gate, lanes up, lanes *d_gate, lanes *d_up) {
    const lanes s = CK_(sigmoid)(gate);
    *d_gate = d * up * s * (1.0f + gate * (1.0f - s));
    *d_up = d * gate * s;
    return gate * s * up;
}

CK_LOOP void CK_(swiglu_backward_row)(const float *d_out, const float *gate, const float *up, float *out, float *d_gate,
                                      float *d_up, int64_t n) {
    lanes g, u;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes y = CK_(swiglu_slopes)(CK_(load)(d_out + i), CK_(load)(gate + i), CK_(load)(up + i), &g, &u);
        CK_(store)(d_gate + i, g);
        CK_(store)(d_up + i, u);
        if (out) CK_(store)(out + i, y);
    }
    if (i < n) {
        const lanes y = CK_(swiglu_slopes)(CK_(load_first)(d_out + i, n - i), CK_(load_first)(gate + i, n - i),
                                           CK_(load_first)(up + i, n - i), &g, &u);
        if (out) CK_(store_first)(out + i, y, n - i);
        CK_(store_first)(d_gate + i, g, n - i);
        CK_(store_first)(d_up + i, u, n - i);
    }
}

/// (1 + tanh(z)) / 2 = sigmoid(2 z) with z = sqrt(2 / pi) (x + 0.044715 x^3).
CK_INLINE lanes CK_(gelu_gate)(lanes x) { return CK_(sigmoid)(2.0f * SQRT_2_OVER_PI * (x + CUBIC * x * x * x)); }

CK_INLINE lanes CK_(gelu_slope)(lanes x) {
    const lanes s = CK_(gelu_gate)(x);
    return s + x * s * (1.0f - s) * (2.0f * SQRT_2_OVER_PI) * (1.0f + 3.0f * CUBIC * x * x);
}

CK_LOOP void CK_(gelu_tanh)(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes v = CK_(load)(x + i);
        CK_(store)(y + i, v * CK_(gelu_gate)(v));
    }
    if (i < n) {
        const lanes v = CK_(load_first)(x + i, n - i);
        CK_(store_first)(y + i, v * CK_(gelu_gate)(v), n - i);
    }
}

CK_LOOP void CK_(gelu_tanh_backward)(const float *d_y, const float *x, float *d_x, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(d_x + i, CK_(load)(d_y + i) * CK_(gelu_slope)(CK_(load)(x + i)));
    if (i < n)
        CK_(store_first)(d_x + i, CK_(load_first)(d_y + i, n - i) * CK_(gelu_slope)(CK_(load_first)(x + i, n - i)), n - i);
}

CK_INLINE lanes CK_(silu_slope)(lanes x) {
    const lanes s = CK_(sigmoid)(x);
    return s * (1.0f + x * (1.0f - s));
}

CK_LOOP void CK_(silu)(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes v = CK_(load)(x + i);
        CK_(store)(y + i, v * CK_(sigmoid)(v));
    }
    if (i < n) {
        const lanes v = CK_(load_first)(x + i, n - i);
        CK_(store_first)(y + i, v * CK_(sigmoid)(v), n - i);
    }
}

CK_LOOP void CK_(silu_backward)(const float *d_y, const float *x, float *d_x, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(d_x + i, CK_(load)(d_y + i) * CK_(silu_slope)(CK_(load)(x + i)));
    if (i < n)
        CK_(store_first)(d_x + i, CK_(load_first)(d_y + i, n - i) * CK_(silu_slope)(CK_(load_first)(x + i, n - i)), n - i);
}

CK_LOOP void CK_(exp_array)(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(exponential)(CK_(load)(x + i)));
    if (i < n) CK_(store_first)(y + i, CK_(exponential)(CK_(load_first)(x + i, n - i)), n - i);
}

CK_INLINE lanes CK_(tanh)(lanes x) { return 2.0f * CK_(sigmoid)(2.0f * x) - 1.0f; }

CK_LOOP void CK_(soft_cap_array)(float *x, float *slopes, float cap, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const lanes t = CK_(tanh)(CK_(load)(x + i) * (1 / cap));
        if (slopes) CK_(store)(slopes + i, 1.0f - t * t);
        CK_(store)(x + i, t * cap);
    }
    if (i >= n) return;
    const lanes t = CK_(tanh)(CK_(load_first)(x + i, n - i) * (1 / cap));
    if (slopes) CK_(store_first)(slopes + i, 1.0f - t * t, n - i);
    CK_(store_first)(x + i, t * cap, n - i);
}

#endif
