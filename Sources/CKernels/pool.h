// What the kernels need of the pool beyond the public header.
#ifndef CATENA_POOL_H
#define CATENA_POOL_H

#include "include/CKernels.h"

/// Memory for the caller of one or more loops, apart from that of their tasks (ck_pool_scratch). Callers on other threads
/// wait until it is given back, so every take needs its give on the same thread, and takes do not nest.
void *ck_pool_take(ck_pool *pool, size_t bytes);
void ck_pool_give(ck_pool *pool);

/// Runs body(first, end, context) over 0..<rows in ranges of `rows_per_task` (the last one shorter).
typedef void (*ck_range_body)(int64_t first, int64_t end, void *context);
void ck_pool_ranges(ck_pool *pool, int64_t rows, int64_t rows_per_task, ck_range_body body, void *context);

/// Rows per task such that a task touches about 64 KB, at least one row.
static inline int64_t ck_rows_per_task(int64_t width) {
    const int64_t rows = 16384 / (width > 0 ? width : 1);
    return rows > 1 ? rows : 1;
}

static inline int64_t ck_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ck_max(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
