package serve

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// Hosts has h answer requests that are meant for this machine by what their Host says:
// localhost, an address of loopback, or one of names; others get status 421. A page from
// elsewhere whose name was made to lead to this machine (DNS rebinding) is told so by its
// own name, and reads nothing.
func Hosts(h http.Handler, names ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := hostName(r.Host)
		ip := net.ParseIP(name)
		local := name == "localhost" || ip != nil && ip.IsLoopback()
		if local || slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) }) {
			h.ServeHTTP(w, r)
			return
		}
		writeError(w, http.StatusMisdirectedRequest, fmt.Errorf("host %.60q is not this server: ask 127.0.0.1, or allow that name (--hosts)", name))
	})
}

// hostName is a Host without its port and the brackets of an IPv6 address.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
