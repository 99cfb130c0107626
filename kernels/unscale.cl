// unscale.cl: Δ := Δ/S, where δ was computed S times as large so that halves hold it, and the
// next S. Where an element of Δ is not finite, Δ := 0 and S is halved: the step has learned
// nothing. cpuref/unscale.go has the rule and its source. Nothing waits for it.
//
//   nonfinite  P[at + w] = 0 where what work-item w owns of one layer is finite, else another
//              number
//   adapt      L = {S, good steps since S changed} := the next, F[0] = 1/S, or 0 for Δ := 0,
//              or 1 where S is 1 already: then Δ is left to show what is wrong
//   unscale    Δ := F[0]·Δ of one layer, or 0 where F[0] is 0
//
//   D  Δ of one layer: n floats, a multiple of VW; padding holds 0
//   P  an int for each work-item and layer;  L  two floats;  F  one
//
// S is a power of two: neither 1/S nor the product has a rounding.
//
// Launch: nonfinite global (items), strides over chunks of CHUNK vectors, any local size;
// adapt one work-item; unscale as sgd.cl.
// Tunables: CHUNK as in sgd.cl.

#ifndef CHUNK
#define CHUNK 1
#endif

// By the bits of the exponent: a compiler may take 0·x for 0, and isfinite for true.
__kernel void nonfinite(const int n, const int at, __global const int *D, __global int *P) {
  const int w = get_global_id(0), items = get_global_size(0);
  intv found = 0;
  for (int first = w * (CHUNK * VW); first < n; first += items * (CHUNK * VW)) {
    const int end = min(first + CHUNK * VW, n);
    for (int i = first; i < end; i += VW) found |= (LOADV(D + i) & 0x7f800000) == 0x7f800000;
  }
#if VW == 1
  P[at + w] = found;
#else
  int lane[VW], any = 0;
  CAT(vstore, VW)(found, 0, lane);
  for (int j = 0; j < VW; j++) any |= lane[j];
  P[at + w] = any;
#endif
}

__kernel void adapt(const int parts, const float growth, const float top, __global const int *P, __global float *L, __global float *F) {
  if (get_global_id(0) > 0) return;
  int found = 0;
  for (int w = 0; w < parts; w++) found |= P[w];
  float scale = L[0], good = L[1] + 1.0f;
  F[0] = ldexp(1.0f, -ilogb(scale));
  if (found) {
    F[0] = scale > 1.0f ? 0.0f : 1.0f;
    scale = fmax(1.0f, 0.5f * scale);
    good = 0.0f;
  } else if (good >= growth) {
    scale = fmin(top, 2.0f * scale);
    good = 0.0f;
  }
  L[0] = scale;
  L[1] = good;
}

__kernel void unscale(const int n, __global const float *F, __global float *D) {
  const int first = (int)get_global_id(0) * (CHUNK * VW);
  const int end = min(first + CHUNK * VW, n);
  const float factor = F[0];
  for (int i = first; i < end; i += VW)
    STOREV(factor == 0.0f ? (floatv)(0.0f) : factor * LOADV(D + i), D + i);
}
