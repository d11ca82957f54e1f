//! The commands that show bytes. The lab cannot: it is no part of a connection in a cluster, and Pod Security
//! `restricted` gives no pod there the right to listen on one (`NET_RAW`).

use serde::Serialize;

use super::objects::{Pod, Workload};

/// What to type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Capture {
    /// Beside the pod, as `restricted` admits it: a relay that prints what passes, and the way to it.
    pub relay: Option<Relay>,
    /// On the pod's node, for who may do that: everything that the pod says and hears.
    pub node: Option<String>,
}

/// A relay in the pod's network.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Relay {
    pub debug: String,
    pub forward: String,
}

/// Where the relay listens, unless the service does so itself.
const RELAY: u16 = 18_080;

/// The port of the probes, which is nobody's business.
const ADMIN: u16 = 9_464;

pub(super) fn captures(namespace: &str, workload: &Workload, pod: Option<&Pod>) -> Capture {
    let Some(pod) = pod else {
        return Capture {
            relay: None,
            node: None,
        };
    };
    let name = &pod.metadata.name;
    let containers = workload.spec.template.spec.containers.iter();
    let mut ports = containers
        .flat_map(|one| &one.ports)
        .map(|port| port.container_port);
    let served = ports.find(|port| *port != ADMIN);
    let relay = served.map(|port| {
        let listen = if port == RELAY { RELAY + 1 } else { RELAY };
        Relay {
            debug: format!(
                "kubectl debug -n {namespace} {name} -it --profile=restricted --image=alpine/socat -- \
                 socat -v -x TCP-LISTEN:{listen},fork,reuseaddr TCP:127.0.0.1:{port}"
            ),
            forward: format!("kubectl port-forward -n {namespace} {name} {listen}"),
        }
    });
    let node = pod.spec.node_name.as_ref().zip(pod.status.pod_ip.as_ref());
    let node = node.map(|(node, address)| {
        format!(
            "kubectl debug -n default node/{node} -it --profile=netadmin --image=nicolaka/netshoot -- \
             tcpdump -i any -nn -X host {address} and not port {ADMIN}"
        )
    });
    Capture { relay, node }
}
