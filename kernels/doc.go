// Package kernels holds the OpenCL kernels of back-propagation and a typed Go
// launcher for each. Every operation of package cpuref has its twin here under
// the same name: read the equation there and the same line in a faster form in
// the .cl file. The package knows buffers and shapes, not networks, batches or
// devices to choose from; those live in packages trainer and device.
//
// # Two families of matrix product
//
// The three products of training are forward C = A·W, hidden delta C = D·Wᵀ and
// accumulate C = Aᵀ·D. A CPU and a GPU want them computed in different ways:
//
//	block   a work-item owns MR × NR elements in vector registers, no local memory;
//	        for devices whose local memory is plain RAM (block.cl)
//	tile    a work-group owns TM × TN elements and shares slices of A and B in local
//	        memory; for GPUs (tile.cl)
//
// Both take the same arguments and any sizes; forward.cl, hiddendelta.cl and
// accumulate.cl each put their epilogue (activation; ⊙ g′; add to Δ) around either.
//
// On processors with Intel AMX large products of the block family are computed there, of
// floats that are split into three numbers of 8 bits each (amx.cl, amx.go). Which ones goes by
// their sizes alone.
//
// # How a matrix lies in memory
//
// A [Matrix] is row-major, one example a row, with ld ≥ cols + 1 floats a row:
//
//	            0      …    cols−1 │ cols │ …  ld−1
//	row 0    [ x00  …        x0n   │  1   │ 0  …  0 ]     element (i, j) at i·ld + j
//	row 1    [ x10  …        x1n   │  1   │ 0  …  0 ]
//
// Column cols holds the constant 1 of [1; a] in the formulas (at the end rather
// than in front, so that inputs keep their numbers), set once when the matrix
// is made and left alone by every kernel. ld is a multiple of 16 and never of
// 256: rows that lie a power of two apart would compete for the same cache lines.
//
// With Half it holds halves (IEEE 754 binary16), two to a float, laid out the same way; a row
// begins where one of floats could. Launchers that say so take them; the kernels read and
// write them by the macros of common.cl, and compute in float.
//
// # How weights lie in memory
//
// [Weights] hold Θ of one layer as in+1 rows of out columns, the transpose of what
// files hold; row in is the bias. The columns are cut into panels NR wide, each
// contiguous, because that is how the inner loop of block.cl reads them:
//
//	panel 0: row 0 [NR floats] row 1 [NR floats] … row in (bias) … padding rows
//	panel 1: …                          element (i, o) at (o/NR)·panel + i·NR + o%NR
//
// For the tile family there is one panel as wide as the padded row. Δ and D are
// laid out like their Θ, so that the update is a pass over flat memory. Padding
// columns hold 0 and stay 0.
//
// # Tuning
//
// A [Tuning] says which of the shapes of a family a [Set] uses. Those of DefaultTuning come
// from what a device says of itself; a tuner goes from [Candidates] along
// [Tuning.Neighbours] and measures. [Tuning.Check] has the ranges: what passes it is right,
// wherever it comes from. All Tunings of a family add up in the same order, but for
// products on AMX. A new field
// needs a range in Check, a step in Neighbours if there is something to gain, and Choice if it
// changes a product.
//
// # Launches
//
// A launcher checks shapes, compiles its kernel on first need, sets all arguments
// and returns a [Launch], to be enqueued as often as wanted; numbers that change
// from run to run have a setter. Launchers never wait. [Set.Joined] makes one launch of
// several, for CPUs: a program of their kernels as functions (joined_source.go), which the cores of
// a device go through together (joined.cl), once or for several runs, see [Launch.Hold].
//
// # Programs on disk
//
// [Set.Store] stores what was compiled in the user's cache folder, and the next
// Set loads it from there (cache.go). On PoCL, whose own cache saves the code
// generator but not the front end, a program is ready in 3 ms instead of 25; to make a
// binary takes as long as to compile there, so that of long programs it is only noted that
// PoCL has them, and others are stored while that takes a fourth of the time since the Set was made, or 2 s.
// CLPROP_CACHE=off and CLPROP_CACHE_DIR change that. The kernels that differ by
// Tuning only are one program (plainFiles in set.go); add new ones of that kind there.
package kernels
