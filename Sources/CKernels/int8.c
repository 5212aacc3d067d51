// Products with a matrix of int8 codes, W = diag(s) Q: sums of products of codes are exact 32-bit integers, so
// that a row of the result depends on its own row of X alone, never on threads, tiles or what else is in the batch.
//
// W's codes lie in panels of 64 rows; within a panel 4 columns of row 0, of row 1, ... of row 63, then the next 4 columns,
// which is how a 512-bit VNNI instruction reads them: 64 products of an unsigned and a signed byte into 16 sums. They are
// stored with 128 added; 128 times the sum of X's codes is taken off again at the end. For dX = dY W a panel of 64 columns
// is brought into the same form just before it is used, so that one copy of the codes serves both directions.
#include "int8.h"

#include <string.h>

// Rows of X in one task, a multiple of 12; columns of the reduction between visits of the 32-bit sums.
enum { ROWS_AT_ONCE = 264, REDUCED_AT_ONCE = 2048 };

typedef uint8_t byte_block __attribute__((vector_size(64)));
typedef uint64_t pair_block __attribute__((vector_size(64)));

/// What has a form for each processor: rows of X times a panel, and a panel of columns.
typedef struct {
    void (*tile)(int64_t m, int64_t k, const int8_t *a, int64_t lda, const uint8_t *panel, int32_t *sums, bool first);
    void (*transpose)(const ck_int8_matrix *w, int64_t column, int64_t first, int64_t count, uint8_t *panel);
} kernels;

/// The 64 columns from `column` of rows first ..< first + count as a panel whose rows are those columns. In blocks of
/// 16 x 16 codes: the 4 x 4 codes in each quarter of a vector are transposed, then the quarters of four vectors.
__attribute__((always_inline)) static inline void transpose_panel(const ck_int8_matrix *w, int64_t column, int64_t first, int64_t count,
                                                                  uint8_t *panel) {
    const int64_t stride = ck_int8_padded(w->columns) * INT8_PANEL;
    for (int64_t row = first; row < first + count; row += 16)
        for (int64_t c = 0; c < INT8_PANEL; c += 16) {
            const uint8_t *source = w->codes + row / INT8_PANEL * stride + (column + c) * INT8_PANEL + row % INT8_PANEL * 4;
            pair_block t[4];
#pragma clang loop unroll(full)
            for (int q = 0; q < 4; q++) {
                byte_block v;
                memcpy(&v, source + q * 4 * INT8_PANEL, sizeof v);
                t[q] = (pair_block)__builtin_shufflevector(
                    v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 16, 20, 24, 28, 17, 21, 25, 29, 18, 22, 26,
                    30, 19, 23, 27, 31, 32, 36, 40, 44, 33, 37, 41, 45, 34, 38, 42, 46, 35, 39, 43, 47, 48, 52, 56, 60, 49,
                    53, 57, 61, 50, 54, 58, 62, 51, 55, 59, 63);
            }
            const pair_block low01 = __builtin_shufflevector(t[0], t[1], 0, 1, 8, 9, 2, 3, 10, 11);
            const pair_block low23 = __builtin_shufflevector(t[2], t[3], 0, 1, 8, 9, 2, 3, 10, 11);
            const pair_block high01 = __builtin_shufflevector(t[0], t[1], 4, 5, 12, 13, 6, 7, 14, 15);
            const pair_block high23 = __builtin_shufflevector(t[2], t[3], 4, 5, 12, 13, 6, 7, 14, 15);
            const pair_block out[4] = {
                __builtin_shufflevector(low01, low23, 0, 1, 2, 3, 8, 9, 10, 11),
                __builtin_shufflevector(low01, low23, 4, 5, 6, 7, 12, 13, 14, 15),
                __builtin_shufflevector(high01, high23, 0, 1, 2, 3, 8, 9, 10, 11),
                __builtin_shufflevector(high01, high23, 4, 5, 6, 7, 12, 13, 14, 15),
            };
            for (int p = 0; p < 4; p++)
                memcpy(panel + (row - first + 4 * p) * INT8_PANEL + 4 * c, &out[p], sizeof out[p]);
        }
}

