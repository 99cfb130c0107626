// A test double of libOpenCL: every function of OpenCL 1.2 that package cl calls
// goes on to the real library, after it was counted, and on demand fails, hangs
// or, for one kernel, is left out. Objects are counted too, as the driver sees
// them.
//
// All arguments are integers or pointers, so that one type of ten machine words
// fits every function: what a caller does not pass is passed on as it lies there,
// and read by nobody.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uintptr_t W;
typedef W (*word_function)(W, W, W, W, W, W, W, W, W, W);
typedef int (*status_function)(W, W, W, W, W, W, W, W, W, W);

enum { CONTEXT, QUEUE, BUFFER, PROGRAM, KERNEL, EVENT, SUBDEVICE, KINDS };
static long live[KINDS];

static void count(int kind, long n) { __atomic_add_fetch(&live[kind], n, __ATOMIC_SEQ_CST); }

// What is to happen: at the nth call (from 1) of the function of that name since
// the last of these was set.
static char armed[64], skipped[64];
static long nth, left, code, hanging;

struct function {
    const char *name;
    void *real;
    long calls;
    struct function *next;
};
static struct function *functions;

static void *real(struct function *f) {
    void *at = __atomic_load_n(&f->real, __ATOMIC_SEQ_CST);
    if (at)
        return at;
    const char *name = getenv("CLPROP_TEST_REAL_LIBRARY");
    void *library = dlopen(name ? name : "libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    at = library ? dlsym(library, f->name) : NULL;
    if (!at) {
        fprintf(stderr, "double of libOpenCL: %s: %s\n", f->name, dlerror());
        abort();
    }
    __atomic_store_n(&f->real, at, __ATOMIC_SEQ_CST);
    return at;
}

// hit counts a call, hangs if that is wanted, and returns the status to fail with.
static int hit(struct function *f) {
    long n = __atomic_add_fetch(&f->calls, 1, __ATOMIC_SEQ_CST);
    if (strcmp(f->name, armed) != 0)
        return 0;
    if (__atomic_load_n(&hanging, __ATOMIC_SEQ_CST)) {
        while (n >= nth && __atomic_load_n(&hanging, __ATOMIC_SEQ_CST))
            usleep(1000);
        return 0;
    }
    return n == nth ? (int)code : 0;
}

// skip tells whether this launch of a kernel is the one to be left out.
static int skip(W kernel) {
    static struct function info = {"clGetKernelInfo"};
    char name[64] = "";
    if (!skipped[0])
        return 0;
    ((status_function)real(&info))(kernel, 0x1190 /* CL_KERNEL_FUNCTION_NAME */, sizeof name, (W)name, 0, 0, 0, 0, 0, 0);
    return strcmp(name, skipped) == 0 && --left == 0;
}

#define PARAMETERS W a, W b, W c, W d, W e, W f, W g, W h, W i, W j
#define ARGUMENTS a, b, c, d, e, f, g, h, i, j

#define FUNCTION(name) \
    static struct function at_##name = {#name}; \
    __attribute__((constructor)) static void add_##name(void) { \
        at_##name.next = functions; \
        functions = &at_##name; \
    }

