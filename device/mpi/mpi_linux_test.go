package mpi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// Sums of small integers are exact: every element on every rank is known. They go through
// one call, or several of 7 values each, and several are begun before one is waited for.
func testSum(t *testing.T, w *World) {
	n := w.Size()
	for _, most := range []int{1 << 28, 7} {
		mostValues = most
		for _, size := range []int{0, 1, 2, 6, 7, 8, 33, 100003} {
			if most == 7 && size > 33 {
				continue
			}
			first, second := make([]float32, size), make([]float32, size)
			for i := range first {
				first[i], second[i] = float32((w.Rank()+1)*(i%100)), float32(w.Rank())
			}
			waits := []func() (time.Duration, error){w.Sum(first), w.Sum(second)}
			for _, wait := range waits {
				if took, err := wait(); err != nil || took < 0 {
					t.Fatalf("%d values: %v, %v", size, took, err)
				}
			}
			for i := range first {
				if first[i] != float32(n*(n+1)/2*(i%100)) || second[i] != float32(n*(n-1)/2) {
					t.Fatalf("%d values: element %d is %v and %v on rank %d", size, i, first[i], second[i], w.Rank())
				}
			}
		}
	}
}

// Sums by way of halves are within the bound that SumHalves names, with values of many
// magnitudes, and the same bits on all ranks and each time; small integers are exact.
func testSumHalves(t *testing.T, w *World) {
	n := w.Size()
	value := func(r, i int) float32 { // of magnitudes 1e-9 to 1e6
		return float32(math.Sin(float64(1+i*7+r*13)) * math.Pow(10, float64(i%16-9)))
	}
	for _, most := range []int{1 << 28, 7} {
		mostValues = most
		for _, size := range []int{0, 1, 2, 6, 7, 8, 33, 1003} {
			if most == 7 && size > 33 {
				continue
			}
			values, exact := make([]float32, size), make([]float32, size)
			largest := 0.0
			for i := range values {
				values[i], exact[i] = value(w.Rank(), i), float32((w.Rank()+1)*(i%32))
				for r := range n {
					largest = math.Max(largest, math.Abs(float64(value(r, i))))
				}
			}
			again := slices.Clone(values)
			for _, v := range [][]float32{values, exact, again} {
				if _, err := w.SumHalves(v)(); err != nil {
					t.Fatal(err)
				}
			}
			for i, got := range values {
				sum, magnitudes := 0.0, 0.0
				for r := range n {
					sum += float64(value(r, i))
					magnitudes += math.Abs(float64(value(r, i)))
				}
				bound := 0x1p-11*(1+0x1p-11)*(magnitudes+math.Abs(sum)) + float64(n+1)*0x1p-25*float64(n)*largest*0x1p-14 + float64(n)*0x1p-24*magnitudes
				if off := math.Abs(float64(got) - sum); !(off <= bound) {
					t.Fatalf("%d values: element %d is %v, of %v: %v off, at most %v", size, i, got, sum, off, bound)
				}
				if exact[i] != float32(n*(n+1)/2*(i%32)) || again[i] != got {
					t.Fatalf("%d values: element %d is %v of whole numbers, %v again", size, i, exact[i], again[i])
				}
			}
			bits := make([]byte, 4*size)
			for i, v := range values {
				binary.LittleEndian.PutUint32(bits[4*i:], math.Float32bits(v))
			}
			if of0, err := w.Broadcast(bits); err != nil || !bytes.Equal(of0, bits) {
				t.Fatalf("rank %d has other bits than rank 0, %v", w.Rank(), err)
			}
		}
	}
	wild := []float32{1, float32(math.Inf(1)), float32(math.NaN())}
	if _, err := w.SumHalves(wild)(); err != nil || wild[1] == wild[1] && !math.IsInf(float64(wild[1]), 1) || wild[2] == wild[2] {
		t.Errorf("what is not finite becomes %v, %v", wild, err)
	}
}

// Bytes of every length, with every value of a byte, so signalling NaNs too, arrive as
// they are.
func testBroadcast(t *testing.T, w *World) {
	for _, most := range []int{1 << 28, 3} {
		mostValues = most
		for _, size := range []int{0, 1, 7, 8, 9, 256} {
			want := make([]byte, size)
			for i := range want {
				want[i] = byte(255 - i)
			}
			given := want
			if w.Rank() != 0 {
				given = []byte("not this")
			}
			got, err := w.Broadcast(given)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes on rank %d: %d arrive, %v", size, w.Rank(), len(got), err)
			}
		}
	}
}

