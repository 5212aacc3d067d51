// Matrix products: a narrow kernel (narrow.c), the packed one (packed.c), or OpenBLAS on a slice of C for each thread.
#include "narrow.h"
#include "packed.h"

#include <cblas.h>
#include <string.h>

typedef struct {
    bool transpose_a, transpose_b, split_columns;
    int64_t m, n, k, lda, ldb, ldc, slice;
    float alpha, beta;
    const float *a, *b;
    float *c;
} product;

void ck_gemm_serial(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
                (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

static void slice_of_product(int64_t first, int64_t end, void *context) {
    const product *p = context;
    if (p->split_columns)
        ck_gemm_serial(p->transpose_a, p->transpose_b, p->m, end - first, p->k, p->alpha, p->a, p->lda,
                       p->b + (p->transpose_b ? first * p->ldb : first), p->ldb, p->beta, p->c + first, p->ldc);
    else
        ck_gemm_serial(p->transpose_a, p->transpose_b, end - first, p->n, p->k, p->alpha,
                       p->a + (p->transpose_a ? first : first * p->lda), p->lda, p->b, p->ldb, p->beta,
                       p->c + first * p->ldc, p->ldc);
}

/// Where a product may be cut without a change of bits: OpenBLAS's AVX2 kernels compute the last rows of a group of 12 and
/// the last columns of a block of 320 with other instructions than the ones before, its AVX-512 kernels do not.
typedef struct {
    int64_t rows, columns;
} cut_units;

static cut_units cuts(void) {
    static _Atomic int uniform = -1;
    if (uniform < 0) {
        const char *core = openblas_get_corename();
        uniform = !strcmp(core, "SkylakeX") || !strcmp(core, "Cooperlake") || !strcmp(core, "SapphireRapids");
    }
    return uniform ? (cut_units){16, 16} : (cut_units){48, 320};
}

/// Rows or columns of a slice: whole units, about one slice for each thread.
static int64_t slice_length(int64_t length, int64_t unit, int64_t threads) {
    const int64_t units = (length + unit - 1) / unit;
    return (units + threads - 1) / threads * unit;
}

void ck_gemm_openblas(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                      const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    const int64_t threads = ck_pool_threads(pool);
    const cut_units unit = cuts();
    // Coarse cuts leave threads idle unless there are many of them.
    const bool split_columns = n > m && (unit.columns == 16 || n >= 8 * threads * unit.columns);
    product p = {transpose_a, transpose_b, split_columns, m, n, k, lda, ldb, ldc, 0, alpha, beta, a, b, c};
    const int64_t length = split_columns ? n : m;
    ck_pool_ranges(pool, length, slice_length(length, split_columns ? unit.columns : unit.rows, threads), slice_of_product, &p);
}

void ck_gemm(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
             const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    if (ck_narrow_gemm(pool, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)) return;
    const ck_product term = {transpose_b, k, lda, ldb, alpha, a, b};
    // OpenBLAS is faster where A is transposed, as in a weight's gradient.
    if (!transpose_a && ck_packed_products(pool, m, n, &term, 1, beta, c, ldc)) return;
    ck_gemm_openblas(pool, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void ck_gemm_sum(ck_pool *pool, int64_t m, int64_t n, const ck_product *terms, int64_t count, float beta, float *c,
                 int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    if (ck_packed_products(pool, m, n, terms, count, beta, c, ldc)) return;
    for (int64_t t = 0; t < count; t++, beta = 1) {
        const ck_product p = terms[t];
        ck_gemm(pool, false, p.transpose_b, m, n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, beta, c, ldc);
    }
}
