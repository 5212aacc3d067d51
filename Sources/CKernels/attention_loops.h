// Loops that several attention files compile for themselves, once for each instruction set (variants.h).
CK_LOOP void CK_(scaled_copy)(const float *x, float alpha, float *y, int64_t n) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) CK_(store)(y + i, CK_(load)(x + i) * alpha);
    for (; i < n; i++) y[i] = x[i] * alpha;
}

/// Turns scores lo ..< hi into exp(score - maximum so far) and the others into 0; returns the factor for earlier sums.
CK_LOOP float CK_(online_softmax)(float *x, int64_t lo, int64_t hi, int64_t n, float *maximum, float *total) {
    if (lo >= hi) {
        memset(x, 0, (size_t)n * sizeof(float));
        return 1;
    }
    lanes tops = CK_(spread)(x[lo]);
    int64_t i = lo;
    for (; i + LANES <= hi; i += LANES) tops = CK_(larger)(tops, CK_(load)(x + i));
    float top = CK_(maximum)(tops);
    for (; i < hi; i++) top = x[i] > top ? x[i] : top;
    const float before = *maximum, after = before > top ? before : top;
    lanes sums = {0};
    for (i = lo; i + LANES <= hi; i += LANES) {
        const lanes e = CK_(exponential)(CK_(load)(x + i) - after);
        CK_(store)(x + i, e);
        sums += e;
    }
    float part[LANES], rest = 0;
    if (i < hi) {
        CK_(store)(part, CK_(exponential)(CK_(load_first)(x + i, hi - i) - after));
        for (int64_t j = 0; i + j < hi; j++) x[i + j] = part[j], rest += part[j];
    }
    if (lo > 0) memset(x, 0, (size_t)lo * sizeof(float));
    if (hi < n) memset(x + hi, 0, (size_t)(n - hi) * sizeof(float));
    const float correction = before == after ? 1 : before == -INFINITY ? 0 : expf(before - after);
    *maximum = after;
    *total = *total * correction + (CK_(sum)(sums) + rest);
    return correction;
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
