// amxtiles.cl: the tiles of a unit for matrices (Intel AMX) and how floats come into them; amx.cl is the product. Not a
// kernel.
//
// The unit has 8 tiles of 16 rows of 64 bytes. 0 to 3 are a square of C, those of its upper rows first; 4 and 5
// are what it takes as its first operand, 6 and 7 as its second:
//
//   c(m, n) += Σₖ a(m, 2k) b(k, n, 0) + a(m, 2k + 1) b(k, n, 1)     16 × 16 floats, 16 × 32 and 16 × 16 × 2 bfloat16
//
// In memory a tile is TILE bytes, and x = h + m + l of a number are in PARTS tiles, apart from each other.
//
// Launch: nothing of its own. Tunables: none.

#define TILE 1024
#define PARTS 3

// The instructions, as bytes: compilers that have names for them want to be told of the unit. A base is the
// register of an address, to which a constant is added; rows are 64 bytes apart, which is in RCX.
#define RAX "0x08"
#define RDX "0x0a"
#define RSI "0x0e"
#define RDI "0x0f"
#define TILE_LOAD(t, base, at) ".byte 0xc4,0xe2,0x7b,0x4b,0x84+8*" #t "," base "\n.long " #at "\n"
#define TILE_STORE(t, base, at) ".byte 0xc4,0xe2,0x7a,0x4b,0x84+8*" #t "," base "\n.long " #at "\n"
#define TILE_ZERO(t) ".byte 0xc4,0xe2,0x7b,0x49,0xc0+8*" #t "\n"
#define TILE_MULADD(c, a, b) ".byte 0xc4,0xe2,(15-" #b ")*8+2,0x5c,0xc0+8*" #c "+" #a "\n"

inline void begin_tiles() {
  uchar shape[64] __attribute__((aligned(64)));
  for (int i = 0; i < 64; i++) shape[i] = 0;
  shape[0] = 1;                                                           // the palette
  for (int t = 0; t < 8; t++) shape[16 + 2 * t] = 64, shape[48 + t] = 16; // bytes of a row, rows
  __asm__ volatile(".byte 0xc4,0xe2,0x78,0x49,0x00\n" : : "a"(shape) : "memory");
}
#define END_TILES __asm__ volatile(".byte 0xc4,0xe2,0x78,0x49,0xc0\n" : : : "memory");

inline ALWAYS void load_square(__global const uchar *c, const int fresh) {
  if (fresh) {
    __asm__ volatile(TILE_ZERO(0) TILE_ZERO(1) TILE_ZERO(2) TILE_ZERO(3) : : : "memory");
  } else {
    __asm__ volatile(TILE_LOAD(0, RAX, 0) TILE_LOAD(1, RAX, 1024) TILE_LOAD(2, RAX, 2048) TILE_LOAD(3, RAX, 3072)
                     : : "a"(c), "c"(64L) : "memory");
  }
}
inline ALWAYS void store_square(__global uchar *c) {
  __asm__ volatile(TILE_STORE(0, RAX, 0) TILE_STORE(1, RAX, 1024) TILE_STORE(2, RAX, 2048) TILE_STORE(3, RAX, 3072)
                   : : "a"(c), "c"(64L) : "memory");
}

// A step adds the six products, small ones first, in an order in which only A or B changes from one to the next.
#define A_PART(part) TILE_LOAD(4, RSI, part * 1024) TILE_LOAD(5, RDI, part * 1024)
#define B_PART(part) TILE_LOAD(6, RDX, part * 2048) TILE_LOAD(7, RDX, part * 2048 + 1024)
#define FOUR TILE_MULADD(0, 4, 6) TILE_MULADD(1, 4, 7) TILE_MULADD(2, 5, 6) TILE_MULADD(3, 5, 7)
#define A_UPPER(part) TILE_LOAD(4, RSI, part * 1024)
#define B_LEFT(part) TILE_LOAD(6, RDX, part * 2048)
#define UPPER_TWO TILE_MULADD(0, 4, 6) TILE_MULADD(1, 4, 7)
#define LEFT_TWO TILE_MULADD(0, 4, 6) TILE_MULADD(2, 5, 6)
#define SIX(A, B, times) A(0) B(2) times B(1) times A(1) times B(0) times A(2) times A(0) times
inline ALWAYS void add_step(__global const uchar *upper, __global const uchar *lower, __global const uchar *b) {
  __asm__ volatile(SIX(A_PART, B_PART, FOUR) : : "S"(upper), "D"(lower), "d"(b), "c"(64L) : "memory");
}
inline ALWAYS void add_upper_step(__global const uchar *upper, __global const uchar *b) {
  __asm__ volatile(SIX(A_UPPER, B_PART, UPPER_TWO) : : "S"(upper), "d"(b), "c"(64L) : "memory");
}
inline ALWAYS void add_left_step(__global const uchar *upper, __global const uchar *lower, __global const uchar *b) {
  __asm__ volatile(SIX(A_PART, B_LEFT, LEFT_TWO) : : "S"(upper), "D"(lower), "d"(b), "c"(64L) : "memory");
}

