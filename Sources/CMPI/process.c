// For process_vm_readv.
#define _GNU_SOURCE
#include "CMPI.h"

#include <sys/types.h>
#include <sys/uio.h>

int64_t cmpi_read_process(int process, uint64_t address, void *bytes, int64_t count) {
    struct iovec local = {bytes, (size_t)count}, remote = {(void *)(uintptr_t)address, (size_t)count};
    return (int64_t)process_vm_readv((pid_t)process, &local, 1, &remote, 1, 0);
}