func TestWorld(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			onRanks(t, n, func(t *testing.T, w *World) {
				if w.Size() != n || w.Rank() < 0 || w.Rank() >= n {
					t.Fatalf("rank %d of %d", w.Rank(), w.Size())
				}
				testSum(t, w)
				testSumHalves(t, w)
				testBroadcast(t, w)
				all, err := w.Gather([]float64{float64(w.Rank()), 0.5})
				if err != nil || len(all) != 2*n {
					t.Fatalf("gathered %v, %v", all, err)
				}
				for r := range n {
					if all[2*r] != float64(r) || all[2*r+1] != 0.5 {
						t.Errorf("gathered %v", all)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Gather([]float64{1}); !errors.Is(err, ErrClosed) {
					t.Errorf("after Close: %v", err)
				}
			})
		})
	}
}

// Memory that ranks share is one: each sees, after they have met, what every other wrote, as
// often as that changes. What a rank cannot have none has, all are told, and go on. What is
// not rank 0's memory is not opened.
func TestSharedMemory(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			onRanks(t, n, func(t *testing.T, w *World) {
				const own = 5000 // bytes of a rank: no multiple of a page
				memory, release, err := w.Share(own * n)
				if err != nil || len(memory) != own*n {
					t.Fatalf("%d bytes, %v", len(memory), err)
				}
				written := func(round, r int) byte { return byte(31*round + r + 1) }
				for round := range 20 {
					err := w.Together(func(meet func() error) error {
						for i := range own {
							memory[w.rank*own+i] = written(round, w.rank)
						}
						return meet()
					})
					if err != nil {
						t.Fatal(err)
					}
					for i, v := range memory {
						if want := written(round, i/own); v != want {
							t.Fatalf("round %d: byte %d is %d, want %d", round, i, v, want)
						}
					}
					if _, err := w.Gather([]float64{0}); err != nil { // before the next is written
						t.Fatal(err)
					}
				}
				if err := release(); err != nil {
					t.Error(err)
				}
				// Not a size that is too large: memory of a file without a limit is then taken until none is left.
				for what, size := range map[string]int{"no byte": 0, "less than none": -1} {
					if _, _, err := w.Share(size); !errors.Is(err, ErrNotShared) || w.rank == 0 && !strings.Contains(err.Error(), "rank 0: fallocate") {
						t.Errorf("%s: %v", what, err)
					}
				}
				if err := w.allHave(map[bool]error{true: os.ErrPermission}[w.rank == n-1]); !errors.Is(err, ErrNotShared) || errors.Is(err, os.ErrPermission) != (w.rank == n-1) {
					t.Errorf("the last rank has none: %v", err)
				}
			})
		})
	}
	file, err := reserve("clprop-test", 100)
	if err != nil {
		t.Fatal(err)
	}
	for place, says := range map[string]string{
		fmt.Sprintf("%d %d clprop-test", os.Getpid(), file):  "",
		fmt.Sprintf("%d %d clprop-other", os.Getpid(), file): "not /memfd:clprop-other (deleted)",
		fmt.Sprintf("%d 0 clprop-test", os.Getpid()):         "not /memfd:clprop-test (deleted)",
		fmt.Sprintf("%d 99999 clprop-test", os.Getpid()):     "no such file",
		"12 -1 ": "rank 0 has none",
	} {
		if _, err := find(place); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", place, err, says)
		}
	}
}

// More memory than the machine has to give is refused before it is taken.
func TestEnoughMemory(t *testing.T) {
	const text = "MemTotal:       50000 kB\nMemFree:          100 kB\nMemAvailable:    4000 kB\n"
	for size, good := range map[int]bool{1: true, 4000*1024 - 1: true, 4000 * 1024: false, 1 << 60: false} {
		if err := enoughIn(text, size); (err == nil) != good {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := enoughIn("MemFree: 1 kB\n", 1); err == nil {
		t.Error("memory whose size is not known is enough")
	}
}

// A sum in float32, where the order matters, has the same bits each time and on all ranks.
func TestSumRepeats(t *testing.T) {
	onRanks(t, 3, func(t *testing.T, w *World) {
		values := func() []float32 {
			v := make([]float32, 5000)
			for i := range v {
				v[i] = 1 / float32(1+i*7+w.Rank()*13)
			}
			return v
		}
		want := values()
		if _, err := w.Sum(want)(); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			got := values()
			if _, err := w.Sum(got)(); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("element %d: %v, then %v", i, want[i], got[i])
				}
			}
		}
		bits := make([]byte, 4*len(want))
		copy(bits, unsafe.Slice((*byte)(unsafe.Pointer(&want[0])), len(bits)))
		of0, err := w.Broadcast(bits)
		if err != nil || !bytes.Equal(of0, bits) {
			t.Errorf("rank %d has other bits than rank 0, %v", w.Rank(), err)
		}
	})
}

