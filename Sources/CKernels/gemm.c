// Matrix products: by a narrow kernel (narrow.c), the packed one (packed.c), or OpenBLAS (openblas.c).
#include "narrow.h"
#include "openblas.h"
#include "packed.h"

// Products of numbers in what counts as small.
static const double SMALL = 1 << 26;

void ck_gemm(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
             const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    if (ck_narrow_gemm(pool, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)) return;
    const ck_product term = {transpose_a, transpose_b, k, lda, ldb, alpha, a, b};
    // OpenBLAS is faster where A is transposed, as in a weight's gradient. Its kernels for AVX-512 cannot be cut where they are small.
    if (!transpose_a && ck_packed_products(pool, m, n, &term, 1, beta, c, ldc)) return;
    const bool is_small = (double)m * (double)n * (double)k < SMALL;
    if (is_small && ck_openblas_is_wide() && ck_packed_product(pool, m, n, &term, beta, c, ldc)) return;
    ck_gemm_openblas(pool, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void ck_gemm_sum(ck_pool *pool, int64_t m, int64_t n, const ck_product *terms, int64_t count, float beta, float *c,
                 int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    if (ck_packed_products(pool, m, n, terms, count, beta, c, ldc)) return;
    for (int64_t t = 0; t < count; t++, beta = 1) {
        const ck_product p = terms[t];
        ck_gemm(pool, p.transpose_a, p.transpose_b, m, n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, beta, c, ldc);
    }
}
