/// The loops that Swift cannot make fast: a thread pool and vectorised kernels over row-major float32 memory.
///
/// Every kernel partitions its work by rows or by chunks of a fixed size and reduces in chunk order, so a result depends
/// on the shapes and the processor, never on the number of threads. Pointers need no alignment beyond 4 bytes.
/// `rows`, `width`, `count` and leading dimensions (`ld...`) count elements.
#ifndef CATENA_CKERNELS_H
#define CATENA_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Thread pool (pool.c)

typedef struct ck_pool ck_pool;
/// One unit of a parallel loop: its number and the index of the thread that runs it, 0 for the caller.
typedef void (*ck_task)(int64_t task, int32_t thread, void *context);

/// A pool of `threads` threads, the caller counted. Sets OpenBLAS to one thread, since the pool splits its products.
/// NULL when the system gives no threads or memory.
ck_pool *ck_pool_create(int32_t threads);
void ck_pool_destroy(ck_pool *pool);
int32_t ck_pool_threads(const ck_pool *pool);
/// Runs tasks 0..<tasks and returns when all are done. Called from inside a task it runs serially on that thread.
void ck_pool_run(ck_pool *pool, int64_t tasks, ck_task task, void *context);
/// Memory of one thread that lives until the pool is destroyed or a larger request replaces it; 64-byte aligned.
void *ck_pool_scratch(ck_pool *pool, int32_t thread, size_t bytes);

// MARK: Faults of mapped files (fault_guard.c)

/// Remembers that `length` bytes at `start` are pages of the file `path`, which is copied and cut at its end if it is very long.
/// Returns the slot, or -1 if there are no bytes or all slots are taken; a fault there is then left to the system.
int32_t ck_fault_guard_add(const void *start, size_t length, const char *path);
/// Forgets a slot; -1 is none.
void ck_fault_guard_remove(int32_t slot);
/// Handles SIGBUS: a fault inside a remembered range prints one line that names the file and ends the process with code 1.
void ck_fault_guard_install(void);

// MARK: Matrix products (gemm.c, packed.c, narrow.c, openblas.c, low_rank_gradients.c)

/// With op(A) = A and at most this many rows, a row of C has the same bits whatever rows are beside it.
enum { CK_FEW_ROWS = 16 };

