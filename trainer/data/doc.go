// Package data turns files into examples in host memory, ready for a network.
//
//	file, folder, standard input ──Read──▶ Raw: Table or Images
//	Raw ──Split──▶ rows to train on, rows held back
//	Raw ──Fit(rows)──▶ Preprocess
//	Raw ──Set(Preprocess)──▶ Set
//	Raw ──Inspect──▶ Summary
//
// It knows no networks, no devices and no batches: package trainer takes a Set
// from here. A new file format belongs here, in a file of its own, and ends in
// a Table (columns to be chosen and scaled) or in Images.
//
// # Examples
//
// A Set holds one example a row: X is Rows × Features, Y is Rows × Outputs, both
// row-major float32. For classes Y is one-hot: y_k = 1 for the example's class k,
// else 0. Of several labels at once (MultiLabel) y_k = 1 for each that the example has. For
// regression it has the scaled targets, which Restore scales back.
//
// # Preprocessing
//
// A Preprocess says how raw values become inputs. It is learned from training
// rows and travels in the model, so that prediction takes raw files:
//
//	number     x′ = (x − μ)/σ     μ = (1/n) Σ x,  σ² = (1/n) Σ (x − μ)²
//	minmax     x′ = (x − min)/(max − min)
//	category   x′_k = 1 if x is category k, else 0: an input for each category
//	pixel      x′ = s·x           s = 1/255 for images, 1/16 for the digits
//
// Statistics, categories and what takes the place of missing values come from the
// training rows alone; Table.Split leaves each category a training row, so that a
// rare one does not make the rows held back unreadable. Class names come from all
// rows. For a constant column σ = 1, so its input is 0.
//
// Mean and deviation are taken by blocks of a table's rows, and put together in their order.
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
// A column of which at least half the cells that are there are finite numbers is a
// number, and any other cell in it is an error; so a typing error never turns a
// number into a category. Other columns are categories. Missing cells (empty, NA,
// N/A, NaN, null, ?) and unknown categories are errors, unless FitOptions say what
// becomes of them. Columns are found by name, so neither their order nor extra
// ones matter; without a header the names are c0, c1, …, counted from 0 as label
// positions are.
//
// # What is not in memory
//
// Inputs of a Set may lie in a mapped file (Options.Map, Inputs), where any row can be read; or
// the rows may come from a Stream, one pass after the other in the order of the file:
//
//	file ──rowReader──▶ chunks ──parse──▶ Table ──Set──▶ examples     each pass
//	                                       └──learn, add──▶ Preprocess the first one
//
// One goroutine cuts the file into chunks, some turn chunks into small Tables and those into
// examples, and a StreamReader gives them out in order. A mapped array is a Table whose rows become
// cells when they are asked for (arrayCells). So there is one way from a cell to an
// input, and what is in memory, mapped and streamed has the same bits.
//
// # Files from strangers
//
// No input makes the package panic, and memory grows with what was read, not
// with what a header promises: a table costs 8 bytes a cell, about 150 a column
// that has texts or gaps, and 1 MiB. A packed file may become 16 MiB and 256 times
// its size, a sparse one 4 Mi cells and 256 for each that it gives. Parquet's
// library takes lengths of up to 256 MiB on trust. Errors about a file are of
// type *Error, one line with path, line and column or offset, and the way out.
package data
