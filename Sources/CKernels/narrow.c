// Which products with one small dimension take which narrow kernel, and how they are split over the pool.
#include "narrow.h"

enum { DEEP = 48, FEW_COLUMNS = 16, TOKENS_AT_ONCE = 128, TINY = 1 << 17 };

typedef struct {
    int64_t m, n, k, a_row, a_step, ldb, ldc;
    float alpha, beta;
    const float *a, *b;
    float *c;
} product;

static void outer_rows(int64_t first, int64_t end, void *context) {
    const product *p = context;
    ck_outer(end - first, p->n, p->k, p->alpha, p->a + first * p->a_row, p->a_row, p->a_step, p->b, p->ldb, p->beta,
             p->c + first * p->ldc, p->ldc);
}

/// The sum over many tokens, in runs that stay in the cache, for some columns of C.
static void outer_columns(int64_t first, int64_t end, void *context) {
    const product *p = context;
    for (int64_t t = 0; t < p->k; t += TOKENS_AT_ONCE)
        ck_outer(p->m, end - first, ck_min(TOKENS_AT_ONCE, p->k - t), p->alpha, p->a + t * p->a_step, p->a_row, p->a_step,
                 p->b + t * p->ldb + first, p->ldb, t == 0 ? p->beta : 1, p->c + first, p->ldc);
}

static void few_columns_rows(int64_t first, int64_t end, void *context) {
    const product *p = context;
    ck_few_rows(end - first, p->n, p->k, p->alpha, p->a + first * p->a_row, p->a_row, p->b, p->ldb, p->beta,
                p->c + first * p->ldc, p->ldc);
}

static void few_rows_columns(int64_t first, int64_t end, void *context) {
    const product *p = context;
    ck_few_rows(p->m, end - first, p->k, p->alpha, p->a, p->a_row, p->b + first * p->ldb, p->ldb, p->beta, p->c + first,
                p->ldc);
}

/// Adds the transpose of scratch[n, m] to C[m, n].
static void add_transposed(int64_t first, int64_t end, void *context) {
    const product *p = context;
    for (int64_t i = first; i < end; i++)
        for (int64_t j = 0; j < p->n; j++) {
            float *c = p->c + i * p->ldc + j;
            *c = p->b[j * p->ldb + i] + (p->beta == 0 ? 0 : p->beta * *c);
        }
}

static int64_t columns_per_task(ck_pool *pool, int64_t n) {
    const int64_t blocks = (n + 191) / 192, threads = ck_pool_threads(pool);
    return ck_max(1, blocks / (2 * threads)) * 192;
}

/// C = alpha A^T B + beta C with A [k, m] narrow and B [k, n]: C is small and k, the tokens, is long.
static void reduce_tokens(ck_pool *pool, product *p) {
    ck_pool_ranges(pool, p->n, columns_per_task(pool, p->n), outer_columns, p);
}

bool ck_narrow_gemm(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    product p = {m, n, k, transpose_a ? 1 : lda, transpose_a ? lda : 1, ldb, ldc, alpha, beta, a, b, c};
    if (!transpose_a && m <= CK_FEW_ROWS && k > 0) { // Y = X W^T, or Y = X W as GPT-2 has it, for few tokens
        if (transpose_b) ck_pool_ranges(pool, n, 64, few_rows_columns, &p);
        else ck_pool_ranges(pool, n, m * n * k < TINY ? n : columns_per_task(pool, n), outer_columns, &p);
        return true;
    }
    if (!transpose_a && transpose_b && m > CK_NARROW && n <= FEW_COLUMNS && k > DEEP) { // H = X A^T
        ck_pool_ranges(pool, m, 48, few_columns_rows, &p);
        return true;
    }
    // Y += H B^T or dX += dH A (k small), H = X A^T or dH = dY B (n small)
    if (!transpose_a && m > CK_NARROW && (k <= DEEP || n <= CK_NARROW)) {
        if (transpose_b) {
            const int64_t padded = (n + 15) / 16 * 16;
            float *packed = ck_pool_take(pool, (size_t)(k * padded) * sizeof(float));
            ck_transpose(b, ldb, n, k, packed, padded);
            p.b = packed;
            p.ldb = padded;
        }
        ck_pool_ranges(pool, m, 48, outer_rows, &p);
        if (transpose_b) ck_pool_give(pool);
        return true;
    }
    if (transpose_a && !transpose_b && m <= CK_NARROW && n > CK_NARROW) { // dA = dH^T X
        reduce_tokens(pool, &p);
        return true;
    }
    if (transpose_a && !transpose_b && n <= CK_NARROW && m > CK_NARROW) { // dB = dY^T H, computed as H^T dY
        float *transposed = ck_pool_take(pool, (size_t)(m * n) * sizeof(float));
        product q = {n, m, k, 1, ldb, lda, m, alpha, 0, b, a, transposed};
        reduce_tokens(pool, &q);
        product back = {.m = m, .n = n, .ldb = m, .ldc = ldc, .beta = beta, .b = transposed, .c = c};
        ck_pool_ranges(pool, m, 256, add_transposed, &back);
        ck_pool_give(pool);
        return true;
    }
    return false;
}
