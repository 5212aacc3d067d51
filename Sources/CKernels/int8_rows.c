// Quantisation of a row with its own scale, and the epilogue that turns 32-bit sums into numbers.
#ifndef CK_LOOPS

#include "int8.h"

#define CK_LOOPS "int8_rows.c"
#include "variants.h"

void ck_int8_quantise_row(const float *x, const float *factor, int64_t count, int64_t padded, int32_t digits,
                          int8_t *codes, float *scale, int32_t *sums) {
    CK_BEST(quantise_row)(x, factor, count, padded, digits, codes, scale, sums);
}

void ck_int8_dequantise(const int32_t *accumulators, int32_t digits, const int32_t *sums, const float *scales,
                        const float *factor, int64_t rows, int64_t columns, bool accumulate, float *y, int64_t ld_y) {
    CK_BEST(dequantise)(accumulators, digits, sums, scales, factor, rows, columns, accumulate, y, ld_y);
}

#else

#ifndef CATENA_BYTE_LANES
#define CATENA_BYTE_LANES
typedef int8_t byte_lanes __attribute__((vector_size(16)));
#endif

CK_INLINE lanes CK_(part_of_row)(const float *x, int64_t i, int64_t count) {
    return i + LANES <= count ? CK_(load)(x + i) : i < count ? CK_(load_first)(x + i, count - i) : (lanes){0};
}

CK_INLINE lanes CK_(scaled)(const float *x, const float *factor, int64_t i, int64_t count) {
    const lanes v = CK_(part_of_row)(x, i, count);
    return factor ? v * CK_(part_of_row)(factor, i, count) : v;
}

CK_LOOP void CK_(quantise_row)(const float *x, const float *factor, int64_t count, int64_t padded, int32_t digits,
                               int8_t *codes, float *scale, int32_t *sums) {
    lanes largest = {0}, poison = {0};
    for (int64_t i = 0; i < count; i += LANES) {
        const lanes v = CK_(scaled)(x, factor, i, count);
        largest = CK_(larger)(largest, CK_(larger)(v, -v));
        poison += v * 0; // NaN where v is not finite
    }
    const float maximum = CK_(maximum)(largest), inverse = maximum > 0 ? 127 / maximum : 0;
    *scale = maximum / 127 + CK_(sum)(poison);
    const lanes shift = CK_(spread)(12582912.0f); // 1.5 * 2^23: adding it rounds to an integer
    int_lanes total = {0}, total2 = {0};
    for (int64_t i = 0; i < padded; i += LANES) {
        const lanes v = CK_(scaled)(x, factor, i, count) * inverse;
        const lanes shifted = v + shift;
        const int_lanes q = (int_lanes)shifted - (int_lanes)shift;
        total += q;
        const byte_lanes bytes = __builtin_convertvector(q, byte_lanes);
        memcpy(codes + i, &bytes, sizeof bytes);
        if (digits < 2) continue;
        const int_lanes q2 = (int_lanes)((v - (shifted - shift)) * 254.0f + shift) - (int_lanes)shift;
        total2 += q2;
        const byte_lanes bytes2 = __builtin_convertvector(q2, byte_lanes);
        memcpy(codes + padded + i, &bytes2, sizeof bytes2);
    }
    sums[0] = __builtin_reduce_add(total);
    if (digits == 2) sums[1] = __builtin_reduce_add(total2);
}

CK_INLINE void CK_(dequantise_rows)(const int digits, const int32_t *accumulators, const int32_t *sums, const float *scales,
                                    const float *factor, int64_t rows, int64_t columns, bool accumulate, float *y, int64_t ld_y) {
    for (int64_t j = 0; j < columns; j += LANES) {
        const lanes f = factor ? CK_(part_of_row)(factor, j, columns) : CK_(spread)(1);
        const bool whole = j + LANES <= columns;
        for (int64_t i = 0; i < rows; i++) {
            int_lanes a;
            memcpy(&a, accumulators + i * digits * INT8_PANEL + j, sizeof a);
            lanes v = __builtin_convertvector(a - 128 * sums[i * digits], lanes);
            if (digits == 2) {
                memcpy(&a, accumulators + (2 * i + 1) * INT8_PANEL + j, sizeof a);
                v += __builtin_convertvector(a - 128 * sums[2 * i + 1], lanes) * (1 / 254.0f);
            }
            v = v * scales[i] * f;
            float *at = y + i * ld_y + j;
            if (whole) CK_(store)(at, accumulate ? CK_(load)(at) + v : v);
            else CK_(store_first)(at, accumulate ? CK_(load_first)(at, columns - j) + v : v, columns - j);
        }
    }
}

CK_LOOP void CK_(dequantise)(const int32_t *accumulators, int32_t digits, const int32_t *sums, const float *scales,
                             const float *factor, int64_t rows, int64_t columns, bool accumulate, float *y, int64_t ld_y) {
    if (digits == 1) CK_(dequantise_rows)(1, accumulators, sums, scales, factor, rows, columns, accumulate, y, ld_y);
    else CK_(dequantise_rows)(2, accumulators, sums, scales, factor, rows, columns, accumulate, y, ld_y);
}

#endif
