// Package live shows a training under way as a page for a browser.
//
//	Fit ─OnBatch, OnEpoch─▶ Run ◀─once a second─ handler ─server-sent events─▶ browser
//
// Training only notes numbers in a [Run], which takes less than a microsecond and waits for
// nobody; what is drawn is drawn by the goroutines of those who look, at most once a second
// each, and of at most 8 of them. The curves, the confusion matrix and the style are those of package
// trainer/report. The page loads nothing from elsewhere.
//
//	GET /            the page
//	GET /events      text/event-stream: event head, the numbers of now, and event body, curves
//	                 and settings; their data is a JSON string of HTML. The last event is end
//	GET /state.json  the same as [State]
//
// What may not live here: anything that trains; sockets and time-outs of connections, which are
// the command's business.
package live
