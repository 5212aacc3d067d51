// A pool of persistent threads. A loop is published under a ticket (generation, next task); threads take tasks by
// compare-and-swap on the ticket, so a late thread can neither repeat a task nor touch the next loop's.
#include "pool.h"

#include <cblas.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SPINS_BEFORE_SLEEP = 2000, CACHE_LINE = 64 };
/// Where a worker may be late; Tests/run-pool-checks.sh makes it late.
#ifndef CK_POOL_DELAY
#define CK_POOL_DELAY() ((void)0)
#endif
static const uint64_t CLOSED = 0xffffffffu;

typedef struct {
    void *memory;
    size_t bytes;
} scratch;

struct ck_pool {
    _Alignas(CACHE_LINE) _Atomic uint64_t ticket; // generation << 32 | next task
    _Alignas(CACHE_LINE) _Atomic int64_t finished;
    _Alignas(CACHE_LINE) _Atomic(ck_task) task;
    _Atomic(void *) context;
    _Atomic int64_t tasks;
    _Atomic int32_t sleepers;
    _Atomic bool caller_sleeps, stopping;
    pthread_mutex_t entry, mutex;
    pthread_cond_t work, done;
    int32_t threads;
    pthread_t *workers;
    scratch *scratches; // one of each thread for tasks, then one of each thread for callers of loops
    int32_t requested_threads;
};

typedef struct {
    ck_pool *pool;
    int32_t thread;
} worker_start;

static _Thread_local ck_pool *inside_pool;
static _Thread_local int32_t inside_thread;
static _Thread_local ck_pool *entered_pool; // whose scratch this thread has taken

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Takes tasks of `generation` until none is left.
static void work_on(ck_pool *pool, uint32_t generation, int32_t thread) {
    const ck_task task = atomic_load(&pool->task);
    void *context = atomic_load(&pool->context);
    CK_POOL_DELAY();
    const int64_t tasks = atomic_load(&pool->tasks);
    ck_pool *outer_pool = inside_pool;
    const int32_t outer_thread = inside_thread;
    inside_pool = pool;
    inside_thread = thread;
    for (;;) {
        uint64_t ticket = atomic_load(&pool->ticket);
        if (ticket >> 32 != generation || (int64_t)(ticket & CLOSED) >= tasks) break;
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
        task((int64_t)(ticket & CLOSED), thread, context);
        if (atomic_fetch_add(&pool->finished, 1) + 1 == tasks && atomic_load(&pool->caller_sleeps)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
    inside_pool = outer_pool;
    inside_thread = outer_thread;
}

/// Whether a loop newer than `seen` is open.
static inline bool has_work(ck_pool *pool, uint32_t seen) {
    const uint64_t ticket = atomic_load(&pool->ticket);
    return ((uint32_t)(ticket >> 32) != seen && (ticket & CLOSED) != CLOSED) || atomic_load(&pool->stopping);
}

static void *worker_main(void *argument) {
    const worker_start start = *(worker_start *)argument;
    free(argument);
    ck_pool *pool = start.pool;
    uint32_t seen = 0;
    for (;;) {
        for (int spin = 0; spin < SPINS_BEFORE_SLEEP && !has_work(pool, seen); spin++) relax();
        if (!has_work(pool, seen)) {
            pthread_mutex_lock(&pool->mutex);
            atomic_fetch_add(&pool->sleepers, 1);
            while (!has_work(pool, seen)) pthread_cond_wait(&pool->work, &pool->mutex);
            atomic_fetch_sub(&pool->sleepers, 1);
            pthread_mutex_unlock(&pool->mutex);
        }
        if (atomic_load(&pool->stopping)) return NULL;
        CK_POOL_DELAY();
        const uint64_t ticket = atomic_load(&pool->ticket);
        if ((ticket & CLOSED) == CLOSED) continue; // the loop that was open is over, and the next one is being written down
        const uint32_t generation = (uint32_t)(ticket >> 32);
        work_on(pool, generation, start.thread);
        seen = generation;
    }
}

ck_pool *ck_pool_create(int32_t threads) {
    ck_pool *pool = NULL;
    if (threads < 1) threads = 1;
    if (posix_memalign((void **)&pool, CACHE_LINE, sizeof *pool) != 0) return NULL;
    *pool = (ck_pool){.threads = 1, .requested_threads = threads};
    pool->workers = calloc((size_t)threads, sizeof(pthread_t));
    pool->scratches = calloc(2 * (size_t)threads, sizeof(scratch));
    if (!pool->workers || !pool->scratches) {
        free(pool->workers);
        free(pool->scratches);
        free(pool);
        return NULL;
    }
    openblas_set_num_threads(1);
    pthread_mutex_init(&pool->entry, NULL);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int32_t thread = 1; thread < threads; thread++) {
        worker_start *start = malloc(sizeof *start);
        if (!start) break;
        *start = (worker_start){pool, thread};
        if (pthread_create(&pool->workers[thread], NULL, worker_main, start) != 0) {
            free(start);
            break;
        }
        pool->threads++;
    }
    return pool;
}

void ck_pool_destroy(ck_pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stopping, true);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (int32_t thread = 1; thread < pool->threads; thread++) pthread_join(pool->workers[thread], NULL);
    for (int32_t slot = 0; slot < 2 * pool->requested_threads; slot++) free(pool->scratches[slot].memory);
    pthread_mutex_destroy(&pool->entry);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->done);
    free(pool->workers);
    free(pool->scratches);
    free(pool);
}

