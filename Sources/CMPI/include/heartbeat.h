/// Small messages between all processes, on a communicator of their own, by calls that never wait for another process.
#ifndef CATENA_HEARTBEAT_H
#define CATENA_HEARTBEAT_H

#include <stdint.h>

/// One process's end; used by one thread at a time.
struct cmpi_heartbeats;

/// How many threads may call MPI, as granted: 0 single, 1 funneled, 2 serialized, 3 multiple.
int cmpi_thread_level(int *level);
/// Collective: duplicates the world and posts the first receives. All messages have `byte_count` bytes.
int cmpi_heartbeats_open(int byte_count, struct cmpi_heartbeats **out);
/// Starts sending `message` to every other process whose last one has left. Does not wait.
int cmpi_heartbeats_send(struct cmpi_heartbeats *heartbeats, const void *message);
/// Copies the newest message of each rank r that has come since the last call to `messages + r * byte_count` and sets
/// `arrived[r]` to 1, to 0 for the others. Does not wait.
int cmpi_heartbeats_receive(struct cmpi_heartbeats *heartbeats, void *messages, uint8_t *arrived);
/// Withdraws the receives. The communicator goes at MPI_Finalize: freeing it is collective.
int cmpi_heartbeats_close(struct cmpi_heartbeats *heartbeats);

#endif
