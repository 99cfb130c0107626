// joined.cl: several launches, one after the other, in one: for steps whose kernels take
// about as long as it takes to launch the next.
//
//   phase p: the work-items of launch p, in any order, on any core; it begins when phase p − 1
//            has ended on all
//
// The host writes the rest of the program, see joined.go: the kernels of the phases as
// functions, before this, and after it the kernel joined, which has PHASE of each. It is for
// the compilers of CPUs, whose cores see one memory: OpenCL C 1.2 has no order between what
// work-groups write.
//
//   S   the state, 0 before and after: of phase p, how many of its work-items are taken at
//       S[2p·PLACE], how many are done at S[(2p + 1)·PLACE]; and after all phases, how many
//       workers have left
//
// A work-item is a worker. It takes work-items of a phase, ever fewer at a time, so that all
// workers end together, and waits until those that others took are done. It does not wait for
// a worker that has taken none, which may not even run: who does the last of a phase goes on
// with the next. Nor does it wait for long, since who has taken some may have lost its core: it
// leaves then, and the others do the rest.
//
// Launch: global (workers), one a core, local (1), no local memory.
// Tunables: LOOKS 4096, at what others have done, before a worker leaves: some 200 µs.
// Ideas: C. Polychronopoulos, D. Kuck, "Guided self-scheduling", IEEE Trans. Comput. C-36 (1987)
// 1425-1439; K. Gupta, J. Stuart, J. Owens, "A study of persistent threads style GPU programming
// for GPGPU workloads", InPar (2012).

#if !defined(__clang__) || !(defined(__x86_64__) || defined(__aarch64__))
#error "joined.cl is for a CPU's compiler, which has atomics that order memory"
#endif

#ifndef LOOKS
#define LOOKS 4096
#endif
#define PLACE 8  // ints; two places are a cache line

#define INT_AT(p) ((volatile int *)(size_t)(p))
#if defined(__x86_64__)
#define PAUSE __builtin_ia32_pause();
#else
#define PAUSE __asm__ volatile("yield");
#endif

// take takes some of the work-items that are left: from the first, which it returns, to *end.
inline int take(__global int *taken, const int items, const int workers, int *end) {
  int first = __atomic_load_n(INT_AT(taken), __ATOMIC_RELAXED);
  while (first < items) {
    *end = first + max(1, (items - first) / (2 * workers));
    const int found = __sync_val_compare_and_swap(INT_AT(taken), first, *end);
    if (found == first) return first;
    first = found;
  }
  return *end = items;
}

// ended waits until all work-items of a phase are done; it is 0 if that takes too long.
inline int ended(__global int *done, const int items, const int own) {
  int all = __atomic_add_fetch(INT_AT(done), own, __ATOMIC_ACQ_REL);
  for (int look = 0; all < items && look < LOOKS; look++) {
    PAUSE
    all = __atomic_load_n(INT_AT(done), __ATOMIC_ACQUIRE);
  }
  return all == items;
}

// leave clears the state when the last worker leaves.
inline void leave(__global int *S, const int phases, const int workers) {
  if (__atomic_add_fetch(INT_AT(S + 2 * phases * PLACE), 1, __ATOMIC_ACQ_REL) < workers) return;
  for (int p = 0; p <= 2 * phases; p++) S[p * PLACE] = 0;
}

// PHASE calls RUN(at0, at1, at2) for the work-items of phase p, which are across × down × deep.
#define PHASE(p, across, down, deep, RUN)                                                   \
  if (going) {                                                                              \
    const int items = (across) * (down) * (deep);                                           \
    int end, own = 0;                                                                       \
    for (int i = take(S + 2 * (p)*PLACE, items, workers, &end); i < items;                  \
         i = take(S + 2 * (p)*PLACE, items, workers, &end)) {                               \
      own += end - i;                                                                       \
      for (; i < end; i++) RUN(i % (across), i / (across) % (down), i / ((across) * (down))) \
    }                                                                                       \
    going = ended(S + (2 * (p) + 1) * PLACE, items, own);                                   \
  }
