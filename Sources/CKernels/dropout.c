// Dropout whose mask is a function of the key and the element's number, by Philox-4x32-10.
//
// Element e of the stream takes word (e / 16) % 4 of the counter 16 (e / 64) + e % 16, so that 64 neighbours are the four
// words of 16 counters, one in each lane.
#ifndef CK_LOOPS

#include "pool.h"

enum { BLOCK = 64 };

#define CK_LOOPS "dropout.c"
#include "variants.h"

typedef struct {
    const float *x;
    float *out;
    float keep_probability;
    uint64_t key, offset;
} dropout;

static void dropout_range(int64_t first, int64_t end, void *context) {
    const dropout *d = context;
    CK_BEST(dropout_array)(d->x + first, d->out + first, end - first, d->keep_probability, d->key, d->offset + (uint64_t)first);
}

void ck_dropout(ck_pool *pool, const float *x, float *out, int64_t count, float keep_probability, uint64_t key,
                uint64_t offset) {
    dropout d = {x, out, keep_probability, key, offset};
    if (keep_probability >= 1) {
        if (out != x) memcpy(out, x, (size_t)count * sizeof(float));
        return;
    }
    ck_pool_ranges(pool, count, 16384, dropout_range, &d);
}

#else

/// high and low 32 bits of a * b in each lane.
CK_INLINE void CK_(wide_multiply)(word_lanes a, uint32_t b, word_lanes *high, word_lanes *low) {
    const long_lanes product = __builtin_convertvector(a, long_lanes) * (uint64_t)b;
    *high = __builtin_convertvector(product >> 32, word_lanes);
    *low = a * b;
}

/// The random words of block `number`: word w of lane i goes to words[16 w + i].
CK_INLINE void CK_(philox_block)(uint64_t number, uint64_t key, word_lanes words[4]) {
    const word_lanes lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint64_t first = number * LANES; // a multiple of 16: the lane never carries into the high word
    word_lanes c0 = lane + (uint32_t)first, c1 = (word_lanes){0} + (uint32_t)(first >> 32), c2 = {0}, c3 = {0};
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        word_lanes high0, low0, high1, low1;
        CK_(wide_multiply)(c0, 0xD2511F53u, &high0, &low0);
        CK_(wide_multiply)(c2, 0xCD9E8D57u, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

CK_LOOP void CK_(dropout_array)(const float *x, float *out, int64_t n, float keep_probability, uint64_t key, uint64_t offset) {
    const uint32_t threshold = (uint32_t)((double)keep_probability * 4294967296.0);
    const float scale = 1.0f / keep_probability;
    int64_t i = 0;
    while (i < n) {
        const uint64_t element = offset + (uint64_t)i;
        const int64_t skip = (int64_t)(element % BLOCK);
        word_lanes words[4];
        CK_(philox_block)(element / BLOCK, key, words);
        if (skip == 0 && n - i >= BLOCK) {
            for (int w = 0; w < 4; w++) {
                const int_lanes kept = words[w] < threshold;
                CK_(store)(out + i + w * LANES, (lanes)(kept & (int_lanes)(CK_(load)(x + i + w * LANES) * scale)));
            }
            i += BLOCK;
        } else {
            uint32_t flat[BLOCK];
            memcpy(flat, words, sizeof flat);
            for (int64_t j = skip; j < BLOCK && i < n; j++, i++) out[i] = flat[j] < threshold ? x[i] * scale : 0;
        }
    }
}

#endif