int32_t ck_pool_threads(const ck_pool *pool) { return pool->threads; }

static void run_serially(ck_pool *pool, int64_t tasks, ck_task task, void *context, int32_t thread) {
    ck_pool *outer_pool = inside_pool;
    const int32_t outer_thread = inside_thread;
    inside_pool = pool;
    inside_thread = thread;
    for (int64_t i = 0; i < tasks; i++) task(i, thread, context);
    inside_pool = outer_pool;
    inside_thread = outer_thread;
}

static void run_in_parallel(ck_pool *pool, int64_t tasks, ck_task task, void *context) {
    const uint32_t generation = (uint32_t)(atomic_load(&pool->ticket) >> 32) + 1;
    atomic_store(&pool->ticket, (uint64_t)generation << 32 | CLOSED);
    atomic_store(&pool->task, task);
    atomic_store(&pool->context, context);
    atomic_store(&pool->tasks, tasks);
    atomic_store(&pool->finished, 0);
    atomic_store(&pool->ticket, (uint64_t)generation << 32);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->work);
        pthread_mutex_unlock(&pool->mutex);
    }
    work_on(pool, generation, 0);
    for (int spin = 0; spin < SPINS_BEFORE_SLEEP && atomic_load(&pool->finished) < tasks; spin++) relax();
    if (atomic_load(&pool->finished) < tasks) {
        pthread_mutex_lock(&pool->mutex);
        atomic_store(&pool->caller_sleeps, true);
        while (atomic_load(&pool->finished) < tasks) pthread_cond_wait(&pool->done, &pool->mutex);
        atomic_store(&pool->caller_sleeps, false);
        pthread_mutex_unlock(&pool->mutex);
    }
}

void ck_pool_run(ck_pool *pool, int64_t tasks, ck_task task, void *context) {
    if (tasks <= 0) return;
    if (inside_pool == pool) return run_serially(pool, tasks, task, context, inside_thread);
    const bool entered = entered_pool == pool;
    if (!entered) pthread_mutex_lock(&pool->entry);
    if (pool->threads == 1 || tasks == 1) run_serially(pool, tasks, task, context, 0);
    else run_in_parallel(pool, tasks, task, context);
    if (!entered) pthread_mutex_unlock(&pool->entry);
}

static void *reserve(scratch *own, size_t bytes) {
    if (own->bytes < bytes) {
        free(own->memory);
        own->bytes = bytes + bytes / 4;
        if (posix_memalign(&own->memory, CACHE_LINE, own->bytes) != 0) abort();
    }
    return own->memory;
}

void *ck_pool_scratch(ck_pool *pool, int32_t thread, size_t bytes) { return reserve(&pool->scratches[thread], bytes); }

void *ck_pool_take(ck_pool *pool, size_t bytes) {
    if (inside_pool != pool) {
        pthread_mutex_lock(&pool->entry);
        entered_pool = pool;
    }
    const int32_t thread = inside_pool == pool ? inside_thread : 0;
    return reserve(&pool->scratches[pool->requested_threads + thread], bytes);
}

void ck_pool_give(ck_pool *pool) {
    if (inside_pool == pool) return;
    entered_pool = NULL;
    pthread_mutex_unlock(&pool->entry);
}

typedef struct {
    int64_t rows, rows_per_task;
    ck_range_body body;
    void *context;
} ranges;

static void range_task(int64_t task, int32_t thread, void *context) {
    (void)thread;
    const ranges *r = context;
    const int64_t first = task * r->rows_per_task;
    r->body(first, ck_min(first + r->rows_per_task, r->rows), r->context);
}

void ck_pool_ranges(ck_pool *pool, int64_t rows, int64_t rows_per_task, ck_range_body body, void *context) {
    if (rows <= 0) return;
    ranges r = {rows, rows_per_task, body, context};
    ck_pool_run(pool, (rows + rows_per_task - 1) / rows_per_task, range_task, &r);
}