#define FEW_ROWS(rows, body)                                                                                             \
    for (; i + rows <= m; i += rows) body(rows, k, a + i * lda, lda, panel, sums + i * INT8_PANEL, first)

#if defined(__x86_64__)
#include <immintrin.h>
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"), min_vector_width(512)))

/// `rows` rows of X, known where this is inlined, times the 64 rows of a panel.
VNNI __attribute__((always_inline)) static inline void tile_vnni(const int rows, int64_t k, const int8_t *a, int64_t lda,
                                                                 const uint8_t *panel, int32_t *sums, bool first) {
    __m512i s[6][4];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) s[i][j] = first ? _mm512_setzero_si512() : _mm512_loadu_si512(sums + i * 64 + 16 * j);
    for (int64_t p = 0; p < k; p += 4) {
        __m512i w[4];
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) w[j] = _mm512_loadu_si512(panel + p * 64 + 64 * j);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            int32_t four;
            memcpy(&four, a + i * lda + p, sizeof four);
            const __m512i x = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++) s[i][j] = _mm512_dpbusd_epi32(s[i][j], w[j], x);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) _mm512_storeu_si512(sums + i * 64 + 16 * j, s[i][j]);
}

VNNI static void rows_vnni(int64_t m, int64_t k, const int8_t *a, int64_t lda, const uint8_t *panel, int32_t *sums, bool first) {
    int64_t i = 0;
    FEW_ROWS(6, tile_vnni);
    FEW_ROWS(4, tile_vnni);
    FEW_ROWS(2, tile_vnni);
    FEW_ROWS(1, tile_vnni);
}

VNNI static void transpose_vnni(const ck_int8_matrix *w, int64_t column, int64_t first, int64_t count, uint8_t *panel) {
    transpose_panel(w, column, first, count, panel);
}

bool ck_int8_is_fast(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
}
#else
bool ck_int8_is_fast(void) { return false; }
#endif

static void rows_plain(int64_t m, int64_t k, const int8_t *a, int64_t lda, const uint8_t *panel, int32_t *sums, bool first) {
    for (int64_t i = 0; i < m; i++) {
        int32_t *row = sums + i * INT8_PANEL;
        if (first) memset(row, 0, INT8_PANEL * sizeof *row);
        for (int64_t p = 0; p < k; p += 4)
            for (int64_t j = 0; j < INT8_PANEL; j++)
                for (int64_t q = 0; q < 4; q++) row[j] += a[i * lda + p + q] * panel[p * INT8_PANEL + 4 * j + q];
    }
}

static void transpose_plain(const ck_int8_matrix *w, int64_t column, int64_t first, int64_t count, uint8_t *panel) {
    transpose_panel(w, column, first, count, panel);
}

static kernels best_kernels(void) {
#if defined(__x86_64__)
    if (ck_int8_is_fast()) return (kernels){rows_vnni, transpose_vnni};
#endif
    return (kernels){rows_plain, transpose_plain};
}

typedef struct {
    const ck_int8_matrix *w;
    const int8_t *codes;
    const float *x, *scales, *factor_in, *factor_out;
    const int32_t *sums;
    int64_t m, n, k, padded, ld_x, ld_y, rows_per_task, panels;
    int32_t digits;
    bool transposed, accumulate;
    float *y;
    kernels best;
    ck_pool *pool;
} product;

static void quantise_rows(int64_t first, int64_t end, void *context) {
    const product *p = context;
    for (int64_t i = first; i < end; i++)
        ck_int8_quantise_row(p->x + i * p->ld_x, p->factor_in, p->k, p->padded, p->digits,
                             (int8_t *)p->codes + i * p->digits * p->padded, (float *)p->scales + i,
                             (int32_t *)p->sums + i * p->digits);
}

