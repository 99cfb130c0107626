/*
Package cl calls OpenCL 1.2 without cgo. The library is opened when it is first
called, so a program that imports cl builds without OpenCL files and starts on a
machine without a driver, where [GetPlatforms] fails with [ErrNoLibrary] or
[ErrPlatformNotFound].

Here live platforms, devices, contexts, queues, buffers, programs, kernels and
events, and nothing that knows what they are used for. Images and samplers are
left out. The names and call shapes are those of github.com/jgillich/go-opencl.

A program lists platforms and devices, makes a [Context] and a [CommandQueue],
fills buffers, builds a [Program], sets the arguments of a [Kernel] and launches
it over an index space:

	GetPlatforms → Platform.GetDevices → CreateContext → CreateCommandQueue
	Context.CreateBufferFloat32, CreateProgramWithSource → BuildProgram → CreateKernel
	Kernel.SetArgs → CommandQueue.Launch → EnqueueReadBufferFloat32

# Errors

A failed call gives an [*Error] with the name of the OpenCL function, the
standard name of the status, and what the call was about:

	clCreateBuffer: CL_MEM_OBJECT_ALLOCATION_FAILURE (-4): 1099511627776 bytes

Compare with [errors.Is] and the Err variables. A program that does not compile
gives a [*BuildError] with the compiler's whole log; [Program.BuildLog] has the
warnings of one that does. Sizes, offsets and counts are checked here as well,
since drivers differ in what they catch. A function that an old library lacks
gives [ErrUnsupported] when it is called.

# Lifetime

Everything made here has a Release, which may be called twice and on nil. What is
forgotten is released some time after the last reference is gone; GPU memory is
too scarce to rely on that. Objects may be released in any order, and while
commands that use them are still queued: OpenCL keeps what it needs. The use of a
released object gives [ErrReleased]; so does the launch of a kernel one of whose
buffer arguments was released. A kernel keeps its buffer arguments from being
collected. [LiveObjects] counts what has not been released.

# Go memory in commands

A blocking read or write is done with its memory when it returns. A non-blocking
one is not: its memory is pinned, and so kept alive and in place, until the
command is seen to have ended, by [WaitForEvents], [Event.Status],
[CommandQueue.Finish] or a later transfer of the same queue. Until then the
memory belongs to the command: don't change it under a write, don't look at it
under a read. Dropping the event is safe. [CommandQueue.Release] waits for such
commands.

With MemUseHostPtr the given Go memory is the buffer's store and stays pinned
until the buffer and its sub-buffers are released, which waits for the context's
queues. The driver may keep a copy: map the buffer to see the memory as kernels
left it.

Go memory given to a command must not hold Go pointers.

# Threads

Everything may be used by any goroutine. Queues, buffers, programs, contexts and
devices may be used by several at a time; a Kernel may not, for its arguments are
part of it: make one for each goroutine with CreateKernel. A Release must not be
concurrent with another use of the same object. Nothing is called back from the
driver's threads.

# Speed

[CommandQueue.Launch] with a prepared [NDRange] enqueues without an event, and
[Kernel.SetArgBuffer] and the setters of numbers hand over without boxing; each
allocates once, a list of arguments in package purego. Commands only start for
certain after a Flush, a Finish or a blocking call.

# Platforms

Linux, macOS and Windows on amd64 and arm64; elsewhere the package builds, and
reports ErrNoLibrary. The environment variable CLPROP_OPENCL_LIBRARY names the
library to open instead of the system's (libOpenCL.so.1, OpenCL.framework,
OpenCL.dll).
*/
package cl
