#include "CMPI.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

struct cmpi_ring {
    MPI_Comm communicator;
    int position, size;
};

// Below INT_MAX, and small enough that a step of the ring is passed on while the next piece is under way.
#define PIECE ((int64_t)1 << 30)

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

void cmpi_ring_use_this_thread(void) {
    // Else a sleep of 50 microseconds takes twice that.
    prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
}

/// Waits for both without keeping a processor busy.
static int wait_sleeping(MPI_Request requests[2]) {
    for (int looks = 0;; looks++) {
        int done = 0;
        int code = MPI_Testall(2, requests, &done, MPI_STATUSES_IGNORE);
        if (code != MPI_SUCCESS || done) return code;
        if (looks < 10) continue;
        struct timespec pause = {0, 50000};
        nanosleep(&pause, NULL);
    }
}

int cmpi_ring_gather(cmpi_ring *ring, void *image, const int64_t *offsets) {
    int size = ring->size, position = ring->position;
    int next = (position + 1) % size, previous = (position + size - 1) % size;
    for (int step = 0; step < size - 1; step++) {
        int sent = (position + size - step) % size, received = (position + size - step - 1) % size;
        int64_t sent_from = offsets[sent], sent_to = offsets[sent + 1];
        int64_t received_from = offsets[received], received_to = offsets[received + 1];
        while (sent_from < sent_to || received_from < received_to) {
            int64_t sending = sent_to - sent_from < PIECE ? sent_to - sent_from : PIECE;
            int64_t receiving = received_to - received_from < PIECE ? received_to - received_from : PIECE;
            MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
            int code = MPI_SUCCESS;
            if (receiving > 0)
                code = MPI_Irecv((char *)image + received_from, (int)receiving, MPI_BYTE, previous, 0, ring->communicator,
                                 &requests[0]);
            if (code == MPI_SUCCESS && sending > 0)
                code = MPI_Isend((const char *)image + sent_from, (int)sending, MPI_BYTE, next, 0, ring->communicator,
                                 &requests[1]);
            if (code == MPI_SUCCESS) code = wait_sleeping(requests);
            if (code != MPI_SUCCESS) return code;
            sent_from += sending;
            received_from += receiving;
        }
    }
    return MPI_SUCCESS;
}
