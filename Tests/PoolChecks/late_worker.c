// Many short loops on a pool whose workers are slowed where they look for work (CK_POOL_DELAY): a worker that comes late to one
// loop must not run the next with the task and context of the first. late_worker THREADS LOOPS; exit code 1 if one did.
#include "CKernels.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    _Atomic long number;
    _Atomic int runs;
} loop;

static _Atomic long open_loop, stale;

static void task(int64_t number, int32_t thread, void *context) {
    (void)number, (void)thread;
    loop *own = context;
    if (own->number != open_loop) stale++;
    own->runs++;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    static loop loops[64];
    const int threads = atoi(arguments[1]);
    const long rounds = atol(arguments[2]);
    ck_pool *pool = ck_pool_create(threads);
    if (!pool || ck_pool_threads(pool) != threads) return 2;
    long wrong = 0;
    for (long round = 0; round < rounds; round++) {
        loop *own = loops + round % 64;
        const int tasks = 2 + (int)(round % 3);
        own->number = round;
        own->runs = 0;
        open_loop = round;
        ck_pool_run(pool, tasks, task, own);
        if (own->runs != tasks) wrong++;
    }
    ck_pool_destroy(pool);
    printf("%d threads, %ld loops: %ld tasks of another loop, %ld loops with a wrong number of tasks\n", threads, rounds,
           (long)stale, wrong);
    return stale || wrong;
}
