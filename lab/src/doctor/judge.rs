//! What the programs said, and what that means. No I/O.

use std::collections::HashMap;

use serde_json::Value;

use super::finding::{Finding, Need};
use super::running::Running;
use super::tools::{Seen, Tool, Version};
use crate::preflight::Unusable;

/// Everything seen; a tool that was not looked for counts as absent.
pub type Machine = HashMap<Tool, Seen>;

/// The oldest Rust that builds this, from the workspace.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");
/// The oldest Kubernetes that the charts are for (`kubeVersion`).
const KUBERNETES: Version = Version(1, 27);
/// How many minor versions kubectl and the cluster may be apart.
const SKEW: u32 = 1;

/// What `cargo run` needs, but for the ports.
pub fn lab(machine: &Machine) -> Vec<Finding> {
    let oldest = Version::find(RUST).unwrap_or(Version(1, 0));
    let newer = format!("rustup toolchain install {RUST}");
    vec![
        at_least(machine, Tool::Rustc, "Rust", Need::Lab, oldest, &newer),
        present(machine, Tool::Cc, "C linker", Need::Lab),
    ]
}

/// What the charts need, and what makes the work with them quicker.
pub fn kubernetes(machine: &Machine) -> Vec<Finding> {
    let need = Need::Kubernetes;
    let newer = "brew upgrade helm, or https://helm.sh/docs/intro/install";
    let pair = if refuses_old_callers(machine) {
        "; Helm from 4.1.4 on needs it"
    } else {
        ""
    };
    let oldest = |alone, beside_helm| if pair.is_empty() { alone } else { beside_helm };
    let tilt = format!("https://docs.tilt.dev/upgrade.html{pair}");
    let skaffold = format!("https://skaffold.dev/docs/install{pair}");
    vec![
        engine(machine),
        present(machine, Tool::Buildx, "docker buildx", need),
        maker(machine),
        cluster(machine),
        at_least(machine, Tool::Helm, "helm", need, Version(3, 8), newer),
        at_least(
            machine,
            Tool::Skaffold,
            "skaffold",
            Need::Comfort,
            oldest(Version(2, 14), Version(2, 19)),
            &skaffold,
        ),
        at_least(
            machine,
            Tool::Tilt,
            "tilt",
            Need::Comfort,
            oldest(Version(0, 33), Version(0, 36)),
            &tilt,
        ),
    ]
}

/// Whether this Helm takes no more what skaffold before 2.19 and Tilt up to 0.35.2 call it with.
fn refuses_old_callers(machine: &Machine) -> bool {
    let helm = said(machine, Tool::Helm).unwrap_or_default();
    Version::find(helm).is_some_and(|version| {
        version > Version(4, 1) || version == Version(4, 1) && Version::patch(helm) >= 4
    })
}

/// The ports of the lab: how many, and those that something else has.
pub fn ports(count: usize, unusable: &[Unusable]) -> Finding {
    if unusable.is_empty() {
        return Finding::good("ports", Need::Lab, format!("all {count} are free"));
    }
    if unusable.len() == count {
        let found = format!("all {count} are taken; a lab seems to run already");
        let mend = "end it, or see malha --help for the settings that move ports";
        return Finding::bad("ports", Need::Lab, found, mend);
    }
    let each = |say: fn(&Unusable) -> String| unusable.iter().map(say).collect::<Vec<_>>();
    let found = each(Unusable::trouble).join("\n");
    let mend = format!(
        "end what listens there, or move them: {}",
        each(Unusable::moved).join(" ")
    );
    Finding::bad("ports", Need::Lab, found, mend)
}

/// A lab that runs: its ports are taken by itself.
pub fn running(lab: &Running) -> Finding {
    let Running {
        page,
        version,
        ready,
        services,
    } = lab;
    let state = format!("version {version}, {ready} of {services} services ready");
    let found = format!("a lab runs already at http://{page}: {state}");
    Finding::good("ports", Need::Lab, found)
}

/// Settings of the lab that cannot be used.
pub fn settings(why: &str) -> Finding {
    Finding::bad("settings", Need::Lab, why, "malha --help lists them")
}

fn seen(machine: &Machine, tool: Tool) -> &Seen {
    machine.get(&tool).unwrap_or(&Seen::Absent)
}

