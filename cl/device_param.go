package cl

// DeviceInfo names a property of a device (cl_device_info), for the GetInfo
// methods. The getters of Device read most of them more simply.
type DeviceInfo uint32

// The properties of OpenCL 1.2, with their standard names and numbers.
const (
	DeviceInfoType                       DeviceInfo = 0x1000
	DeviceInfoVendorID                   DeviceInfo = 0x1001
	DeviceInfoMaxComputeUnits            DeviceInfo = 0x1002
	DeviceInfoMaxWorkItemDimensions      DeviceInfo = 0x1003
	DeviceInfoMaxWorkGroupSize           DeviceInfo = 0x1004
	DeviceInfoMaxWorkItemSizes           DeviceInfo = 0x1005
	DeviceInfoPreferredVectorWidthChar   DeviceInfo = 0x1006
	DeviceInfoPreferredVectorWidthShort  DeviceInfo = 0x1007
	DeviceInfoPreferredVectorWidthInt    DeviceInfo = 0x1008
	DeviceInfoPreferredVectorWidthLong   DeviceInfo = 0x1009
	DeviceInfoPreferredVectorWidthFloat  DeviceInfo = 0x100A
	DeviceInfoPreferredVectorWidthDouble DeviceInfo = 0x100B
	DeviceInfoMaxClockFrequency          DeviceInfo = 0x100C
	DeviceInfoAddressBits                DeviceInfo = 0x100D
	DeviceInfoMaxReadImageArgs           DeviceInfo = 0x100E
	DeviceInfoMaxWriteImageArgs          DeviceInfo = 0x100F
	DeviceInfoMaxMemAllocSize            DeviceInfo = 0x1010
	DeviceInfoImage2DMaxWidth            DeviceInfo = 0x1011
	DeviceInfoImage2DMaxHeight           DeviceInfo = 0x1012
	DeviceInfoImage3DMaxWidth            DeviceInfo = 0x1013
	DeviceInfoImage3DMaxHeight           DeviceInfo = 0x1014
	DeviceInfoImage3DMaxDepth            DeviceInfo = 0x1015
	DeviceInfoImageSupport               DeviceInfo = 0x1016
	DeviceInfoMaxParameterSize           DeviceInfo = 0x1017
	DeviceInfoMaxSamplers                DeviceInfo = 0x1018
	DeviceInfoMemBaseAddrAlign           DeviceInfo = 0x1019
	DeviceInfoSingleFPConfig             DeviceInfo = 0x101B
	DeviceInfoGlobalMemCacheType         DeviceInfo = 0x101C
	DeviceInfoGlobalMemCachelineSize     DeviceInfo = 0x101D
	DeviceInfoGlobalMemCacheSize         DeviceInfo = 0x101E
	DeviceInfoGlobalMemSize              DeviceInfo = 0x101F
	DeviceInfoMaxConstantBufferSize      DeviceInfo = 0x1020
	DeviceInfoMaxConstantArgs            DeviceInfo = 0x1021
	DeviceInfoLocalMemType               DeviceInfo = 0x1022
	DeviceInfoLocalMemSize               DeviceInfo = 0x1023
	DeviceInfoErrorCorrectionSupport     DeviceInfo = 0x1024
	DeviceInfoProfilingTimerResolution   DeviceInfo = 0x1025
	DeviceInfoEndianLittle               DeviceInfo = 0x1026
	DeviceInfoAvailable                  DeviceInfo = 0x1027
	DeviceInfoCompilerAvailable          DeviceInfo = 0x1028
	DeviceInfoExecutionCapabilities      DeviceInfo = 0x1029
	DeviceInfoQueueProperties            DeviceInfo = 0x102A
	DeviceInfoName                       DeviceInfo = 0x102B
	DeviceInfoVendor                     DeviceInfo = 0x102C
	DeviceInfoDriverVersion              DeviceInfo = 0x102D
	DeviceInfoProfile                    DeviceInfo = 0x102E
	DeviceInfoVersion                    DeviceInfo = 0x102F
	DeviceInfoExtensions                 DeviceInfo = 0x1030
	DeviceInfoPlatform                   DeviceInfo = 0x1031
	DeviceInfoDoubleFPConfig             DeviceInfo = 0x1032
	DeviceInfoHalfFPConfig               DeviceInfo = 0x1033
	DeviceInfoPreferredVectorWidthHalf   DeviceInfo = 0x1034
	DeviceInfoHostUnifiedMemory          DeviceInfo = 0x1035
	DeviceInfoNativeVectorWidthChar      DeviceInfo = 0x1036
	DeviceInfoNativeVectorWidthShort     DeviceInfo = 0x1037
	DeviceInfoNativeVectorWidthInt       DeviceInfo = 0x1038
	DeviceInfoNativeVectorWidthLong      DeviceInfo = 0x1039
	DeviceInfoNativeVectorWidthFloat     DeviceInfo = 0x103A
	DeviceInfoNativeVectorWidthDouble    DeviceInfo = 0x103B
	DeviceInfoNativeVectorWidthHalf      DeviceInfo = 0x103C
	DeviceInfoOpenCLCVersion             DeviceInfo = 0x103D
	DeviceInfoLinkerAvailable            DeviceInfo = 0x103E
	DeviceInfoBuiltInKernels             DeviceInfo = 0x103F
	DeviceInfoImageMaxBufferSize         DeviceInfo = 0x1040
	DeviceInfoImageMaxArraySize          DeviceInfo = 0x1041
	DeviceInfoParentDevice               DeviceInfo = 0x1042
	DeviceInfoPartitionMaxSubDevices     DeviceInfo = 0x1043
	DeviceInfoPartitionProperties        DeviceInfo = 0x1044
	DeviceInfoPartitionAffinityDomain    DeviceInfo = 0x1045
	DeviceInfoPartitionType              DeviceInfo = 0x1046
	DeviceInfoReferenceCount             DeviceInfo = 0x1047
	DeviceInfoPreferredInteropUserSync   DeviceInfo = 0x1048
	DeviceInfoPrintfBufferSize           DeviceInfo = 0x1049
)
