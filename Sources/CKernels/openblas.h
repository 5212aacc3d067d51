// What the choice of kernels has to know of OpenBLAS.
#ifndef CATENA_OPENBLAS_H
#define CATENA_OPENBLAS_H

#include "pool.h"

/// Whether OpenBLAS runs its kernels for AVX-512.
bool ck_openblas_is_wide(void);

#endif
