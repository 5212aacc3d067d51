// Softmax and cross-entropy of rows; formulas in Sources/Core/Engine/Kernels/Kernels+Sequence.swift.
#ifndef CK_LOOPS

#include "pool.h"

#define CK_LOOPS "cross_entropy.c"
#include "variants.h"

typedef struct {
    float *x;
    const int32_t *targets;
    const float *weights;
    double *losses;
    int64_t ld, width;
    bool write_gradient;
} softmax;

static void cross_entropy_rows(int64_t first, int64_t end, void *context) {
    const softmax *s = context;
    for (int64_t r = first; r < end; r++) {
        float *row = s->x + r * s->ld;
        const float weight = s->weights ? s->weights[r] : 1;
        const int32_t target = s->targets[r];
        if (target < 0 || target >= s->width) {
            s->losses[r] = 0;
            if (s->write_gradient) memset(row, 0, (size_t)s->width * sizeof(float));
            continue;
        }
        const float top = CK_BEST(row_maximum)(row, s->width);
        const float at_target = row[target];
        const double total = CK_BEST(row_exponentials)(row, s->width, top, 1, s->write_gradient);
        s->losses[r] = (double)weight * (log(total) + (double)top - (double)at_target);
        if (!s->write_gradient) continue;
        CK_BEST(row_scale)(row, s->width, (float)((double)weight / total));
        row[target] -= weight;
    }
}

void ck_cross_entropy_rows(ck_pool *pool, float *logits, int64_t ld, const int32_t *targets, const float *weights,
                           int64_t rows, int64_t vocabulary, double *losses, bool write_gradient) {
    softmax s = {logits, targets, weights, losses, ld, vocabulary, write_gradient};
    ck_pool_ranges(pool, rows, ck_rows_per_task(vocabulary), cross_entropy_rows, &s);
}

#else

CK_LOOP float CK_(row_maximum)(const float *x, int64_t n) {
    lanes a = CK_(spread)(x[0]), b = a, c = a, d = a;
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        a = CK_(larger)(a, CK_(load)(x + i));
        b = CK_(larger)(b, CK_(load)(x + i + LANES));
        c = CK_(larger)(c, CK_(load)(x + i + 2 * LANES));
        d = CK_(larger)(d, CK_(load)(x + i + 3 * LANES));
    }
    float m = CK_(maximum)(CK_(larger)(CK_(larger)(a, b), CK_(larger)(c, d)));
    for (; i < n; i++) m = x[i] > m ? x[i] : m;
    return m;
}

/// Sum of exp(scale (x - top)), stored in place when asked. Blocks of 4096 are summed in float32, blocks in float64.
CK_LOOP double CK_(row_exponentials)(float *x, int64_t n, float top, float scale, bool store) {
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += 4096) {
        const int64_t end = begin + 4096 < n ? begin + 4096 : n;
        lanes a = {0}, b = {0};
        int64_t i = begin;
        for (; i + 2 * LANES <= end; i += 2 * LANES) {
            const lanes u = CK_(exponential)((CK_(load)(x + i) - top) * scale);
            const lanes v = CK_(exponential)((CK_(load)(x + i + LANES) - top) * scale);
            if (store) {
                CK_(store)(x + i, u);
                CK_(store)(x + i + LANES, v);
            }
            a += u;
            b += v;
        }
        for (; i < end; i += LANES) {
            const int64_t rest = end - i < LANES ? end - i : LANES;
            const lanes u = CK_(exponential)((CK_(load_first)(x + i, rest) - top) * scale);
            float part[LANES];
            CK_(store)(part, u);
            for (int64_t j = 0; j < rest; j++) {
                if (store) x[i + j] = part[j];
                total += (double)part[j];
            }
        }
        total += (double)CK_(sum)(a + b);
    }
    return total;
}

CK_LOOP void CK_(row_scale)(float *x, int64_t n, float alpha) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(x + i, CK_(load)(x + i) * alpha);
    for (; i < n; i++) x[i] *= alpha;
}

#endif
