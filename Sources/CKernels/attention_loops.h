// Loops that several attention files compile for themselves, once for each instruction set (variants.h).
CK_LOOP void CK_(scaled_copy)(const float *x, float alpha, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(x + i) * alpha);
    for (; i < n; i++) y[i] = x[i] * alpha;
}

// Rows of scores are vectors long: they may be read and written up to 16 elements beyond their keys.

/// v with `other` in all lanes but the first n.
CK_INLINE lanes CK_(first_lanes)(lanes v, int64_t n, float other) {
    if (n >= LANES) return v;
    const int_lanes index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return CK_(choose)(index < (int32_t)n, v, CK_(spread)(other));
}

/// Scores of which the first n count; the others are -infinity.
CK_INLINE lanes CK_(seen_scores)(const float *x, int64_t n) { return CK_(first_lanes)(CK_(load)(x), n, -INFINITY); }

/// x = 0 in 0 ..< lo and, at least, in hi ..< n.
CK_INLINE void CK_(clear_unseen)(float *x, int64_t lo, int64_t hi, int64_t n) {
    if (lo > 0) memset(x, 0, (size_t)lo * sizeof(float));
    for (int64_t i = hi; i < n; i += LANES) CK_(store)(x + i, (lanes){0});
}

/// Turns scores lo ..< hi into exp(score - maximum so far) and the others into 0; returns the factor for earlier sums.
CK_LOOP float CK_(online_softmax)(float *x, int64_t lo, int64_t hi, int64_t n, float *maximum, float *total) {
    if (lo >= hi) {
        CK_(clear_unseen)(x, 0, 0, n);
        return 1;
    }
    lanes tops = CK_(spread)(-INFINITY);
    for (int64_t i = lo; i < hi; i += LANES) tops = CK_(larger)(tops, CK_(seen_scores)(x + i, hi - i));
    const float before = *maximum, after = fmaxf(before, CK_(maximum)(tops));
    lanes sums = {0};
    int64_t i = lo;
    for (; i < hi; i += LANES) {
        const lanes e = CK_(exponential)(CK_(seen_scores)(x + i, hi - i) - after);
        CK_(store)(x + i, e);
        sums += e;
    }
    CK_(clear_unseen)(x, lo, i, n);
    const float correction = before == after ? 1 : before == -INFINITY ? 0 : expf(before - after);
    *maximum = after;
    *total = *total * correction + CK_(sum)(sums);
    return correction;
}

/// Scores lo ..< hi become cap tanh(score / cap); the slopes 1 - tanh^2 go to `slopes` unless it is NULL.
CK_LOOP void CK_(soft_cap)(float *x, int64_t lo, int64_t hi, float cap, float *slopes) {
    for (int64_t i = lo; i < hi; i += LANES) {
        const lanes t = 2.0f * CK_(sigmoid)(CK_(load)(x + i) * (2 / cap)) - 1.0f;
        if (slopes) CK_(store)(slopes + i, 1.0f - t * t);
        CK_(store)(x + i, t * cap);
    }
}

CK_LOOP float CK_(row_product)(const float *x, const float *y, int64_t n) {
    lanes total = {0};
    for (int64_t i = 0; i < n; i += LANES) {
        const bool whole = i + LANES <= n;
        total += (whole ? CK_(load)(x + i) : CK_(load_first)(x + i, n - i))
            * (whole ? CK_(load)(y + i) : CK_(load_first)(y + i, n - i));
    }
    return CK_(sum)(total);
}
