// Loops over images whose rows are pixels and whose columns are channels: windows of a convolution, pooling, shortcuts.
#ifndef CK_LOOPS

#include "pool.h"

#define CK_LOOPS "images.c"
#include "variants.h"

typedef struct {
    const float *x, *d_y;
    float *y;
    ck_image_windows w;
    bool accumulate, largest;
} windows;

/// The columns of a window that lie inside the image: first..<end of `kernel`, for the window that begins at `start`.
static void inside(int64_t start, int64_t kernel, int64_t extent, int64_t *first, int64_t *end) {
    *first = ck_min(ck_max(-start, 0), kernel);
    *end = ck_max(ck_min(extent - start, kernel), *first);
}

static void unfold_rows(int64_t from, int64_t to, void *context) {
    const windows *a = context;
    const ck_image_windows *w = &a->w;
    const int64_t line = w->kernel_width * w->channels, row = w->kernel_height * line;
    for (int64_t r = from; r < to; r++) {
        const int64_t image = r / (w->out_height * w->out_width), place = r % (w->out_height * w->out_width);
        const int64_t top = place / w->out_width * w->stride - w->padding, left = place % w->out_width * w->stride - w->padding;
        int64_t first, end;
        inside(left, w->kernel_width, w->width, &first, &end);
        for (int64_t k = 0; k < w->kernel_height; k++) {
            float *out = a->y + r * row + k * line;
            if (top + k < 0 || top + k >= w->height || first == end) {
                memset(out, 0, (size_t)line * sizeof(float));
                continue;
            }
            const float *in = a->x + ((image * w->height + top + k) * w->width + left + first) * w->channels;
            memset(out, 0, (size_t)(first * w->channels) * sizeof(float));
            memcpy(out + first * w->channels, in, (size_t)((end - first) * w->channels) * sizeof(float));
            memset(out + end * w->channels, 0, (size_t)((w->kernel_width - end) * w->channels) * sizeof(float));
        }
    }
}

void ck_unfold(ck_pool *pool, const float *x, float *columns, const ck_image_windows *w) {
    windows a = {.x = x, .y = columns, .w = *w};
    const int64_t rows = w->images * w->out_height * w->out_width;
    ck_pool_ranges(pool, rows, ck_rows_per_task(w->kernel_height * w->kernel_width * w->channels), unfold_rows, &a);
}

/// Whole images, so that no two tasks add to one pixel, and every pixel adds its windows in ascending order.
static void fold_images(int64_t from, int64_t to, void *context) {
    const windows *a = context;
    const ck_image_windows *w = &a->w;
    const int64_t line = w->kernel_width * w->channels, row = w->kernel_height * line;
    for (int64_t image = from; image < to; image++) {
        float *out = a->y + image * w->height * w->width * w->channels;
        if (!a->accumulate) memset(out, 0, (size_t)(w->height * w->width * w->channels) * sizeof(float));
        for (int64_t place = 0; place < w->out_height * w->out_width; place++) {
            const float *in = a->x + (image * w->out_height * w->out_width + place) * row;
            const int64_t top = place / w->out_width * w->stride - w->padding;
            const int64_t left = place % w->out_width * w->stride - w->padding;
            int64_t first, end;
            inside(left, w->kernel_width, w->width, &first, &end);
            for (int64_t k = 0; k < w->kernel_height; k++) {
                if (top + k < 0 || top + k >= w->height || first == end) continue;
                CK_BEST(add_line)(in + k * line + first * w->channels,
                                  out + ((top + k) * w->width + left + first) * w->channels, (end - first) * w->channels);
            }
        }
    }
}

void ck_fold(ck_pool *pool, const float *columns, float *x, bool accumulate, const ck_image_windows *w) {
    windows a = {.x = columns, .y = x, .w = *w, .accumulate = accumulate};
    ck_pool_ranges(pool, w->images, 1, fold_images, &a);
}

static void pool_rows(int64_t from, int64_t to, void *context) {
    const windows *a = context;
    const ck_image_windows *w = &a->w;
    const float share = 1.0f / (float)(w->kernel_height * w->kernel_width);
    for (int64_t r = from; r < to; r++) {
        const int64_t image = r / (w->out_height * w->out_width), place = r % (w->out_height * w->out_width);
        const int64_t top = place / w->out_width * w->kernel_height, left = place % w->out_width * w->kernel_width;
        const float *x = a->x + ((image * w->height + top) * w->width + left) * w->channels;
        CK_BEST(pool_window)(x, w->width * w->channels, w->kernel_height, w->kernel_width, w->channels, share, a->largest,
                             a->y + r * w->channels);
    }
}

