// Products with one small dimension, where packing as OpenBLAS does it costs more than the arithmetic.
#ifndef CATENA_NARROW_H
#define CATENA_NARROW_H

#include "pool.h"

/// The widest operand of the narrow kernels: ranks of adapters are rarely larger.
enum { CK_NARROW = 64 };

/// Computes the product over the pool and returns true when a narrow kernel suits its shape.
bool ck_narrow_gemm(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/// C[m, n] = alpha A B + beta C on the calling thread, with A[i, p] at a[i a_row + p a_step] and B's rows ldb apart.
/// Every element of C adds its k products in ascending order, so any split of m and n gives the same bits.
void ck_outer(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t a_row, int64_t a_step, const float *b,
              int64_t ldb, float beta, float *c, int64_t ldc);

/// destination[j, i] = source[i, j]; the rows of destination are padded with 0 to a multiple of 16.
void ck_transpose(const float *source, int64_t ld_source, int64_t rows, int64_t columns, float *destination,
                  int64_t ld_destination);

/// C[m, n] = alpha A B^T + beta C on the calling thread by dot products along k; for m up to CK_FEW_ROWS. The bits of an element
/// depend on k alone, so that a row's results are the same whatever rows are beside it.
void ck_few_rows(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                 float beta, float *c, int64_t ldc);

#endif
