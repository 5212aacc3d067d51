// The backward pass of attention: scores are computed again from the log-sum-exp.
#ifndef CK_LOOPS

#include "attention.h"

#define CK_LOOPS "attention_backward.c"
#include "variants.h"

/// What the backward pass needs of a tile's queries: scaled q, dOut, D = rowSum(dOut out) and the log-sum-exp.
static void stack_backward(const attention *a, const tile *t, const unit *u, int64_t head, const workspace *w) {
    const ck_attention_shape *s = a->shape;
    const int64_t row = a->starts[u->segment], column = head * t->group * t->d;
    const float *out = a->out + row * s->ld_output + column, *d_out = a->d_out + row * s->ld_output + column;
    for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
        const block b = block_at(t, query);
        ck_attention_stack(t, &b, t->q, t->ld_q, t->scale, w->q);
        ck_attention_stack(t, &b, d_out, s->ld_output, 1, w->d_out);
        int64_t r = b.row;
        for (int64_t h = 0; h < t->group; h++)
            for (int64_t i = b.first; i < b.first + b.queries; i++, r++) {
                const int64_t at = i * s->ld_output + h * t->d;
                w->total[r] = CK_BEST(row_product)(d_out + at, out + at, t->d);
                w->log_sum_exp[r] = a->log_sum_exp[(row + i) * s->query_heads + head * t->group + h];
            }
    }
}

/// Adds one pair of a stacked query tile and a key tile to dQ (in scratch) and to dK and dV.
static void backward_pair(const tile *t, const workspace *w, int64_t key, int64_t keys, bool first_keys, bool to_queries,
                          float *d_k, int64_t ld_d_k, float *d_v, int64_t ld_d_v) {
    const int64_t d = t->d;
    const float *k = t->k + key * t->ld_k;
    for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
        const block b = block_at(t, query);
        const int64_t seen = seen_by_block(t, &b, key, keys), padded = (seen + 15) / 16 * 16, rows = b.rows;
        const float *q = w->q + b.row * d, *d_out = w->d_out + b.row * d;
        ck_outer(rows, padded, d, 1, q, d, 1, w->keys, SCORE_ROW, 0, w->scores, SCORE_ROW);
        ck_outer(rows, padded, d, 1, d_out, d, 1, w->values, SCORE_ROW, 0, w->d_scores, SCORE_ROW);
        for (int64_t i = 0; i < rows; i++) {
            int64_t lo, hi;
            float cap_slopes[SCORE_ROW];
            visible(t, b.first + i % b.queries, key, keys, &lo, &hi);
            if (t->soft_cap > 0) CK_BEST(soft_cap)(w->scores + i * SCORE_ROW, lo, hi, t->soft_cap, cap_slopes);
            CK_BEST(softmax_slopes)(w->scores + i * SCORE_ROW, w->d_scores + i * SCORE_ROW, lo, hi, seen,
                                    w->log_sum_exp[b.row + i], w->total[b.row + i]);
            if (t->soft_cap > 0) CK_BEST(times)(w->d_scores + i * SCORE_ROW, cap_slopes, lo, hi);
        }
        if (d_v) ck_outer(seen, d, rows, 1, w->scores, 1, SCORE_ROW, d_out, d, 1, d_v, ld_d_v);
        if (d_k) ck_outer(seen, d, rows, 1, w->d_scores, 1, SCORE_ROW, q, d, 1, d_k, ld_d_k);
        if (to_queries)
            ck_outer(rows, d, seen, t->scale, w->d_scores, SCORE_ROW, 1, k, t->ld_k, first_keys ? 0 : 1, w->d_q + b.row * d, d);
    }
}

/// The keys and values of a tile, transposed for the products along the head dimension.
static void turn(const tile *t, const workspace *w, int64_t key, int64_t keys) {
    ck_transpose(t->k + key * t->ld_k, t->ld_k, keys, t->d, w->keys, SCORE_ROW);
    ck_transpose(t->v + key * t->ld_v, t->ld_v, keys, t->d, w->values, SCORE_ROW);
}

static void unstack_queries(const attention *a, const tile *t, const unit *u, int64_t head, const workspace *w) {
    float *d_q = a->d_q + a->starts[u->segment] * a->ld_d_q + head * t->group * t->d;
    for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
        const block b = block_at(t, query);
        const float *source = w->d_q + b.row * t->d;
        for (int64_t h = 0; h < t->group; h++)
            for (int64_t i = b.first; i < b.first + b.queries; i++, source += t->d)
                memcpy(d_q + i * a->ld_d_q + h * t->d, source, (size_t)t->d * sizeof(float));
    }
}

static void clear_rows(float *x, int64_t ld, int64_t rows, int64_t width) {
    for (int64_t r = 0; r < rows; r++) memset(x + r * ld, 0, (size_t)width * sizeof(float));
}

