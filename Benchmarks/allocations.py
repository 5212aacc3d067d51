#!/usr/bin/env python3
"""Counts what a steady training step asks of malloc and of the system.

    Benchmarks/allocations.py --catena .build/release/catena --shape smollm2-135m --threads 2

Runs `catena bench step` twice, with few and with more steps, under a preloaded library that counts calls, and prints
the difference for one step: calls of the malloc family and of mmap, and by how much the heap and its mappings grew.
Needs a C compiler.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
static _Atomic long calls, bytes, mappings;

static void count(size_t size) {
    atomic_fetch_add(&calls, 1);
    atomic_fetch_add(&bytes, (long)size);
}
void *malloc(size_t size) { return count(size), __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return count(n * size), __libc_calloc(n, size); }
void *realloc(void *p, size_t size) { return count(size), __libc_realloc(p, size); }
void *memalign(size_t a, size_t size) { return count(size), __libc_memalign(a, size); }
void *aligned_alloc(size_t a, size_t size) { return count(size), __libc_memalign(a, size); }
int posix_memalign(void **p, size_t a, size_t size) {
    count(size);
    *p = __libc_memalign(a, size);
    return *p ? 0 : 12;
}
void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
    static void *(*next)(void *, size_t, int, int, int, off_t);
    if (!next) next = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
    atomic_fetch_add(&mappings, 1);
    return next(at, size, protection, flags, file, offset);
}
__attribute__((destructor)) static void report(void) {
    const struct mallinfo2 info = mallinfo2();
    FILE *file = fopen(getenv("ALLOCATION_COUNTS"), "w");
    if (!file) return;
    fprintf(file, "{\"malloc_calls\": %ld, \"malloc_bytes\": %ld, \"mmap_calls\": %ld, \"heap_bytes\": %zu, "
                  "\"malloc_mappings\": %zu}", atomic_load(&calls), atomic_load(&bytes), atomic_load(&mappings),
            info.arena, info.hblks);
    fclose(file);
}
"""


def counts(arguments, library, folder, steps):
    result = folder / "counts.json"
    environment = dict(os.environ, LD_PRELOAD=str(library), ALLOCATION_COUNTS=str(result))
    command = [arguments.catena, "bench", "step", "--shape", arguments.shape, "--threads", str(arguments.threads),
               "--batch", str(arguments.batch), "--recompute", arguments.recompute, "--steps", str(steps), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return json.loads(result.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", required=True)
    parser.add_argument("--shape", default="smollm2-135m")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--recompute", default="none")
    parser.add_argument("--steps", type=int, nargs=2, default=[1, 5], metavar=("FEW", "MORE"))
    arguments = parser.parse_args()
    few, more = arguments.steps
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "counter.c").write_text(COUNTER)
        library = folder / "counter.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", str(folder / "counter.c"), "-o", str(library), "-ldl"], check=True)
        first, second = (counts(arguments, library, folder, steps) for steps in (few, more))
    print(json.dumps({key: (second[key] - first[key]) / (more - few) for key in first}))


if __name__ == "__main__":
    main()
