#include "lanes.h"

int ck_instruction_level = 0;

#if defined(__x86_64__)
__attribute__((constructor)) static void find_instruction_level(void) {
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
    ck_instruction_level = v4 ? 2 : v3 ? 1 : 0;
}
#endif
