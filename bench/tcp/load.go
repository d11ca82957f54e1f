// A bounded load: connections one after another on a number of workers, each with one request of
// 2 bytes, whose input is ended and whose answer is read to the end. Prints connections per second.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func exchange(address string) error {
	connection, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := connection.Write([]byte{0, 17}); err != nil {
		return err
	}
	connection.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(connection)
	if err == nil && string(answer) != "ÍMPAR" {
		err = fmt.Errorf("answered %q", answer)
	}
	return err
}

func main() {
	address := os.Args[1]
	requests, _ := strconv.ParseInt(os.Args[2], 10, 64)
	workers, _ := strconv.Atoi(os.Args[3])
	var next, failed atomic.Int64
	var all sync.WaitGroup
	started := time.Now()
	for range workers {
		all.Go(func() {
			for next.Add(1) <= requests && time.Since(started) < time.Minute {
				if err := exchange(address); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	fmt.Printf("%.0f %d\n", float64(requests)/time.Since(started).Seconds(), failed.Load())
}
