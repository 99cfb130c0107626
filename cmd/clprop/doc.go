// Command clprop trains neural networks on OpenCL devices, and says how good
// they are. docs/cli.md describes its commands, exit codes and JSON.
//
// One file holds one subcommand, data.go what they share about data flags, and
// exit.go which error ends with which exit code. What may not live here: anything
// that a program using the packages would want too.
package main
