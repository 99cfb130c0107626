// joined.cl: several launches, one after the other, in one: for steps whose kernels take
// about as long as it takes to launch the next.
//
//   phase p: the work-items of a launch, in any order, on any core; it begins when phase p − 1 has
//            ended on all. Launches that need nothing of each other but in the same rows of the batch
//            are one phase, and small ones that need nothing of it at all, see joined_phase.go
//   step s:  all phases, with the numbers of step s; as many in a launch as joined.go says
//   behind the last step: the batches that the steps did not need, since they read its rows by number, see
//            joined_rows.go, each a phase
//
// The host writes the rest of the program, see joined_source.go: the kernels of the phases as
// functions, before this, and after it the kernel joined, which has PHASE of each. It is for
// the compilers of CPUs, whose cores see one memory: OpenCL C 1.2 has no order between what
// work-groups write.
//
//   S   the state, 0 before the first launch: lines of PLACE ints, which are 0 again after each
//       launch, and who the workers are. Of phase p, line p·(R + 1) + r counts the work-items of
//       range r of R that are taken, line p·(R + 1) + R those of all ranges that are done, in all
//       steps; and the line after those of the last phase how many workers have left
//   v0, v1, …  numbers that change from step to step: element s is that of step s
//
// A work-item is a worker. The work-items of a phase are cut into R ranges, one for each worker but at most RANGES, and
// so is each of its parts: of layers, and of launches beside each other; small launches come behind, in the last range. A
// worker begins with the same range in every phase and every launch: the weights that it wrote are in the cache of its
// core when it reads them. It takes ever fewer work-items at a time, of its range, tells that they are done, and does so
// with the others if anything is left, so that all workers end together; and it waits until those that others took are
// done. It does not wait for a worker that has taken none, which may not even run: who does the last of a phase goes on
// with the next. Nor does it wait for long, since who has taken some may have lost its core: it leaves then, and the
// others do the rest. Of long launches that would be too much: there it naps (NAPS), so that the other may have its core
// meanwhile, ever longer, since Linux moves nobody to a core that is idle for less than half a millisecond.
//
// Launch: global (workers), one a core, local (1), no local memory.
// Tunables: LOOKS 16384 at what others have done before a worker leaves, some 800 µs, or 4096 before it naps;
// NAPS 0, of 20 µs to 1.3 ms, before it leaves. RANGES 8: who has done its own looks at those of all.
// Ideas: C. Polychronopoulos, D. Kuck, "Guided self-scheduling", IEEE Trans. Comput. C-36 (1987)
// 1425-1439; E. Markatos, T. LeBlanc, "Using processor affinity in loop scheduling on
// shared-memory multiprocessors", IEEE Trans. Parallel Distrib. Syst. 5 (1994) 379-400; K. Gupta,
// J. Stuart, J. Owens, "A study of persistent threads style GPU programming for GPGPU workloads",
// InPar (2012).

#if !defined(__clang__) || !(defined(__x86_64__) || defined(__aarch64__))
#error "joined.cl is for a CPU's compiler, which has atomics that order memory"
#endif

#ifndef NAPS
#define NAPS 0
#endif
#ifndef LOOKS
#define LOOKS (NAPS ? 4096 : 16384)
#endif
#ifndef RANGES
#define RANGES 8
#endif
#define PLACE 16  // ints: a cache line

#define INT_AT(p) ((volatile int *)(size_t)(p))
#if defined(__x86_64__)
#define PAUSE __builtin_ia32_pause();
#else
#define PAUSE __asm__ volatile("yield");
#endif

// nap gives the core away for a while, where the system is known.
#if defined(__linux__) && defined(__x86_64__)
inline void nap(const long nanoseconds) {
  const long nanosleep = 35, time[2] = {0, nanoseconds};
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(nanosleep), "D"(time), "S"(0L) : "rcx", "r11", "memory");
}
#else
#define nap(nanoseconds) PAUSE
#endif

// number is which of the workers this is. They are threads, which have a stack each: where that
// lies tells them apart, and is the same in the next launch. A wrong guess costs time only.
inline int number(__global int *owners, const int workers) {
  volatile int here = 0;
  const int self = (int)((size_t)&here >> 20) | 1;
  for (int w = 0; w < workers; w++)
    if (__atomic_load_n(INT_AT(owners + w), __ATOMIC_RELAXED) == self) return w;
  for (int w = 0; w < workers; w++)
    if (__sync_bool_compare_and_swap(INT_AT(owners + w), 0, self)) return w;
  return (int)get_global_id(0);
}

