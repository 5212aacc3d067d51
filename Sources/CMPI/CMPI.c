#include "CMPI.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// In bytes: a call's count stays below INT_MAX, and so does what the library computes from it.
#define CHUNK ((int64_t)1 << 30)

int64_t cmpi_chunk(int64_t remaining, int64_t width) {
    int64_t most = CHUNK / width;
    return remaining < most ? remaining : most;
}

static int chunk_of(int64_t remaining) { return (int)cmpi_chunk(remaining, 1); }

int cmpi_init_thread(int required, int *provided) {
    static const int levels[4] = {MPI_THREAD_SINGLE, MPI_THREAD_FUNNELED, MPI_THREAD_SERIALIZED, MPI_THREAD_MULTIPLE};
    if (required < 0 || required > 3) return MPI_ERR_ARG;
    int level = 0;
    int code = MPI_Init_thread(NULL, NULL, levels[required], &level);
    if (code != MPI_SUCCESS) return code;
    *provided = 0;
    for (int i = 0; i < 4; i++) if (levels[i] == level) *provided = i;
    return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

int cmpi_finalize(void) { return MPI_Finalize(); }
int cmpi_finalized(int *flag) { return MPI_Finalized(flag); }
int cmpi_abort(int exit_code) { return MPI_Abort(MPI_COMM_WORLD, exit_code); }

static void copy_text(const char *text, char *out, int capacity) {
    if (capacity <= 0) return;
    strncpy(out, text, (size_t)capacity - 1);
    out[capacity - 1] = 0;
}

int cmpi_error_string(int code, char *out, int capacity) {
    char text[MPI_MAX_ERROR_STRING] = {0};
    int length = 0;
    int result = MPI_Error_string(code, text, &length);
    copy_text(result == MPI_SUCCESS ? text : "unknown MPI error", out, capacity);
    return result;
}

int cmpi_rank(int *rank) { return MPI_Comm_rank(MPI_COMM_WORLD, rank); }
int cmpi_size(int *size) { return MPI_Comm_size(MPI_COMM_WORLD, size); }

int cmpi_host(int *host_rank, int *host_size, int *leader_world_rank) {
    MPI_Comm host = MPI_COMM_NULL;
    int code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    if (code != MPI_SUCCESS) return code;
    int leader = 0;
    code = MPI_Comm_rank(MPI_COMM_WORLD, &leader);
    if (code == MPI_SUCCESS) code = MPI_Comm_rank(host, host_rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(host, host_size);
    if (code == MPI_SUCCESS) code = MPI_Bcast(&leader, 1, MPI_INT, 0, host);
    *leader_world_rank = leader;
    int freed = MPI_Comm_free(&host);
    return code != MPI_SUCCESS ? code : freed;
}

int cmpi_processor_name(char *out, int capacity) {
    char text[MPI_MAX_PROCESSOR_NAME] = {0};
    int length = 0;
    int code = MPI_Get_processor_name(text, &length);
    copy_text(text, out, capacity);
    return code;
}

int cmpi_library_version(char *out, int capacity) {
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = {0};
    int length = 0;
    int code = MPI_Get_library_version(text, &length);
    copy_text(text, out, capacity);
    return code;
}

int cmpi_barrier(void) { return MPI_Barrier(MPI_COMM_WORLD); }

int cmpi_barrier_sleeping(void) {
    MPI_Request request;
    int code = MPI_Ibarrier(MPI_COMM_WORLD, &request);
    if (code != MPI_SUCCESS) return code;
    long nanoseconds = 1000000;
    for (;;) {
        int done = 0;
        code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS || done) return code;
        struct timespec pause = {0, nanoseconds};
        nanosleep(&pause, NULL);
        if (nanoseconds < 20000000) nanoseconds += nanoseconds / 4;
    }
}

int cmpi_broadcast(void *bytes, int64_t byte_count, int root) {
    char *at = bytes;
    int code = MPI_SUCCESS;
    for (int64_t done = 0; done < byte_count && code == MPI_SUCCESS; done += CHUNK)
        code = MPI_Bcast(at + done, chunk_of(byte_count - done), MPI_BYTE, root, MPI_COMM_WORLD);
    return code;
}

static int all_reduce(void *buffer, int64_t count, int64_t width, MPI_Datatype type, MPI_Op operation) {
    char *at = buffer;
    int code = MPI_SUCCESS;
    for (int64_t done = 0; done < count && code == MPI_SUCCESS;) {
        int64_t elements = cmpi_chunk(count - done, width);
        code = MPI_Allreduce(MPI_IN_PLACE, at + done * width, (int)elements, type, operation, MPI_COMM_WORLD);
        done += elements;
    }
    return code;
}

int cmpi_allreduce_sum_f32(float *buffer, int64_t count) { return all_reduce(buffer, count, sizeof *buffer, MPI_FLOAT, MPI_SUM); }
int cmpi_allreduce_sum_f64(double *buffer, int64_t count) { return all_reduce(buffer, count, sizeof *buffer, MPI_DOUBLE, MPI_SUM); }
int cmpi_allreduce_min_i64(int64_t *buffer, int64_t count) { return all_reduce(buffer, count, sizeof *buffer, MPI_INT64_T, MPI_MIN); }
int cmpi_allreduce_max_i64(int64_t *buffer, int64_t count) { return all_reduce(buffer, count, sizeof *buffer, MPI_INT64_T, MPI_MAX); }

int cmpi_send(const void *bytes, int64_t byte_count, int peer, int tag) {
    return cmpi_exchange(1, &bytes, &byte_count, &peer, 0, NULL, NULL, NULL, tag);
}

int cmpi_receive(void *bytes, int64_t byte_count, int peer, int tag) {
    return cmpi_exchange(0, NULL, NULL, NULL, 1, &bytes, &byte_count, &peer, tag);
}

static int64_t chunk_count(int count, const int64_t *byte_counts) {
    int64_t total = 0;
    for (int i = 0; i < count; i++) total += (byte_counts[i] + CHUNK - 1) / CHUNK;
    return total;
}

int cmpi_exchange(int send_count, const void *const *sent, const int64_t *sent_counts, const int *destinations,
                  int receive_count, void *const *received, const int64_t *received_counts, const int *sources, int tag) {
    int64_t total = chunk_count(send_count, sent_counts) + chunk_count(receive_count, received_counts);
    if (total == 0) return MPI_SUCCESS;
    if (total > INT_MAX) return MPI_ERR_COUNT;
    MPI_Request *requests = malloc((size_t)total * sizeof *requests);
    if (!requests) return MPI_ERR_NO_MEM;
    int started = 0;
    int code = MPI_SUCCESS;
    for (int i = 0; i < receive_count && code == MPI_SUCCESS; i++)
        for (int64_t done = 0; done < received_counts[i] && code == MPI_SUCCESS; done += CHUNK) {
            code = MPI_Irecv((char *)received[i] + done, chunk_of(received_counts[i] - done), MPI_BYTE, sources[i], tag,
                             MPI_COMM_WORLD, &requests[started]);
            if (code == MPI_SUCCESS) started++;
        }
    for (int i = 0; i < send_count && code == MPI_SUCCESS; i++)
        for (int64_t done = 0; done < sent_counts[i] && code == MPI_SUCCESS; done += CHUNK) {
            code = MPI_Isend((const char *)sent[i] + done, chunk_of(sent_counts[i] - done), MPI_BYTE, destinations[i], tag,
                             MPI_COMM_WORLD, &requests[started]);
            if (code == MPI_SUCCESS) started++;
        }
    if (code == MPI_SUCCESS) code = MPI_Waitall(started, requests, MPI_STATUSES_IGNORE);
    free(requests);
    return code;
}

/// Fills `displacements` and `lengths` for the v-collectives; 0 when the total does not fit MPI's int.
static int layout(const int64_t *counts, int size, int *lengths, int *displacements) {
    int64_t total = 0;
    for (int r = 0; r < size; r++) {
        if (total + counts[r] > INT_MAX) return 0;
        lengths[r] = (int)counts[r];
        displacements[r] = (int)total;
        total += counts[r];
    }
    return 1;
}

static int gather_in_pieces(const void *sent, int64_t sent_count, char *received, const int64_t *counts, int root, int rank, int size) {
    if (rank != root) return cmpi_send(sent, sent_count, root, 7);
    int code = MPI_SUCCESS;
    for (int r = 0; r < size && code == MPI_SUCCESS; r++) {
        if (r == root) memcpy(received, sent, (size_t)sent_count);
        else code = cmpi_receive(received, counts[r], r, 7);
        received += counts[r];
    }
    return code;
}

static int allgather_in_pieces(const void *sent, int64_t sent_count, char *received, const int64_t *counts, int rank, int size) {
    int code = MPI_SUCCESS;
    for (int r = 0; r < size && code == MPI_SUCCESS; r++) {
        if (r == rank) memcpy(received, sent, (size_t)sent_count);
        code = cmpi_broadcast(received, counts[r], r);
        received += counts[r];
    }
    return code;
}

static int gather_any(const void *sent, int64_t sent_count, void *received, const int64_t *counts, int root) {
    int rank = 0, size = 0;
    int code = MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (code != MPI_SUCCESS) return code;
    int *lengths = malloc(2 * (size_t)size * sizeof *lengths);
    if (!lengths) return MPI_ERR_NO_MEM;
    int *displacements = lengths + size;
    int fits = layout(counts, size, lengths, displacements);
    if (fits && root >= 0)
        code = MPI_Gatherv(sent, (int)sent_count, MPI_BYTE, received, lengths, displacements, MPI_BYTE, root, MPI_COMM_WORLD);
    else if (fits)
        code = MPI_Allgatherv(sent, (int)sent_count, MPI_BYTE, received, lengths, displacements, MPI_BYTE, MPI_COMM_WORLD);
    else if (root >= 0)
        code = gather_in_pieces(sent, sent_count, received, counts, root, rank, size);
    else
        code = allgather_in_pieces(sent, sent_count, received, counts, rank, size);
    free(lengths);
    return code;
}

int cmpi_gather(const void *sent, int64_t sent_count, void *received, const int64_t *counts, int root) {
    return root < 0 ? MPI_ERR_ROOT : gather_any(sent, sent_count, received, counts, root);
}

int cmpi_allgather(const void *sent, int64_t sent_count, void *received, const int64_t *counts) {
    return gather_any(sent, sent_count, received, counts, -1);
}