// The garbage collector runs, and goroutines allocate, while sums are under way.
func TestSumUnderGarbageCollection(t *testing.T) {
	onRanks(t, 2, func(t *testing.T, w *World) {
		var stop atomic.Bool
		defer stop.Store(true)
		for range 2 {
			go func() {
				for i := 0; !stop.Load(); i++ {
					_ = make([]byte, 1<<16)
					if i%50 == 0 {
						runtime.GC()
					}
				}
			}()
		}
		for k := range 100 {
			values := make([]float32, 20000)
			for i := range values {
				values[i] = float32(k + i%10)
			}
			if _, err := w.Sum(values)(); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				if v != float32(2*(k+i%10)) {
					t.Fatalf("sum %d, element %d: %v", k, i, v)
				}
			}
		}
	})
}

// With MPI loaded, a nil dereference is a panic that can be recovered from: the libraries,
// UCX among them, leave SIGSEGV to Go.
func TestPanicsStayPanics(t *testing.T) {
	onRanks(t, 2, func(t *testing.T, w *World) {
		if _, err := w.Gather([]float64{1}); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		var none *World
		_ = none.size
	})
}

// What MPI refuses is an error with its text, and not the end of the process.
func TestErrorsAreReturned(t *testing.T) {
	onRanks(t, 1, func(t *testing.T, w *World) {
		err := w.do(func() error {
			var value float64
			return w.lib.failed("MPI_Bcast", syscallN(w.lib.bcast, uintptr(unsafe.Pointer(&value)), 1, w.lib.double, 1000, w.lib.world))
		})
		var failed *Error
		if !errors.As(err, &failed) || failed.Op != "MPI_Bcast" || failed.Code == 0 || !strings.Contains(strings.ToLower(failed.Text), "root") {
			t.Errorf("a root that there is not: %v", err)
		}
	})
}

// The ABI of MPI-5, which no package of Debian 12 has, is tried on a stand-in that knows
// the constants of the standard only.
func TestStandardABI(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc")
	}
	path := filepath.Join(t.TempDir(), "libmpi_abi.so.0")
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-o", path, "testdata/abi.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv(libraryVariable, path)
	w, err := Start(Alone())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(w.Library(), "(MPI-5)") {
		t.Errorf("library %s", w.Library())
	}
	if _, err := w.Sum([]float32{1, 2})(); err != nil {
		t.Error(err)
	}
	values := []float32{1, -2, 0.5, 3, 65536} // 5 bits at most
	if _, err := w.SumHalves(values)(); err != nil || !slices.Equal(values, []float32{1, -2, 0.5, 3, 65536}) {
		t.Errorf("halves %v, %v", values, err)
	}
	if all, err := w.Gather([]float64{3}); err != nil || len(all) != 1 || all[0] != 3 {
		t.Errorf("gathered %v, %v", all, err)
	}
	if got, err := w.Broadcast([]byte("123456789")); err != nil || string(got) != "123456789" {
		t.Errorf("broadcast %q, %v", got, err)
	}
	if err := w.lib.failed("MPI_Bcast", 13); err == nil || err.Error() != "MPI_Bcast: error 13: wrong argument" {
		t.Errorf("error: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Start(Launcher{Name: "a launcher", Size: 3}); !errors.Is(err, ErrLauncher) || !strings.Contains(err.Error(), "started 3 ranks") {
		t.Errorf("three ranks were started: %v", err)
	}
	t.Setenv(libraryVariable, "libnosuch.so")
	if _, err := Start(Alone()); !errors.Is(err, ErrNoLibrary) || !strings.Contains(err.Error(), "libnosuch.so") {
		t.Errorf("no such library: %v", err)
	}
}

// Launchers are told by their variables; the variables of a Slurm job in which no srun
// started a step are none.
func TestLaunched(t *testing.T) {
	for _, c := range []struct {
		env     map[string]string
		name    string
		size    int
		library string
	}{
		{nil, "", 0, ""},
		{map[string]string{"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, "", 0, ""},
		{map[string]string{"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "SLURM_STEP_NUM_TASKS": "2"}, "Open MPI's mpirun", 4, "libmpi.so.40"},
		{map[string]string{"PMI_SIZE": "2", "PMI_RANK": "1"}, "MPICH's mpiexec", 2, "libmpich.so.12"},
		{map[string]string{"SLURM_STEP_NUM_TASKS": "8", "PMIX_RANK": "1"}, "srun", 8, "libmpi.so.40"},
		{map[string]string{"SLURM_STEP_NUM_TASKS": "8"}, "srun", 8, "libmpich.so.12"},
		{map[string]string{"PMI_SIZE": "x"}, "", 0, ""},
	} {
		for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "PMIX_RANK"} {
			t.Setenv(name, c.env[name])
		}
		got, ok := Launched()
		if got.Name != c.name || got.Size != c.size || ok != (c.name != "") || ok && got.libraries[0] != c.library {
			t.Errorf("%v: %+v", c.env, got)
		}
	}
}