/// C = alpha op(A) op(B) + beta C over row-major matrices, split over the pool. op(A) is m x k, op(B) k x n.
void ck_gemm(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
             const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
/// One term of a sum of products: alpha op(A) op(B) with op(A) m x k and op(B) k x n.
typedef struct {
    bool transpose_a, transpose_b;
    int64_t k, lda, ldb;
    float alpha;
    const float *a, *b;
} ck_product;
/// C = sum of `count` >= 1 products with op(A) = A + beta C, C read and written as seldom as the kernels can.
void ck_gemm_sum(ck_pool *pool, int64_t m, int64_t n, const ck_product *terms, int64_t count, float beta, float *c,
                 int64_t ldc);
/// ck_gemm by OpenBLAS whatever the shape: what ck_gemm is measured against. Bits depend on the shape, never on the threads.
void ck_gemm_openblas(ck_pool *pool, bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                      const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
/// ck_gemm on the calling thread alone.
void ck_gemm_serial(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                    const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/// The gradients of Y += alpha H B^T with H [tokens, rank] and B [out, rank]: dH = alpha dY B and
/// dB = alpha dY^T H + beta dB, in one reading of dY [tokens, out].
void ck_low_rank_gradients(ck_pool *pool, int64_t tokens, int64_t out, int64_t rank, float alpha, const float *d_y,
                           const float *h, const float *b, float *d_h, float beta, float *d_b);

// MARK: Products with int8 codes (int8.c)

/// W = diag(row_scales) Q with codes Q in -127 ... 127.
typedef struct {
    int64_t rows, columns;
    const uint8_t *codes; // packed, ck_int8_bytes long
    const float *row_scales;
} ck_int8_matrix;

/// Whether this processor multiplies int8 codes with instructions made for it (AVX-512 VNNI).
bool ck_int8_is_fast(void);
/// Bytes of the packed codes of a matrix; each 64 rows take an equal part of them.
size_t ck_int8_bytes(int64_t rows, int64_t columns);
/// Quantises up to 64 rows of W, each to its own scale max / 127, into the part of the packed codes that begins with the
/// first of them. `row_codes` holds `columns` bytes rounded up to 64.
void ck_int8_pack(const float *w, int64_t rows, int64_t columns, uint8_t *panel, float *scales, int8_t *row_codes);
/// out = row `row` of W.
void ck_int8_unpack(const ck_int8_matrix *w, int64_t row, float *out);
/// Y = X W^T, or Y = X W if transposed, or Y += ...; X has m rows. Each row of X, if transposed times the scales of W,
/// is quantised to its largest magnitude with one or two `digits` of int8. The reduction may be up
/// to 130000 long; beyond that 32 bits may overflow.
void ck_int8_multiply(ck_pool *pool, const ck_int8_matrix *w, bool transposed, int32_t digits, int64_t m, const float *x,
                      int64_t ld_x, float *y, int64_t ld_y, bool accumulate);

// MARK: Normalisation (normalisation.c)

void ck_rms_norm(ck_pool *pool, const float *x, const float *weight, float *y, float *inverse_rms, int64_t rows,
                 int64_t width, float epsilon);
void ck_rms_norm_backward(ck_pool *pool, const float *d_y, const float *x, const float *weight, const float *inverse_rms,
                          float *d_x, bool accumulate, float *d_weight, int64_t rows, int64_t width);
void ck_layer_norm(ck_pool *pool, const float *x, const float *weight, const float *bias, float *y, float *mean,
                   float *inverse_deviation, int64_t rows, int64_t width, float epsilon);
void ck_layer_norm_backward(ck_pool *pool, const float *d_y, const float *x, const float *weight, const float *mean,
                            const float *inverse_deviation, float *d_x, bool accumulate, float *d_weight, float *d_bias,
                            int64_t rows, int64_t width);

// MARK: Activations (activation.c)

enum { CK_RELU = 0, CK_GELU_TANH = 1, CK_GELU_ERF = 2, CK_SILU = 3, CK_TANH = 4 };
void ck_swiglu(ck_pool *pool, const float *gate, const float *up, int64_t ld, float *out, int64_t rows, int64_t width);
/// `out`, unless NULL, receives the forward pass's result again; it may be d_out.
void ck_swiglu_backward(ck_pool *pool, const float *d_out, const float *gate, const float *up, int64_t ld, float *out,
                        float *d_gate, float *d_up, int64_t ld_gradient, int64_t rows, int64_t width);
void ck_activation(ck_pool *pool, int32_t kind, const float *x, float *y, int64_t count);
void ck_activation_backward(ck_pool *pool, int32_t kind, const float *d_y, const float *x, float *d_x, int64_t count);
/// x becomes cap tanh(x / cap); the slopes 1 - tanh^2 go to `slopes` unless it is NULL.
void ck_soft_cap(ck_pool *pool, float *x, float *slopes, float cap, int64_t count);
/// y = exp(x), relative error below 2 units in the last place; 0 below -87.3, capped at exp(88.3).
void ck_exp(ck_pool *pool, const float *x, float *y, int64_t count);

// MARK: Images (images.c, column_norm.c)

/// Windows over images whose rows are pixels, line by line, and whose columns are channels.
typedef struct {
    int64_t images, height, width, channels;
    int64_t kernel_height, kernel_width, stride, padding;
    int64_t out_height, out_width;
} ck_image_windows;

/// A row for each window: its pixels line by line, all channels of each; 0 outside the image.
void ck_unfold(ck_pool *pool, const float *x, float *columns, const ck_image_windows *windows);
/// x = (or +=) the sum over the windows of what their rows hold for each pixel.
void ck_fold(ck_pool *pool, const float *columns, float *x, bool accumulate, const ck_image_windows *windows);
/// The mean, or the largest, of each channel over windows that touch each other; stride and padding are not looked at.
void ck_pool_windows(ck_pool *pool, const float *x, float *y, bool largest, const ck_image_windows *windows);
/// `x` is looked at for the largest only; of several largest the first gets the gradient.
void ck_pool_windows_backward(ck_pool *pool, const float *d_y, const float *x, float *d_x, bool accumulate, bool largest,
                              const ck_image_windows *windows);
/// y[b] = (or +=) x[b]^T for `count` blocks [rows, columns] that lie one after the other.
void ck_transpose_blocks(ck_pool *pool, const float *x, float *y, bool accumulate, int64_t count, int64_t rows,
                         int64_t columns);
/// Normalises each column over each group of `group_rows` neighbouring rows, the last one maybe shorter. The statistics are
/// [groups, width].
void ck_column_norm(ck_pool *pool, const float *x, const float *weight, const float *bias, float *y, float *mean,
                    float *inverse_deviation, int64_t rows, int64_t width, int64_t group_rows, float epsilon);
/// d_x may be NULL; d_weight and d_bias, [groups, width], receive each group's own sums.
void ck_column_norm_backward(ck_pool *pool, const float *d_y, const float *x, const float *weight, const float *mean,
                             const float *inverse_deviation, float *d_x, bool accumulate, float *d_weight, float *d_bias,
                             int64_t rows, int64_t width, int64_t group_rows);
/// y = (or +=) x scale + shift for each column; shift may be NULL.
void ck_scale_shift(ck_pool *pool, const float *x, const float *scale, const float *shift, float *y, bool accumulate,
                    int64_t rows, int64_t width);

// MARK: Rotary embedding (rotary.c)

void ck_rotary(ck_pool *pool, float *x, int64_t ld, int64_t rows, int64_t heads, int64_t head_dimension,
               int64_t rotary_dimension, const int32_t *positions, const float *cosine, const float *sine, bool inverse);

// MARK: Elementwise, embedding, reductions (elementwise.c)

void ck_add(ck_pool *pool, const float *x, float *y, int64_t count);
void ck_axpy(ck_pool *pool, float alpha, const float *x, float *y, int64_t count);
void ck_scale(ck_pool *pool, float alpha, float *x, int64_t count);
void ck_multiply(ck_pool *pool, const float *x, const float *y, float *out, int64_t count);
void ck_fill(ck_pool *pool, float value, float *x, int64_t count);
void ck_add_row(ck_pool *pool, const float *bias, float *y, int64_t ld, int64_t rows, int64_t width);
void ck_column_sum(ck_pool *pool, const float *x, int64_t ld, float *sums, int64_t rows, int64_t width);
void ck_embedding_gather(ck_pool *pool, const float *table, const int32_t *ids, float *out, int64_t rows, int64_t width);
void ck_embedding_scatter_add(ck_pool *pool, const float *d_out, const int32_t *ids, float *d_table, int64_t rows,
                              int64_t width);
double ck_sum_of_squares(ck_pool *pool, const float *x, int64_t count);
double ck_dot(ck_pool *pool, const float *x, const float *y, int64_t count);
bool ck_has_non_finite(ck_pool *pool, const float *x, int64_t count);
void ck_dropout(ck_pool *pool, const float *x, float *out, int64_t count, float keep_probability, uint64_t key,
                uint64_t offset);

// MARK: Companding (companding.c)

enum { CK_COMPAND_ARCTAN = 0, CK_COMPAND_TANH = 1, CK_COMPAND_SOFTSIGN = 2 };
/// w = unit (offset + a phi(v / b)), elementwise.
typedef struct {
    int32_t function;
    float a, b, offset;
    const float *unit; // one number an element; NULL: ones
} ck_compander;
void ck_compand(ck_pool *pool, const ck_compander *compander, const float *v, float *w, int64_t count);
/// d_v = dL/dv, which may be d_w, and the derivatives by log a and by log b, sums in float64 over chunks of a fixed size.
void ck_compand_backward(ck_pool *pool, const ck_compander *compander, const float *v, const float *d_w, float *d_v,
                         int64_t count, double *d_log_a, double *d_log_b);
/// Of the distances |w / unit - offset|: how many are below `near` and above `far`, and the largest.
typedef struct {
    int64_t near, far;
    float largest;
} ck_companding_counts;
ck_companding_counts ck_companding_count(ck_pool *pool, const ck_compander *compander, const float *w, int64_t count,
                                         float near, float far);

// MARK: Loss (cross_entropy.c)

void ck_cross_entropy_rows(ck_pool *pool, float *logits, int64_t ld, const int32_t *targets, const float *weights,
                           int64_t rows, int64_t vocabulary, double *losses, bool write_gradient);

// MARK: Optimizers (optimizer.c)

void ck_adamw(ck_pool *pool, float *parameter, const float *gradient, float *m, float *v, int64_t count,
              float learning_rate, float beta1, float beta2, float epsilon, float weight_decay, float bias_correction1,
              float bias_correction2, float gradient_scale);
void ck_sgd_momentum(ck_pool *pool, float *parameter, const float *gradient, float *momentum_buffer, int64_t count,
                     float learning_rate, float momentum, float weight_decay, bool first_step,
                     float gradient_scale);

// MARK: Attention (attention.c)

typedef struct {
    int64_t query_heads, key_value_heads, head_dimension;
    int64_t ld_query, ld_key, ld_value, ld_output;
    float scale;
    int64_t sliding_window; // 0: none; else a query at position p sees keys p - window + 1 ... p
    bool both_directions;   // a query sees all keys of its segment; there is no window then, and no generation
    float soft_cap;         // 0: none; else scores become soft_cap tanh(score / soft_cap)
} ck_attention_shape;

void ck_attention_forward(ck_pool *pool, const float *q, const float *k, const float *v, float *out, float *log_sum_exp,
                          const int64_t *segment_starts, int64_t segments, const ck_attention_shape *shape);
/// dOut has the layout of out; dQ, dK, dV have their own leading dimensions.
void ck_attention_backward(ck_pool *pool, const float *q, const float *k, const float *v, const float *out,
                           const float *d_out, const float *log_sum_exp, float *d_q, int64_t ld_d_q, float *d_k,
                           int64_t ld_d_k, float *d_v, int64_t ld_d_v, const int64_t *segment_starts, int64_t segments,
                           const ck_attention_shape *shape);

/// One sequence of a generation step: its new queries' rows, and its cache of `key_count` rows (the new ones included).
typedef struct {
    int64_t query_start, query_count;
    const float *keys, *values;
    int64_t key_count;
} ck_decode_sequence;
/// Caches have rows of key_value_heads * head_dimension (leading dimensions ld_key, ld_value of the shape).
void ck_attention_decode(ck_pool *pool, const float *q, float *out, const ck_decode_sequence *sequences, int64_t count,
                         const ck_attention_shape *shape);

#ifdef __cplusplus
}
#endif
#endif
