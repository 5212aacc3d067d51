/// The only door to MPI. No MPI type passes it. Every function returns the MPI code; 0 is success.
/// Byte and element counts are 64-bit everywhere; calls larger than MPI's `int` counts are split inside.
#ifndef CATENA_CMPI_H
#define CATENA_CMPI_H

#include <stdint.h>

#include "heartbeat.h"

/// Starts MPI. `required` and `*provided`: 0 single, 1 funneled, 2 serialized, 3 multiple. Sets MPI_ERRORS_RETURN on the world.
int cmpi_init_thread(int required, int *provided);
int cmpi_finalize(void);
int cmpi_finalized(int *flag);
/// Ends all processes of the world with `exit_code`.
int cmpi_abort(int exit_code);
/// Copies MPI's text for `code` into `out`, at most `capacity` bytes including the final zero.
int cmpi_error_string(int code, char *out, int capacity);

int cmpi_rank(int *rank);
int cmpi_size(int *size);
/// Rank among, and number of, the processes that share memory with this one; world rank of the first of them.
int cmpi_host(int *host_rank, int *host_size, int *leader_world_rank);
int cmpi_processor_name(char *out, int capacity);
/// Name and version of the MPI library; may be called before `cmpi_init_thread`.
int cmpi_library_version(char *out, int capacity);

/// How many of `remaining` elements of `width` bytes one call of MPI takes: at most a gibibyte.
int64_t cmpi_chunk(int64_t remaining, int64_t width);

int cmpi_barrier(void);
/// A barrier that sleeps between looks (1 ms growing to 20 ms) instead of spinning.
int cmpi_barrier_sleeping(void);
int cmpi_broadcast(void *bytes, int64_t byte_count, int root);
/// In-place reductions over the world.
int cmpi_allreduce_sum_f32(float *buffer, int64_t count);
int cmpi_allreduce_sum_f64(double *buffer, int64_t count);
int cmpi_allreduce_min_i64(int64_t *buffer, int64_t count);
int cmpi_allreduce_max_i64(int64_t *buffer, int64_t count);
/// Concatenates the ranks' bytes in rank order into `received` (on `root` only). `counts[r]` is rank r's byte count.
int cmpi_gather(const void *sent, int64_t sent_count, void *received, const int64_t *counts, int root);
int cmpi_allgather(const void *sent, int64_t sent_count, void *received, const int64_t *counts);
int cmpi_send(const void *bytes, int64_t byte_count, int peer, int tag);
int cmpi_receive(void *bytes, int64_t byte_count, int peer, int tag);
/// Starts all sends and receives at once and waits for all. Messages between the same two ranks match in the order given.
int cmpi_exchange(int send_count, const void *const *sent, const int64_t *sent_counts, const int *destinations,
                  int receive_count, void *const *received, const int64_t *received_counts, const int *sources, int tag);

/// A ring of all ranks with a channel of its own, so that one other thread may use it beside the calls above.
typedef struct cmpi_ring cmpi_ring;
/// Collective. Ranks stand in the ring in the order of `order`; `*position` is this rank's place.
int cmpi_ring_open(int64_t order, cmpi_ring **ring, int *position);
void cmpi_ring_close(cmpi_ring *ring);
/// Collective: place r's bytes `offsets[r]..<offsets[r + 1]` of `image` reach all ranks. Sleeps while it waits.
int cmpi_ring_gather(cmpi_ring *ring, void *image, const int64_t *offsets);

/// Reads memory of another process of this machine by the call that MPI uses for large messages; bytes read, or -1.
int64_t cmpi_read_process(int process, uint64_t address, void *bytes, int64_t count);

#endif
