package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	trace "malha.example/clients/context"
	pb "malha.example/clients/usuarios/v1"
)

func withDeadline() context.Context {
	ctx, _ := context.WithTimeout(context.Background(), 2*time.Second)
	if traceparent := trace.Traceparent(); traceparent != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", traceparent)
	}
	return ctx
}

func refused(err error) {
	answer := status.Convert(err)
	fmt.Printf("%s: %s\n", canonical[answer.Code()], answer.Message())
}

var canonical = map[codes.Code]string{
	codes.AlreadyExists: "ALREADY_EXISTS",
	codes.NotFound:      "NOT_FOUND",
}

func main() {
	log.SetFlags(0)
	address := net.JoinHostPort(os.Args[1], os.Args[2])
	channel, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()
	users := pb.NewUsuarioServiceClient(channel)
	novo := &pb.CriarUsuarioRequest{Nome: "João", Email: rand.Text() + "@example.com"}
	made, err := users.CriarUsuario(withDeadline(), novo)
	if err != nil {
		log.Fatal(err)
	}
	id := made.Usuario.Id
	read, err := users.ObterUsuario(withDeadline(), &pb.ObterUsuarioRequest{Id: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(read.Usuario.Nome)
	_, err = users.CriarUsuario(withDeadline(), novo)
	refused(err)
	if _, err = users.RemoverUsuario(withDeadline(), &pb.RemoverUsuarioRequest{Id: id}); err != nil {
		log.Fatal(err)
	}
	_, err = users.ObterUsuario(withDeadline(), &pb.ObterUsuarioRequest{Id: id})
	refused(err)
}
