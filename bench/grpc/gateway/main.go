// The gateway as grpc-gateway makes it from the interface: GET /usuarios/{id}, and nothing more.
//
//	gateway LISTEN SERVER
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "bench/usuarios/v1"
)

func main() {
	routes := runtime.NewServeMux()
	plain := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	err := pb.RegisterUsuarioServiceHandlerFromEndpoint(context.Background(), routes, os.Args[2], plain)
	if err != nil {
		panic(err)
	}
	panic(http.ListenAndServe(os.Args[1], routes))
}
