// strip.cl: sums over the rows of columns. Not a kernel: it is put before the kernels that
// sum so, whose work-items own a strip of columns, STRIP vectors wide, and on GPUs one
// slice of the rows: rows SLICE, SLICE + SLICES, …
//
//   OVER_SLICES(part)  the sum of the parts of all slices, added in their order, in every
//                      one of them; all work-items of a group must come there
//
// With SLICES > 1 the local size is (LANES, SLICES), and a kernel begins with
// SHARED_BY_SLICES. A CPU has one slice, no local memory and no barrier. A strip may reach
// past the last column: it must not read there, where in place another work-item writes.

#ifndef STRIP
#define STRIP 1
#endif
#ifndef SLICES
#define SLICES 1
#endif
#ifndef LANES
#define LANES 1
#endif

#if SLICES == 1
#define SLICE 0
#define SHARED_BY_SLICES
#define OVER_SLICES(part) (part)
#else
#define SLICE ((int)get_local_id(1))
#define SHARED_BY_SLICES __local floatv shared[LANES * SLICES];
#define OVER_SLICES(part) over_slices(part, shared)
inline floatv over_slices(const floatv part, __local floatv *shared) {
  const int lane = get_local_id(0);
  barrier(CLK_LOCAL_MEM_FENCE);  // the sum before has been read
  shared[SLICE * LANES + lane] = part;
  barrier(CLK_LOCAL_MEM_FENCE);
  floatv sum = shared[lane];
  for (int s = 1; s < SLICES; s++) sum += shared[s * LANES + lane];
  return sum;
}
#endif
