// Sums of large products whose operands are packed for the registers; better than OpenBLAS where there is AVX-512.
#ifndef CATENA_PACKED_H
#define CATENA_PACKED_H

#include "pool.h"

/// Computes C = sum of terms (op(A) = A) + beta C over the pool and returns true where the packed kernel suits shape and processor.
bool ck_packed_products(ck_pool *pool, int64_t m, int64_t n, const ck_product *terms, int64_t count, float beta, float *c,
                        int64_t ldc);

/// Computes C = alpha op(A) op(B) + beta C of any shape, and returns true where the processor suits the packed kernel.
bool ck_packed_product(ck_pool *pool, int64_t m, int64_t n, const ck_product *term, float beta, float *c, int64_t ldc);

#endif
