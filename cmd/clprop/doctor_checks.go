package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/kernels"
	"github.com/clprop/clprop/trainer/durable"
)

// libraryFinding is about the OpenCL loader, or about why there is no device.
func libraryFinding(l *device.Listing, missing error) findingJSON {
	f := findingJSON{Check: "OpenCL library", Status: doctorOK}
	switch {
	case errors.Is(missing, device.ErrNoLibrary):
		f.Status, f.Text = doctorWarning, "none is found"
		f.Advice = "install a loader and a driver (Debian, Ubuntu: apt-get install ocl-icd-libopencl1 pocl-opencl-icd), or name the library in CLPROP_OPENCL_LIBRARY"
		return f
	case errors.Is(missing, device.ErrNoPlatform):
		f.Status = doctorWarning
		f.Advice = "it knows no driver: install your GPU vendor's, or PoCL for the CPU (Debian, Ubuntu: apt-get install pocl-opencl-icd); check OCL_ICD_VENDORS if it is set"
	case errors.Is(missing, device.ErrNoDevice):
		f.Status = doctorWarning
		f.Advice = "no driver has a device: install PoCL for the CPU (Debian, Ubuntu: apt-get install pocl-opencl-icd), or see docs/drivers.md for a GPU"
	}
	f.Text = whereIs(l.Library)
	return f
}

// whereIs adds to the name of a library that is loaded the file that it lies in, where the
// system tells.
func whereIs(name string) string {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return name
	}
	defer maps.Close()
	stem, _, _ := strings.Cut(filepath.Base(name), ".so")
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		at := strings.IndexByte(lines.Text(), '/')
		if at < 0 {
			continue
		}
		if path := lines.Text()[at:]; strings.HasPrefix(filepath.Base(path), stem) && path != name {
			return name + " (" + path + ")"
		}
	}
	return name
}

// driverFindings are about the drivers that are registered with the loader of Linux: files
// that each hold the name of a library.
func driverFindings() []findingJSON {
	if runtime.GOOS != "linux" {
		return nil
	}
	folder := cmp.Or(os.Getenv("OCL_ICD_VENDORS"), "/etc/OpenCL/vendors")
	files, _ := filepath.Glob(filepath.Join(folder, "*.icd"))
	if len(files) == 0 {
		if info, err := os.Stat(folder); err == nil && !info.IsDir() {
			return nil // OCL_ICD_VENDORS may be a driver itself
		}
		return []findingJSON{{"drivers", doctorWarning, folder + " has none", "install one: docs/drivers.md has them by vendor"}}
	}
	var list []findingJSON
	for _, file := range files {
		f := findingJSON{Check: "driver " + oneLine(strings.TrimSuffix(filepath.Base(file), ".icd")), Status: doctorOK}
		text, err := os.ReadFile(file)
		library := strings.TrimSpace(string(text))
		f.Text = oneLine(library)
		if err != nil {
			f.Status, f.Text, f.Advice = doctorWarning, oneLine(err.Error()), "make the file readable, or install the driver's package again"
		} else if _, missing := os.Stat(library); filepath.IsAbs(library) && missing != nil {
			f.Status, f.Advice = doctorWarning, "the library is not there: install the driver's package again, or remove "+file
		} else if _, missing := exec.LookPath("ld"); strings.Contains(library, "pocl") && missing != nil {
			f.Status, f.Advice = doctorWarning, "PoCL links kernels with ld, and ends the process if PATH has none: install binutils"
		}
		list = append(list, f)
	}
	return list
}

// skippedAdvice is what may give a platform a device.
func skippedAdvice(s device.Skipped) string {
	name := strings.ToLower(s.Name)
	switch {
	case strings.Contains(name, "rusticl"):
		return "rusticl offers a GPU only if asked to: set RUSTICL_ENABLE=radeonsi for AMD, iris for Intel, panfrost for Mali; it is of no use without one"
	case strings.Contains(name, "clover"):
		return "Mesa's old driver, of no use here: nothing to do"
	case strings.Contains(name, "intel"):
		return "the driver sees no GPU of Intel: is the user in the groups video and render?"
	case strings.Contains(name, "amd"):
		return "the driver sees no GPU of AMD: is the user in the groups video and render?"
	case strings.Contains(name, "nvidia"):
		return "the driver sees no GPU of NVIDIA: does nvidia-smi list it?"
	}
	return "is the device visible to this user (clinfo -l)?"
}

// cards are makers of graphics cards by their PCI number.
var cards = map[string]struct{ maker, advice string }{
	"0x10de": {"NVIDIA", "install NVIDIA's driver (Debian: nvidia-driver and nvidia-opencl-icd; Ubuntu: nvidia-driver-NNN), and see that nvidia-smi lists the card"},
	"0x1002": {"AMD", "install ROCm's OpenCL (rocm-opencl-runtime, or Debian's rocm-opencl-icd), or mesa-opencl-icd with RUSTICL_ENABLE=radeonsi; the user must be in the groups video and render"},
	"0x8086": {"Intel", "install intel-opencl-icd; the user must be in the group render"},
}

