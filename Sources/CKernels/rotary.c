// Rotary position embedding in the half-split pairing; formula in Sources/Core/Engine/Kernels/Kernels+Sequence.swift.
#ifndef CK_LOOPS

#include "pool.h"

#define CK_LOOPS "rotary.c"
#include "variants.h"

typedef struct {
    float *x;
    int64_t ld, heads, head_dimension, half;
    const int32_t *positions;
    const float *cosine, *sine;
    float sign;
} rotation;

static void rotary_rows(int64_t first, int64_t end, void *context) {
    const rotation *t = context;
    for (int64_t r = first; r < end; r++) {
        const int64_t at = t->positions[r] * t->half;
        for (int64_t h = 0; h < t->heads; h++)
            CK_BEST(rotate_head)(t->x + r * t->ld + h * t->head_dimension, t->cosine + at, t->sine + at, t->sign, t->half);
    }
}

void ck_rotary(ck_pool *pool, float *x, int64_t ld, int64_t rows, int64_t heads, int64_t head_dimension,
               int64_t rotary_dimension, const int32_t *positions, const float *cosine, const float *sine, bool inverse) {
    rotation t = {x, ld, heads, head_dimension, rotary_dimension / 2, positions, cosine, sine, inverse ? -1.0f : 1.0f};
    ck_pool_ranges(pool, rows, ck_rows_per_task(heads * head_dimension), rotary_rows, &t);
}

#else

CK_LOOP void CK_(rotate_head)(float *x, const float *cosine, const float *sine, float sign, int64_t half) {
    int64_t i = 0;
    for (; i + LANES <= half; i += LANES) {
        const lanes a = CK_(load)(x + i), b = CK_(load)(x + half + i);
        const lanes c = CK_(load)(cosine + i), s = CK_(load)(sine + i) * sign;
        CK_(store)(x + i, a * c - b * s);
        CK_(store)(x + half + i, b * c + a * s);
    }
    for (; i < half; i++) {
        const float a = x[i], b = x[half + i], c = cosine[i], s = sine[i] * sign;
        x[i] = a * c - b * s;
        x[half + i] = b * c + a * s;
    }
}

#endif
