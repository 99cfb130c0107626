// Package enginetest is the conformance suite of device.Engine: the same cases
// for every engine and every device, so that "it trains" means the same thing
// on each. A test of an engine opens it and hands it over:
//
//	func TestConformance(t *testing.T) {
//		e := device.OpenReference()
//		defer e.Close()
//		enginetest.Run(t, e, enginetest.Options{})
//	}
//
// # What is compared with what
//
// Each operation runs alone through the engine, on ragged shapes, and is
// compared with package cpuref in float64 on the same float32 inputs. Outputs
// are NaN before, so that what an operation leaves, or multiplies by 0 instead
// of overwriting, shows.
//
// # Tolerances
//
// u = 2⁻²⁴ is the relative error of one float32 rounding. A sum of k products
// may differ by 2·k·u·Σ|a_i b_i| whatever its order: k roundings of products and
// k−1 of partial sums, each at most u of that sum (N. J. Higham, Accuracy and
// Stability of Numerical Algorithms, 2002, §3.1). It then goes through the
// function behind it: an error e in z becomes at most L·e in g(z), where L is the
// largest |g′|, and g adds its own. For that the suite allows what OpenCL allows
// a device, one ulp being at most 2u of the value: exp 3 ulp, tanh 5, log 3,
// log1p 2, division 2.5 (The OpenCL C Specification 1.2, §7.4). The derivation
// of each bound stands at its line. Results below 2⁻¹²⁶ may be flushed to 0.
//
// Where a bound would be too wide to notice one element too few, the inputs are
// small integers, whose sums are exact in any order.
//
// # What may live here
//
// Cases and their tolerances, nothing that an engine needs to run.
package enginetest
