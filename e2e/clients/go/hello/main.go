package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"malha.example/clients/context"
)

func main() {
	log.SetFlags(0)
	server, err := net.DialTimeout("tcp", net.JoinHostPort(os.Args[1], os.Args[2]), 2*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := server.Write(append(context.Header(), os.Args[3]+"\n"...)); err != nil {
		log.Fatal(err)
	}
	answer, err := io.ReadAll(server)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
}
