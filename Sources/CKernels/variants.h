// Compiles the loops of a file once for each instruction set, and picks one when the program starts.
//
// A kernel file defines CK_LOOPS as its own name and includes this header; the header includes the file again, once for
// each variant, with CK_LOOP (a loop's attributes), CK_INLINE (a helper's) and the 16-lane helpers of lanes.h. In a loop a
// function `f` is declared as `CK_LOOP void CK_(f)(...)`, and the driver calls the best one as CK_BEST(f)(...).
// CK_WIDE is 1 where 32 vectors of 16 lanes fit the registers, so that a loop may keep 24 sums; else it should keep 6 or 8.
// The lanes are 16 in every variant, so all variants add in the same order.
#include "lanes.h"

#define CK_PASTE_(name, suffix) name##suffix
#define CK_PASTE(name, suffix) CK_PASTE_(name, suffix)
#define CK_(name) CK_PASTE(name, CK_SUFFIX)

#if defined(__x86_64__)

#define CK_BEST(name) (ck_instruction_level == 2 ? name##_v4 : ck_instruction_level == 1 ? name##_v3 : name##_v1)
#define CK_LOOP static __attribute__((target(CK_TARGET), min_vector_width(512), unused))
#define CK_INLINE static inline __attribute__((target(CK_TARGET), always_inline, unused))

#define CK_TARGET "arch=x86-64-v4"
#define CK_WIDE 1
#define CK_SUFFIX _v4
#include "lane_operations.h"
#include CK_LOOPS
#undef CK_TARGET
#undef CK_WIDE
#undef CK_SUFFIX

#define CK_TARGET "arch=x86-64-v3"
#define CK_WIDE 0
#define CK_SUFFIX _v3
#include "lane_operations.h"
#include CK_LOOPS
#undef CK_TARGET
#undef CK_WIDE
#undef CK_SUFFIX

#define CK_TARGET "arch=x86-64"
#define CK_WIDE 0
#define CK_SUFFIX _v1
#include "lane_operations.h"
#include CK_LOOPS
#undef CK_TARGET
#undef CK_WIDE
#undef CK_SUFFIX

#else

#define CK_BEST(name) name##_v1
#define CK_LOOP static __attribute__((unused))
#define CK_INLINE static inline __attribute__((always_inline, unused))
#define CK_WIDE 0
#define CK_SUFFIX _v1
#include "lane_operations.h"
#include CK_LOOPS
#undef CK_SUFFIX
#undef CK_WIDE

#endif
