// The gradients of a low-rank change of a product, Y += alpha H B^T, in one reading of dY.
//
// Runs of tokens are tasks. A run is gone through in pieces that stay in the cache while both of its products read them: the
// piece's rows of dH are final, its part of dB^T is added to the run's own sum, and the runs' sums are added in their order.
// Runs depend on shapes alone, and so do the bits.
#ifndef CK_LOOPS

#include "narrow.h"

#define CK_LOOPS "low_rank_gradients.c"
#include "variants.h"

enum { LEAST_RUN = 128, MOST_RUNS = 32, LEAST_RUNS = 4, SUMS = 1 << 22, CACHED = 1 << 16 }; // the last two in elements

typedef struct {
    int64_t tokens, out, rank, run, piece, ld_turned;
    float alpha, beta;
    const float *d_y, *h;
    float *d_h, *d_b, *turned, *sums; // B^T [rank, ld_turned]; dB^T of each run [rank, out]
} gradients;

static void run_of_tokens(int64_t task, int32_t thread, void *context) {
    (void)thread;
    const gradients *g = context;
    float *sum = g->sums + task * g->rank * g->out;
    const int64_t end = ck_min(g->tokens, (task + 1) * g->run);
    for (int64_t first = task * g->run; first < end; first += g->piece) {
        const int64_t tokens = ck_min(g->piece, end - first);
        const float *d_y = g->d_y + first * g->out;
        ck_few_rows(tokens, g->rank, g->out, g->alpha, d_y, g->out, g->turned, g->ld_turned, 0, g->d_h + first * g->rank, g->rank);
        ck_outer(g->rank, g->out, tokens, g->alpha, g->h + first * g->rank, 1, g->rank, d_y, g->out,
                 first == task * g->run ? 0 : 1, sum, g->out);
    }
}

static void sum_of_runs(int64_t first, int64_t end, void *context) {
    const gradients *g = context;
    const int64_t runs = (g->tokens + g->run - 1) / g->run, size = g->rank * g->out;
    for (int64_t row = 0; row < g->rank; row++) {
        float *sum = g->sums + row * g->out;
        for (int64_t r = 1; r < runs; r++) CK_BEST(add_run)(g->sums + r * size + row * g->out + first, sum + first, end - first);
        for (int64_t i = first; i < end; i++) {
            float *to = g->d_b + i * g->rank + row;
            *to = sum[i] + (g->beta == 0 ? 0 : g->beta * *to);
        }
    }
}

void ck_low_rank_gradients(ck_pool *pool, int64_t tokens, int64_t out, int64_t rank, float alpha, const float *d_y,
                           const float *h, const float *b, float *d_h, float beta, float *d_b) {
    if (tokens < 1 || rank < 1 || rank > CK_NARROW) {
        ck_gemm(pool, true, false, out, rank, tokens, alpha, d_y, out, h, rank, beta, d_b, rank);
        return ck_gemm(pool, false, false, tokens, rank, out, alpha, d_y, out, b, rank, 0, d_h, rank);
    }
    gradients g = {.tokens = tokens, .out = out, .rank = rank, .alpha = alpha, .beta = beta, .d_y = d_y, .h = h, .d_h = d_h,
                   .d_b = d_b};
    const int64_t most = ck_max(LEAST_RUNS, ck_min(MOST_RUNS, SUMS / (rank * out)));
    g.run = ck_max(LEAST_RUN, (tokens + most - 1) / most);
    g.piece = ck_max(4, ck_min(g.run, CACHED / out / 4 * 4));
    g.ld_turned = (out + LANES - 1) / LANES * LANES;
    const int64_t runs = (tokens + g.run - 1) / g.run;
    g.turned = ck_pool_take(pool, (size_t)(rank * (g.ld_turned + runs * out)) * sizeof(float));
    g.sums = g.turned + rank * g.ld_turned;
    ck_transpose(b, rank, out, rank, g.turned, g.ld_turned);
    ck_pool_run(pool, runs, run_of_tokens, &g);
    ck_pool_ranges(pool, out, 256, sum_of_runs, &g);
    ck_pool_give(pool);
}

#else

CK_LOOP void CK_(add_run)(const float *x, float *sum, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(sum + i, CK_(load)(sum + i) + CK_(load)(x + i));
    for (; i < n; i++) sum[i] += x[i];
}

#endif
