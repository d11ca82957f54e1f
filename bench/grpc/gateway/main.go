// The gateway as grpc-gateway makes it from the interface: GET /usuarios/{id}, and nothing more; with `spans`
// those of net/http's and grpc-go's own instrumentation, as the server's.
//
//	gateway LISTEN SERVER [spans]
package main

import (
	"context"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "bench/usuarios/v1"
)

func main() {
	routes := runtime.NewServeMux()
	plain := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	var handler http.Handler = routes
	if len(os.Args) > 3 {
		otel.SetTracerProvider(trace.NewTracerProvider())
		otel.SetTextMapPropagator(propagation.TraceContext{})
		plain = append(plain, grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
		handler = otelhttp.NewHandler(routes, "GET /usuarios/{id}")
	}
	err := pb.RegisterUsuarioServiceHandlerFromEndpoint(context.Background(), routes, os.Args[2], plain)
	if err != nil {
		panic(err)
	}
	panic(http.ListenAndServe(os.Args[1], handler))
}
