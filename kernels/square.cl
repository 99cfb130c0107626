// square.cl: vectors as rows or as columns, VW of them a square. Not a kernel: it is put before
// the kernels that keep such a square in registers.
//
//   UNITS(X)         is X(0) X(1) … X(VW−1)
//   transpose(v, n)  exchanges rows and columns of n rows

#define UNITS_1(X) X(0)
#define UNITS_2(X) UNITS_1(X) X(1)
#define UNITS_4(X) UNITS_2(X) X(2) X(3)
#define UNITS_8(X) UNITS_4(X) X(4) X(5) X(6) X(7)
#define UNITS_16(X) UNITS_8(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define UNITS(X) CAT(UNITS_, VW)(X)

#define DECLARE_UNIT(i) floatv c##i = 0.0f;
#define LIST_UNIT(i) c##i,

// transpose turns n rows of VW floats, n a power of two up to 16, into columns one behind the
// other: element j of row r comes to j·n + r of the n vectors. Each of the log n rounds
// riffles the upper half with the lower, and after the last every element has come to its place.
// All is written out, and inlined: what a compiler leaves as a loop over vectors goes through memory.
#ifdef __clang__
#define ALWAYS __attribute__((always_inline))
#else
#define ALWAYS
#endif
#if VW == 1
#define transpose(v, n)
#else
#define RIFFLE(i)                             \
  if (i < n / 2) {                            \
    t[2 * i].even = v[i].lo;                  \
    t[2 * i].odd = v[i + n / 2].lo;           \
    t[2 * i + 1].even = v[i].hi;              \
    t[2 * i + 1].odd = v[i + n / 2].hi;       \
  }
#define TAKE_BACK(i) \
  if (i < n) v[i] = t[i];
inline ALWAYS void riffle(floatv *v, const int n) {
  floatv t[16];
  UNITS_8(RIFFLE)
  UNITS_16(TAKE_BACK)
}
inline ALWAYS void transpose(floatv *v, const int n) {
  if (n > 1) riffle(v, n);
  if (n > 2) riffle(v, n);
  if (n > 4) riffle(v, n);
  if (n > 8) riffle(v, n);
}
#endif
