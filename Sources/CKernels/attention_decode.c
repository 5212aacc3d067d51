// Attention in generation: new queries against cached keys and values.
#ifndef CK_LOOPS

#include "attention.h"

#define CK_LOOPS "attention_decode.c"
#include "variants.h"

typedef struct {
    ck_pool *pool;
    const float *q;
    float *out;
    const ck_decode_sequence *sequences;
    const ck_attention_shape *shape;
} decoding;

/// One sequence and one key-value head of a generation step.
static void decode_task(int64_t task, int32_t thread, void *context) {
    const decoding *p = context;
    const ck_attention_shape *s = p->shape;
    const ck_decode_sequence *sequence = p->sequences + task / s->key_value_heads;
    const int64_t head = task % s->key_value_heads, d = s->head_dimension, group = s->query_heads / s->key_value_heads;
    const workspace w = ck_attention_work_space(p->pool, thread, group, d);
    // Queries are numbered as the keys are, so that row 0 of q and out lies `before` rows ahead of the first new one.
    const int64_t before = sequence->key_count - sequence->query_count, step = ck_attention_query_tile(group);
    const float *q = p->q + sequence->query_start * s->ld_query + head * group * d;
    float *out = p->out + sequence->query_start * s->ld_output + head * group * d;
    for (int64_t first = 0; first < sequence->query_count; first += step) {
        const int64_t count = ck_min(step, sequence->query_count - first);
        const tile t = {q - before * s->ld_query, sequence->keys + head * d, sequence->values + head * d, s->ld_query,
                        s->ld_key, s->ld_value, before + first, count, group, d, s->sliding_window, 0, s->scale, s->soft_cap};
        if (sequence->query_count > 1) ck_attention_forward_tile(&t, &w, out - before * s->ld_output, s->ld_output, NULL, 0);
        else CK_BEST(decode_query)(&t, &w, out);
    }
}

void ck_attention_decode(ck_pool *pool, const float *q, float *out, const ck_decode_sequence *sequences, int64_t count,
                         const ck_attention_shape *shape) {
    decoding p = {pool, q, out, sequences, shape};
    ck_pool_run(pool, count * shape->key_value_heads, decode_task, &p);
}

#else

#include "attention_loops.h"

/// One query for each head of the group, straight from the cache: every key and value is read once.
CK_LOOP void CK_(decode_query)(const tile *t, const workspace *w, float *out) {
    const int64_t d = t->d, end = t->first + 1;
    const float *q = t->q + t->first * t->ld_q;
    const int64_t begin = t->window > 0 && end > t->window ? end - t->window : 0;
    for (int64_t h = 0; h < t->group; h++) {
        CK_(scaled_copy)(q + h * d, t->scale, w->q + h * d, d);
        memset(w->sum + h * d, 0, (size_t)d * sizeof(float));
        w->maximum[h] = -INFINITY;
        w->total[h] = 0;
    }
    for (int64_t key = begin; key < end; key += KEY_TILE) {
        const int64_t keys = end - key < KEY_TILE ? end - key : KEY_TILE;
        for (int64_t j = 0; j < keys; j++)
            for (int64_t h = 0; h < t->group; h++)
                w->scores[h * SCORE_ROW + j] = CK_(row_product)(w->q + h * d, t->k + (key + j) * t->ld_k, d);
        for (int64_t h = 0; h < t->group && t->soft_cap > 0; h++)
            CK_(soft_cap)(w->scores + h * SCORE_ROW, 0, keys, t->soft_cap, NULL);
        for (int64_t h = 0; h < t->group; h++) {
            const float c = CK_(online_softmax)(w->scores + h * SCORE_ROW, 0, keys, keys, w->maximum + h, w->total + h);
            if (c != 1) CK_(scaled_copy)(w->sum + h * d, c, w->sum + h * d, d);
        }
        for (int64_t j = 0; j < keys; j++) {
            const float *v = t->v + (key + j) * t->ld_v;
            for (int64_t h = 0; h < t->group; h++) {
                const float p = w->scores[h * SCORE_ROW + j];
                float *sum = w->sum + h * d;
                int64_t i = 0;
                for (; i + LANES <= d; i += LANES) CK_(store)(sum + i, CK_(load)(sum + i) + p * CK_(load)(v + i));
                for (; i < d; i++) sum[i] += p * v[i];
            }
        }
    }
    for (int64_t h = 0; h < t->group; h++) CK_(scaled_copy)(w->sum + h * d, 1 / w->total[h], out + h * d, d);
}

#endif
