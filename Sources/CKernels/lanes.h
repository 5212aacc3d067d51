// The vector types of the kernels: 16 lanes, one AVX-512 register, two AVX or four SSE/NEON registers.
#ifndef CATENA_LANES_H
#define CATENA_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wpsabi"

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t int_lanes __attribute__((vector_size(64)));
typedef uint32_t word_lanes __attribute__((vector_size(64)));
typedef uint64_t long_lanes __attribute__((vector_size(128)));
typedef float half_lanes __attribute__((vector_size(32)));
typedef float quarter_lanes __attribute__((vector_size(16)));
typedef double double_lanes __attribute__((vector_size(64))); // 8 lanes

/// 2: AVX-512, 1: AVX2 and FMA, 0: neither. Set before main.
extern int ck_instruction_level;

#endif
