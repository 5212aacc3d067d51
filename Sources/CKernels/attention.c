// The forward pass of attention, tile by tile with an online softmax.
#ifndef CK_LOOPS

#include "attention.h"

#define CK_LOOPS "attention.c"
#include "variants.h"

static void forward_block(const tile *t, const block *b, const workspace *w, int64_t key, int64_t keys, bool first_keys) {
    const int64_t seen = seen_by_block(t, b, key, keys), d = t->d;
    float *sum = w->sum + b->row * d;
    ck_outer(b->rows, (seen + 15) / 16 * 16, d, 1, w->q + b->row * d, d, 1, w->keys, SCORE_ROW, 0, w->scores, SCORE_ROW);
    for (int64_t i = 0; i < b->rows; i++) {
        int64_t lo, hi;
        visible(t, b->first + i % b->queries, key, keys, &lo, &hi);
        if (t->soft_cap > 0) CK_BEST(soft_cap)(w->scores + i * SCORE_ROW, lo, hi, t->soft_cap, NULL);
        const float correction = CK_BEST(online_softmax)(w->scores + i * SCORE_ROW, lo, hi, seen, w->maximum + b->row + i,
                                                         w->total + b->row + i);
        if (!first_keys && correction != 1) CK_BEST(scaled_copy)(sum + i * d, correction, sum + i * d, d);
    }
    ck_outer(b->rows, d, seen, 1, w->scores, SCORE_ROW, 1, t->v + key * t->ld_v, t->ld_v, first_keys ? 0 : 1, sum, d);
}

void ck_attention_forward_tile(const tile *t, const workspace *w, float *out, int64_t ld_out, float *log_sum_exp, int64_t ld_log) {
    const int64_t end = end_of_keys(t), begin = first_key_tile(t);
    for (int64_t r = 0; r < t->group * t->count; r++) w->maximum[r] = -INFINITY, w->total[r] = 0;
    for (int64_t key = begin; key < end; key += KEY_TILE) {
        const int64_t keys = ck_min(KEY_TILE, end - key);
        ck_transpose(t->k + key * t->ld_k, t->ld_k, keys, t->d, w->keys, SCORE_ROW);
        for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
            const block b = block_at(t, query);
            if (key == begin) ck_attention_stack(t, &b, t->q, t->ld_q, t->scale, w->q);
            forward_block(t, &b, w, key, keys, key == begin);
        }
    }
    for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
        const block b = block_at(t, query);
        int64_t r = b.row;
        for (int64_t h = 0; h < t->group; h++)
            for (int64_t i = b.first; i < b.first + b.queries; i++, r++) {
                CK_BEST(scaled_copy)(w->sum + r * t->d, 1 / w->total[r], out + i * ld_out + h * t->d, t->d);
                if (log_sum_exp) log_sum_exp[i * ld_log + h] = w->maximum[r] + logf(w->total[r]);
            }
    }
}

static void forward_task(int64_t task, int32_t thread, void *context) {
    const attention *a = context;
    const ck_attention_shape *s = a->shape;
    const unit *u = a->units + task / s->key_value_heads;
    const int64_t head = task % s->key_value_heads, row = a->starts[u->segment];
    const tile t = ck_attention_tile(a, u, head);
    const workspace w = ck_attention_work_space(a->pool, thread, t.group, t.d);
    ck_attention_forward_tile(&t, &w, a->written_out + row * s->ld_output + head * t.group * t.d, s->ld_output,
                 a->written_log + row * s->query_heads + head * t.group, s->query_heads);
}

void ck_attention_forward(ck_pool *pool, const float *q, const float *k, const float *v, float *out, float *log_sum_exp,
                          const int64_t *segment_starts, int64_t segments, const ck_attention_shape *shape) {
    attention a = {.pool = pool, .q = q, .k = k, .v = v, .written_out = out, .written_log = log_sum_exp,
                   .starts = segment_starts, .shape = shape};
    int64_t units;
    a.units = ck_attention_units(pool, segment_starts, segments, ck_attention_query_tile(shape->query_heads / shape->key_value_heads), &units);
    ck_pool_run(pool, units * shape->key_value_heads, forward_task, &a);
    ck_pool_give(pool);
}

#else

#include "attention_loops.h"

#endif
