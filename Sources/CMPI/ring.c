#include "CMPI.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

struct cmpi_ring {
    MPI_Comm communicator;
    int position, size;
};

// Messages go in pieces, a few of them under way at once. In one message, a neighbour that begins a moment later would get
// leave to send only behind all of this rank's data on the same connection, and the two directions would take turns.
#define PIECE ((int64_t)1 << 19)
#define UNDER_WAY 4

int cmpi_ring_open(int64_t order, cmpi_ring **opened, int *position) {
    int rank = 0;
    int code = MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (code != MPI_SUCCESS) return code;
    if (order < 0 || order > INT_MAX) return MPI_ERR_ARG;
    cmpi_ring *ring = malloc(sizeof *ring);
    if (!ring) return MPI_ERR_NO_MEM;
    code = MPI_Comm_split(MPI_COMM_WORLD, 0, (int)order, &ring->communicator);
    if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(ring->communicator, MPI_ERRORS_RETURN);
    if (code == MPI_SUCCESS) code = MPI_Comm_rank(ring->communicator, &ring->position);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(ring->communicator, &ring->size);
    if (code != MPI_SUCCESS) {
        free(ring);
        return code;
    }
    *position = ring->position;
    *opened = ring;
    return MPI_SUCCESS;
}

void cmpi_ring_close(cmpi_ring *ring) {
    int finalized = 0;
    if (MPI_Finalized(&finalized) == MPI_SUCCESS && !finalized) MPI_Comm_free(&ring->communicator);
    free(ring);
}

/// Waits for both without keeping a processor busy. Looks grow rare, because each costs the computing threads some time, and
/// data that came meanwhile are taken together.
static int wait_sleeping(MPI_Request requests[2], long *nanoseconds) {
    for (;;) {
        int done = 0;
        int code = MPI_Testall(2, requests, &done, MPI_STATUSES_IGNORE);
        if (code != MPI_SUCCESS || done) return code;
        struct timespec pause = {0, *nanoseconds};
        nanosleep(&pause, NULL);
        if (*nanoseconds < 1000000) *nanoseconds += *nanoseconds / 4;
    }
}

static int piece_of(int64_t from, int64_t to) { return (int)(to - from < PIECE ? to - from : PIECE); }

int cmpi_ring_gather(cmpi_ring *ring, void *image, const int64_t *offsets) {
    int size = ring->size, position = ring->position;
    int next = (position + 1) % size, previous = (position + size - 1) % size;
    long pause = 20000;
    for (int step = 0; step < size - 1; step++) {
        int sent = (position + size - step) % size, received = (position + size - step - 1) % size;
        int64_t sent_from = offsets[sent], sent_to = offsets[sent + 1];
        int64_t received_from = offsets[received], received_to = offsets[received + 1];
        MPI_Request requests[UNDER_WAY][2];
        int64_t begun = 0, ended = 0;
        for (;;) {
            int is_more = sent_from < sent_to || received_from < received_to;
            if (!is_more && ended == begun) break;
            int code = MPI_SUCCESS;
            if (!is_more || begun - ended == UNDER_WAY) {
                code = wait_sleeping(requests[ended++ % UNDER_WAY], &pause);
                if (code != MPI_SUCCESS) return code;
                continue;
            }
            MPI_Request *pair = requests[begun++ % UNDER_WAY];
            pair[0] = pair[1] = MPI_REQUEST_NULL;
            int sending = piece_of(sent_from, sent_to), receiving = piece_of(received_from, received_to);
            if (receiving > 0)
                code = MPI_Irecv((char *)image + received_from, receiving, MPI_BYTE, previous, 0, ring->communicator, &pair[0]);
            if (code == MPI_SUCCESS && sending > 0)
                code = MPI_Isend((const char *)image + sent_from, sending, MPI_BYTE, next, 0, ring->communicator, &pair[1]);
            if (code != MPI_SUCCESS) return code;
            sent_from += sending;
            received_from += receiving;
        }
    }
    return MPI_SUCCESS;
}
