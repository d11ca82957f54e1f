// The sockets server as a Go programmer would write it with `net` alone: a number of 1 to 64
// big-endian bytes, until the input ends or pauses for 100 ms, is answered with PAR or ÍMPAR, or,
// from 10 digits on, with itself.
package main

import (
	"errors"
	"math/big"
	"net"
	"os"
	"time"
)

const pause = 100 * time.Millisecond

func serve(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, 65)
	length := 0
	connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	for length < len(buffer) {
		n, err := connection.Read(buffer[length:])
		length += n
		if err != nil {
			if length > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			return
		}
		connection.SetReadDeadline(time.Now().Add(pause))
	}
	if length == 0 || length > 64 {
		return
	}
	number := new(big.Int).SetBytes(buffer[:length])
	answer := number.String()
	if len(answer) < 10 {
		answer = "PAR"
		if number.Bit(0) == 1 {
			answer = "ÍMPAR"
		}
	}
	connection.SetWriteDeadline(time.Now().Add(10 * time.Second))
	connection.Write([]byte(answer))
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			continue
		}
		go serve(connection)
	}
}
