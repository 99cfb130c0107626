package cl

// The functions of the OpenCL 1.2 library that this package calls.
var (
	clGetPlatformIDs   = entry{name: "clGetPlatformIDs"}
	clGetPlatformInfo  = entry{name: "clGetPlatformInfo"}
	clGetDeviceIDs     = entry{name: "clGetDeviceIDs"}
	clGetDeviceInfo    = entry{name: "clGetDeviceInfo"}
	clCreateSubDevices = entry{name: "clCreateSubDevices"}
	clReleaseDevice    = entry{name: "clReleaseDevice"}

	clCreateContext       = entry{name: "clCreateContext"}
	clReleaseContext      = entry{name: "clReleaseContext"}
	clCreateCommandQueue  = entry{name: "clCreateCommandQueue"}
	clReleaseCommandQueue = entry{name: "clReleaseCommandQueue"}
	clFlush               = entry{name: "clFlush"}
	clFinish              = entry{name: "clFinish"}

	clCreateBuffer     = entry{name: "clCreateBuffer"}
	clCreateSubBuffer  = entry{name: "clCreateSubBuffer"}
	clReleaseMemObject = entry{name: "clReleaseMemObject"}

	clCreateProgramWithSource = entry{name: "clCreateProgramWithSource"}
	clCreateProgramWithBinary = entry{name: "clCreateProgramWithBinary"}
	clBuildProgram            = entry{name: "clBuildProgram"}
	clGetProgramInfo          = entry{name: "clGetProgramInfo"}
	clGetProgramBuildInfo     = entry{name: "clGetProgramBuildInfo"}
	clReleaseProgram          = entry{name: "clReleaseProgram"}

	clCreateKernel           = entry{name: "clCreateKernel"}
	clSetKernelArg           = entry{name: "clSetKernelArg"}
	clGetKernelInfo          = entry{name: "clGetKernelInfo"}
	clGetKernelArgInfo       = entry{name: "clGetKernelArgInfo"}
	clGetKernelWorkGroupInfo = entry{name: "clGetKernelWorkGroupInfo"}
	clReleaseKernel          = entry{name: "clReleaseKernel"}

	clEnqueueNDRangeKernel       = entry{name: "clEnqueueNDRangeKernel"}
	clEnqueueReadBuffer          = entry{name: "clEnqueueReadBuffer"}
	clEnqueueWriteBuffer         = entry{name: "clEnqueueWriteBuffer"}
	clEnqueueCopyBuffer          = entry{name: "clEnqueueCopyBuffer"}
	clEnqueueFillBuffer          = entry{name: "clEnqueueFillBuffer"}
	clEnqueueMapBuffer           = entry{name: "clEnqueueMapBuffer"}
	clEnqueueUnmapMemObject      = entry{name: "clEnqueueUnmapMemObject"}
	clEnqueueMarkerWithWaitList  = entry{name: "clEnqueueMarkerWithWaitList"}
	clEnqueueBarrierWithWaitList = entry{name: "clEnqueueBarrierWithWaitList"}

	clWaitForEvents         = entry{name: "clWaitForEvents"}
	clGetEventInfo          = entry{name: "clGetEventInfo"}
	clGetEventProfilingInfo = entry{name: "clGetEventProfilingInfo"}
	clCreateUserEvent       = entry{name: "clCreateUserEvent"}
	clSetUserEventStatus    = entry{name: "clSetUserEventStatus"}
	clRetainEvent           = entry{name: "clRetainEvent"}
	clReleaseEvent          = entry{name: "clReleaseEvent"}
)
