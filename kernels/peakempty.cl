// peakempty.cl: nothing at all: the cost of a launch. It is asked for before any net is known, and so in
// the program of kernels that all need.
//
// Launch: global (1).

__kernel void peakempty(const int n) {}
