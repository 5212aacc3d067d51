// Causal attention over segments in tiles; formulas in Sources/Core/Kernels/Attention.swift.
//
// A tile is a run of queries of one segment, for all query heads of one key-value head, against up to KEY_TILE keys. Its
// rows are stacked by blocks of BLOCK_QUERIES queries, in a block by heads, in a head by queries. Scores live in the
// scratch of the thread; the longest tiles are started first.
#ifndef CK_LOOPS

#include "narrow.h"

enum { KEY_TILE = 256, SCORE_ROW = KEY_TILE + 16, // a power of two would put the rows into few sets of the cache
       BLOCK_QUERIES = 24, // they share the number of keys computed; the products' micro-kernels like 24
       LARGEST_QUERY_TILE = 96, STACKED_ROWS = 288,
       /// Below this many (segment, key-value head) pairs the backward pass splits them into tiles.
       PAIRS_WITHOUT_SPLIT = 16 };

/// The queries `first` ..< `first + count` of one segment and one key-value head.
typedef struct {
    const float *q, *k, *v; // row 0 of the segment, at the first head of the group
    int64_t ld_q, ld_k, ld_v;
    int64_t first, count;   // queries, numbered as the keys are
    int64_t group, d, window;
    float scale;
} tile;

/// The pieces of a thread's scratch: the scores of one block, rows of the stacked tile, and the transposed keys and values
/// [d, SCORE_ROW].
typedef struct {
    float *q, *d_out, *scores, *d_scores, *sum, *d_q, *maximum, *total, *log_sum_exp, *keys, *values;
} workspace;

#define CK_LOOPS "attention.c"
#include "variants.h"

static int64_t query_tile(int64_t group) {
    const int64_t rows = STACKED_ROWS / group / BLOCK_QUERIES * BLOCK_QUERIES;
    return ck_max(BLOCK_QUERIES, ck_min(LARGEST_QUERY_TILE, rows));
}