// keep_awake stores a tile where store_square will store another: measured, the first store after some 2000 cycles
// without one takes 400 more.
inline ALWAYS void keep_awake(__global uchar *c) {
  __asm__ volatile(TILE_STORE(4, RAX, 0) : : "a"(c), "c"(64L) : "memory");
}

// SPLIT declares the three parts of x. Half of the last bit is added before what is below it goes; a NaN may
// lose itself in h, and is in l.
#define EIGHT_BITS(x) as_float16((as_uint16(x) + 0x8000u) & 0xffff0000u)
#define SPLIT(x, h, m, l)                                                                                  \
  const float16 h = EIGHT_BITS(x), h##r = (as_int16(x) & 0x7fffffff) == 0x7f800000 ? (float16)0.0f : x - h; \
  const float16 m = EIGHT_BITS(h##r), l = h##r - m;

// INTERLEAVED is x and y, next to each other in each lane; BEHIND the lanes of x and then those of y.
#define INTERLEAVED(x, y) ((as_uint16(x) >> 16) | (as_uint16(y) & 0xffff0000u))
typedef ushort __attribute__((ext_vector_type(32))) ushort_row;
#define BEHIND(x, y)                                                                                             \
  as_uint16(__builtin_shufflevector(__builtin_astype(x, ushort_row), __builtin_astype(y, ushort_row),            \
      1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, \
      57, 59, 61, 63))
#define PUT(v, to) (*(__global uint16 *)(to) = (v))

// PUT_SPLIT puts one row of each of three tiles, the parts of x and y as JOIN has them.
#define PUT_SPLIT(JOIN, x, y, to, apart)           \
  {                                                \
    SPLIT(x, xh, xm, xl)                           \
    SPLIT(y, yh, ym, yl)                           \
    PUT(JOIN(xh, yh), to);                         \
    PUT(JOIN(xm, ym), (to) + (apart));             \
    PUT(JOIN(xl, yl), (to) + 2 * (apart));         \
  }

// row_of is 16 floats at p of which only the first left are there, 0 behind them.
inline ALWAYS float16 row_of(__global const float *p, const int left) {
  return left >= 16 ? *(__global const floatv_anywhere *)p : left > 0 ? first_lanes(LOADV(p), left) : (float16)0.0f;
}

// turn exchanges rows and columns of a tile of 32-bit words.
inline void turn(__global uchar *tile) {
  floatv v[16];
#pragma unroll
  for (int r = 0; r < 16; r++) v[r] = *(__global floatv *)(tile + r * 64);
  transpose(v, 16);
#pragma unroll
  for (int r = 0; r < 16; r++) *(__global floatv *)(tile + r * 64) = v[r];
}

// split_along splits 16 rows, apart ld, of 32 numbers k: 16 at p, 16 at q; the first left are there, and the first
// rows. split_across splits 32 rows k of 16 numbers. The parts of a tile go to to, apart from each other.
inline void split_along(__global uchar *to, const int apart, __global const float *p, __global const float *q,
                        const int ld, const int rows, const int left) {
  for (int r = 0; r < 16; r++) {
    const size_t at = (size_t)min(r, rows - 1) * ld;
    PUT_SPLIT(BEHIND, row_of(p + at, left), row_of(q + at, left - 16), to + r * 64, apart)
  }
}
inline void split_across(__global uchar *to, const int apart, __global const float *p, const int ld, const int left) {
  for (int r = 0; r < 16; r++) {
    const float16 x = row_of(p + (size_t)(2 * r) * ld, 2 * r < left ? 16 : 0);
    const float16 y = row_of(p + (size_t)(2 * r + 1) * ld, 2 * r + 1 < left ? 16 : 0);
    PUT_SPLIT(INTERLEAVED, x, y, to + r * 64, apart)
  }
}
inline void turn_tiles(__global uchar *tile, const int count, const int apart) {
  for (int t = 0; t < count; t++) turn(tile + t * apart);
}
