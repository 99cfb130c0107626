// Package data turns files into examples in host memory, ready for a network.
//
//	file ──ReadIDX──▶ IDX ──LoadIDX──▶ Set, Preprocess
//	file ──ReadCSV──▶ Table ──Fit──▶ Preprocess
//	                  Table ──Set(Preprocess)──▶ Set
//	embedded ──Digits──▶ Set, Preprocess
//
// It knows no networks, no devices and no batches: package trainer takes a Set
// from here. A new file format belongs here, in a file of its own, and ends in
// a Table (columns to be chosen and scaled) or in a Set (pixels).
//
// # Examples
//
// A Set holds one example a row: X is Rows × Features, Y is Rows × Outputs, both
// row-major float32, Y one-hot: y_k = 1 for the example's class k, else 0.
//
// # Preprocessing
//
// A Preprocess says how raw values become inputs. It is learned from training
// rows and travels in the model, so that prediction takes raw files:
//
//	number     x′ = (x − μ)/σ     μ = (1/n) Σ x,  σ² = (1/n) Σ (x − μ)²
//	category   x′_k = 1 if x is category k, else 0: an input for each category
//	pixel      x′ = s·x           s = 1/255 for IDX, 1/16 for the digits
//
// μ and σ come from the training rows alone. Categories and class names come
// from all rows of the table: they are names, not statistics, and a rare one
// must not make the validation rows unreadable. For a constant column σ = 1, so
// its input is 0.
//
// To hold rows back, choose them first, and learn from the others:
//
//	t, err := data.ReadCSV(path, data.Options{})
//	train, validation, err := t.Split(nil, 0.2, seed)
//	p, err := t.Fit(train)
//	all, err := t.Set(p)
//	a, b := all.Subset(train), all.Subset(validation)
//
// # Columns of a table
//
// A column of which at least half the cells are finite numbers is a number, and
// any other cell in it is an error; so a typing error never turns a number into
// a category. Other columns are categories. Missing cells (empty, NA, NaN, ?)
// are errors. Columns are found by name, so neither their order nor extra ones
// matter; without a header the names are c0, c1, …, counted from 0 as label
// positions are.
//
// # Files from strangers
//
// No input makes the package panic, and memory grows with what was read, not
// with what a header promises: an IDX file costs at most three times what it
// holds, a table 12 bytes a cell. Lengths beyond the bounds of preprocess.go and
// csv.go are errors. Errors about a file are of type *Error, one line with path,
// line and column or offset, and the way out.
package data
