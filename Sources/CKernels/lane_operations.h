// Operations on 16 lanes, included once for each variant by variants.h; deliberately without an include guard.

CK_INLINE lanes CK_(load)(const float *p) {
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

CK_INLINE void CK_(store)(float *p, lanes v) { memcpy(p, &v, sizeof v); }

/// The first n < 16 lanes from memory, the others 0.
CK_INLINE lanes CK_(load_first)(const float *p, int64_t n) {
    float part[LANES] = {0};
    for (int64_t i = 0; i < n; i++) part[i] = p[i];
    return CK_(load)(part);
}

CK_INLINE void CK_(store_first)(float *p, lanes v, int64_t n) {
    float part[LANES];
    CK_(store)(part, v);
    for (int64_t i = 0; i < n; i++) p[i] = part[i];
}

/// C = v + beta C for the first n elements of a vector of C; with beta 0, C may hold anything.
CK_INLINE void CK_(store_sum)(float *c, lanes v, float beta, int64_t n) {
    if (n < LANES) {
        if (beta != 0) v += beta * CK_(load_first)(c, n);
        CK_(store_first)(c, v, n);
    } else {
        if (beta != 0) v += beta * CK_(load)(c);
        CK_(store)(c, v);
    }
}

CK_INLINE lanes CK_(spread)(float x) {
    return (lanes){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

/// mask ? a : b with all bits of a lane's mask equal.
CK_INLINE lanes CK_(choose)(int_lanes mask, lanes a, lanes b) {
    return (lanes)((mask & (int_lanes)a) | (~mask & (int_lanes)b));
}

CK_INLINE lanes CK_(larger)(lanes a, lanes b) { return __builtin_elementwise_max(a, b); }

/// Sum of the lanes by halves.
CK_INLINE float CK_(sum)(lanes v) {
    const half_lanes a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
        + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    const quarter_lanes b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    return (b[0] + b[2]) + (b[1] + b[3]);
}

CK_INLINE float CK_(maximum)(lanes v) {
    const half_lanes a = __builtin_elementwise_max(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7),
                                                   __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
    const quarter_lanes b = __builtin_elementwise_max(__builtin_shufflevector(a, a, 0, 1, 2, 3),
                                                      __builtin_shufflevector(a, a, 4, 5, 6, 7));
    return fmaxf(fmaxf(b[0], b[2]), fmaxf(b[1], b[3]));
}

CK_INLINE double CK_(double_sum)(double_lanes v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/// exp(x): x = n ln 2 + r with |r| <= ln 2 / 2, exp(r) by its minimax polynomial of degree 6 (Cephes), times 2^n in two
/// steps of the exponent bits. Relative error below 2 units in the last place; 0 below -87.3, exp(88.3) above 88.3.
CK_INLINE lanes CK_(exponential)(lanes x) {
    const int_lanes vanishes = x < CK_(spread)(-87.3f);
    const lanes shift = CK_(spread)(12582912.0f); // 1.5 * 2^23: adding it rounds to an integer
    const lanes top = CK_(spread)(88.3f);
    x = CK_(choose)(x > top, top, x);
    const lanes shifted = x * 1.44269504088896341f + shift;
    const lanes n = shifted - shift;
    lanes r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * (r * r) + r) + 1.0f;
    const int_lanes exponent = (int_lanes)shifted << 23;
    p = (lanes)((int_lanes)p + exponent);
    return (lanes)(~vanishes & (int_lanes)p);
}

/// 1 / (1 + exp(-x)).
CK_INLINE lanes CK_(sigmoid)(lanes x) { return 1.0f / (1.0f + CK_(exponential)(-x)); }
