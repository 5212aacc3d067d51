#include "heartbeat.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

struct cmpi_heartbeats {
    MPI_Comm world;
    int rank, size, byte_count;
    MPI_Request *sends, *receives;
    // One message per rank each, as a send may still read its buffer when the next message is ready.
    char *sent, *received;
};

int cmpi_thread_level(int *level) {
    static const int levels[4] = {MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, MPI_THREAD_MULTIPLE};
    int provided = 0;
    int code = MPI_Query_thread(&provided);
    *level = 0;
    for (int i = 0; i < 4; i++) if (levels[i] == provided) *level = i;
    return code;
}

static int post_receive(struct cmpi_heartbeats *h, int peer) {
    return MPI_Irecv(h->received + (size_t)peer * h->byte_count, h->byte_count, MPI_BYTE, peer, 0, h->world, &h->receives[peer]);
}

static void release(struct cmpi_heartbeats *h) {
    free(h->sends);
    free(h->receives);
    free(h->sent);
    free(h->received);
    free(h);
}

static int allocate(int byte_count, struct cmpi_heartbeats **out) {
    struct cmpi_heartbeats *h = calloc(1, sizeof *h);
    if (!h) return MPI_ERR_NO_MEM;
    int code = MPI_Comm_rank(MPI_COMM_WORLD, &h->rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, &h->size);
    if (code != MPI_SUCCESS) {
        free(h);
        return code;
    }
    size_t size = (size_t)h->size;
    h->byte_count = byte_count;
    h->sends = malloc(size * sizeof *h->sends);
    h->receives = malloc(size * sizeof *h->receives);
    h->sent = calloc(size, (size_t)byte_count);
    h->received = calloc(size, (size_t)byte_count);
    if (!h->sends || !h->receives || !h->sent || !h->received) {
        release(h);
        return MPI_ERR_NO_MEM;
    }
    for (int peer = 0; peer < h->size; peer++) h->sends[peer] = h->receives[peer] = MPI_REQUEST_NULL;
    *out = h;
    return MPI_SUCCESS;
}

int cmpi_heartbeats_open(int byte_count, struct cmpi_heartbeats **out) {
    struct cmpi_heartbeats *h = NULL;
    int code = allocate(byte_count, &h);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Comm_dup(MPI_COMM_WORLD, &h->world);
    for (int peer = 0; peer < h->size && code == MPI_SUCCESS; peer++)
        if (peer != h->rank) code = post_receive(h, peer);
    if (code != MPI_SUCCESS) {
        release(h);
        return code;
    }
    *out = h;
    return MPI_SUCCESS;
}

int cmpi_heartbeats_send(struct cmpi_heartbeats *h, const void *message) {
    for (int peer = 0; peer < h->size; peer++) {
        if (peer == h->rank) continue;
        int left = 0;
        int code = MPI_Test(&h->sends[peer], &left, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS) return code;
        if (!left) continue;
        char *own = h->sent + (size_t)peer * h->byte_count;
        memcpy(own, message, (size_t)h->byte_count);
        code = MPI_Isend(own, h->byte_count, MPI_BYTE, peer, 0, h->world, &h->sends[peer]);
        if (code != MPI_SUCCESS) return code;
    }
    return MPI_SUCCESS;
}

int cmpi_heartbeats_receive(struct cmpi_heartbeats *h, void *messages, uint8_t *arrived) {
    memset(arrived, 0, (size_t)h->size);
    for (int peer = 0; peer < h->size; peer++) {
        if (peer == h->rank) continue;
        for (;;) {
            int came = 0;
            int code = MPI_Test(&h->receives[peer], &came, MPI_STATUS_IGNORE);
            if (code != MPI_SUCCESS) return code;
            if (!came) break;
            size_t place = (size_t)peer * h->byte_count;
            memcpy((char *)messages + place, h->received + place, (size_t)h->byte_count);
            arrived[peer] = 1;
            code = post_receive(h, peer);
            if (code != MPI_SUCCESS) return code;
        }
    }
    return MPI_SUCCESS;
}

int cmpi_heartbeats_close(struct cmpi_heartbeats *h) {
    int code = MPI_SUCCESS;
    int all_left = 1;
    for (int peer = 0; peer < h->size; peer++) {
        if (h->receives[peer] != MPI_REQUEST_NULL) {
            code = MPI_Cancel(&h->receives[peer]);
            if (code == MPI_SUCCESS) code = MPI_Wait(&h->receives[peer], MPI_STATUS_IGNORE);
            if (code != MPI_SUCCESS) return code;
        }
        int left = 1;
        code = MPI_Test(&h->sends[peer], &left, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS) return code;
        all_left = all_left && left;
    }
    // A message that has not left still reads its buffer.
    if (all_left) release(h);
    return MPI_SUCCESS;
}