// CUT is how many of so many work-items are in the ranges before range r.
#define CUT(items, r) ((int)((uint)(items) * (uint)(r) / (uint)ranges)) // of at most RANGES

// begins is where range r begins, which has so much of each part.
inline int begins(const int *parts, const int count, const int ranges, const int r) {
  int begin = 0;
  for (int part = 0; part < count; part++) begin += CUT(parts[part], r);
  return begin;
}

// place is which work-item of the phase is number i of range r: those of its parts, then the small ones.
inline int place(const int *parts, const int count, const int ranges, const int r, int i) {
  int before = 0;
  for (int part = 0; part < count; part++) {
    const int from = CUT(parts[part], r), own = CUT(parts[part], r + 1) - from;
    if (i < own) return before + from + i;
    i -= own;
    before += parts[part];
  }
  return before + i;
}

// take takes some of the work-items of range r of a step that are left: from the first, which it returns, to *end.
inline int take(__global int *taken, const int step, const int *parts, const int count, const int items,
                const int workers, const int ranges, const int r, int *end) {
  const int begin = begins(parts, count, ranges, r), cut = begins(parts, count, ranges, r + 1);
  const int small = r + 1 < ranges ? 0 : items - cut;
  const int size = cut - begin + small, all = (step + 1) * size;
  int first = __atomic_load_n(INT_AT(taken + r * PLACE), __ATOMIC_RELAXED);
  while (first < all) {
    const int some = max(1, (all - first - small) * ranges / (2 * workers));
    const int found = __sync_val_compare_and_swap(INT_AT(taken + r * PLACE), first, first + some);
    if (found == first) {
      *end = first + some - step * size;
      return first - step * size;
    }
    first = found;
  }
  return *end = items;
}

// ended waits until as many work-items of a phase are done; it is 0 if that takes too long.
inline int ended(__global int *done, const int items) {
  int all = __atomic_load_n(INT_AT(done), __ATOMIC_ACQUIRE);
  for (int look = 0; all < items && look < LOOKS + NAPS; look++) {
    if (look < LOOKS) {
      PAUSE
    } else {
      nap(20000L << min(look - LOOKS, 6));
    }
    all = __atomic_load_n(INT_AT(done), __ATOMIC_ACQUIRE);
  }
  return all >= items; // more where others are a step ahead
}

// leave clears the state when the last worker leaves.
inline void leave(__global int *lines, const int count, const int workers) {
  if (__atomic_add_fetch(INT_AT(lines + count * PLACE), 1, __ATOMIC_ACQ_REL) < workers) return;
  for (int line = 0; line <= count; line++) lines[line * PLACE] = 0;
}

// PHASE calls RUN(i) for the work-items of phase p, of which there are so many. The line that the worker takes from first
// in the next phase it has before it needs it: others read it last, and to write it takes as long as a short phase.
#define PHASE(p, items, parts, count, RUN)                                             \
  if (going) {                                                                         \
    __global int *const taken = lines + (p) * (ranges + 1) * PLACE;                    \
    __global int *const done = taken + ranges * PLACE;                                 \
    const int until = (step + 1) * (items);                                            \
    __builtin_prefetch((const void *)(size_t)(done + (1 + near) * PLACE), 1);          \
    int all = 0;                                                                       \
    for (int k = 0; k < ranges && all < until; k++) {                                  \
      const int r = (near + k) % ranges;                                               \
      int i, end, own = 0;                                                             \
      while ((i = take(taken, step, parts, count, items, workers, ranges, r, &end)) < (items)) { \
        own += end - i;                                                                \
        for (; i < end; i++) {                                                         \
          const int item = place(parts, count, ranges, r, i);                          \
          RUN(item)                                                                    \
        }                                                                              \
      }                                                                                \
      if (own > 0) all = __atomic_add_fetch(INT_AT(done), own, __ATOMIC_ACQ_REL);      \
    }                                                                                  \
    going = all >= until || ended(done, until);                                        \
  }
