//! The program `lab`: the lab's page over a Kubernetes cluster. See `lab --help`.

fn main() -> std::process::ExitCode {
    runtime::main::<lab::cluster::ClusterLab>()
}
