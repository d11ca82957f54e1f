package main

import (
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"time"

	"malha.example/clients/context"
)

func main() {
	log.SetFlags(0)
	number, ok := new(big.Int).SetString(os.Args[3], 10)
	if !ok {
		log.Fatalf("%q is no number", os.Args[3])
	}
	bytes := number.FillBytes(make([]byte, max(2, (number.BitLen()+7)/8)))
	server, err := net.DialTimeout("tcp", net.JoinHostPort(os.Args[1], os.Args[2]), 2*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := server.Write(append(context.Header(), bytes...)); err != nil {
		log.Fatal(err)
	}
	answer, err := io.ReadAll(server)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
}
