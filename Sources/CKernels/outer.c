// The micro-kernels of narrow products: a block of C in registers, outer products along k; transpose.
#ifndef CK_LOOPS

#include "narrow.h"

#define CK_LOOPS "outer.c"
#include "variants.h"

void ck_outer(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t a_row, int64_t a_step, const float *b,
              int64_t ldb, float beta, float *c, int64_t ldc) {
    CK_BEST(outer)(m, n, k, alpha, a, a_row, a_step, b, ldb, beta, c, ldc);
}

void ck_transpose(const float *source, int64_t ld_source, int64_t rows, int64_t columns, float *destination,
                  int64_t ld_destination) {
    CK_BEST(transpose)(source, ld_source, rows, columns, destination, ld_destination);
}

#else

/// One block of C, `rows` by `vectors` of 16 columns, both known where this is inlined; `last` columns in the last vector.
CK_INLINE void CK_(outer_block)(const int rows, const int vectors, int64_t k, float alpha, const float *restrict a,
                                int64_t a_row, int64_t a_step, const float *restrict b, int64_t ldb, float beta,
                                float *restrict c, int64_t ldc, int64_t last) {
    lanes sums[8][4];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) {
            sums[i][j] = (lanes){0};
            __builtin_prefetch(c + i * ldc + (vectors + j) * LANES); // the next panel's block
        }
    // A full last vector may read into the next rows of B, never past its end.
    const int64_t readable = (k - 1) * ldb + last - LANES;
    const int64_t whole = last == LANES ? k : readable < 0 ? 0 : readable / ldb + 1;
    for (int64_t p = 0; p < whole; p++) {
        lanes row[4];
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) row[j] = CK_(load)(b + p * ldb + j * LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const lanes factor = CK_(spread)(a[i * a_row + p * a_step]);
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) sums[i][j] += factor * row[j];
        }
    }
    for (int64_t p = whole; p < k; p++) { // only where the single vector of the panel is the last one
        const lanes row = CK_(load_first)(b + p * ldb, last);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) sums[i][0] += CK_(spread)(a[i * a_row + p * a_step]) * row;
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++)
            CK_(store_sum)(c + i * ldc + j * LANES, sums[i][j] * alpha, beta, j == vectors - 1 ? last : LANES);
}

#define CK_OUTER_ROWS(rows)                                                                                              \
    for (; i + rows <= m; i += rows)                                                                                     \
        CK_(outer_block)(rows, vectors, k, alpha, a + i * a_row, a_row, a_step, b, ldb, beta, c + i * ldc, ldc, vectors == 1 ? last : LANES)

/// All rows of a panel of `vectors` vectors of columns.
CK_INLINE void CK_(outer_panel)(const int vectors, int64_t m, int64_t k, float alpha, const float *a, int64_t a_row,
                                int64_t a_step, const float *b, int64_t ldb, float beta, float *c, int64_t ldc,
                                const int64_t last) {
    int64_t i = 0;
    if (CK_WIDE && vectors < 4) CK_OUTER_ROWS(8);
    CK_OUTER_ROWS(6);
    CK_OUTER_ROWS(4);
    CK_OUTER_ROWS(2);
    CK_OUTER_ROWS(1);
}

CK_LOOP void CK_(outer)(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t a_row, int64_t a_step,
                        const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    int64_t j = 0;
    if (CK_WIDE && (m % 8 != 0 || m > 64)) // 6 rows by 64 columns; below 8 by 48: both fill the registers of AVX-512
        for (; j + 4 * LANES <= n; j += 4 * LANES)
            CK_(outer_panel)(4, m, k, alpha, a, a_row, a_step, b + j, ldb, beta, c + j, ldc, LANES);
    for (; CK_WIDE && j + 3 * LANES <= n; j += 3 * LANES)
        CK_(outer_panel)(3, m, k, alpha, a, a_row, a_step, b + j, ldb, beta, c + j, ldc, LANES);
    for (; CK_WIDE && j + 2 * LANES <= n; j += 2 * LANES)
        CK_(outer_panel)(2, m, k, alpha, a, a_row, a_step, b + j, ldb, beta, c + j, ldc, LANES);
    for (; j + LANES <= n; j += LANES)
        CK_(outer_panel)(1, m, k, alpha, a, a_row, a_step, b + j, ldb, beta, c + j, ldc, LANES);
    if (j < n) CK_(outer_panel)(1, m, k, alpha, a, a_row, a_step, b + j, ldb, beta, c + j, ldc, n - j);
}
#undef CK_OUTER_ROWS

/// Swaps the off-diagonal blocks of width `w` of rows i and i + w for all i: one stage of a 16 x 16 transpose.
#define CK_SWAP(w, low, high)                                                                                            \
    for (int i = 0; i < LANES; i++)                                                                                      \
        if (!(i & w)) {                                                                                                  \
            const lanes x = rows[i], y = rows[i + w];                                                                    \
            rows[i] = __builtin_shufflevector(x, y, low);                                                                \
            rows[i + w] = __builtin_shufflevector(x, y, high);                                                           \
        }
#define CK_LIST(...) __VA_ARGS__

CK_INLINE void CK_(transpose_block)(const float *source, int64_t ld_source, float *destination, int64_t ld_destination) {
    lanes rows[LANES];
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES; i++) rows[i] = CK_(load)(source + i * ld_source);
#pragma clang loop unroll(full)
    CK_SWAP(8, CK_LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
            CK_LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#pragma clang loop unroll(full)
    CK_SWAP(4, CK_LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
            CK_LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
#pragma clang loop unroll(full)
    CK_SWAP(2, CK_LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
            CK_LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#pragma clang loop unroll(full)
    CK_SWAP(1, CK_LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
            CK_LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES; i++) CK_(store)(destination + i * ld_destination, rows[i]);
}
#undef CK_SWAP
#undef CK_LIST

CK_LOOP void CK_(transpose)(const float *source, int64_t ld_source, int64_t rows, int64_t columns, float *destination,
                            int64_t ld_destination) {
    for (int64_t i = 0; i < rows; i += LANES) {
        int64_t j = 0;
        if (i + LANES <= rows)
            for (; j + LANES <= columns; j += LANES)
                CK_(transpose_block)(source + i * ld_source + j, ld_source, destination + j * ld_destination + i,
                                     ld_destination);
        for (; j < columns; j++)
            for (int64_t r = i; r < i + LANES; r++)
                destination[j * ld_destination + r] = r < rows ? source[r * ld_source + j] : 0;
    }
}

#endif
