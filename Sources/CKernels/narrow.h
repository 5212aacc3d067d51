// Products with one small dimension (at most 64), where packing as OpenBLAS does it costs more than the arithmetic.
#ifndef CATENA_NARROW_H
#define CATENA_NARROW_H

#include "pool.h"

/// Computes the product and returns true when a narrow kernel suits its shape.
bool ck_narrow_gemm(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

#endif
