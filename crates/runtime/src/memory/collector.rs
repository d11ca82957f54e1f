//! The budget and what is held of it, read whenever somebody asks for the metrics.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::MemoryBudget;

/// Shows a budget.
#[derive(Debug)]
pub(crate) struct MemoryCollector(pub(crate) MemoryBudget);

impl Collector for MemoryCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut show = |name: &str, help: &str, bytes: usize| {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            encoder
                .encode_descriptor(name, help, None, MetricType::Gauge)?
                .encode_gauge(&bytes)
        };
        let help = "Memory that connections and unfinished requests hold, as it is counted";
        show("server_memory_held_bytes", help, self.0.held())?;
        let help = "Memory that connections and unfinished requests may hold";
        show("server_memory_budget_bytes", help, self.0.bytes())
    }
}
