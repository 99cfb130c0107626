// Package report tells what came of a training as one HTML file, which loads nothing
// from elsewhere: learning curves, confusion matrix, precision and recall of each class, or of each of several labels,
// worst mistakes, histograms of the weights and gradients and the weights of the first layer as images.
//
// A [Report] is what training knows and the model does not; it is kept as JSON beside the
// model, so that the page can be made again, without data or device, by [Report.HTML].
// Pictures are SVG, which take their colours from the page and so its light or dark.
//
// Package trainer/live shows the same of a training under way, by [Report.Body].
//
// What may not live here: anything that trains, or reads data.
package report
