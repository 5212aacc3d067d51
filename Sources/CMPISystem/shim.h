// Carries the compiler and linker flags of the installed MPI (pkg-config "ompi-c") to CMPI. Deliberately includes nothing:
// no MPI name may reach Swift.
#ifndef CATENA_CMPI_SYSTEM_SHIM_H
#define CATENA_CMPI_SYSTEM_SHIM_H
#endif
