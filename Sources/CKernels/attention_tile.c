// Tiles of attention: how work is cut, and the rows of a tile put together.
#ifndef CK_LOOPS

#include "attention.h"

#define CK_LOOPS "attention_tile.c"
#include "variants.h"

int64_t ck_attention_query_tile(int64_t group) {
    const int64_t rows = STACKED_ROWS / group / BLOCK_QUERIES * BLOCK_QUERIES;
    return ck_max(BLOCK_QUERIES, ck_min(LARGEST_QUERY_TILE, rows));
}

workspace ck_attention_work_space(ck_pool *pool, int32_t thread, int64_t group, int64_t d) {
    const int64_t rows = ck_attention_query_tile(group) * group, wide = BLOCK_QUERIES * group * SCORE_ROW;
    const int64_t narrow = rows * d, turned = d * SCORE_ROW;
    float *p = ck_pool_scratch(pool, thread, (size_t)(2 * (wide + turned) + 4 * narrow + 3 * rows) * sizeof(float));
    workspace w;
    w.scores = p, p += wide;
    w.d_scores = p, p += wide;
    w.keys = p, p += turned;
    w.values = p, p += turned;
    w.q = p, p += narrow;
    w.d_out = p, p += narrow;
    w.sum = p, p += narrow;
    w.d_q = p, p += narrow;
    w.maximum = p, p += rows;
    w.total = p, p += rows;
    w.log_sum_exp = p;
    return w;
}

void ck_attention_stack(const tile *t, const block *b, const float *source, int64_t ld, float factor, float *destination) {
    float *row = destination + b->row * t->d;
    for (int64_t h = 0; h < t->group; h++)
        for (int64_t i = 0; i < b->queries; i++, row += t->d)
            CK_BEST(scaled_copy)(source + (b->first + i) * ld + h * t->d, factor, row, t->d);
}

unit *ck_attention_units(ck_pool *pool, const int64_t *starts, int64_t segments, int64_t length, int64_t *count) {
    int64_t total = 0, most = 0;
    for (int64_t s = 0; s < segments; s++) {
        const int64_t tiles = (starts[s + 1] - starts[s] + length - 1) / length;
        total += tiles;
        most = ck_max(most, tiles);
    }
    unit *units = ck_pool_take(pool, (size_t)(total + 1) * sizeof(unit));
    int64_t n = 0;
    for (int64_t position = most - 1; position >= 0; position--)
        for (int64_t s = 0; s < segments; s++) {
            const int64_t first = position * length, rows = starts[s + 1] - starts[s];
            if (first < rows) units[n++] = (unit){s, first, ck_min(length, rows - first)};
        }
    for (int64_t gap = n / 2; gap > 0; gap /= 2) // the longest segments first (Shell's sort; equal ones keep any order)
        for (int64_t i = gap; length >= INT64_MAX / 2 && i < n; i++) {
            const unit u = units[i];
            int64_t j = i;
            for (; j >= gap && units[j - gap].count < u.count; j -= gap) units[j] = units[j - gap];
            units[j] = u;
        }
    *count = n;
    return units;
}

tile ck_attention_tile(const attention *a, const unit *u, int64_t head) {
    const ck_attention_shape *s = a->shape;
    const int64_t group = s->query_heads / s->key_value_heads, d = s->head_dimension, row = a->starts[u->segment];
    return (tile){a->q + row * s->ld_query + head * group * d, a->k + row * s->ld_key + head * d,
                  a->v + row * s->ld_value + head * d, s->ld_query, s->ld_key, s->ld_value, u->first, u->count, group, d,
                  s->sliding_window, s->both_directions ? a->starts[u->segment + 1] - row : 0, s->scale, s->soft_cap};
}

#else

#include "attention_loops.h"

#endif
