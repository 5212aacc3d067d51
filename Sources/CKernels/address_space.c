// Says that there is too little address space for OpenBLAS, before OpenBLAS runs.
//
// OpenBLAS starts its threads when the library is loaded. Each maps a buffer of 128 MiB, and one that gets none tries again for
// ever, so that no line of the program is ever reached. This function stands in the program's .preinit_array, which the loader
// runs before the libraries' own initialisers. (OpenBLAS 0.3, driver/others/memory.c and blas_server.c, BUFFER_SIZE for x86-64.)
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEBIBYTE ((uint64_t)1 << 20)
// The program with its libraries; a buffer for the thread that calls; for each further thread a buffer and a stack.
#define PROGRAM (160 * MEBIBYTE)
#define BUFFER (128 * MEBIBYTE)
#define THREAD (BUFFER + 8 * MEBIBYTE)
#define MOST_THREADS 128

// The C library has not set up getenv and printf yet.
static const char *variable(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
    return NULL;
}

static uint64_t number(const char *text) {
    uint64_t value = 0;
    while (text && *text >= '0' && *text <= '9' && value < 1000000) value = value * 10 + (uint64_t)(*text++ - '0');
    return value;
}

static uint64_t thread_count(char **environment) {
    static const char *const names[] = {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"};
    cpu_set_t allowed;
    uint64_t cores = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? (uint64_t)CPU_COUNT(&allowed) : 1;
    if (cores > MOST_THREADS) cores = MOST_THREADS;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint64_t wanted = number(variable(environment, names[i]));
        if (wanted > 0) return wanted < cores ? wanted : cores;
    }
    return cores;
}

static char *append(char *at, const char *text) {
    while (*text) *at++ = *text++;
    return at;
}

static char *append_number(char *at, uint64_t value) {
    char digits[24];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) *at++ = digits[--count];
    return at;
}

static void require_address_space(int count, char **arguments, char **environment) {
    (void)count, (void)arguments;
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    uint64_t needed = PROGRAM + BUFFER + (thread_count(environment) - 1) * THREAD;
    if (limit.rlim_cur >= needed) return;
    // All ranks of a job have the same limit as a rule; one says so.
    const char *rank = variable(environment, "OMPI_COMM_WORLD_RANK");
    if (!rank || strcmp(rank, "0") == 0) {
        char text[400];
        char *end = append(text, "catena: error: the address space of a process is limited to ");
        end = append_number(end, limit.rlim_cur / 1024);
        end = append(end, " KiB, and OpenBLAS needs ");
        end = append_number(end, needed / 1024);
        end = append(end, " to start; lift the limit (ulimit -v unlimited), or set OPENBLAS_NUM_THREADS=1, with which it needs ");
        end = append_number(end, (PROGRAM + BUFFER) / 1024);
        end = append(end, ".\n");
        ssize_t written = write(STDERR_FILENO, text, (size_t)(end - text));
        (void)written;
    }
    _exit(1);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = require_address_space;