void ck_pool_windows(ck_pool *pool, const float *x, float *y, bool largest, const ck_image_windows *w) {
    windows a = {.x = x, .y = y, .w = *w, .largest = largest};
    const int64_t rows = w->images * w->out_height * w->out_width;
    ck_pool_ranges(pool, rows, ck_rows_per_task(w->kernel_height * w->kernel_width * w->channels), pool_rows, &a);
}

static void pool_backward_images(int64_t from, int64_t to, void *context) {
    const windows *a = context;
    const ck_image_windows *w = &a->w;
    const float share = 1.0f / (float)(w->kernel_height * w->kernel_width);
    const int64_t size = w->height * w->width * w->channels, line = w->width * w->channels;
    for (int64_t image = from; image < to; image++) {
        if (!a->accumulate) memset(a->y + image * size, 0, (size_t)size * sizeof(float));
        for (int64_t place = 0; place < w->out_height * w->out_width; place++) {
            const int64_t top = place / w->out_width * w->kernel_height, left = place % w->out_width * w->kernel_width;
            const int64_t at = image * size + top * line + left * w->channels;
            const float *d_y = a->d_y + (image * w->out_height * w->out_width + place) * w->channels;
            CK_BEST(pool_window_backward)(d_y, a->largest ? a->x + at : NULL, line, w->kernel_height, w->kernel_width,
                                          w->channels, share, a->y + at);
        }
    }
}

void ck_pool_windows_backward(ck_pool *pool, const float *d_y, const float *x, float *d_x, bool accumulate, bool largest,
                              const ck_image_windows *w) {
    windows a = {.x = x, .d_y = d_y, .y = d_x, .w = *w, .accumulate = accumulate, .largest = largest};
    ck_pool_ranges(pool, w->images, 1, pool_backward_images, &a);
}

typedef struct {
    const float *x;
    float *y;
    int64_t rows, columns;
    bool accumulate;
} blocks;

static void transpose_blocks(int64_t from, int64_t to, void *context) {
    const blocks *a = context;
    for (int64_t b = from; b < to; b++) {
        const float *x = a->x + b * a->rows * a->columns;
        float *y = a->y + b * a->rows * a->columns;
        for (int64_t r = 0; r < a->rows; r++)
            for (int64_t c = 0; c < a->columns; c++) {
                const float v = x[r * a->columns + c];
                y[c * a->rows + r] = a->accumulate ? y[c * a->rows + r] + v : v;
            }
    }
}

void ck_transpose_blocks(ck_pool *pool, const float *x, float *y, bool accumulate, int64_t count, int64_t rows,
                         int64_t columns) {
    blocks a = {.x = x, .y = y, .rows = rows, .columns = columns, .accumulate = accumulate};
    ck_pool_ranges(pool, count, ck_rows_per_task(rows * columns), transpose_blocks, &a);
}

#else

CK_LOOP void CK_(add_line)(const float *x, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(y + i) + CK_(load)(x + i));
    for (; i < n; i++) y[i] += x[i];
}

/// The mean or the largest of each channel over one window of x, whose lines are `line` apart.
CK_LOOP void CK_(pool_window)(const float *x, int64_t line, int64_t height, int64_t width, int64_t channels, float share,
                              bool largest, float *y) {
    for (int64_t c = 0; c < channels; c += LANES) {
        const int64_t n = channels - c < LANES ? channels - c : LANES;
        lanes total = n == LANES ? CK_(load)(x + c) : CK_(load_first)(x + c, n);
        for (int64_t i = 0; i < height; i++)
            for (int64_t j = 0; j < width; j++) {
                if (i + j == 0) continue;
                const float *p = x + i * line + j * channels + c;
                const lanes v = n == LANES ? CK_(load)(p) : CK_(load_first)(p, n);
                // Not a number stays one.
                total = largest ? CK_(choose)((v > total) | (v != v), v, total) : total + v;
            }
        if (!largest) total *= share;
        if (n == LANES) CK_(store)(y + c, total);
        else CK_(store_first)(y + c, total, n);
    }
}

/// Adds what one window's gradient gives to d_x; with x, to the first largest of each channel alone.
CK_LOOP void CK_(pool_window_backward)(const float *d_y, const float *x, int64_t line, int64_t height, int64_t width,
                                       int64_t channels, float share, float *d_x) {
    for (int64_t c = 0; c < channels; c++) {
        if (!x) {
            for (int64_t i = 0; i < height; i++)
                for (int64_t j = 0; j < width; j++) d_x[i * line + j * channels + c] += d_y[c] * share;
            continue;
        }
        int64_t best = c;
        for (int64_t i = 0; i < height; i++)
            for (int64_t j = 0; j < width; j++) {
                const int64_t at = i * line + j * channels + c;
                if (x[at] > x[best]) best = at;
            }
        d_x[best] += d_y[c];
    }
}

#endif
