// Sums of large products: op(B) packed once for all threads, A by blocks of rows, a tile of C in the registers.
//
// The terms' inner dimensions stand one after the other and are cut into runs of at most DEPTH. For each run and each
// COLUMNS columns, op(B) is packed into panels of PANEL columns [depth, PANEL], which the threads share in the outer cache;
// a task packs ROWS rows of A into its inner cache and multiplies them with the panels, 8 rows by 48 columns at a time.
// An element of C adds its products in the order of the terms and of k within a run, and the runs in order, so that its
// bits do not depend on how rows and columns are cut among threads.
#ifndef CK_LOOPS

#include "narrow.h"
#include "packed.h"

enum { PANEL = 48, DEPTH = 576, THIN = 64, STRIDE = DEPTH + THIN, ROWS = 192, COLUMNS = 3072, MOST_PIECES = 16, STEPS_AHEAD = 12,
       LEAST_ROWS = 96, LEAST_COLUMNS = 48, LEAST_DEPTH = 64,
       MOST_DEPTH = 3 * DEPTH + THIN }; // OpenBLAS is faster where C would be read and written more often

#define CK_LOOPS "packed.c"
#include "variants.h"

/// Products first ..< first + depth of the inner dimension of one term.
typedef struct {
    const ck_product *term;
    int64_t first, depth;
} piece;

/// One run of the inner dimension for some columns of C.
typedef struct {
    ck_pool *pool;
    int64_t m, columns, ldc, depth, pieces, row_blocks, column_groups;
    int64_t column; // the first one
    float beta;
    piece piece[MOST_PIECES];
    float *panels, *c;
} run;

static void pack_panel(int64_t task, int32_t thread, void *context) {
    (void)thread;
    const run *r = context;
    const int64_t column = r->column + task * PANEL, columns = ck_min(PANEL, r->columns - task * PANEL);
    const int64_t width = (columns + LANES - 1) / LANES * LANES;
    float *panel = r->panels + task * PANEL * r->depth;
    for (int64_t i = 0; i < r->pieces; i++) {
        const piece *p = r->piece + i;
        const ck_product *t = p->term;
        if (t->transpose_b) ck_transpose(t->b + column * t->ldb + p->first, t->ldb, columns, p->depth, panel, width);
        else CK_BEST(pack_rows)(t->b + p->first * t->ldb + column, t->ldb, p->depth, columns, panel, width);
        if (t->alpha != 1) CK_BEST(scale_panel)(t->alpha, panel, p->depth * width);
        panel += p->depth * width;
    }
}

static void pack_block(const run *r, int64_t row, int64_t rows, float *block) {
    for (int64_t i = 0; i < r->pieces; i++) {
        const piece *p = r->piece + i;
        const ck_product *t = p->term;
        // What is written beyond the depth, up to a multiple of 16, is the next piece's or nobody's.
        if (t->transpose_a) ck_transpose(t->a + p->first * t->lda + row, t->lda, p->depth, rows, block, STRIDE);
        else
            for (int64_t j = 0; j < rows; j++)
                memcpy(block + j * STRIDE, t->a + (row + j) * t->lda + p->first, (size_t)p->depth * sizeof(float));
        block += p->depth;
    }
}

/// Where part `index` of `parts` begins: whole units of about equal number.
static int64_t cut(int64_t length, int64_t unit, int64_t parts, int64_t index) {
    return ck_min(length, (length + unit - 1) / unit * index / parts * unit);
}

static void multiply_block(int64_t task, int32_t thread, void *context) {
    const run *r = context;
    const int64_t row_block = task / r->column_groups, group = task % r->column_groups;
    const int64_t row = cut(r->m, 8, r->row_blocks, row_block), rows = cut(r->m, 8, r->row_blocks, row_block + 1) - row;
    const int64_t first = cut(r->columns, PANEL, r->column_groups, group);
    const int64_t end = cut(r->columns, PANEL, r->column_groups, group + 1);
    if (rows <= 0 || first >= end) return;
    float *block = ck_pool_scratch(r->pool, thread, ROWS * STRIDE * sizeof(float));
    pack_block(r, row, rows, block);
    for (int64_t column = first; column < end; column += PANEL)
        CK_BEST(multiply_panel)(rows, ck_min(PANEL, r->columns - column), r->depth, block, r->panels + column * r->depth,
                                r->beta, r->c + row * r->ldc + r->column + column, r->ldc);
}

static void compute(run *r, int64_t n) {
    const int64_t most = ck_min(COLUMNS, (n + LANES - 1) / LANES * LANES);
    r->panels = ck_pool_take(r->pool, (size_t)(most * r->depth) * sizeof(float));
    for (r->column = 0; r->column < n; r->column += COLUMNS) {
        r->columns = ck_min(COLUMNS, n - r->column);
        const int64_t panels = (r->columns + PANEL - 1) / PANEL;
        ck_pool_run(r->pool, panels, pack_panel, r);
        ck_pool_run(r->pool, r->row_blocks * r->column_groups, multiply_block, r);
    }
    ck_pool_give(r->pool);
}

