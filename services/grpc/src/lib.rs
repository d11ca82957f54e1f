//! grpc: users over gRPC, and a gateway to them.
