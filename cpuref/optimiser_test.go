package cpuref

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// torchSteps is testdata/optimisers.json: what PyTorch makes of the same gradients
// with each optimiser. A list of numbers is the weights and then the biases.
type torchSteps struct {
	In, Out int
	Start   []float64
	Grads   [][]float64
	Runs    []torchRun
}

type torchRun struct {
	Name                                   string
	LR, Momentum, Beta1, Beta2, Eps, Decay float64
	After                                  [][]float64 // after each step
}

func readTorch(t *testing.T) (f torchSteps) {
	t.Helper()
	text, err := os.ReadFile("testdata/optimisers.json")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Runs) != 9 || len(f.Grads) != 50 {
		t.Fatalf("%d runs of %d steps", len(f.Runs), len(f.Grads))
	}
	return f
}

// layer is a list of numbers as a layer.
func layer[T Float](f torchSteps, v []float64) Layer[T] {
	l := NewLayer[T](f.In, f.Out)
	for i, x := range v {
		if i < len(l.W.Data) {
			l.W.Data[i] = T(x)
		} else {
			l.B[i-len(l.W.Data)] = T(x)
		}
	}
	return l
}

// take is step t, from 1, of an optimiser.
func take[T Float](r torchRun, t int, theta, grad Layer[T], state [2]Layer[T]) {
	switch r.Name {
	case "sgd":
		SGD(theta, grad, r.LR)
	case "momentum", "nesterov":
		Momentum(theta, grad, state[0], r.LR, r.Momentum, r.Name == "nesterov")
	case "rmsprop":
		RMSprop(theta, grad, state[0], r.LR, r.Beta2, r.Eps)
	case "adagrad":
		Adagrad(theta, grad, state[0], r.LR, r.Eps)
	case "adam", "adamw":
		Adam(theta, grad, state[0], state[1], AdamStep{r.LR, float64(t), r.Beta1, r.Beta2, r.Eps, r.Decay})
	case "lion":
		Lion(theta, grad, state[0], r.LR, r.Beta1, r.Beta2, r.Decay)
	default:
		panic("no optimiser " + r.Name)
	}
}

// The same weights as PyTorch after each of 50 steps.
//
// Tolerance, with u the rounding of the type: in step s a running sum of
// non-negative terms is off by at most 3su of itself (a coefficient, a product and
// a sum, each step), its root by half of that; a sum of terms of both signs by 3su
// of the same sum of their magnitudes; a step takes a dozen roundings more, and Θ
// two: 4u|Θ| + (5s+24)u·U, with U the step that the same optimiser takes from
// gradients |D|. It adds up over the steps. The file has 13 digits: 5e-13 |Θ|.
func TestOptimisersAgainstPyTorch(t *testing.T) {
	t.Run("float64", againstPyTorch[float64](0x1p-53))
	t.Run("float32", againstPyTorch[float32](0x1p-24))
}

func againstPyTorch[T Float](u float64) func(*testing.T) {
	return func(t *testing.T) {
		f := readTorch(t)
		n := len(f.Start)
		for i, r := range f.Runs {
			t.Run(fmt.Sprint(r.Name, i), func(t *testing.T) {
				theta, state := layer[T](f, f.Start), [2]Layer[T]{layer[T](f, nil), layer[T](f, nil)}
				upward, upwardState := layer[float64](f, nil), [2]Layer[float64]{layer[float64](f, nil), layer[float64](f, nil)}
				plain := r
				plain.Decay = 0
				tolerance, was := make([]float64, n), make([]float64, n)
				for s, grad := range f.Grads {
					take(r, s+1, theta, layer[T](f, grad), state)
					magnitudes := make([]float64, n)
					for i, d := range grad {
						magnitudes[i] = math.Abs(d)
					}
					take(plain, s+1, upward, layer[float64](f, magnitudes), upwardState)
					got, now := append(theta.W.Data, theta.B...), append(upward.W.Data, upward.B...)
					for i, want := range r.After[s] {
						tolerance[i] += u * (4*math.Abs(want) + float64(5*(s+1)+24)*(was[i]-now[i]))
						if !(math.Abs(float64(got[i])-want) <= tolerance[i]+5e-13*math.Abs(want)) {
							t.Fatalf("step %d: parameter %d is %v, PyTorch has %v ± %.2g", s+1, i, got[i], want, tolerance[i])
						}
					}
					copy(was, now)
				}
			})
		}
	}
}

// NaN goes through every optimiser, to the element that it is in and no other.
func TestOptimisersPropagateNaN(t *testing.T) {
	f := readTorch(t)
	for _, r := range f.Runs {
		theta, grad := layer[float64](f, f.Start), layer[float64](f, f.Grads[0])
		grad.B[1] = math.NaN()
		take(r, 1, theta, grad, [2]Layer[float64]{layer[float64](f, nil), layer[float64](f, nil)})
		for o, b := range theta.B {
			if math.IsNaN(b) != (o == 1) {
				t.Errorf("%s: biases %v", r.Name, theta.B)
				break
			}
		}
	}
}
