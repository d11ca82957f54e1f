// ObterUsuario as a Go programmer would write it: grpc-go, go-redis, one HMGET of the same key that
// our server reads. No health service, metrics, deadline of its own, or cap of anything. No spans either,
// but with `spans`: then by the libraries' own instrumentation, every one sampled, and sent nowhere, as
// ours are where no endpoint is set.
//
//	server LISTEN REDIS [spans]
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "bench/usuarios/v1"
)

type server struct {
	pb.UnimplementedUsuarioServiceServer
	redis *redis.Client
}

var errCorrupt = errors.New("a field is not what it should be")

func (s *server) ObterUsuario(ctx context.Context, request *pb.ObterUsuarioRequest) (*pb.ObterUsuarioResponse, error) {
	if !isUUID(request.Id) {
		return nil, status.Error(codes.InvalidArgument, "id: not a UUID")
	}
	fields, err := s.redis.HMGet(ctx, "{usuarios}:u:"+request.Id,
		"nome", "email", "criado_em", "atualizado_em", "versao", "expira_em").Result()
	if err != nil {
		return nil, status.Error(codes.Unavailable, "the store does not answer")
	}
	if fields[0] == nil {
		return nil, status.Error(codes.NotFound, "no such user")
	}
	usuario, err := usuarioOf(request.Id, fields)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &pb.ObterUsuarioResponse{Usuario: usuario}, nil
}

func usuarioOf(id string, fields []any) (*pb.Usuario, error) {
	text := [6]string{}
	for at, field := range fields {
		value, ok := field.(string)
		if !ok {
			return nil, errCorrupt
		}
		text[at] = value
	}
	created, err1 := moment(text[2])
	updated, err2 := moment(text[3])
	expires, err3 := moment(text[5])
	return &pb.Usuario{
		Id: id, Nome: text[0], Email: text[1], Etag: text[4],
		CriadoEm: created, AtualizadoEm: updated, ExpiraEm: expires,
	}, errors.Join(err1, err2, err3)
}

// moment reads milliseconds; none where there is no text.
func moment(text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	return &timestamppb.Timestamp{Seconds: ms / 1000, Nanos: int32(ms%1000) * 1e6}, err
}

func isUUID(text string) bool {
	_, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return len(text) == 36 && err == nil
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	store := redis.NewClient(&redis.Options{Addr: os.Args[2]})
	var options []grpc.ServerOption
	if len(os.Args) > 3 {
		otel.SetTracerProvider(trace.NewTracerProvider())
		otel.SetTextMapPropagator(propagation.TraceContext{})
		options = append(options, grpc.StatsHandler(otelgrpc.NewServerHandler()))
		if err := redisotel.InstrumentTracing(store, redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false)); err != nil {
			panic(err)
		}
	}
	rpc := grpc.NewServer(options...)
	pb.RegisterUsuarioServiceServer(rpc, &server{redis: store})
	panic(rpc.Serve(listener))
}