/// What there is to say of a program that did not say its version; its text where it did.
fn said(machine: &Machine, tool: Tool) -> Result<&str, (String, String)> {
    let program = tool.command()[0];
    let trouble = match seen(machine, tool) {
        Seen::Said(text) => return Ok(text),
        Seen::Absent => (format!("no {program} on PATH"), tool.source().to_owned()),
        Seen::Failed(_, why) => (
            why.clone(),
            format!("see what `{}` says", tool.command().join(" ")),
        ),
        Seen::Slow => (
            "it does not answer".to_owned(),
            format!("see where `{}` hangs", tool.command().join(" ")),
        ),
    };
    Err(trouble)
}

fn present(machine: &Machine, tool: Tool, what: &'static str, need: Need) -> Finding {
    match said(machine, tool) {
        Ok(text) => Finding::good(what, need, first_line(text)),
        Err((found, mend)) => Finding::bad(what, need, found, mend),
    }
}

fn at_least(
    machine: &Machine,
    tool: Tool,
    what: &'static str,
    need: Need,
    oldest: Version,
    newer: &str,
) -> Finding {
    let text = match said(machine, tool) {
        Ok(text) => text,
        Err((found, mend)) => return Finding::bad(what, need, found, mend),
    };
    match Version::find(text) {
        Some(version) if version < oldest => Finding::bad(
            what,
            need,
            format!("{version}, which is older than {oldest}"),
            newer,
        ),
        _ => Finding::good(what, need, first_line(text)),
    }
}

/// Docker's client says where it would look for its engine, and that nobody is there.
fn engine(machine: &Machine) -> Finding {
    let (what, need) = ("docker", Need::Kubernetes);
    match said(machine, Tool::Docker) {
        Ok(version) => Finding::good(what, need, format!("engine {version}")),
        Err((found, _)) if matches!(seen(machine, Tool::Docker), Seen::Failed(..)) => {
            let mend = "start it (systemctl start docker, or Docker Desktop), as a user of the group docker";
            Finding::bad(what, need, found, mend)
        }
        Err((found, mend)) => Finding::bad(what, need, found, mend),
    }
}

/// Either of two will do, and one that is there but says no version is there.
fn maker(machine: &Machine) -> Finding {
    let (what, need) = ("kind or minikube", Need::Kubernetes);
    let there = [Tool::Kind, Tool::Minikube]
        .into_iter()
        .find(|tool| *seen(machine, *tool) != Seen::Absent);
    let Some(tool) = there else {
        return Finding::bad(
            what,
            need,
            "neither is on PATH; any other cluster that has the images will do",
            Tool::Kind.source(),
        );
    };
    let name = tool.command()[0];
    let version = said(machine, tool).ok().and_then(Version::find);
    let version = version.map_or_else(String::new, |version| format!(" {version}"));
    Finding::good(what, need, format!("{name}{version}"))
}

/// kubectl, and the cluster of its current context.
fn cluster(machine: &Machine) -> Finding {
    let (what, need) = ("kubectl", Need::Kubernetes);
    let create = "kind create cluster --config k8s/kind.yaml, or kubectl config use-context";
    let (text, complaint) = match seen(machine, Tool::Kubectl) {
        Seen::Said(text) => (text, ""),
        // Without a cluster it says its own version all the same, and fails.
        Seen::Failed(text, why) => (text, why.as_str()),
        Seen::Absent => {
            return Finding::bad(what, need, "no kubectl on PATH", Tool::Kubectl.source());
        }
        Seen::Slow => return Finding::bad(what, need, "the cluster does not answer", create),
    };
    let versions: Value = serde_json::from_str(text).unwrap_or_default();
    let of = |side: &str| {
        let part = |name: &str| versions[side][name].as_str().unwrap_or_default();
        Version::find(&format!("{}.{}", part("major"), part("minor")))
    };
    let Some(client) = of("clientVersion") else {
        let found = if complaint.is_empty() {
            "it does not say its version"
        } else {
            complaint
        };
        return Finding::bad(what, need, found, Tool::Kubectl.source());
    };
    let Some(server) = of("serverVersion") else {
        return Finding::bad(
            what,
            need,
            format!("{client}; no cluster answers in the current context"),
            create,
        );
    };
    if server < KUBERNETES {
        let found = format!("the cluster is {server}; the charts are for {KUBERNETES} and newer");
        return Finding::bad(what, need, found, create);
    }
    if client.0 != server.0 || client.1.abs_diff(server.1) > SKEW {
        let found = format!("{client} beside a cluster of {server}: more than {SKEW} apart");
        let mend = format!("install kubectl {server}: https://kubernetes.io/docs/tasks/tools");
        return Finding::bad(what, need, found, mend);
    }
    Finding::good(what, need, format!("{client}, and a cluster of {server}"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests;
