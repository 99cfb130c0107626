package cl

import "testing"

// empty is a kernel that does next to nothing, ready to launch.
func (r *rig) empty(t testing.TB) (*Kernel, *NDRange) {
	t.Helper()
	k := r.build(t, "__kernel void empty(__global float *a) { if (a[0] < 0) a[0] = 0; }", "empty")
	check(t, k.SetArgBuffer(0, r.buffer(t, []float32{1})))
	nd, err := NewNDRange([]int{1}, []int{1})
	check(t, err)
	return k, nd
}

// purego.SyscallN, as of v0.11.3, allocates the list of arguments; nothing else
// on the per-step path may allocate.
func TestLaunchAllocates(t *testing.T) {
	r := openRig(t)
	k, nd := r.empty(t)
	run := func() { check(t, r.queue.Launch(k, nd)) }
	run() // look the functions up
	if n := testing.AllocsPerRun(100, run); n > 1 {
		t.Errorf("Launch allocates %v times, want at most 1", n)
	}
	set := func() { check(t, k.SetArgBuffer(0, k.buffers[0])) }
	if n := testing.AllocsPerRun(100, set); n > 1 {
		t.Errorf("SetArgBuffer allocates %v times, want at most 1", n)
	}
	check(t, r.queue.Finish())
}

func BenchmarkLaunch(b *testing.B) {
	r := openRig(b)
	k, nd := r.empty(b)
	b.ReportAllocs()
	for b.Loop() {
		check(b, r.queue.Launch(k, nd))
	}
	check(b, r.queue.Finish())
}

func BenchmarkSetArgFloat32(b *testing.B) {
	r := openRig(b)
	k := r.build(b, "__kernel void set(float a) { }", "set")
	b.ReportAllocs()
	for b.Loop() {
		check(b, k.SetArgFloat32(0, 1))
	}
}
