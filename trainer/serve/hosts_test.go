package serve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	h := Hosts(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "predict.example")
	for host, status := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8080": 200, "127.9.9.9:1": 200, "localhost": 200, "LOCALHOST:80": 200, "localhost.": 200,
		"[::1]": 200, "[::1]:8080": 200, "predict.example": 200, "Predict.Example:443": 200,
		"": 421, "evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "10.0.0.1": 421, "[::2]:80": 421,
		"localhost.evil.example": 421, "predict.example.evil": 421,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || status == 421 && !strings.Contains(w.Body.String(), "is not this server") {
			t.Errorf("%q: %d %s, want %d", host, w.Code, w.Body, status)
		}
	}
}
