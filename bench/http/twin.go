// The server of desafio1 as a Go programmer would write it with `net/http` alone.
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		io.WriteString(w, "Olá! Aqui é o servidor, falando de dentro da rede.")
	})
	panic(http.ListenAndServe(os.Args[1], mux))
}
