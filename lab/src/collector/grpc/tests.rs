use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use testing::{TestLifecycle, serving};
use tonic::Code;
use tonic::transport::Channel;

use super::*;
use crate::collector::fixture::{ROOMY, export, trace_id};

/// More than any test sends, but one.
const MOST: ByteSize = ByteSize::kib(64);

async fn receiver() -> (SharedStore, Channel, TestLifecycle) {
    let store = SharedStore::new(ROOMY);
    let services = services(store.clone(), MOST).unwrap();
    let limits = testing::settings::<crate::Lab>(&[]).otlp_grpc_limits();
    let (address, lifecycle) = serving(async move |listener, lifecycle| {
        runtime_grpc::serve(listener, services, limits, &lifecycle).await;
    })
    .await;
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    (store, endpoint.connect().await.unwrap(), lifecycle)
}

#[tokio::test]
async fn what_is_exported_is_kept_whether_compressed_or_not() {
    for compressed in [false, true] {
        let (store, channel, _lifecycle) = receiver().await;
        let mut exporter = TraceServiceClient::new(channel);
        if compressed {
            exporter = exporter.send_compressed(Gzip);
        }
        let answer = exporter.export(export(vec![2; 8], String::new())).await;
        assert_eq!(answer.unwrap().into_inner().partial_success, None);
        assert_eq!(store.lock().trace(trace_id(1)).unwrap().spans.len(), 1);
    }
}

#[tokio::test]
async fn rejected_spans_are_a_partial_success() {
    let (store, channel, _lifecycle) = receiver().await;
    let answer = TraceServiceClient::new(channel)
        .export(export(Vec::new(), String::new()))
        .await;
    let partial = answer.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert_eq!(partial.error_message, REJECTED);
    assert!(store.lock().trace(trace_id(1)).is_none());
}

#[tokio::test]
async fn metrics_and_logs_are_taken_and_said_not_to_be_shown() {
    let (_, channel, _lifecycle) = receiver().await;
    let metrics = MetricsServiceClient::new(channel.clone())
        .export(ExportMetricsServiceRequest::default())
        .await;
    let partial = metrics.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(
        (partial.rejected_data_points, &*partial.error_message),
        (0, NOT_SHOWN)
    );
    let logs = LogsServiceClient::new(channel)
        .export(ExportLogsServiceRequest::default())
        .await;
    let partial = logs.unwrap().into_inner().partial_success.unwrap();
    assert_eq!(
        (partial.rejected_log_records, &*partial.error_message),
        (0, NOT_SHOWN)
    );
}

#[tokio::test]
async fn a_little_gzip_that_becomes_much_is_refused() {
    let (store, channel, _lifecycle) = receiver().await;
    let bomb = export(vec![2; 8], "0".repeat(1 << 20));
    let refused = TraceServiceClient::new(channel)
        .send_compressed(Gzip)
        .export(bomb)
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::ResourceExhausted);
    assert!(store.lock().trace(trace_id(1)).is_none());
}

#[test]
fn reflection_tells_what_is_taken_and_nothing_else() {
    let told = FileDescriptorSet::decode(described().unwrap().as_slice()).unwrap();
    let services = told.file.iter().flat_map(|file| &file.service);
    let mut names: Vec<_> = services
        .map(prost_types::ServiceDescriptorProto::name)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["LogsService", "MetricsService", "TraceService"]);
}
