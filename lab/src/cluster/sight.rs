//! All that is seen of a cluster, and what is wrong with that.

use std::sync::Arc;

use runtime::Lifecycle;
use runtime::readiness::Dependency;

use super::api::Api;
use super::mirror::Mirror;
use super::objects::{
    Deployment, EndpointSlice, Event, NetworkPolicy, Object, Pod, StatefulSet, Workload,
};

/// The namespaces that are shown. Every clone sees the same.
#[derive(Clone, Debug)]
pub struct Sight(Arc<Vec<Namespace>>);

#[derive(Debug)]
struct Namespace {
    name: String,
    deployments: Mirror<Deployment>,
    stateful_sets: Mirror<StatefulSet>,
    pods: Mirror<Pod>,
    slices: Mirror<EndpointSlice>,
    events: Mirror<Event>,
    /// Only where they may be changed.
    policies: Option<Mirror<NetworkPolicy>>,
}

/// What was there at a moment.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Snapshot {
    pub namespace: String,
    pub workloads: Vec<(Kind, Workload)>,
    pub pods: Vec<Pod>,
    pub slices: Vec<EndpointSlice>,
    pub events: Vec<Event>,
    pub policies: Vec<NetworkPolicy>,
}

/// What runs pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub enum Kind {
    Deployment,
    StatefulSet,
}

impl Snapshot {
    /// The pods that a workload's selector means.
    pub(super) fn pods_of(&self, workload: &Workload) -> Vec<&Pod> {
        let selector = &workload.spec.selector;
        let is_own = |pod: &&Pod| {
            !selector.match_labels.is_empty() && selector.means(&pod.metadata.labels) != Some(false)
        };
        self.pods.iter().filter(is_own).collect()
    }
}

impl Sight {
    /// Follows these namespaces for as long as the lifecycle lasts.
    pub fn follow(
        names: &[String],
        api: &Api,
        policies: bool,
        seen: &Dependency,
        lifecycle: &Lifecycle,
    ) -> Self {
        let follower = Follower {
            api,
            seen,
            lifecycle,
        };
        let namespaces = names.iter().map(|name| Namespace {
            name: name.clone(),
            deployments: follower.start(name),
            stateful_sets: follower.start(name),
            pods: follower.start(name),
            slices: follower.start(name),
            events: follower.start(name),
            policies: policies.then(|| follower.start(name)),
        });
        Self(Arc::new(namespaces.collect()))
    }

    /// Every namespace as it is now, in the order of the settings.
    pub fn now(&self) -> Vec<Snapshot> {
        self.0.iter().map(Namespace::now).collect()
    }

    /// What cannot be seen, and why.
    pub fn troubles(&self) -> Vec<String> {
        let troubles = self.0.iter().flat_map(|namespace| {
            [
                namespace.deployments.trouble(),
                namespace.stateful_sets.trouble(),
                namespace.pods.trouble(),
                namespace.slices.trouble(),
                namespace.events.trouble(),
                namespace.policies.as_ref().and_then(Mirror::trouble),
            ]
        });
        troubles.flatten().collect()
    }
}

/// What each mirror needs.
struct Follower<'a> {
    api: &'a Api,
    seen: &'a Dependency,
    lifecycle: &'a Lifecycle,
}

impl Follower<'_> {
    fn start<T: Object>(&self, namespace: &str) -> Mirror<T> {
        let mirror = Mirror::default();
        let (api, life) = (self.api.clone(), self.lifecycle.clone());
        let following = mirror
            .clone()
            .follow(api, namespace.to_owned(), self.seen.clone(), life);
        self.lifecycle.spawn(following);
        mirror
    }
}

impl Namespace {
    fn now(&self) -> Snapshot {
        let deployments = self.deployments.all().into_iter();
        let deployments = deployments.map(|one| (Kind::Deployment, one.0));
        let sets = self.stateful_sets.all().into_iter();
        let sets = sets.map(|one| (Kind::StatefulSet, one.0));
        Snapshot {
            namespace: self.name.clone(),
            workloads: deployments.chain(sets).collect(),
            pods: self.pods.all(),
            slices: self.slices.all(),
            events: self.events.all(),
            policies: self.policies.as_ref().map(Mirror::all).unwrap_or_default(),
        }
    }
}
