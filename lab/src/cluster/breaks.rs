//! What can be broken in a cluster, by what a cluster has: a workload is scaled, a pod deleted, connections
//! to pods denied; and how that is put right again.
//!
//! Policies only ever allow. So who is to be denied needs each policy that means its pods to allow nothing;
//! what it allowed is kept in an annotation of its own, and is there also when the lab is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::ClusterError;
use super::api::Api;
use super::objects::{Deployment, NetworkPolicy, Object, Pod, StatefulSet, Workload, path_of};
use super::sight::{Kind, Sight, Snapshot};

/// The annotation of a policy that says what it allowed; [`OWN`] where the policy itself is the lab's.
const KEPT: &str = "malha.lab/ingress";
const OWN: &str = "own";

/// More pods than that nobody needs to see a break.
const MOST: u32 = 10;

/// What breaks. Every clone is the same.
#[derive(Clone, Debug)]
pub struct Breaks {
    api: Api,
    sight: Sight,
    on: bool,
    /// How many pods there were before somebody scaled, by namespace and workload.
    before: Arc<Mutex<BTreeMap<(String, String), u32>>>,
}

impl Breaks {
    /// Breaks by this API server; none at all unless they are on.
    pub fn new(api: Api, sight: Sight, on: bool) -> Self {
        Self {
            api,
            sight,
            on,
            before: Arc::default(),
        }
    }

    /// Whether anything may be broken.
    pub fn on(&self) -> bool {
        self.on
    }

    /// Scales a workload.
    pub async fn scale(&self, at: &Place, replicas: u32) -> Result<(), ClusterError> {
        let (_, kind, workload) = self.find(at)?;
        if replicas > MOST {
            return Err(ClusterError::Wrong(format!(
                "replicas={replicas} is refused: expected a whole number from 0 to {MOST}"
            )));
        }
        self.api
            .patch(
                &scale_of(kind, at),
                &json!({"spec": {"replicas": replicas}}),
            )
            .await?;
        let were = workload.spec.replicas.unwrap_or(1);
        let mut before = self.before();
        let first = *before.entry(at.key()).or_insert(were);
        if first == replicas {
            before.remove(&at.key());
        }
        Ok(())
    }

    /// Deletes a pod of a workload; another one comes in its place.
    pub async fn delete_pod(&self, at: &Place, pod: &str) -> Result<(), ClusterError> {
        let (snapshot, _, workload) = self.find(at)?;
        let mut own = snapshot.pods_of(&workload).into_iter();
        if !own.any(|known| known.metadata.name == pod) {
            return Err(ClusterError::Unknown(format!(
                "{pod:?} is no pod of {} in {}",
                at.workload, at.namespace
            )));
        }
        self.api.delete(&path_of::<Pod>(&at.namespace, pod)).await
    }

    /// Lets nobody connect to the pods of a workload.
    pub async fn deny(&self, at: &Place) -> Result<(), ClusterError> {
        let (snapshot, _, workload) = self.find(at)?;
        let labels = &workload.spec.template.metadata.labels;
        let mut meant = Vec::new();
        for policy in snapshot.policies.iter().filter(|policy| hears(policy)) {
            match policy.spec.pod_selector.means(labels) {
                Some(true) => meant.push(policy),
                Some(false) => {}
                None => {
                    return Err(ClusterError::Conflict(format!(
                        "the NetworkPolicy {} says by expressions whom it means, which the lab does \
                         not read: nothing was changed",
                        policy.metadata.name
                    )));
                }
            }
        }
        if meant.is_empty() {
            let policies = NetworkPolicy::RESOURCE.path(&at.namespace);
            return self.api.create(&policies, &own(at, &workload)).await;
        }
        for policy in meant.into_iter().filter(|policy| !is_changed(policy)) {
            let allowed = Value::from(policy.spec.ingress.clone()).to_string();
            let change = json!({
                "metadata": {
                    "resourceVersion": policy.metadata.resource_version,
                    "annotations": {KEPT: allowed},
                },
                "spec": {"ingress": []},
            });
            let path = path_of::<NetworkPolicy>(&at.namespace, &policy.metadata.name);
            self.api.patch(&path, &change).await?;
        }
        Ok(())
    }

    /// Lets those connect again who could before.
    pub async fn allow(&self, at: &Place) -> Result<(), ClusterError> {
        let (snapshot, _, workload) = self.find(at)?;
        let labels = &workload.spec.template.metadata.labels;
        for policy in changed(&snapshot.policies, labels) {
            self.restore(&at.namespace, policy).await?;
        }
        Ok(())
    }