// cardFindings are about graphics cards that the machine has and no driver offers. root is
// the root of the file system.
func cardFindings(root string, l *device.Listing) []findingJSON {
	classes, _ := filepath.Glob(filepath.Join(root, "sys/bus/pci/devices/*/class"))
	var seen []string
	var list []findingJSON
	for _, file := range classes {
		class, err := os.ReadFile(file)
		vendor, err2 := os.ReadFile(filepath.Join(filepath.Dir(file), "vendor"))
		if err != nil || err2 != nil || !strings.HasPrefix(string(class), "0x03") { // a display controller
			continue
		}
		id := strings.TrimSpace(string(vendor))
		card, known := cards[id]
		if !known || slices.Contains(seen, id) || slices.ContainsFunc(l.Devices, func(d device.Found) bool {
			return d.Kind == "GPU" && strings.Contains(strings.ToLower(d.Vendor+" "+d.On), strings.ToLower(card.maker))
		}) {
			continue
		}
		seen = append(seen, id)
		list = append(list, findingJSON{"graphics card", doctorWarning, "a GPU of " + card.maker + " is in the machine, and no OpenCL driver offers it", card.advice})
	}
	return list
}

// limitsText is what a device can do, as its driver says.
func limitsText(d device.Found) string {
	return fmt.Sprintf("\n%s, %s, driver %s, %s\n%s, %d compute units at %d MHz, %s memory, at most %s in one allocation, "+
		"%s local memory, work-groups up to %d, vectors of %d floats, %s kernels",
		oneLine(d.On), oneLine(d.Version), oneLine(d.Driver), oneLine(d.Language), d.Kind, d.Units, d.ClockMHz,
		device.FormatBytes(d.TotalMemory), device.FormatBytes(d.MaxAllocation), device.FormatBytes(d.LocalMemory),
		d.WorkGroup, d.Vector, d.Kernels)
}

const blasAdvice = "set " + device.EnvBLAS + " to another library, or to off"

// blasFinding is about the library that the CPU reference multiplies with, and the error why it
// does not where that cannot be loaded.
func blasFinding() (findingJSON, error) {
	f := findingJSON{Check: "BLAS", Status: doctorOK}
	spec := os.Getenv(device.EnvBLAS)
	library, err := cpuref.UseBLAS(spec)
	switch {
	case err != nil:
		f.Status, f.Text, f.Advice = doctorWarning, oneLine(err.Error()), blasAdvice
	case library == nil && spec != "":
		f.Text = "switched off by " + device.EnvBLAS + ": the CPU reference multiplies in Go"
	case library == nil:
		f.Status, f.Text = doctorNote, "no library is found: the CPU reference multiplies in Go, several times slower"
		f.Advice = "only for --device cpuref: install OpenBLAS (Debian, Ubuntu: apt-get install libopenblas0-pthread)"
	default:
		f.Text = library.String() + ", " + whereIs(library.Path())
	}
	return f, err
}

// cacheFinding is about the folder for compiled kernels and tunings.
func cacheFinding() (cacheJSON, findingJSON) {
	c, f := cacheJSON{Folder: kernels.CacheFolder()}, findingJSON{Check: "cache", Status: doctorOK}
	if c.Folder == "" {
		f.Status, f.Text = doctorNote, "none: kernels are compiled anew by every process, and tunings are not kept"
		f.Advice = "unset " + kernels.EnvCache + ", or set " + kernels.EnvCacheDir + " to a folder"
		return c, f
	}
	filepath.WalkDir(c.Folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read is not counted
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			c.Files, c.Bytes = c.Files+1, c.Bytes+info.Size()
		}
		return nil
	})
	f.Text = fmt.Sprintf("%s: %s, %s", c.Folder, plural(c.Files, "file"), device.FormatBytes(c.Bytes))
	var lost []string
	for _, part := range []struct{ folder, without string }{
		{kernels.ProgramFolder(), "kernels are compiled anew by every process"},
		{device.TunedFolder(), "what tune finds is not kept"},
	} {
		err := os.MkdirAll(part.folder, 0o700)
		if err == nil {
			err = durable.Check(filepath.Join(part.folder, "test"))
		}
		if err != nil {
			lost = append(lost, oneLine(fmt.Sprintf("%s is not writable: %s: %v", part.folder, part.without, err)))
		}
	}
	if c.Writable = len(lost) == 0; !c.Writable {
		f.Status, f.Text = doctorWarning, strings.Join(lost, "\n")
		f.Advice = "make it a folder that is writable, or set " + kernels.EnvCacheDir + " to one"
	}
	return c, f
}

// doctorText is a paragraph for each finding.
func doctorText(found []findingJSON) string {
	var b strings.Builder
	for _, f := range found {
		lines := strings.Split(f.Text, "\n")
		fmt.Fprintf(&b, "%-8s %-16s %s\n", f.Status, f.Check, lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(&b, "%-25s %s\n", "", line)
		}
		if f.Advice != "" {
			fmt.Fprintf(&b, "%-25s -> %s\n", "", f.Advice)
		}
	}
	return b.String()
}
