#include "CImages.h"

#include <string.h>
#include <zlib.h>

int64_t ci_gunzip(const uint8_t *bytes, size_t count, uint8_t *out, size_t room, bool *complete) {
    *complete = false;
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    // 16 + 15: a gzip header, and the largest window.
    if (inflateInit2(&stream, 31) != Z_OK) return -1;
    size_t read = 0, written = 0;
    int state = Z_OK;
    while (state == Z_OK) {
        const size_t input = count - read < 1u << 30 ? count - read : 1u << 30;
        const size_t output = room - written < 1u << 30 ? room - written : 1u << 30;
        stream.next_in = (Bytef *)bytes + read;
        stream.avail_in = (uInt)input;
        stream.next_out = out + written;
        stream.avail_out = (uInt)output;
        state = inflate(&stream, Z_NO_FLUSH);
        const size_t used = input - stream.avail_in, made = output - stream.avail_out;
        read += used;
        written += made;
        if (state == Z_OK && used == 0 && made == 0) break;
    }
    inflateEnd(&stream);
    if (state == Z_DATA_ERROR || state == Z_STREAM_ERROR || state == Z_MEM_ERROR || state == Z_NEED_DICT) return -1;
    *complete = state == Z_STREAM_END && read == count;
    return (int64_t)written;
}
