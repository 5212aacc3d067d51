// Attention over segments in tiles, causal or in both directions; formulas in Sources/Core/Engine/Kernels/Attention.swift.
//
// A tile is a run of queries of one segment, for all query heads of one key-value head, against up to KEY_TILE keys. Its
// rows are stacked by blocks of BLOCK_QUERIES queries, in a block by heads, in a head by queries. Scores live in the
// scratch of the thread; the longest tiles are started first.
#ifndef CATENA_ATTENTION_H
#define CATENA_ATTENTION_H

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
    int64_t length; // keys that every query sees, in attention in both directions; causal: 0
    float scale, soft_cap; // no cap: 0
} tile;

/// The pieces of a thread's scratch: the scores of one block, rows of the stacked tile, and the transposed keys and values
/// [d, SCORE_ROW].
typedef struct {
    float *q, *d_out, *scores, *d_scores, *sum, *d_q, *maximum, *total, *log_sum_exp, *keys, *values;
} workspace;

/// The keys lo ..< hi of the tile beginning at `key` that the query at `position` sees, counted from `key`.
static inline void visible(const tile *t, int64_t position, int64_t key, int64_t keys, int64_t *lo, int64_t *hi) {
    *hi = ck_max(0, ck_min(keys, (t->length > 0 ? t->length : position + 1) - key));
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
static inline int64_t seen_by_block(const tile *t, const block *b, int64_t key, int64_t keys) {
    return ck_max(0, ck_min(keys, (t->length > 0 ? t->length : b->first + b->queries) - key));
}

/// One more than the last key that the last query of a tile sees.
static inline int64_t end_of_keys(const tile *t) {
    return t->length > 0 ? t->length : t->first + t->count;
}

static inline int64_t first_key_tile(const tile *t) {
    const int64_t key = t->window > 0 ? ck_max(0, t->first + 1 - t->window) : 0;
    return key / KEY_TILE * KEY_TILE;
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

/// Queries of a tile whose key-value head serves `group` query heads.
int64_t ck_attention_query_tile(int64_t group);
/// The scratch of one thread, laid out for tiles of this group and head dimension.
workspace ck_attention_work_space(ck_pool *pool, int32_t thread, int64_t group, int64_t d);
/// All tiles of `length` rows of all segments, the last ones of the longest segments first; ck_pool_give returns them.
unit *ck_attention_units(ck_pool *pool, const int64_t *starts, int64_t segments, int64_t length, int64_t *count);
/// The queries of a unit for one key-value head.
tile ck_attention_tile(const attention *a, const unit *u, int64_t head);
/// Copies a block's rows at `source` together, times `factor`.
void ck_attention_stack(const tile *t, const block *b, const float *source, int64_t ld, float factor, float *destination);
/// Outputs of one tile and, unless NULL, their log-sum-exp.
void ck_attention_forward_tile(const tile *t, const workspace *w, float *out, int64_t ld_out, float *log_sum_exp, int64_t ld_log);

#endif