/// dK and dV of the keys of a unit, and dQ too when the unit is a whole segment.
static void backward_keys_task(int64_t task, int32_t thread, void *context) {
    const attention *a = context;
    const ck_attention_shape *s = a->shape;
    const unit *u = a->units + task / s->key_value_heads;
    const int64_t head = task % s->key_value_heads, row = a->starts[u->segment], length = a->starts[u->segment + 1] - row;
    const int64_t d = s->head_dimension, group = s->query_heads / s->key_value_heads, step = ck_attention_query_tile(group);
    const bool whole = u->count == length, to_queries = a->d_q && whole;
    const workspace w = ck_attention_work_space(a->pool, thread, group, d);
    float *d_k = a->d_k + row * a->ld_d_k + head * d, *d_v = a->d_v + row * a->ld_d_v + head * d;
    clear_rows(d_k + u->first * a->ld_d_k, a->ld_d_k, u->count, d);
    clear_rows(d_v + u->first * a->ld_d_v, a->ld_d_v, u->count, d);
    int64_t turned = -1, turned_end = 0;
    for (int64_t first = s->both_directions ? 0 : u->first / step * step; first < length; first += step) {
        const unit queries = {u->segment, first, ck_min(step, length - first)};
        const tile t = ck_attention_tile(a, &queries, head);
        const int64_t begin = ck_max(first_key_tile(&t), u->first), end = ck_min(end_of_keys(&t), u->first + u->count);
        if (begin >= end) continue;
        stack_backward(a, &t, &queries, head, &w);
        for (int64_t key = begin; key < end; key += KEY_TILE) {
            if (turned != key || turned_end < ck_min(end, key + KEY_TILE)) {
                turned = key;
                turned_end = ck_min(u->first + u->count, key + KEY_TILE);
                turn(&t, &w, key, turned_end - key);
            }
            backward_pair(&t, &w, key, ck_min(KEY_TILE, end - key), key == begin, to_queries, d_k + key * a->ld_d_k,
                          a->ld_d_k, d_v + key * a->ld_d_v, a->ld_d_v);
        }
        if (to_queries) unstack_queries(a, &t, &queries, head, &w);
    }
}

/// dQ of one tile of queries.
static void backward_queries_task(int64_t task, int32_t thread, void *context) {
    const attention *a = context;
    const ck_attention_shape *s = a->shape;
    const unit *u = a->units + task / s->key_value_heads;
    const int64_t head = task % s->key_value_heads;
    if (a->starts[u->segment + 1] - a->starts[u->segment] <= KEY_TILE) return; // done with its keys
    const tile t = ck_attention_tile(a, u, head);
    const workspace w = ck_attention_work_space(a->pool, thread, t.group, t.d);
    stack_backward(a, &t, u, head, &w);
    const int64_t begin = first_key_tile(&t), end = end_of_keys(&t);
    for (int64_t key = begin; key < end; key += KEY_TILE) {
        const int64_t keys = ck_min(KEY_TILE, end - key);
        turn(&t, &w, key, keys);
        backward_pair(&t, &w, key, keys, key == begin, true, NULL, 0, NULL, 0);
    }
    unstack_queries(a, &t, u, head, &w);
}

void ck_attention_backward(ck_pool *pool, const float *q, const float *k, const float *v, const float *out,
                           const float *d_out, const float *log_sum_exp, float *d_q, int64_t ld_d_q, float *d_k,
                           int64_t ld_d_k, float *d_v, int64_t ld_d_v, const int64_t *segment_starts, int64_t segments,
                           const ck_attention_shape *shape) {
    attention a = {.pool = pool, .q = q, .k = k, .v = v, .out = out, .d_out = d_out, .log_sum_exp = log_sum_exp,
                   .d_q = d_q, .d_k = d_k, .d_v = d_v, .ld_d_q = ld_d_q, .ld_d_k = ld_d_k, .ld_d_v = ld_d_v,
                   .starts = segment_starts, .shape = shape};
    // With many pairs each owns its dQ, dK and dV. With few, tiles of keys own dK and dV and tiles of queries own dQ, at
    // the price of computing the scores twice. The choice depends on shapes alone, so results do not depend on threads.
    const bool split = segments * shape->key_value_heads < PAIRS_WITHOUT_SPLIT;
    int64_t units;
    a.units = ck_attention_units(pool, segment_starts, segments, split ? KEY_TILE : INT64_MAX / 2, &units);
    ck_pool_run(pool, units * shape->key_value_heads, backward_keys_task, &a);
    ck_pool_give(pool);
    if (!split) return;
    a.units = ck_attention_units(pool, segment_starts, segments, ck_attention_query_tile(shape->query_heads / shape->key_value_heads), &units);
    ck_pool_run(pool, units * shape->key_value_heads, backward_queries_task, &a);
    ck_pool_give(pool);
}

#else

#include "attention_loops.h"

/// In lo ..< hi: p = exp(score - logSumExp) and dScore = p (dP - D); elsewhere both become 0.
CK_LOOP void CK_(softmax_slopes)(float *x, float *d, int64_t lo, int64_t hi, int64_t n, float log_sum_exp, float product) {
    int64_t i = lo;
    for (; i < hi; i += LANES) {
        const lanes p = CK_(exponential)(CK_(seen_scores)(x + i, hi - i) - log_sum_exp);
        CK_(store)(x + i, p);
        const lanes slopes = p * (CK_(load)(d + i) - product);
        CK_(store)(d + i, CK_(first_lanes)(slopes, hi - i, 0));
    }
    CK_(clear_unseen)(x, lo, i, n);
    CK_(clear_unseen)(d, lo, i, n);
}

/// x = x y in lo ..< hi, and 0 in the lanes beyond.
CK_LOOP void CK_(times)(float *x, const float *y, int64_t lo, int64_t hi) {
    for (int64_t i = lo; i < hi; i += LANES)
        CK_(store)(x + i, CK_(first_lanes)(CK_(load)(x + i) * CK_(load)(y + i), hi - i, 0));
}

#endif
