// Random products on pools of 1 to 4 threads: equal bits, and the values of a sum in float64. products SHAPES SEED; exit code 1 if one
// was wrong. products name: prints the processor type of OpenBLAS's kernels. products lapack: prints a sum over the bits of decompositions.
#include "CKernels.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOLS = 4, MOST = 1 << 24 };

static ck_pool *pools[POOLS];
static uint64_t state;

static uint64_t word(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}
static int64_t between(int64_t low, int64_t high) { return low + (int64_t)(word() % (uint64_t)(high - low + 1)); }
static void fill(float *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) x[i] = (float)(word() >> 40) / (1 << 23) - 1;
}

/// Small, usual, many rows, many columns, deep: where kernels and cuts change.
static void draw_shape(int64_t *m, int64_t *n, int64_t *k) {
    const int64_t kind = between(0, 19);
    *m = between(1, kind < 8 ? 100 : 400), *n = between(1, kind < 8 ? 150 : 600), *k = between(1, kind < 8 ? 150 : 700);
    if (kind == 15) *m = between(12000, 40000), *n = between(60, 100), *k = between(40, 70);
    if (kind == 16) *n = between(5000, 24000), *m = between(10, 110), *k = between(40, 70);
    if (kind == 17) *k = between(1700, 4000), *m = between(10, 110), *n = between(10, 200);
    if (kind == 18) *m = between(17, 100), *n = between(500, 1300), *k = between(500, 1300); // about 2^23 to 2^27 products
    if (kind == 19) *m = between(65, 500), *n = between(65, 800), *k = between(300, 700);
}

/// One element in float64, and what its terms add up to in size.
static double expected(bool ta, bool tb, int64_t k, int64_t i, int64_t j, const float *a, int64_t lda, const float *b, int64_t ldb,
                       double *size) {
    double sum = 0;
    for (int64_t p = 0; p < k; p++) {
        const double x = (double)(ta ? a[p * lda + i] : a[i * lda + p]) * (double)(tb ? b[j * ldb + p] : b[p * ldb + j]);
        sum += x, *size += fabs(x);
    }
    return sum;
}

/// How many of the ways to compute a product were wrong.
static int check(float *memory) {
    const bool ta = word() & 1, tb = word() & 1;
    int64_t m, n, k;
    draw_shape(&m, &n, &k);
    const int64_t lda = (ta ? m : k) + between(0, 3), ldb = (tb ? k : n) + between(0, 3), ldc = n + between(0, 3);
    const float beta = (float)(word() & 1), alpha = word() & 1 ? 1 : -0.75f;
    const int64_t r = between(1, 70), count_a = (ta ? k : m) * lda, count_b = (tb ? n : k) * ldb;
    float *a = memory, *b = a + count_a, *start = b + count_b, *u = start + m * ldc, *v = u + m * r, *first = v + r * n;
    if (first + 2 * m * ldc - memory > MOST) return 0;
    float *c = first + m * ldc;
    fill(memory, first - memory);
    int wrong = 0;
    for (int way = 0; way < 3; way++) {
        if (way == 2 && ta) continue;
        for (int p = 0; p < POOLS; p++) {
            float *to = p == 0 ? first : c;
            memcpy(to, start, (size_t)(m * ldc) * sizeof *c);
            const ck_product terms[] = {{false, tb, k, lda, ldb, alpha, a, b}, {false, false, r, r, n, 0.5f, u, v}};
            if (way == 0) ck_gemm(pools[p], ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, to, ldc);
            if (way == 1) ck_gemm_openblas(pools[p], ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, to, ldc);
            if (way == 2) ck_gemm_sum(pools[p], m, n, terms, 2, beta, to, ldc);
            if (p == 0 || memcmp(first, c, (size_t)(m * ldc) * sizeof *c) == 0) continue;
            printf("%s %c%c %ldx%ldx%ld alpha %g beta %g: other bits with %d threads\n", way == 0 ? "gemm" : way == 1 ? "openblas" : "sum",
                   ta ? 'T' : 'N', tb ? 'T' : 'N', (long)m, (long)n, (long)k, alpha, beta, p + 1);
            wrong++;
            break;
        }
        for (int sample = 0; sample < 20; sample++) {
            const int64_t i = between(0, m - 1), j = between(0, n - 1);
            double size = 1, second = 0;
            double value = alpha * expected(ta, tb, k, i, j, a, lda, b, ldb, &size) + (double)(beta * start[i * ldc + j]);
            if (way == 2) second = 0.5 * expected(false, false, r, i, j, u, r, v, n, &size);
            if (fabs(value + second - (double)first[i * ldc + j]) <= 2e-6 * size) continue;
            printf("%c%c %ldx%ldx%ld way %d: %g at %ld, %ld instead of %g\n", ta ? 'T' : 'N', tb ? 'T' : 'N', (long)m, (long)n, (long)k, way,
                   first[i * ldc + j], (long)i, (long)j, value + second);
            wrong++;
            break;
        }
    }
    return wrong;
}