#define STATUS(name, after) \
    FUNCTION(name) \
    int name(PARAMETERS) { \
        int status = hit(&at_##name); \
        if (status == 0) \
            status = ((status_function)real(&at_##name))(ARGUMENTS); \
        if (status == 0) { after; } \
        return status; \
    }

#define CREATE(name, status, after) \
    FUNCTION(name) \
    W name(PARAMETERS) { \
        int failure = hit(&at_##name); \
        if (failure != 0) { \
            *(int *)status = failure; \
            return 0; \
        } \
        W made = ((word_function)real(&at_##name))(ARGUMENTS); \
        if (made != 0) { after; } \
        return made; \
    }

// A release is done even when it is to fail: nobody can try it again.
#define RELEASE(name, kind) \
    FUNCTION(name) \
    int name(PARAMETERS) { \
        int failure = hit(&at_##name); \
        count(kind, -1); \
        int status = ((status_function)real(&at_##name))(ARGUMENTS); \
        return failure ? failure : status; \
    }

static void event_made(W at) {
    if (at != 0 && *(W *)at != 0)
        count(EVENT, 1);
}

STATUS(clGetPlatformIDs, )
STATUS(clGetPlatformInfo, )
STATUS(clGetDeviceIDs, )
STATUS(clGetDeviceInfo, )
STATUS(clCreateSubDevices, if (d != 0) count(SUBDEVICE, (long)(uint32_t)c))
RELEASE(clReleaseDevice, SUBDEVICE)

CREATE(clCreateContext, f, count(CONTEXT, 1))
RELEASE(clReleaseContext, CONTEXT)
CREATE(clCreateCommandQueue, d, count(QUEUE, 1))
RELEASE(clReleaseCommandQueue, QUEUE)
STATUS(clFlush, )
STATUS(clFinish, )

CREATE(clCreateBuffer, e, count(BUFFER, 1))
CREATE(clCreateSubBuffer, e, count(BUFFER, 1))
RELEASE(clReleaseMemObject, BUFFER)

CREATE(clCreateProgramWithSource, e, count(PROGRAM, 1))
CREATE(clCreateProgramWithBinary, g, count(PROGRAM, 1))
STATUS(clBuildProgram, )
STATUS(clGetProgramInfo, )
STATUS(clGetProgramBuildInfo, )
RELEASE(clReleaseProgram, PROGRAM)

CREATE(clCreateKernel, c, count(KERNEL, 1))
STATUS(clSetKernelArg, )
STATUS(clGetKernelInfo, )
STATUS(clGetKernelArgInfo, )
STATUS(clGetKernelWorkGroupInfo, )
RELEASE(clReleaseKernel, KERNEL)

STATUS(clEnqueueReadBuffer, event_made(i))
STATUS(clEnqueueWriteBuffer, event_made(i))
STATUS(clEnqueueCopyBuffer, event_made(i))
STATUS(clEnqueueFillBuffer, event_made(i))
CREATE(clEnqueueMapBuffer, j, event_made(i))
STATUS(clEnqueueUnmapMemObject, event_made(f))
STATUS(clEnqueueMarkerWithWaitList, event_made(d))
STATUS(clEnqueueBarrierWithWaitList, event_made(d))

FUNCTION(clEnqueueNDRangeKernel)
int clEnqueueNDRangeKernel(PARAMETERS) {
    int status = hit(&at_clEnqueueNDRangeKernel);
    if (status == 0 && !skip(b))
        status = ((status_function)real(&at_clEnqueueNDRangeKernel))(ARGUMENTS);
    if (status == 0)
        event_made(i);
    return status;
}

STATUS(clWaitForEvents, )
STATUS(clGetEventInfo, )
STATUS(clGetEventProfilingInfo, )
CREATE(clCreateUserEvent, b, count(EVENT, 1))
STATUS(clSetUserEventStatus, )
STATUS(clRetainEvent, count(EVENT, 1))
RELEASE(clReleaseEvent, EVENT)

// The controls.

// double_reset ends what was set, hanging calls too, and counts calls from 0.
void double_reset(void) {
    armed[0] = skipped[0] = 0;
    __atomic_store_n(&hanging, 0, __ATOMIC_SEQ_CST);
    for (struct function *f = functions; f; f = f->next)
        __atomic_store_n(&f->calls, 0, __ATOMIC_SEQ_CST);
}

// double_fail makes the nth call of a function fail with a status.
void double_fail(const char *name, long at, long status) {
    double_reset();
    strncpy(armed, name, sizeof armed - 1);
    nth = at, code = (int)status;
}

// double_hang makes the nth call of a function, and those after it, not return
// before double_reset.
void double_hang(const char *name, long at) {
    double_reset();
    strncpy(armed, name, sizeof armed - 1);
    nth = at;
    __atomic_store_n(&hanging, 1, __ATOMIC_SEQ_CST);
}

// double_skip leaves out the nth launch of a kernel, which is taken for done.
void double_skip(const char *kernel, long at) {
    double_reset();
    strncpy(skipped, kernel, sizeof skipped - 1);
    left = at;
}

// double_calls returns how often a function was called, −1 if there is none of
// that name.
long double_calls(const char *name) {
    for (struct function *f = functions; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return __atomic_load_n(&f->calls, __ATOMIC_SEQ_CST);
    return -1;
}

// double_live returns how many objects of a kind were made and not released.
long double_live(long kind) { return __atomic_load_n(&live[kind], __ATOMIC_SEQ_CST); }
