// A bounded load: so many connections, each with one request of 2 bytes whose input is ended and
// whose answer is read to the end; a number of them are open at any time. Prints connections per
// second, how many failed, and the CPU time that each took here, in microseconds.
//
// One thread and plain system calls: it is to cost less than any server that it measures.
package main

import (
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"fmt"
)

// open connects and sends a request; it does not wait for the answer.
func open(server *syscall.SockaddrInet4) (int, error) {
	connection, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	err = syscall.Connect(connection, server)
	if err == nil {
		_, err = syscall.Write(connection, []byte{0, 17})
	}
	if err == nil {
		err = syscall.Shutdown(connection, syscall.SHUT_WR)
	}
	return connection, err
}

// answered reads an answer to its end and says whether it is the right one.
func answered(connection int) bool {
	buffer := make([]byte, 64)
	length := 0
	for {
		n, err := syscall.Read(connection, buffer[length:])
		if n <= 0 {
			return err == nil && string(buffer[:length]) == "ÍMPAR"
		}
		length += n
	}
}

func cpu() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
}

func main() {
	runtime.LockOSThread()
	address, err := net.ResolveTCPAddr("tcp4", os.Args[1])
	if err != nil {
		panic(err)
	}
	server := &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte(address.IP.To4())}
	requests, _ := strconv.Atoi(os.Args[2])
	at_once, _ := strconv.Atoi(os.Args[3])
	opened := make([]int, at_once)
	failed := 0
	started, used := time.Now(), cpu()
	for i := range requests + at_once {
		slot := i % at_once
		if i >= at_once {
			if opened[slot] < 0 || !answered(opened[slot]) {
				failed++
			}
			syscall.Close(opened[slot])
		}
		if i < requests {
			if opened[slot], err = open(server); err != nil {
				syscall.Close(opened[slot])
				opened[slot] = -1
			}
		}
	}
	each := float64(requests)
	fmt.Printf("%.0f %d %.1f\n", each/time.Since(started).Seconds(), failed, (cpu()-used)/each)
}