    /// Puts everything right, and says what that was.
    pub async fn mend(&self) -> Result<Vec<String>, ClusterError> {
        self.allowed()?;
        let mut mended = Vec::new();
        for snapshot in self.sight.now() {
            for policy in snapshot.policies.iter().filter(|policy| is_changed(policy)) {
                self.restore(&snapshot.namespace, policy).await?;
                mended.push(format!("{}/{}", snapshot.namespace, policy.metadata.name));
            }
        }
        let before = self.before().clone();
        for ((namespace, workload), replicas) in before {
            mended.push(format!("{namespace}/{workload}"));
            let at = Place {
                namespace,
                workload,
            };
            self.scale(&at, replicas).await?;
        }
        Ok(mended)
    }

    async fn restore(&self, namespace: &str, policy: &NetworkPolicy) -> Result<(), ClusterError> {
        let path = path_of::<NetworkPolicy>(namespace, &policy.metadata.name);
        let kept = policy.metadata.annotations.get(KEPT);
        let kept = kept.map(String::as_str).unwrap_or_default();
        if kept == OWN {
            return self.api.delete(&path).await;
        }
        let allowed: Value = serde_json::from_str(kept).map_err(|error| {
            ClusterError::Conflict(format!(
                "the annotation {KEPT} of the NetworkPolicy {} was changed: {error}",
                policy.metadata.name
            ))
        })?;
        let change = json!({
            "metadata": {"annotations": {KEPT: null}},
            "spec": {"ingress": allowed},
        });
        self.api.patch(&path, &change).await
    }

    fn allowed(&self) -> Result<(), ClusterError> {
        if self.on {
            Ok(())
        } else {
            Err(ClusterError::BreaksOff)
        }
    }

    /// What is there of a workload. What is not shown cannot be changed either.
    fn find(&self, at: &Place) -> Result<(Snapshot, Kind, Workload), ClusterError> {
        self.allowed()?;
        let mut snapshots = self.sight.now().into_iter();
        let snapshot = snapshots.find(|one| one.namespace == at.namespace);
        let found = snapshot.and_then(|snapshot| {
            let mut workloads = snapshot.workloads.iter();
            let (kind, workload) = workloads
                .find(|(_, one)| one.metadata.name == at.workload)?
                .clone();
            Some((snapshot, kind, workload))
        });
        found.ok_or_else(|| {
            ClusterError::Unknown(format!(
                "{} in {} is nothing that is shown here",
                at.workload, at.namespace
            ))
        })
    }

    fn before(&self) -> MutexGuard<'_, BTreeMap<(String, String), u32>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A workload and its namespace.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Place {
    pub namespace: String,
    pub workload: String,
}

impl Place {
    fn key(&self) -> (String, String) {
        (self.namespace.clone(), self.workload.clone())
    }
}

/// Whether the lab denies connections to pods with these labels.
pub(super) fn denied(policies: &[NetworkPolicy], labels: &BTreeMap<String, String>) -> bool {
    changed(policies, labels).next().is_some()
}

fn changed<'a>(
    policies: &'a [NetworkPolicy],
    labels: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a NetworkPolicy> {
    let changed = policies.iter().filter(|policy| is_changed(policy));
    changed.filter(|policy| policy.spec.pod_selector.means(labels) == Some(true))
}

fn is_changed(policy: &NetworkPolicy) -> bool {
    policy.metadata.annotations.contains_key(KEPT)
}

/// Whether it says who may connect. Without types, it does.
fn hears(policy: &NetworkPolicy) -> bool {
    let types = &policy.spec.policy_types;
    types.is_empty() || types.iter().any(|one| one == "Ingress")
}

fn scale_of(kind: Kind, at: &Place) -> String {
    let path = match kind {
        Kind::Deployment => path_of::<Deployment>(&at.namespace, &at.workload),
        Kind::StatefulSet => path_of::<StatefulSet>(&at.namespace, &at.workload),
    };
    format!("{path}/scale")
}

/// A policy for pods that none means.
fn own(at: &Place, workload: &Workload) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": format!("malha-lab-{}", at.workload),
            "annotations": {KEPT: OWN},
            "labels": {"app.kubernetes.io/managed-by": "malha-lab"},
        },
        "spec": {
            "podSelector": {"matchLabels": workload.spec.selector.match_labels},
            "policyTypes": ["Ingress"],
            "ingress": [],
        },
    })
}