static workspace work_space(ck_pool *pool, int32_t thread, int64_t group, int64_t d) {
    const int64_t rows = query_tile(group) * group, wide = BLOCK_QUERIES * group * SCORE_ROW;
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

/// The keys lo ..< hi of the tile beginning at `key` that the query at `position` sees, counted from `key`.
static inline void visible(const tile *t, int64_t position, int64_t key, int64_t keys, int64_t *lo, int64_t *hi) {
    *hi = ck_max(0, ck_min(keys, position + 1 - key));
    *lo = t->window > 0 ? ck_min(*hi, ck_max(0, position + 1 - t->window - key)) : 0;
}

/// One block of a tile: its stacked rows, and its queries.
typedef struct {
    int64_t row, rows, first, queries;
} block;

static inline block block_at(const tile *t, int64_t query) {
    const int64_t queries = ck_min(BLOCK_QUERIES, t->count - query);
    return (block){query * t->group, queries * t->group, t->first + query, queries};
}

/// The keys of the tile beginning at `key` that the last query of a block sees.
static inline int64_t seen_by_block(const block *b, int64_t key, int64_t keys) {
    return ck_max(0, ck_min(keys, b->first + b->queries - key));
}

static inline int64_t first_key_tile(const tile *t) {
    const int64_t key = t->window > 0 ? ck_max(0, t->first + 1 - t->window) : 0;
    return key / KEY_TILE * KEY_TILE;
}

/// Copies a block's rows at `source` together, times `factor`.
static void stack(const tile *t, const block *b, const float *source, int64_t ld, float factor, float *destination) {
    float *row = destination + b->row * t->d;
    for (int64_t h = 0; h < t->group; h++)
        for (int64_t i = 0; i < b->queries; i++, row += t->d)
            CK_BEST(scaled_copy)(source + (b->first + i) * ld + h * t->d, factor, row, t->d);
}

static void forward_block(const tile *t, const block *b, const workspace *w, int64_t key, int64_t keys, bool first_keys) {
    const int64_t seen = seen_by_block(b, key, keys), d = t->d;
    float *sum = w->sum + b->row * d;
    ck_outer(b->rows, (seen + 15) / 16 * 16, d, 1, w->q + b->row * d, d, 1, w->keys, SCORE_ROW, 0, w->scores, SCORE_ROW);
    for (int64_t i = 0; i < b->rows; i++) {
        int64_t lo, hi;
        visible(t, b->first + i % b->queries, key, keys, &lo, &hi);
        const float correction = CK_BEST(online_softmax)(w->scores + i * SCORE_ROW, lo, hi, seen, w->maximum + b->row + i,
                                                         w->total + b->row + i);
        if (!first_keys && correction != 1) CK_BEST(scaled_copy)(sum + i * d, correction, sum + i * d, d);
    }
    ck_outer(b->rows, d, seen, 1, w->scores, SCORE_ROW, 1, t->v + key * t->ld_v, t->ld_v, first_keys ? 0 : 1, sum, d);
}

static void forward_tile(const tile *t, const workspace *w, float *out, int64_t ld_out, float *log_sum_exp, int64_t ld_log) {
    const int64_t end = t->first + t->count, begin = first_key_tile(t);
    for (int64_t r = 0; r < t->group * t->count; r++) w->maximum[r] = -INFINITY, w->total[r] = 0;
    for (int64_t key = begin; key < end; key += KEY_TILE) {
        const int64_t keys = ck_min(KEY_TILE, end - key);
        ck_transpose(t->k + key * t->ld_k, t->ld_k, keys, t->d, w->keys, SCORE_ROW);
        for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
            const block b = block_at(t, query);
            if (key == begin) stack(t, &b, t->q, t->ld_q, t->scale, w->q);
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

/// One unit of work: a tile of queries or of keys of a segment.
typedef struct {
    int64_t segment, first, count;
} unit;

typedef struct {
    ck_pool *pool;
    const float *q, *k, *v, *out, *d_out, *log_sum_exp;
    float *written_out, *written_log, *d_q, *d_k, *d_v;
    int64_t ld_d_q, ld_d_k, ld_d_v;
    const int64_t *starts;
    const ck_attention_shape *shape;
    const unit *units;
} attention;

/// All tiles of `length` rows of all segments, the last ones of the longest segments first.
static unit *units_of(ck_pool *pool, const int64_t *starts, int64_t segments, int64_t length, int64_t *count) {
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

static tile tile_of(const attention *a, const unit *u, int64_t head) {
    const ck_attention_shape *s = a->shape;
    const int64_t group = s->query_heads / s->key_value_heads, d = s->head_dimension, row = a->starts[u->segment];
    return (tile){a->q + row * s->ld_query + head * group * d, a->k + row * s->ld_key + head * d,
                  a->v + row * s->ld_value + head * d, s->ld_query, s->ld_key, s->ld_value, u->first, u->count, group, d,
                  s->sliding_window, s->scale};
}

static void forward_task(int64_t task, int32_t thread, void *context) {
    const attention *a = context;
    const ck_attention_shape *s = a->shape;
    const unit *u = a->units + task / s->key_value_heads;
    const int64_t head = task % s->key_value_heads, row = a->starts[u->segment];
    const tile t = tile_of(a, u, head);
    const workspace w = work_space(a->pool, thread, t.group, t.d);
    forward_tile(&t, &w, a->written_out + row * s->ld_output + head * t.group * t.d, s->ld_output,
                 a->written_log + row * s->query_heads + head * t.group, s->query_heads);
}

void ck_attention_forward(ck_pool *pool, const float *q, const float *k, const float *v, float *out, float *log_sum_exp,
                          const int64_t *segment_starts, int64_t segments, const ck_attention_shape *shape) {
    attention a = {.pool = pool, .q = q, .k = k, .v = v, .written_out = out, .written_log = log_sum_exp,
                   .starts = segment_starts, .shape = shape};
    int64_t units;
    a.units = units_of(pool, segment_starts, segments, query_tile(shape->query_heads / shape->key_value_heads), &units);
    ck_pool_run(pool, units * shape->key_value_heads, forward_task, &a);
    ck_pool_give(pool);
}

/// What the backward pass needs of a tile's queries: scaled q, dOut, D = rowSum(dOut out) and the log-sum-exp.
static void stack_backward(const attention *a, const tile *t, const unit *u, int64_t head, const workspace *w) {
    const ck_attention_shape *s = a->shape;
    const int64_t row = a->starts[u->segment], column = head * t->group * t->d;
    const float *out = a->out + row * s->ld_output + column, *d_out = a->d_out + row * s->ld_output + column;
    for (int64_t query = 0; query < t->count; query += BLOCK_QUERIES) {
        const block b = block_at(t, query);
        stack(t, &b, t->q, t->ld_q, t->scale, w->q);
        stack(t, &b, d_out, s->ld_output, 1, w->d_out);
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
        const int64_t seen = seen_by_block(&b, key, keys), padded = (seen + 15) / 16 * 16, rows = b.rows;
        const float *q = w->q + b.row * d, *d_out = w->d_out + b.row * d;
        ck_outer(rows, padded, d, 1, q, d, 1, w->keys, SCORE_ROW, 0, w->scores, SCORE_ROW);
        ck_outer(rows, padded, d, 1, d_out, d, 1, w->values, SCORE_ROW, 0, w->d_scores, SCORE_ROW);
        for (int64_t i = 0; i < rows; i++) {
            int64_t lo, hi;
            visible(t, b.first + i % b.queries, key, keys, &lo, &hi);
            CK_BEST(softmax_slopes)(w->scores + i * SCORE_ROW, w->d_scores + i * SCORE_ROW, lo, hi, seen,
                                    w->log_sum_exp[b.row + i], w->total[b.row + i]);
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
    const int64_t d = s->head_dimension, group = s->query_heads / s->key_value_heads, step = query_tile(group);
    const bool whole = u->count == length, to_queries = a->d_q && whole;
    const workspace w = work_space(a->pool, thread, group, d);
    float *d_k = a->d_k + row * a->ld_d_k + head * d, *d_v = a->d_v + row * a->ld_d_v + head * d;
    clear_rows(d_k + u->first * a->ld_d_k, a->ld_d_k, u->count, d);
    clear_rows(d_v + u->first * a->ld_d_v, a->ld_d_v, u->count, d);
    int64_t turned = -1, turned_end = 0;
    for (int64_t first = u->first / step * step; first < length; first += step) {
        const unit queries = {u->segment, first, ck_min(step, length - first)};
        const tile t = tile_of(a, &queries, head);
        const int64_t begin = ck_max(first_key_tile(&t), u->first), end = ck_min(first + queries.count, u->first + u->count);
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
    const tile t = tile_of(a, u, head);
    const workspace w = work_space(a->pool, thread, t.group, t.d);
    stack_backward(a, &t, u, head, &w);
    const int64_t begin = first_key_tile(&t), end = t.first + t.count;
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
    a.units = units_of(pool, segment_starts, segments, split ? KEY_TILE : INT64_MAX / 2, &units);
    ck_pool_run(pool, units * shape->key_value_heads, backward_keys_task, &a);
    ck_pool_give(pool);
    if (!split) return;
    a.units = units_of(pool, segment_starts, segments, query_tile(shape->query_heads / shape->key_value_heads), &units);
    ck_pool_run(pool, units * shape->key_value_heads, backward_queries_task, &a);
    ck_pool_give(pool);
}

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
    const workspace w = work_space(p->pool, thread, group, d);
    // Queries are numbered as the keys are, so that row 0 of q and out lies `before` rows ahead of the first new one.
    const int64_t before = sequence->key_count - sequence->query_count, step = query_tile(group);
    const float *q = p->q + sequence->query_start * s->ld_query + head * group * d;
    float *out = p->out + sequence->query_start * s->ld_output + head * group * d;
    for (int64_t first = 0; first < sequence->query_count; first += step) {
        const int64_t count = ck_min(step, sequence->query_count - first);
        const tile t = {q - before * s->ld_query, sequence->keys + head * d, sequence->values + head * d, s->ld_query,
                        s->ld_key, s->ld_value, before + first, count, group, d, s->sliding_window, s->scale};
        if (sequence->query_count > 1) forward_tile(&t, &w, out - before * s->ld_output, s->ld_output, NULL, 0);
        else CK_BEST(decode_query)(&t, &w, out);
    }
}

void ck_attention_decode(ck_pool *pool, const float *q, float *out, const ck_decode_sequence *sequences, int64_t count,
                         const ck_attention_shape *shape) {
    decoding p = {pool, q, out, sequences, shape};
    ck_pool_run(pool, count * shape->key_value_heads, decode_task, &p);
}

#else

CK_LOOP void CK_(scaled_copy)(const float *x, float alpha, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(x + i) * alpha);
    for (; i < n; i++) y[i] = x[i] * alpha;
}

CK_LOOP float CK_(row_product)(const float *x, const float *y, int64_t n) {
    lanes total = {0};
    for (int64_t i = 0; i < n; i += LANES) {
        const bool whole = i + LANES <= n;
        total += (whole ? CK_(load)(x + i) : CK_(load_first)(x + i, n - i))
            * (whole ? CK_(load)(y + i) : CK_(load_first)(y + i, n - i));
    }
    return CK_(sum)(total);
}

/// Turns scores lo ..< hi into exp(score - maximum so far) and the others into 0; returns the factor for earlier sums.
CK_LOOP float CK_(online_softmax)(float *x, int64_t lo, int64_t hi, int64_t n, float *maximum, float *total) {
    if (lo >= hi) {
        memset(x, 0, (size_t)n * sizeof(float));
        return 1;
    }
    lanes tops = CK_(spread)(x[lo]);
    int64_t i = lo;
    for (; i + LANES <= hi; i += LANES) tops = CK_(larger)(tops, CK_(load)(x + i));
    float top = CK_(maximum)(tops);
    for (; i < hi; i++) top = x[i] > top ? x[i] : top;
    const float before = *maximum, after = before > top ? before : top;
    lanes sums = {0};
    for (i = lo; i + LANES <= hi; i += LANES) {
        const lanes e = CK_(exponential)(CK_(load)(x + i) - after);
        CK_(store)(x + i, e);
        sums += e;
    }
    float part[LANES], rest = 0;
    if (i < hi) {
        CK_(store)(part, CK_(exponential)(CK_(load_first)(x + i, hi - i) - after));
        for (int64_t j = 0; i + j < hi; j++) x[i + j] = part[j], rest += part[j];
    }
    if (lo > 0) memset(x, 0, (size_t)lo * sizeof(float));
    if (hi < n) memset(x + hi, 0, (size_t)(n - hi) * sizeof(float));
    const float correction = before == after ? 1 : before == -INFINITY ? 0 : expf(before - after);
    *maximum = after;
    *total = *total * correction + (CK_(sum)(sums) + rest);
    return correction;
}

/// In lo ..< hi: p = exp(score - logSumExp) and dScore = p (dP - D); elsewhere both become 0.
CK_LOOP void CK_(softmax_slopes)(float *x, float *d, int64_t lo, int64_t hi, int64_t n, float log_sum_exp, float product) {
    int64_t i = lo;
    for (; i + LANES <= hi; i += LANES) {
        const lanes p = CK_(exponential)(CK_(load)(x + i) - log_sum_exp);
        CK_(store)(x + i, p);
        CK_(store)(d + i, p * (CK_(load)(d + i) - product));
    }
    if (i < hi) {
        const lanes p = CK_(exponential)(CK_(load_first)(x + i, hi - i) - log_sum_exp);
        CK_(store_first)(x + i, p, hi - i);
        CK_(store_first)(d + i, p * (CK_(load_first)(d + i, hi - i) - product), hi - i);
    }
    if (lo > 0) {
        memset(x, 0, (size_t)lo * sizeof(float));
        memset(d, 0, (size_t)lo * sizeof(float));
    }
    if (hi < n) {
        memset(x + hi, 0, (size_t)(n - hi) * sizeof(float));
        memset(d + hi, 0, (size_t)(n - hi) * sizeof(float));
    }
}

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