/// Some rows of X times one panel: the reduction in blocks, then the numbers.
static void rows_times_panel(int64_t task, int32_t thread, void *context) {
    const product *p = context;
    const int64_t first = task / p->panels * p->rows_per_task, rows = ck_min(p->rows_per_task, p->m - first);
    const int64_t column = task % p->panels * INT8_PANEL, d = p->digits;
    const size_t sum_bytes = (size_t)(ROWS_AT_ONCE * INT8_PANEL) * sizeof(int32_t);
    int32_t *sums = ck_pool_scratch(p->pool, thread, sum_bytes + (p->transposed ? REDUCED_AT_ONCE * INT8_PANEL : 0));
    for (int64_t k = 0; k < p->padded; k += REDUCED_AT_ONCE) {
        const int64_t count = ck_min(REDUCED_AT_ONCE, p->padded - k);
        const uint8_t *panel = p->w->codes + column * p->padded + k * INT8_PANEL;
        if (p->transposed) {
            panel = (uint8_t *)sums + sum_bytes;
            p->best.transpose(p->w, column, k, count, (uint8_t *)panel);
        }
        p->best.tile(rows * d, count, p->codes + first * d * p->padded + k, p->padded, panel, sums, k == 0);
    }
    ck_int8_dequantise(sums, p->digits, p->sums + first * d, p->scales + first, p->factor_out ? p->factor_out + column : NULL,
                       rows, ck_min(INT8_PANEL, p->n - column), p->accumulate, p->y + first * p->ld_y + column, p->ld_y);
}

void ck_int8_multiply(ck_pool *pool, const ck_int8_matrix *w, bool transposed, int32_t digits, int64_t m, const float *x,
                      int64_t ld_x, float *y, int64_t ld_y, bool accumulate) {
    if (m <= 0) return;
    const int64_t k = transposed ? w->rows : w->columns, n = transposed ? w->columns : w->rows;
    const int64_t padded = ck_int8_padded(k), panels = ck_int8_padded(n) / INT8_PANEL;
    const int64_t most = ROWS_AT_ONCE / digits, chunks = (m + most - 1) / most;
    const int64_t rows_per_task = ck_min(most, ((m + chunks - 1) / chunks + 5) / 6 * 6);
    int8_t *codes = ck_pool_take(pool, (size_t)(m * digits * padded) + (size_t)(m * (1 + digits)) * 4);
    float *scales = (float *)(codes + m * digits * padded);
    product p = {
        w, codes, x, scales, transposed ? w->row_scales : NULL, transposed ? NULL : w->row_scales,
        (int32_t *)(scales + m), m, n, k, padded, ld_x, ld_y, rows_per_task, panels, digits, transposed, accumulate, y,
        best_kernels(), pool,
    };
    ck_pool_ranges(pool, m, ck_rows_per_task(k), quantise_rows, &p);
    ck_pool_run(pool, (m + rows_per_task - 1) / rows_per_task * panels, rows_times_panel, &p);
    ck_pool_give(pool);
}

size_t ck_int8_bytes(int64_t rows, int64_t columns) { return (size_t)(ck_int8_padded(rows) * ck_int8_padded(columns)); }

void ck_int8_pack(const float *w, int64_t rows, int64_t columns, uint8_t *panel, float *scales, int8_t *row_codes) {
    const int64_t padded = ck_int8_padded(columns);
    memset(panel, 128, (size_t)(padded * INT8_PANEL));
    for (int64_t j = 0; j < rows; j++) {
        int32_t sum;
        ck_int8_quantise_row(w + j * columns, NULL, columns, padded, 1, row_codes, scales + j, &sum);
        for (int64_t k = 0; k < padded; k++) panel[k / 4 * 4 * INT8_PANEL + 4 * j + k % 4] = (uint8_t)(row_codes[k] + 128);
    }
}

void ck_int8_unpack(const ck_int8_matrix *w, int64_t row, float *out) {
    const uint8_t *panel = w->codes + row / INT8_PANEL * INT8_PANEL * ck_int8_padded(w->columns) + row % INT8_PANEL * 4;
    for (int64_t k = 0; k < w->columns; k++) {
        out[k] = (float)(panel[k / 4 * 4 * INT8_PANEL + k % 4] - 128) * w->row_scales[row];
    }
}
