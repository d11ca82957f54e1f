//! OTLP over gRPC, which exporters of Python and Java speak where nobody says otherwise.

use bytesize::ByteSize;
use opentelemetry_proto::DESCRIPTORS;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use prost_types::FileDescriptorSet;
use runtime_grpc::{DescriptorError, Services};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::{Request, Response, Status};

use super::SharedStore;
use super::partial::{NOT_SHOWN, REJECTED, count};
use super::wire::received;

/// The services that exporters call. An export has no more bytes than `max_export`, also when
/// decompressed.
pub fn services(store: SharedStore, max_export: ByteSize) -> Result<Services, DescriptorError> {
    let most = usize::try_from(max_export.as_u64()).unwrap_or(usize::MAX);
    let receiver = Receiver { store };
    let traces = TraceServiceServer::new(receiver.clone());
    let metrics = MetricsServiceServer::new(receiver.clone());
    let logs = LogsServiceServer::new(receiver);
    let services = Services::new(&described()?)?
        .with(
            traces
                .accept_compressed(Gzip)
                .max_decoding_message_size(most),
        )
        .with(
            metrics
                .accept_compressed(Gzip)
                .max_decoding_message_size(most),
        )
        .with(logs.accept_compressed(Gzip).max_decoding_message_size(most));
    Ok(services)
}

/// What reflection tells: all of OTLP but profiles, which are not taken.
fn described() -> Result<Vec<u8>, DescriptorError> {
    let mut otlp = FileDescriptorSet::decode(DESCRIPTORS)?;
    otlp.file
        .retain(|file| !file.package().contains("profiles"));
    Ok(otlp.encode_to_vec())
}

/// Answers every export.
#[derive(Clone, Debug)]
struct Receiver {
    store: SharedStore,
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let received = received(request.into_inner());
        self.store.keep(received.spans);
        let rejected = (received.rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: count(received.rejected),
            error_message: REJECTED.to_owned(),
        });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success: rejected,
        }))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let taken = ExportMetricsPartialSuccess {
            rejected_data_points: 0,
            error_message: NOT_SHOWN.to_owned(),
        };
        Ok(Response::new(ExportMetricsServiceResponse {
            partial_success: Some(taken),
        }))
    }
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let taken = ExportLogsPartialSuccess {
            rejected_log_records: 0,
            error_message: NOT_SHOWN.to_owned(),
        };
        Ok(Response::new(ExportLogsServiceResponse {
            partial_success: Some(taken),
        }))
    }
}

#[cfg(test)]
mod tests;
