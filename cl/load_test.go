package cl

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// roleVariable makes this test binary call GetPlatforms, in an environment of
// its own, and print the error instead of running tests.
const roleVariable = "CLPROP_TEST_PLATFORMS"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		os.Exit(reportPlatforms())
	}
	os.Exit(m.Run())
}

// reportPlatforms exits with 10 for ErrNoLibrary, 11 for ErrPlatformNotFound.
func reportPlatforms() int {
	_, err := GetPlatforms()
	if err == nil {
		return 0
	}
	os.Stdout.WriteString(err.Error())
	var library *LibraryError
	var failed *Error
	switch {
	case errors.Is(err, ErrNoLibrary) && errors.As(err, &library):
		return 10
	case errors.Is(err, ErrPlatformNotFound) && errors.As(err, &failed):
		return 11
	}
	return 1
}

// platformsWith runs reportPlatforms with variables set.
func platformsWith(t *testing.T, variables ...string) (code int, out string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVariable+"=1"), variables...)
	b, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

func TestNoLibrary(t *testing.T) {
	code, out := platformsWith(t, libraryVariable+"=/nonexistent")
	if code != 10 || !strings.Contains(out, "tried /nonexistent") || !strings.Contains(out, libraryVariable) {
		t.Errorf("exit %d, %q; want 10 and the name that was tried", code, out)
	}
}

func TestNoDriver(t *testing.T) {
	firstDevice(t) // the loader must be there
	code, out := platformsWith(t, "OCL_ICD_VENDORS=/nonexistent", "OCL_ICD_FILENAMES=")
	if code != 11 || !strings.Contains(out, "CL_PLATFORM_NOT_FOUND_KHR (-1001)") {
		t.Errorf("exit %d, %q; want 11 and the name of the status", code, out)
	}
}

// A library that is not OpenCL's, here the C library, is none, and the error says which it is.
func TestMissingFunction(t *testing.T) {
	const libc = "libc.so.6"
	if _, err := openLibrary(libc); err != nil {
		t.Skipf("no %s here: %v", libc, err)
	}
	code, out := platformsWith(t, libraryVariable+"="+libc)
	if code != 10 || !strings.Contains(out, "tried "+libc+", which lacks clGetPlatformIDs") {
		t.Errorf("exit %d, %q; want 10, the library and the function's name", code, out)
	}
}
