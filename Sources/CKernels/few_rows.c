// Products of a few rows: generation feeds one token of each sequence at a time, so the time is that of reading the matrix.
#ifndef CK_LOOPS

#include "narrow.h"

#define CK_LOOPS "few_rows.c"
#include "variants.h"

void ck_few_rows(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                 float beta, float *c, int64_t ldc) {
    CK_BEST(few_rows)(m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

#else

/// Elements between what is computed with and what is fetched: 18 KB, half a microsecond of reading.
#define CK_AHEAD 4608

/// The sums of the lanes of four vectors, each added in the order of CK_(sum).
CK_INLINE quarter_lanes CK_(four_sums)(lanes a, lanes b, lanes c, lanes d) {
    const lanes ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
        + __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const lanes cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
        + __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const lanes quads = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
        + __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    const half_lanes pairs = __builtin_shufflevector(quads, quads, 0, 1, 4, 5, 8, 9, 12, 13)
        + __builtin_shufflevector(quads, quads, 2, 3, 6, 7, 10, 11, 14, 15);
    return __builtin_shufflevector(pairs, pairs, 0, 2, 4, 6) + __builtin_shufflevector(pairs, pairs, 1, 3, 5, 7);
}

/// Dot products of `rows` rows of A with `many` (1 or 4) rows of B. Each step along k also fetches `lines` vectors from
/// `ahead` on, in the order of their addresses: four rows read side by side alone keep the memory less busy than one stream.
CK_INLINE void CK_(few_rows_block)(const int rows, const int many, const int lines, const float *ahead, int64_t k,
                                   float alpha, const float *restrict a, int64_t lda, const float *restrict b,
                                   int64_t ldb, float beta, float *restrict c, int64_t ldc) {
    lanes sums[4][4];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) sums[i][j] = (lanes){0};
    int64_t p = 0;
    for (; p + LANES <= k; p += LANES) {
        lanes x[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) x[i] = CK_(load)(a + i * lda + p);
#pragma clang loop unroll(full)
        for (int line = 0; line < lines; line++) __builtin_prefetch(ahead + lines * p + line * LANES);
#pragma clang loop unroll(full)
        for (int j = 0; j < many; j++) {
            const lanes y = CK_(load)(b + j * ldb + p);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) sums[i][j] += x[i] * y;
        }
    }
    if (p < k)
#pragma clang loop unroll(full)
        for (int j = 0; j < many; j++) {
            const lanes y = CK_(load_first)(b + j * ldb + p, k - p);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) sums[i][j] += CK_(load_first)(a + i * lda + p, k - p) * y;
        }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        const quarter_lanes results = alpha * CK_(four_sums)(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
        float *at = c + i * ldc;
#pragma clang loop unroll(full)
        for (int j = 0; j < many; j++) at[j] = results[j] + (beta == 0 ? 0 : beta * at[j]);
    }
}

#define CK_ROWS(rows, lines)                                                                                             \
    CK_(few_rows_block)(rows, many, lines, ahead, k, alpha, a + i * lda, lda, b, ldb, beta, c + i * ldc, ldc)

/// All rows of A with `many` rows of B. What is to be fetched for the next ones is spread over the passes over these.
CK_INLINE void CK_(few_rows_strip)(const int many, int64_t m, int64_t k, float alpha, const float *a, int64_t lda,
                                   const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    const float *ahead = b + CK_AHEAD;
    int64_t i = 0;
    if (CK_WIDE && m >= 16)
        for (; i + 4 <= m; i += 4, ahead += k) CK_ROWS(4, 1);
    if (CK_WIDE && m >= 8)
        for (; i + 4 <= m; i += 4, ahead += 2 * k) CK_ROWS(4, 2);
    if (CK_WIDE)
        for (; i + 4 <= m; i += 4, ahead += 4 * k) CK_ROWS(4, 4);
    for (; (CK_WIDE || many < 4) && i + 2 <= m; i += 2, ahead += 4 * k) CK_ROWS(2, 4);
    for (; i < m; i++, ahead += 4 * k) CK_ROWS(1, 4);
}
#undef CK_ROWS

CK_LOOP void CK_(few_rows)(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                           int64_t ldb, float beta, float *c, int64_t ldc) {
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) CK_(few_rows_strip)(4, m, k, alpha, a, lda, b + j * ldb, ldb, beta, c + j, ldc);
    for (; j < n; j++) CK_(few_rows_strip)(1, m, k, alpha, a, lda, b + j * ldb, ldb, beta, c + j, ldc);
}
#undef CK_AHEAD

#endif
