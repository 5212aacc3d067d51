#ifndef CATENA_COPENBLAS_H
#define CATENA_COPENBLAS_H

#include <cblas.h>

// LAPACK by its Fortran names: OpenBLAS carries them in the same library on every distribution, while the C interface
// (lapacke.h) is a separate package on some. Arrays are column-major, every argument goes by reference.

/// A = U S V^T by divide and conquer.
void sgesdd_(const char *jobz, const int *m, const int *n, float *a, const int *lda, float *s, float *u, const int *ldu,
             float *vt, const int *ldvt, float *work, const int *lwork, int *iwork, int *info);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u, const int *ldu,
             double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info);
/// A = Q R, and Q from its reflectors.
void sgeqrf_(const int *m, const int *n, float *a, const int *lda, float *tau, float *work, const int *lwork, int *info);
void sorgqr_(const int *m, const int *n, const int *k, float *a, const int *lda, const float *tau, float *work,
             const int *lwork, int *info);
/// Cholesky factor, and the solution of A X = B by LU with partial pivoting.
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void sgesv_(const int *n, const int *nrhs, float *a, const int *lda, int *ipiv, float *b, const int *ldb, int *info);
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *ipiv, double *b, const int *ldb, int *info);

#endif