/// The gradients of a low-rank change. `memory` is large enough for the shapes drawn here.
static int check_low_rank(float *memory) {
    const int64_t tokens = between(1, 700), out = between(1, 500), rank = between(1, 80);
    float *d_y = memory, *h = d_y + tokens * out, *b = h + tokens * rank, *start = b + out * rank, *results = start + out * rank;
    fill(memory, results - memory);
    const int64_t count = (tokens + out) * rank;
    for (int p = 0; p < POOLS; p++) {
        float *d_h = results + (p > 0 ? count : 0), *d_b = d_h + tokens * rank;
        memcpy(d_b, start, (size_t)(out * rank) * sizeof *d_b);
        ck_low_rank_gradients(pools[p], tokens, out, rank, 0.5f, d_y, h, b, d_h, 1, d_b);
        if (p == 0 || memcmp(results, d_h, (size_t)count * sizeof *results) == 0) continue;
        printf("low rank %ld tokens, %ld out, rank %ld: other bits with %d threads\n", (long)tokens, (long)out, (long)rank, p + 1);
        return 1;
    }
    return 0;
}

void dgesdd_(char *, int *, int *, double *, int *, double *, double *, int *, double *, int *, double *, int *, int *, int *);
void sgeqrf_(int *, int *, float *, int *, float *, float *, int *, int *);

/// A sum over the bits of decompositions of matrices of several sizes.
static uint64_t decompositions(float *memory) {
    uint64_t sum = 0;
    for (int size = 1; size < 6; size++) {
        int m = 61 * size, n = 47 * size, count = 1 << 20, info, integers[8 * 47 * 5];
        double *d = (double *)memory, *s = d + m * n, *u = s + n, *vt = u + m * n, *work = vt + n * n;
        for (int i = 0; i < m * n; i++) d[i] = (double)(word() >> 40) / (1 << 23) - 1;
        dgesdd_("S", &m, &n, d, &m, s, u, &m, vt, &n, work, &count, integers, &info);
        for (double *x = s; x < work; x++) {
            uint64_t bits;
            memcpy(&bits, x, sizeof bits);
            sum = sum * 0x9e3779b97f4a7c15u + bits;
        }
        float *f = memory, *tau = f + m * n;
        fill(f, m * n);
        sgeqrf_(&m, &n, f, &m, tau, tau + n, &count, &info);
        for (float *x = f; x < tau; x++) {
            uint32_t bits;
            memcpy(&bits, x, sizeof bits);
            sum = sum * 0x9e3779b97f4a7c15u + bits;
        }
    }
    return sum;
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    state = count > 2 ? strtoull(arguments[2], NULL, 10) * 2 + 88172645463325252u : 88172645463325252u;
    float *memory = malloc(MOST * sizeof(float));
    for (int p = 0; p < POOLS; p++) pools[p] = ck_pool_create(p + 1);
    if (!memory || !pools[POOLS - 1]) return 2;
    if (!strcmp(arguments[1], "name")) return puts(openblas_get_corename()) < 0;
    if (!strcmp(arguments[1], "lapack")) return printf("%016lx\n", (unsigned long)decompositions(memory)) < 0;
    const int shapes = atoi(arguments[1]);
    int wrong = 0;
    for (int i = 0; i < shapes && wrong < 10; i++) wrong += check(memory) + check_low_rank(memory);
    return wrong > 0;
}
