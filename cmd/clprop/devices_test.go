package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/spf13/cobra"
)

func TestDevicesText(t *testing.T) {
	listing := &device.Listing{
		Devices: []device.Found{
			{Index: 0, Name: "pthread", On: "PoCL", Kind: "CPU", Units: 2, ClockMHz: 9000, TotalMemory: 1 << 33, MaxAllocation: 1 << 31, Kernels: "block", Driver: "3.1"},
			{Index: 1, Platform: 1, Name: "GTX\x1b[1m", On: "NVIDIA CUDA", Kind: "GPU", Units: 30, ClockMHz: 1500, TotalMemory: 3 << 31, MaxAllocation: 3 << 29, Kernels: "tile", Driver: "535"},
		},
		Skipped: []device.Skipped{{Platform: 2, Name: "Clover", Reason: "has no device"}},
	}
	want := fmt.Sprintf(`  index   at   type       name           units  memory   largest  kernels  tuned  driver  platform
  0       0:0  CPU        pthread        2      8.0 GiB  2.0 GiB  block    2      3.1     PoCL
* 1       1:0  GPU        GTX�[1m        30     6.0 GiB  1.5 GiB  tile     0      535     NVIDIA CUDA
  cpuref       reference  CPU reference  %d
skipped: platform 2, Clover: has no device
`, runtime.NumCPU())
	if got := devicesText(listing, [][]string{{"3-2 at 1", "4-2 at 1"}, {}}, nil); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	none := devicesText(&device.Listing{}, nil, errors.New("no driver\nat all"))
	if !strings.Contains(none, "\n* cpuref") || !strings.HasSuffix(none, "\nno driver; at all\n") {
		t.Errorf("without a device:\n%s", none)
	}
}

func TestDevicesJSON(t *testing.T) {
	var d devicesJSON
	unpack(t, clprop(t, "devices", "--json").succeeded(t).stdout, &d)
	listing, err := device.List()
	if err != nil && !noDevice(err) {
		t.Fatal(err)
	}
	if d.Schema != schemaVersion || len(d.Devices) != len(listing.Devices) || d.Auto != autoDevice(listing) || (d.NoDevice == "") != (err == nil) {
		t.Errorf("%+v", d)
	}
}

// That there is no device is an answer, not a failure.
func TestDevicesWithoutDriver(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("OCL_ICD_VENDORS is the Linux loader's")
	}
	for _, args := range [][]string{{"devices"}, {"devices", "--json"}} {
		cmd := process(t, []string{"OCL_ICD_VENDORS=/nonexistent"}, args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Fatalf("%v: %v: %s", args, err, stderr.String())
		}
		if len(args) == 1 {
			if !strings.Contains(stdout.String(), "\n* cpuref ") || !strings.Contains(stdout.String(), "--device cpuref") {
				t.Errorf("stdout:\n%s", stdout.String())
			}
			continue
		}
		var d devicesJSON
		unpack(t, stdout.String(), &d)
		if d.Auto != "cpuref" || d.NoDevice == "" || d.Devices == nil {
			t.Errorf("%+v", d)
		}
	}
}

// A library that is not OpenCL's is as good as none.
func TestDevicesOfAnotherLibrary(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the name of the C library is Linux's")
	}
	cmd := process(t, []string{"CLPROP_OPENCL_LIBRARY=libc.so.6"}, "devices")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\n* cpuref ") || !strings.Contains(string(out), "libc.so.6") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestVersion(t *testing.T) {
	defer func(v string) { version = v }(version)
	version = "v1.2.3"
	var v versionJSON
	unpack(t, clprop(t, "version", "--json").succeeded(t).stdout, &v)
	if v.Schema != schemaVersion || v.Version != "v1.2.3" || v.Go != runtime.Version() || v.OS != runtime.GOOS || v.Arch != runtime.GOARCH {
		t.Errorf("%+v", v)
	}
	if got := clprop(t, "version").succeeded(t).stdout; !strings.HasPrefix(got, "clprop v1.2.3 ") {
		t.Errorf("stdout %q", got)
	}
}

// Every command explains itself, with examples whose flags there are, and
// docs/cli.md knows every flag.
func TestHelp(t *testing.T) {
	reference, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	root := newRootCommand(&env{})
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		if cmd.Long == "" || cmd.Example == "" {
			t.Errorf("%s: no long help, or no example", cmd.Name())
		}
		for line := range strings.Lines(cmd.Example) {
			checkExample(t, cmd, line)
		}
		_, section, found := strings.Cut(string(reference), "\n## clprop "+cmd.Name()+"\n")
		if !found {
			t.Errorf("docs/cli.md: no section of %s", cmd.Name())
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, name := range flagNames(cmd) {
			if !strings.Contains(section, "`--"+name) {
				t.Errorf("docs/cli.md: %s: nothing of --%s", cmd.Name(), name)
			}
		}
		o := clprop(t, cmd.Name(), "--help").succeeded(t)
		if !strings.HasPrefix(o.stdout, cmd.Long) || o.stderr != "" {
			t.Errorf("%s --help: %+v", cmd.Name(), o)
		}
	}
}

func checkExample(t *testing.T, cmd *cobra.Command, line string) {
	t.Helper()
	_, own, _ := strings.Cut(line, "clprop "+cmd.Name()) // a launcher before it has flags of its own
	for _, word := range strings.Fields(own) {
		name, isFlag := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && cmd.Flags().Lookup(name) == nil {
			t.Errorf("%s: the example %q has a flag that there is not", cmd.Name(), strings.TrimSpace(line))
		}
	}
}

// flagNames reads the flags out of the usage text, as a user does.
func flagNames(cmd *cobra.Command) []string {
	var names []string
	for line := range strings.Lines(cmd.LocalFlags().FlagUsages()) {
		if _, rest, ok := strings.Cut(line, "--"); ok && strings.TrimSpace(line) != "" {
			names = append(names, strings.Fields(rest)[0])
		}
	}
	return names
}
