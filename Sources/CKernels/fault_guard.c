#include "CKernels.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { slot_count = 256, path_bytes = 512 };

/// `length` is 0 while a slot is free. The handler reads slots without the lock; a writer sets the length last and clears it first.
struct slot {
    _Atomic(uintptr_t) start;
    _Atomic(size_t) length;
    char path[path_bytes];
};

static struct slot slots[slot_count];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int32_t ck_fault_guard_add(const void *start, size_t length, const char *path) {
    if (length == 0) return -1;
    pthread_mutex_lock(&lock);
    int found = -1;
    for (int i = 0; i < slot_count && found < 0; i++) {
        if (atomic_load(&slots[i].length) == 0) found = i;
    }
    if (found >= 0) {
        strncpy(slots[found].path, path, path_bytes - 1);
        atomic_store(&slots[found].start, (uintptr_t)start);
        atomic_store(&slots[found].length, length);
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void ck_fault_guard_remove(int32_t slot) {
    if (slot < 0 || slot >= slot_count) return;
    pthread_mutex_lock(&lock);
    atomic_store(&slots[slot].length, 0);
    pthread_mutex_unlock(&lock);
}

/// Several threads and ranks can fault at once; one line of this process is enough.
static atomic_flag has_spoken = ATOMIC_FLAG_INIT;

static void say(const char *path) {
    static const char before[] = "catena: error: ";
    static const char after[] =
        " became shorter while it was in use, a part that was needed is gone; restore the file and start again.\n";
    char line[sizeof before + path_bytes + sizeof after];
    size_t count = sizeof before - 1;
    memcpy(line, before, count);
    for (size_t i = 0; i < path_bytes && path[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)path[i];
        line[count++] = byte < 0x20 || byte == 0x7F ? '?' : path[i];
    }
    memcpy(line + count, after, sizeof after - 1);
    count += sizeof after - 1;
    if (write(STDERR_FILENO, line, count) < 0) _exit(1);
}

static void handle(int number, siginfo_t *information, void *context) {
    (void)context;
    uintptr_t address = (uintptr_t)information->si_addr;
    for (int i = 0; i < slot_count; i++) {
        size_t length = atomic_load(&slots[i].length);
        uintptr_t start = atomic_load(&slots[i].start);
        if (length == 0 || address < start || address - start >= length) continue;
        if (!atomic_flag_test_and_set(&has_spoken)) {
            say(slots[i].path);
            _exit(1);
        }
        // Another thread is about to end the process.
        for (;;) pause();
    }
    // Not ours: the fault comes again on return and takes its usual course.
    signal(number, SIG_DFL);
}

void ck_fault_guard_install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