static void compute_sum(ck_pool *pool, int64_t m, int64_t n, const ck_product *terms, int64_t count, float beta, float *c,
                        int64_t ldc) {
    run r = {.pool = pool, .m = m, .ldc = ldc, .beta = beta, .c = c};
    // Blocks of rows in a multiple of the threads' number; few rows are split by columns too.
    const int64_t threads = ck_pool_threads(pool);
    r.row_blocks = (m + ROWS - 1) / ROWS;
    if (m >= LEAST_ROWS / 2 * threads) r.row_blocks = (m + ROWS * threads - 1) / (ROWS * threads) * threads;
    else r.column_groups = ck_min((n + PANEL - 1) / PANEL, (2 * threads + r.row_blocks - 1) / r.row_blocks);
    r.column_groups = ck_max(1, r.column_groups);
    for (int64_t t = 0; t < count; t++) {
        const int64_t k = terms[t].k, runs = (k + DEPTH - 1) / DEPTH;
        const int64_t step = runs > 1 ? ((k + runs - 1) / runs + LANES - 1) / LANES * LANES : k;
        for (int64_t first = 0; first < k; first += step) {
            const piece next = {terms + t, first, ck_min(step, k - first)};
            if (r.pieces == MOST_PIECES || r.depth + next.depth > STRIDE) {
                compute(&r, n);
                r.depth = r.pieces = 0;
                r.beta = 1;
            }
            r.piece[r.pieces++] = next;
            r.depth += next.depth;
        }
    }
    compute(&r, n);
}

bool ck_packed_products(ck_pool *pool, int64_t m, int64_t n, const ck_product *terms, int64_t count, float beta, float *c,
                        int64_t ldc) {
    int64_t depth = 0;
    for (int64_t t = 0; t < count; t++) depth += terms[t].k;
    if (ck_instruction_level < 2 || m < LEAST_ROWS || n < LEAST_COLUMNS) return false;
    if (depth < LEAST_DEPTH || depth > MOST_DEPTH) return false;
    compute_sum(pool, m, n, terms, count, beta, c, ldc);
    return true;
}

bool ck_packed_product(ck_pool *pool, int64_t m, int64_t n, const ck_product *term, float beta, float *c, int64_t ldc) {
    if (ck_instruction_level < 2 || term->k < 1) return false;
    compute_sum(pool, m, n, term, 1, beta, c, ldc);
    return true;
}

#else

CK_LOOP void CK_(pack_rows)(const float *b, int64_t ldb, int64_t rows, int64_t columns, float *panel, int64_t width) {
    for (int64_t p = 0; p < rows; p++, b += ldb, panel += width) {
        int64_t j = 0;
        for (; j + LANES <= columns; j += LANES) CK_(store)(panel + j, CK_(load)(b + j));
        if (j < columns) CK_(store)(panel + j, CK_(load_first)(b + j, columns - j));
    }
}

CK_LOOP void CK_(scale_panel)(float alpha, float *panel, int64_t count) {
    for (int64_t i = 0; i < count; i += LANES) CK_(store)(panel + i, CK_(load)(panel + i) * alpha);
}

/// One tile of C, `rows` by `vectors` of 16 columns, both known where this is inlined; `last` columns in the last vector.
CK_INLINE void CK_(multiply_tile)(const int rows, const int vectors, int64_t depth, const float *restrict a,
                                  const float *restrict b, float beta, float *restrict c, int64_t ldc, int64_t last) {
    lanes sums[8][3];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) {
            sums[i][j] = (lanes){0};
            __builtin_prefetch(c + i * ldc + j * LANES, 1);
        }
#pragma clang loop unroll_count(2)
    for (int64_t p = 0; p < depth; p++) {
        lanes row[3];
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) {
            __builtin_prefetch(b + ((p + STEPS_AHEAD) * vectors + j) * LANES);
            row[j] = CK_(load)(b + (p * vectors + j) * LANES);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            const lanes factor = CK_(spread)(a[i * STRIDE + p]);
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) sums[i][j] += factor * row[j];
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++)
            CK_(store_sum)(c + i * ldc + j * LANES, sums[i][j], beta, j == vectors - 1 ? last : LANES);
}

#define CK_TILE_ROWS(rows)                                                                                               \
    for (; i + rows <= m; i += rows) CK_(multiply_tile)(rows, vectors, depth, a + i * STRIDE, b, beta, c + i * ldc, ldc, last)

CK_INLINE void CK_(multiply_vectors)(const int vectors, int64_t m, int64_t depth, const float *a, const float *b,
                                     float beta, float *c, int64_t ldc, int64_t last) {
    int64_t i = 0;
    CK_TILE_ROWS(8);
    CK_TILE_ROWS(4);
    CK_TILE_ROWS(2);
    CK_TILE_ROWS(1);
}
#undef CK_TILE_ROWS

/// A block of rows times one panel.
CK_LOOP void CK_(multiply_panel)(int64_t m, int64_t columns, int64_t depth, const float *a, const float *b, float beta,
                                 float *c, int64_t ldc) {
    const int64_t vectors = (columns + LANES - 1) / LANES, last = columns - (vectors - 1) * LANES;
    if (!CK_WIDE) return; // the tile needs 28 vector registers
    if (vectors == 3) CK_(multiply_vectors)(3, m, depth, a, b, beta, c, ldc, last);
    else if (vectors == 2) CK_(multiply_vectors)(2, m, depth, a, b, beta, c, ldc, last);
    else CK_(multiply_vectors)(1, m, depth, a, b, beta, c, ldc, last);
}

#endif
