//! The program `lab`: the lab's page over a Kubernetes cluster. See `lab --help`.

fn main() -> std::process::ExitCode {
    malloc_trim::keep_large_apart(); // what large exports are decompressed in
    runtime::main::<lab::cluster::ClusterLab>()
}
