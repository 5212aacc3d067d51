// Products by OpenBLAS, which is set to one thread: the pool's threads call it on slices of C.
//
// OpenBLAS chooses instructions by a product's size and by where an element stands in it, so an element of a slice may get other
// bits than in the whole. A product is therefore cut by its shape alone (`fixed`), and each piece is cut further for the
// threads only where the kernels are known to give a slice the bits of the piece. Tests/run-product-checks.sh compares them all.
#include "openblas.h"

#include <cblas.h>
#include <string.h>

enum { ROWS = 48, COLUMNS = 64, MOST_ROWS = 12288, LONG = 5120, CHUNK = 960, MOST_CHUNKS = 32, BLOCK_ROWS = 240,
       BLOCK_COLUMNS = 640 };
static const double LEAST_WIDE = 1 << 23, LEAST_BLOCK = 1 << 21; // products of numbers in a slice

typedef enum { UNKNOWN, ROWS_ALIKE, WIDE } kernel_kind;

/// ROWS_ALIKE: slices of whole groups of 12 rows get the bits of the whole, up to some hundred thousand rows; columns do not, as the
/// last block of columns is halved. WIDE: rows and columns do, but products of up to 28 * 512 * 512 have other kernels.
static kernel_kind find_kind(void) {
    static const char *const wide[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    static const char *const rows_alike[] = {"Haswell", "Zen", "Sandybridge", "Nehalem", "Core2", "Penryn", "Dunnington", "Prescott"};
    const char *core = openblas_get_corename();
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strcmp(core, wide[i])) return WIDE;
    for (size_t i = 0; i < sizeof rows_alike / sizeof *rows_alike; i++)
        if (!strcmp(core, rows_alike[i])) return ROWS_ALIKE;
    return UNKNOWN;
}

static kernel_kind kind(void) {
    static _Atomic int known = -1;
    if (known < 0) known = find_kind();
    return (kernel_kind)known;
}

bool ck_openblas_is_wide(void) { return kind() == WIDE; }

typedef struct {
    bool transpose_a, transpose_b;
    int64_t m, n, k, lda, ldb, ldc, row_slices, column_slices;
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

/// Where slice `index` begins: whole units of about equal number, what is left over in the last one. Slices of a multiple
/// of `slices` begin wherever these do.
static int64_t cut(int64_t length, int64_t unit, int64_t slices, int64_t index) {
    return index == slices ? length : length / unit * index / slices * unit;
}

static void slice_of_product(int64_t task, int32_t thread, void *context) {
    (void)thread;
    const product *p = context;
    const int64_t i = task / p->column_slices, j = task % p->column_slices;
    const int64_t row = cut(p->m, ROWS, p->row_slices, i), rows = cut(p->m, ROWS, p->row_slices, i + 1) - row;
    const int64_t column = cut(p->n, COLUMNS, p->column_slices, j);
    const int64_t columns = cut(p->n, COLUMNS, p->column_slices, j + 1) - column;
    ck_gemm_serial(p->transpose_a, p->transpose_b, rows, columns, p->k, p->alpha,
                   p->a + (p->transpose_a ? row : row * p->lda), p->lda,
                   p->b + (p->transpose_b ? column * p->ldb : column), p->ldb, p->beta, p->c + row * p->ldc + column, p->ldc);
}

/// The number of slices of `least` or more units each, at most `most`.
static int64_t slices_of(int64_t length, int64_t least, int64_t most) { return ck_max(1, ck_min(length / least, most)); }

/// The pieces whose bits define the product's: a function of the shape alone.
static void cut_by_shape(product *p) {
    p->row_slices = slices_of(p->m, MOST_ROWS, p->m);
    p->column_slices = 1;
    if (kind() == ROWS_ALIKE && p->n > p->m && p->n >= LONG) p->column_slices = slices_of(p->n, CHUNK, MOST_CHUNKS);
    if (kind() != UNKNOWN) return;
    const double blocks = (double)p->m * (double)p->n * (double)p->k / LEAST_BLOCK;
    const int64_t most = blocks < MOST_ROWS ? (int64_t)blocks : MOST_ROWS;
    p->row_slices = slices_of(p->m, BLOCK_ROWS, most);
    p->column_slices = slices_of(p->n, BLOCK_COLUMNS, most / p->row_slices);
}

/// More slices than pieces where that changes no bits: about one for each thread.
static void cut_for_threads(product *p, int64_t threads) {
    const int64_t wanted = threads / (p->row_slices * p->column_slices);
    if (wanted < 2 || kind() == UNKNOWN) return;
    if (kind() == ROWS_ALIKE) {
        p->row_slices *= slices_of(p->m / p->row_slices, ROWS, wanted);
        return;
    }
    const bool by_columns = p->n > p->m;
    const int64_t unit = by_columns ? COLUMNS : ROWS, length = by_columns ? p->n : p->m / p->row_slices;
    const double work = (double)unit * (double)(by_columns ? p->m / p->row_slices : p->n) * (double)p->k; // of a unit
    if (work * (double)length < LEAST_WIDE * (double)unit) return;
    const int64_t slices = slices_of(length, (int64_t)(LEAST_WIDE / work + 1) * unit, wanted);
    if (by_columns) p->column_slices = slices;
    else p->row_slices *= slices;
}

void ck_gemm_openblas(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                      const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    product p = {transpose_a, transpose_b, m, n, k, lda, ldb, ldc, 1, 1, alpha, beta, a, b, c};
    cut_by_shape(&p);
    cut_for_threads(&p, ck_pool_threads(pool));
    ck_pool_run(pool, p.row_slices * p.column_slices, slice_of_product, &p);
}
