// each.cl: EACH(X) is X(0) X(1) … X(LAYERS−1). Not a kernel: it is put before the kernels
// that work on all layers of a net in one launch, whose arguments it writes.
//
// Tunable: LAYERS 1 to 16, so that the arguments stay below the 1024 bytes that every
// device takes (CL_DEVICE_MAX_PARAMETER_SIZE).

#ifndef LAYERS
#define LAYERS 1
#endif

#define EACH_1(X) X(0)
#define EACH_2(X) EACH_1(X) X(1)
#define EACH_3(X) EACH_2(X) X(2)
#define EACH_4(X) EACH_3(X) X(3)
#define EACH_5(X) EACH_4(X) X(4)
#define EACH_6(X) EACH_5(X) X(5)
#define EACH_7(X) EACH_6(X) X(6)
#define EACH_8(X) EACH_7(X) X(7)
#define EACH_9(X) EACH_8(X) X(8)
#define EACH_10(X) EACH_9(X) X(9)
#define EACH_11(X) EACH_10(X) X(10)
#define EACH_12(X) EACH_11(X) X(11)
#define EACH_13(X) EACH_12(X) X(12)
#define EACH_14(X) EACH_13(X) X(13)
#define EACH_15(X) EACH_14(X) X(14)
#define EACH_16(X) EACH_15(X) X(15)
#define EACH(X) CAT(EACH_, LAYERS)(X)
