// Package onnx writes networks as ONNX graphs, which other programs run, and reads
// the graphs of fully connected networks that other programs wrote.
//
// # What Write writes
//
// Operator set 17, IR version 8. One input, float32, batch × s_1 with a batch of any
// size, and one output, batch × K:
//
//	input ─[scale, fill]─▶ Gemm ─[norm]─▶ g ─▶ … ─▶ Gemm ─[output activation]─[restore]─▶ output
//
//	Gemm          z = a Wᵀ + θ0: transB = 1, W [out,in] and θ0 [out] under the names
//	              0.weight, 0.bias, 2.weight, … that PyTorch gives them
//	norm          BatchNormalization, by the running mean and variance, or LayerNormalization,
//	              with weight, bias, running_mean and running_var as PyTorch names them
//	g             one node, or for GELU and SiLU, which set 17 has no operator of,
//	              z·½(1 + Erf(z/√2)) and z·Sigmoid(z)
//	scale, fill   x′ = ((x − μ_h) − μ_l)/σ, then Where(IsNaN(x′), fill, x′), if asked
//	              for. μ_h is μ as a float32 and μ_l what that leaves out: x − μ_h is
//	              exact where x is near μ, so that a mean much larger than σ does no
//	              harm, but for what x loses as a float32
//	restore       y = h·σ + μ of quantities, if inputs are scaled
//
// Weights are raw_data, and all are in the one file, which the format bounds at 2 GiB.
// Metadata has what a graph cannot say:
//
//	clprop.loss        what the network was trained on
//	clprop.outputs     ["name", …] of the classes, or of the quantities; two of one
//	                   sigmoid unit, whose output is the probability of the second
//	clprop.inputs      ["name", …] of the inputs; not of pixels
//	clprop.preprocess  data.Preprocess, where the graph leaves it to who runs it
//
// # What Read reads
//
// Chains of Gemm, or MatMul and Add, with one activation for all hidden layers, as
// torch.onnx.export writes nn.Sequential(Linear, g, Linear, …), maybe with BatchNormalization or
// LayerNormalization after each but the last, before them maybe
// arithmetic with constants, which becomes the model's preprocessing. Flatten,
// Identity and Constant are seen through. Anything else is an error with the name of
// the node and its operator.
//
// It takes the value of each node for c·f(z) + d, where z is an input or the result
// of a product, f an activation or a step on the way to one, and c and d are
// constants: z/√2, then Erf, plus 1, times z, times ½ is a GELU, in whatever order.
//
// # A file from a stranger
//
// Nothing that is in a file makes Read panic, or allocate more than four times the size
// of the file and 1 MiB. Weights in other files (external_data) are refused, and no
// path in a file is followed.
//
// Source: the format's own description, onnx.proto and Operators.md of
// https://github.com/onnx/onnx. The messages are written and read field by field with
// package protowire: there are few of them.
//
// What may not live here: what columns and classes mean, which is package data's
// business, and the network, which is package trainer's.
package onnx
