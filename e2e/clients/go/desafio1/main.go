package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"malha.example/clients/context"
)

func main() {
	log.SetFlags(0)
	request, err := http.NewRequest("GET", os.Args[1], nil)
	if err != nil {
		log.Fatal(err)
	}
	if traceparent := context.Traceparent(); traceparent != "" {
		request.Header.Set("traceparent", traceparent)
	}
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		log.Fatal(answer.Status)
	}
	fmt.Println(string(body))
}
