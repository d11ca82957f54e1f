// A bounded load: so many callers, each with one request open at a time, read users for a while.
//
//	load seed SERVER COUNT                      makes users over gRPC, prints their ids
//	load grpc|http SERVER CALLERS SECONDS RATE  reads them; the ids come on standard input
//
// Prints requests answered a second, the 50th and 99th percentile of the latency in microseconds,
// how many were answered, and how many failed. With a RATE (requests a second of all callers; 0:
// as many as will pass) latency counts from when a request was due, not from when it could be sent.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "bench/usuarios/v1"
)

// connections carry the callers of gRPC between them; over HTTP/1.1 each caller has its own.
const connections = 8

// get reads one user and says what went wrong.
type get func(id string) error

func dial(server string) pb.UsuarioServiceClient {
	connection, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	return pb.NewUsuarioServiceClient(connection)
}

func overGRPC(client pb.UsuarioServiceClient) get {
	return func(id string) error {
		answer, err := client.ObterUsuario(context.Background(), &pb.ObterUsuarioRequest{Id: id})
		if err == nil && answer.GetUsuario().GetId() != id {
			err = fmt.Errorf("another user: %v", answer)
		}
		return err
	}
}

// overHTTP writes its request by hand, so as to cost little.
func overHTTP(server string) get {
	connection, err := net.Dial("tcp", server)
	if err != nil {
		panic(err)
	}
	input := bufio.NewReader(connection)
	return func(id string) error {
		connection.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprintf(connection, "GET /usuarios/%s HTTP/1.1\r\nHost: bench\r\n\r\n", id)
		answer, err := http.ReadResponse(input, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		if err == nil && (answer.StatusCode != 200 || !strings.Contains(string(body), id)) {
			err = fmt.Errorf("%s: %s", answer.Status, body)
		}
		return err
	}
}

// seed makes users, several at a time, and prints their ids.
func seed(client pb.UsuarioServiceClient, count int) {
	const together = 32
	var makers sync.WaitGroup
	var output sync.Mutex
	for first := range together {
		makers.Go(func() {
			for i := first; i < count; i += together {
				made, err := client.CriarUsuario(context.Background(), &pb.CriarUsuarioRequest{
					Nome: "Ana Maria", Email: fmt.Sprintf("ana.%d@exemplo.com.br", i),
				})
				if err != nil {
					panic(err)
				}
				output.Lock()
				fmt.Println(made.Usuario.Id)
				output.Unlock()
			}
		})
	}
	makers.Wait()
}

func main() {
	kind, server := os.Args[1], os.Args[2]
	number := func(at int) int {
		value, err := strconv.Atoi(os.Args[at])
		if err != nil {
			panic(err)
		}
		return value
	}
	if kind == "seed" {
		seed(dial(server), number(3))
		return
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	ids := strings.Fields(string(input))
	callers, seconds, rate := number(3), number(4), number(5)

	clients := make([]pb.UsuarioServiceClient, connections)
	for at := range clients {
		clients[at] = dial(server)
	}
	calls := make([]get, callers)
	for at := range calls {
		if kind == "http" {
			calls[at] = overHTTP(server)
		} else {
			calls[at] = overGRPC(clients[at%connections])
		}
	}
	took := make([][]time.Duration, callers)
	failed := make([]int, callers)
	var every time.Duration
	if rate > 0 {
		every = time.Second * time.Duration(callers) / time.Duration(rate)
	}
	start := time.Now()
	end := start.Add(time.Duration(seconds) * time.Second)
	var all sync.WaitGroup
	var first sync.Once
	for at, call := range calls {
		all.Go(func() {
			due := start.Add(every * time.Duration(at) / time.Duration(callers))
			for i := at; due.Before(end); i++ {
				time.Sleep(time.Until(due))
				if err := call(ids[i*7919%len(ids)]); err != nil {
					failed[at]++
					first.Do(func() { fmt.Fprintln(os.Stderr, err) })
					if kind == "http" {
						return // what the connection carries next is unknown
					}
				} else {
					took[at] = append(took[at], time.Since(due))
				}
				due = due.Add(every)
				if every == 0 {
					due = time.Now()
				}
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	latencies, wrong := slices.Concat(took...), 0
	for _, count := range failed {
		wrong += count
	}
	if len(latencies) == 0 {
		latencies = []time.Duration{0}
	}
	slices.Sort(latencies)
	percentile := func(of int) int64 { return latencies[(len(latencies)-1)*of/100].Microseconds() }
	fmt.Printf("%.0f %d %d %d %d\n", float64(len(latencies))/elapsed.Seconds(),
		percentile(50), percentile(99), len(latencies), wrong)
}
