/// What libpng and zlib can do, without their long jumps and macros.
#ifndef CATENA_CIMAGES_H
#define CATENA_CIMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A PNG that is 8 bits of grey, or of red, green and blue, a pixel.
typedef struct {
    int32_t width, height;
    /// 1 or 3.
    int32_t channels;
    /// Why there is none; empty if there is one.
    char fault[96];
} ci_png;

/// Whether `count` bytes are a PNG that can be read, by its header; no larger than `limit` pixels in each direction.
bool ci_png_header(const uint8_t *bytes, size_t count, int32_t limit, ci_png *png);
/// The samples of a PNG, line by line, `height * width * channels` bytes that `pixels` has room for; palettes become colours.
bool ci_png_pixels(const uint8_t *bytes, size_t count, int32_t limit, ci_png *png, uint8_t *pixels);

/// The first `room` bytes of what a gzip file holds. `complete` says whether the file ended there, its sum was right, and nothing
/// followed. Returns how many bytes were written, or -1 for what is no gzip or is damaged before that.
int64_t ci_gunzip(const uint8_t *bytes, size_t count, uint8_t *out, size_t room, bool *complete);

#ifdef __cplusplus
}
#endif
#endif
