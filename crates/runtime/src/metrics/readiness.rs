//! Whether the service is ready, as `/readyz` says it.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use crate::readiness::Readiness;

/// Readiness, read whenever somebody asks for the metrics.
#[derive(Debug)]
pub(crate) struct ReadinessCollector(pub(crate) Readiness);

impl Collector for ReadinessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let report = self.0.report();
        let mut show = |name: &str, help: &str, value: bool| {
            encoder
                .encode_descriptor(name, help, None, MetricType::Gauge)?
                .encode_gauge(&u64::from(value))
        };
        let help = "1 while work should be sent here, as /readyz says";
        show("service_ready", help, report.ready)?;
        let help = "1 while the service is ending";
        show("service_draining", help, report.draining)?;
        let help = "1 while something that the service needs was seen and not lost since";
        let name = "service_dependency_ready";
        let mut each = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for check in &report.checks {
            let labels = [("dependency", check.name.as_str())];
            each.encode_family(&labels)?
                .encode_gauge(&u64::from(check.ready))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;
    use crate::readiness::Readiness;

    #[test]
    fn readiness_is_shown_as_it_is_when_asked() {
        let (metrics, readiness) = (Metrics::new("exemplo", "1.0.0"), Readiness::default());
        metrics.show_state(&readiness);
        let has = |line: &str| {
            let text = metrics.render().unwrap();
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        };
        has("service_ready 1");
        let redis = readiness.require("redis");
        has("service_ready 0");
        has("service_dependency_ready{dependency=\"redis\"} 0");
        redis.ready();
        has("service_dependency_ready{dependency=\"redis\"} 1");
        has("service_draining 0");
        readiness.drain();
        has("service_ready 0");
        has("service_draining 1");
    }
}
