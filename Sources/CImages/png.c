#include "CImages.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const uint8_t *bytes;
    size_t count, offset;
} source;

static void keep_fault(png_structp reader, png_const_charp message) {
    ci_png *png = png_get_error_ptr(reader);
    if (!png->fault[0]) {
        strncpy(png->fault, message, sizeof png->fault - 1);
        if (!png->fault[0]) strcpy(png->fault, "it is damaged");
    }
    png_longjmp(reader, 1);
}

static void ignore_warning(png_structp reader, png_const_charp message) {
    (void)reader;
    (void)message;
}

static void give_bytes(png_structp reader, png_bytep out, size_t count) {
    source *from = png_get_io_ptr(reader);
    if (count > from->count - from->offset) png_error(reader, "it ends too early");
    memcpy(out, from->bytes + from->offset, count);
    from->offset += count;
}

static bool refuse(ci_png *png, const char *fault) {
    strncpy(png->fault, fault, sizeof png->fault - 1);
    return false;
}

/// Reads the header; with `lines` the pixels too. The values that are changed after setjmp are volatile or not used after a jump.
static bool read_png(const uint8_t *bytes, size_t count, int32_t limit, ci_png *png, uint8_t *pixels, uint8_t **lines) {
    memset(png, 0, sizeof *png);
    source from = {bytes, count, 0};
    if (count < 8 || png_sig_cmp(bytes, 0, 8)) return refuse(png, "it is no PNG");
    png_structp reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, png, keep_fault, ignore_warning);
    png_infop info = reader ? png_create_info_struct(reader) : NULL;
    if (!info) {
        png_destroy_read_struct(&reader, NULL, NULL);
        return refuse(png, "there is no memory for it");
    }
    if (setjmp(png_jmpbuf(reader))) {
        png_destroy_read_struct(&reader, &info, NULL);
        return false;
    }
    png_set_read_fn(reader, &from, give_bytes);
    png_set_user_limits(reader, (png_uint_32)limit, (png_uint_32)limit);
    png_set_chunk_cache_max(reader, 64);
    png_set_chunk_malloc_max(reader, 1 << 20);
    png_read_info(reader, info);
    const int depth = png_get_bit_depth(reader, info), color = png_get_color_type(reader, info);
    if (color & PNG_COLOR_MASK_ALPHA || png_get_valid(reader, info, PNG_INFO_tRNS))
        png_error(reader, "it has transparency, expected grey, colours or a palette alone");
    if (color != PNG_COLOR_TYPE_PALETTE && depth != 8)
        png_error(reader, depth == 16 ? "it has 16 bits a sample, expected 8" : "it has fewer than 8 bits a sample, expected 8");
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader);
    png->width = (int32_t)png_get_image_width(reader, info);
    png->height = (int32_t)png_get_image_height(reader, info);
    png->channels = color == PNG_COLOR_TYPE_GRAY ? 1 : 3;
    if (lines) {
        png_set_interlace_handling(reader);
        png_read_update_info(reader, info);
        const size_t row = (size_t)png->width * (size_t)png->channels;
        if (png_get_rowbytes(reader, info) != row) png_error(reader, "its lines are of another length than its header says");
        for (int32_t line = 0; line < png->height; line++) lines[line] = pixels + (size_t)line * row;
        png_read_image(reader, lines);
        png_read_end(reader, NULL);
    }
    png_destroy_read_struct(&reader, &info, NULL);
    return true;
}

bool ci_png_header(const uint8_t *bytes, size_t count, int32_t limit, ci_png *png) {
    return read_png(bytes, count, limit, png, NULL, NULL);
}

bool ci_png_pixels(const uint8_t *bytes, size_t count, int32_t limit, ci_png *png, uint8_t *pixels) {
    uint8_t **lines = calloc((size_t)limit, sizeof *lines);
    if (!lines) return refuse(png, "there is no memory for it");
    const bool done = read_png(bytes, count, limit, png, pixels, lines);
    free(lines);
    return done;
}
