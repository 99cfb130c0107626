// Package serve answers requests for predictions over HTTP.
//
//	handler ─decode, scale─▶ queue ─▶ one goroutine: batch ─▶ device ─▶ handler ─encode─▶
//	handler ─decode, scale─┘          of several requests
//
// Each request is decoded and scaled by a goroutine of its own, by the model's
// preprocessing, as 'clprop predict' does it. One goroutine owns the engine: it takes
// what is queued, waits a little for company, and computes all of it in one batch, which
// a device does in little more time than one row. The sizes of batches are prepared
// beforehand, see trainer.Predictor.
//
// # Waiting for company
//
// A batch goes when it is full, or has all that are on the way and as many as there were
// when the batch before it was ready: a client that asks again when it has its answer is
// back soon after, and goes with the others instead of half a batch behind them. Therefore a
// lone client does not wait. No batch waits longer than Options.MaxWait, nor longer than the
// one before it took, so that waiting for who does not come doubles a time at most. While the
// device is busy, requests gather by themselves.
//
// # Requests
//
//	POST /v1/predict   {"rows": [{"length": 1.5, "site": "north"}, …]}, by the names of
//	                   columns, or [[1.5, "north"], …] in the model's order, or, of a
//	                   model of images, [[0, 255, …], …]; null is a missing value
//	                   {"predictions": [{"label": "rose", "probabilities": {"iris": 0.1,
//	                   …}}, …]}; of a hinge "scores"; of quantities {"values": {"price": 1}};
//	                   of several labels at once {"labels": ["ripe", …], "probabilities":
//	                   {"red": 0.1, …}}, those above ½ being listed
//	                   with Content-Type: application/octet-stream, the rows as float32,
//	                   little-endian, one after the other and nothing else; NaN is a
//	                   missing value. The answer is the same
//	GET /healthz       200 {"status": "ok"}, 503 while it stops or when the device failed
//	GET /metrics       counters in Prometheus's text format, version 0.0.4
//
// An error is {"error": {"message": …, "row": 2, "column": "site"}}, rows counted from 1:
// 400 for what cannot be read, 404, 405, 408 for a body that does not come, 413 for too long a body or too many rows, 500
// when the device failed, 503 with Retry-After when the queue is full or time is up.
//
// # What may not live here
//
// Sockets, signals and time-outs of connections, which are the command's business.
package serve
