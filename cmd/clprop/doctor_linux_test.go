package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
)

// A device that does not open, whose compiler fails, or whose results are wrong is a
// failure, with what was seen, and the exit code 1.
func TestDoctorFindsFaults(t *testing.T) {
	cltest.WithDouble(t, func(double *cltest.Double) {
		d := fastDevice(t)
		for _, c := range []struct {
			fault func()
			text  string
		}{
			{func() { double.Fail("clCreateContext", 1, -6) }, "CL_OUT_OF_HOST_MEMORY"},
			{func() { double.Fail("clBuildProgram", 3, -11) }, "CL_BUILD_PROGRAM_FAILURE"},
			{func() { double.Skip("descendall", 1) }, "device and reference disagree"},
		} {
			c.fault()
			var stdout, stderr bytes.Buffer
			code := run(context.Background(), []string{"doctor", "--json", "--device", d.Name}, strings.NewReader(""), &stdout, &stderr)
			double.Reset()
			var r doctorJSON
			if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if code != exitFailure || len(r.Devices) != 1 || r.Devices[0].Status != doctorFailed || !strings.Contains(r.Devices[0].Error, c.text) ||
				!strings.Contains(stderr.String(), "1 of 1 devices") {
				t.Errorf("%s: exit code %d, %+v, stderr %s", c.text, code, r.Devices, stderr.String())
			}
		}
	})
}
