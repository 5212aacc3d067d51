// Rows of numbers as int8 codes, and back: what the products of int8.c begin and end with.
#ifndef CATENA_INT8_H
#define CATENA_INT8_H

#include "pool.h"

enum { INT8_PANEL = 64 }; // Rows of a panel of packed codes; both sides of a matrix are padded to whole panels.

static inline int64_t ck_int8_padded(int64_t count) { return (count + INT8_PANEL - 1) / INT8_PANEL * INT8_PANEL; }

/// x[i] f[i] = scale (q1[i] + q2[i] / 254) + error, with scale = max |x f| / 127, q1 in `codes` and q2, if there are two
/// `digits`, in `codes + padded`; the codes are followed by zeros up to `padded`. `sums` are those of q1 and of q2. A row
/// that is not finite gets the scale NaN. f may be NULL for 1.
void ck_int8_quantise_row(const float *x, const float *factor, int64_t count, int64_t padded, int32_t digits,
                          int8_t *codes, float *scale, int32_t *sums);

/// Y[i, j] = scales[i] f[j] (a1[i, j] + a2[i, j] / 254), or Y += ..., for up to a panel of columns, where a1 and a2 are the
/// accumulators of row i, one panel each, less 128 times the row's `sums`; a2 only with two digits. f may be NULL for 1.
void ck_int8_dequantise(const int32_t *accumulators, int32_t digits, const int32_t *sums, const float *scales,
                        const float *factor, int64_t rows, int64_t columns, bool accumulate, float *y, int64_t ld_y);

#endif
