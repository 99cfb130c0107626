// Package cltest makes every OpenCL driver of the machine visible to a test
// program: the registered ones, llvmpipe through rusticl, and the oclgrind
// simulator, which registers itself nowhere.
//
// Call Setup in TestMain, before anything loads OpenCL. It changes the
// environment of the process only, and leaves it alone where the user has set
// OCL_ICD_VENDORS, so that a test can be pointed at one driver or at none.
package cltest
