// AdamW and SGD with momentum, one pass over the flat arrays; formulas in Sources/Core/Engine/Kernels/Kernels+Optimizer.swift.
#ifndef CK_LOOPS

#include "pool.h"

typedef struct {
    float *parameter, *m, *v;
    const float *gradient;
    float beta1, beta2, epsilon, decay, step_size, inverse_root_correction2, gradient_scale;
} adamw;

typedef struct {
    float *parameter, *buffer;
    const float *gradient;
    float learning_rate, momentum, weight_decay, gradient_scale;
    bool first_step;
} sgd;

#define CK_LOOPS "optimizer.c"
#include "variants.h"

static void adamw_range(int64_t first, int64_t end, void *context) { CK_BEST(adamw_array)(context, first, end); }

void ck_adamw(ck_pool *pool, float *parameter, const float *gradient, float *m, float *v, int64_t count,
              float learning_rate, float beta1, float beta2, float epsilon, float weight_decay, float bias_correction1,
              float bias_correction2, float gradient_scale) {
    adamw a = {parameter, m, v, gradient, beta1, beta2, epsilon, 1 - learning_rate * weight_decay,
               learning_rate / bias_correction1, 1 / sqrtf(bias_correction2), gradient_scale};
    ck_pool_ranges(pool, count, 16384, adamw_range, &a);
}

static void sgd_range(int64_t first, int64_t end, void *context) {
    const sgd *s = context;
    for (int64_t i = first; i < end; i++) {
        const float g = s->gradient[i] * s->gradient_scale + s->weight_decay * s->parameter[i];
        const float b = s->first_step ? g : s->momentum * s->buffer[i] + g;
        s->buffer[i] = b;
        s->parameter[i] -= s->learning_rate * b;
    }
}

void ck_sgd_momentum(ck_pool *pool, float *parameter, const float *gradient, float *momentum_buffer, int64_t count,
                     float learning_rate, float momentum, float weight_decay, bool first_step,
                     float gradient_scale) {
    sgd s = {parameter, momentum_buffer, gradient, learning_rate, momentum, weight_decay, gradient_scale, first_step};
    ck_pool_ranges(pool, count, 16384, sgd_range, &s);
}

#else

CK_INLINE void CK_(adamw_lanes)(const adamw *a, lanes *p, lanes g, lanes *m, lanes *v) {
    g *= a->gradient_scale;
    *m = *m * a->beta1 + g * (1 - a->beta1);
    *v = *v * a->beta2 + g * g * (1 - a->beta2);
    const lanes root = __builtin_elementwise_sqrt(*v) * a->inverse_root_correction2 + a->epsilon;
    *p = *p * a->decay - a->step_size * (*m / root);
}

CK_LOOP void CK_(adamw_array)(const adamw *a, int64_t first, int64_t end) {
    int64_t i = first;
    for (; i < end; i += LANES) {
        const int64_t n = end - i;
        const bool whole = n >= LANES;
        lanes p = whole ? CK_(load)(a->parameter + i) : CK_(load_first)(a->parameter + i, n);
        lanes m = whole ? CK_(load)(a->m + i) : CK_(load_first)(a->m + i, n);
        lanes v = whole ? CK_(load)(a->v + i) : CK_(load_first)(a->v + i, n);
        const lanes g = whole ? CK_(load)(a->gradient + i) : CK_(load_first)(a->gradient + i, n);
        CK_(adamw_lanes)(a, &p, g, &m, &v);
        if (whole) {
            CK_(store)(a->parameter + i, p);
            CK_(store)(a->m + i, m);
            CK_(store)(a->v + i, v);
        } else {
            CK_(store_first)(a->parameter + i, p, n);
            CK_(store_first)(a->m + i, m, n);
            CK_(store_first)(a->v + i, v, n);
        }
    }
}

#endif
