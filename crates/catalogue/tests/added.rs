//! A service more, in a copy of this tree: what somebody does by hand, and what follows from it.
#![cfg(test)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use catalogue::outputs;
use tempfile::TempDir;

/// What is written by hand in the exercise: the service, and its program.
const SERVICE: &str = r#"
/// Answers as the server does, elsewhere.
#[derive(Debug)]
pub struct Mirror;

impl runtime::Service for Mirror {
    const NAME: &'static str = "hello-mirror";
    const ABOUT: &'static str = "Answers as hello-server does";
    const VERSION: &'static str = <Server as runtime::Service>::VERSION;
    type Settings = <Server as runtime::Service>::Settings;
    type Error = Error;

    async fn run(settings: Self::Settings, lifecycle: runtime::Lifecycle) -> Result<(), Error> {
        <Server as runtime::Service>::run(settings, lifecycle).await
    }
}
"#;

const PROGRAM: &str = "\
//! The program `hello-mirror`.

fn main() -> std::process::ExitCode {
    runtime::main::<hello::Mirror>()
}
";

/// What is written by hand in the catalogue.
const ROW: &str = r#"
[[exercise.service]]
name = "hello-mirror"
type = "hello::Mirror"
serves = { name = "mirror", protocol = "tcp", port = 8090, lab = 8190, node = 30190 }
probes = 9123
calls = [{ service = "hello-server", setting = "SERVER_ADDRESS", form = "{}" }]
test = { setting = "MIRROR_ADDRESS", form = "{}" }
answers = { en = "what the server answers", pt = "o que o servidor responde" }
"#;

/// What `cargo metadata` and the generator read, and the charts.
const COPIED: [&str; 15] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "README.pt-BR.md",
    "catalogue.toml",
    "skaffold.yaml",
    "charts",
    "crates",
    "e2e",
    "k8s",
    "lab",
    "proto",
    "rust-toolchain.toml",
    "services",
    "tilt",
];

fn copy(from: &Path, to: &Path) {
    let kind = fs::symlink_metadata(from).unwrap().file_type();
    if kind.is_symlink() {
        symlink(fs::read_link(from).unwrap(), to).unwrap();
    } else if kind.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// A copy of this tree with what is written by hand for one more service.
fn with_a_service_more() -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = TempDir::new().unwrap();
    for name in COPIED {
        copy(&root.join(name), &tree.path().join(name));
    }
    let edit = |path: &str, change: &dyn Fn(String) -> String| {
        let path = tree.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(text)).unwrap();
    };
    edit("services/hello/src/lib.rs", &|text| text + SERVICE);
    let program = tree.path().join("services/hello/src/bin/hello-mirror.rs");
    fs::write(program, PROGRAM).unwrap();
    edit("catalogue.toml", &|text| {
        let end_of_hello = "\n[[exercise]]\nname = \"grpc\"";
        assert!(text.contains(end_of_hello));
        text.replace(end_of_hello, &format!("{ROW}{end_of_hello}"))
    });
    tree
}

fn text(tree: &TempDir, path: &str) -> String {
    fs::read_to_string(tree.path().join(path)).unwrap()
}

#[test]
fn a_service_more_is_everywhere_after_one_command() {
    let tree = with_a_service_more();
    let stale: Vec<_> = outputs(tree.path()).unwrap();
    let stale: Vec<_> = stale.iter().filter(|output| !output.is_current()).collect();
    for output in &stale {
        output.write(tree.path()).unwrap();
    }
    assert!(
        outputs(tree.path())
            .unwrap()
            .iter()
            .all(catalogue::Output::is_current)
    );
    for (path, lines) in [
        (
            "lab/src/catalogue/exercises.rs",
            "program: Program::of::<hello::Mirror>(),\n                port: Some(8190),",
        ),
        ("skaffold.yaml", "image: malha/hello-mirror\n"),
        (
            "skaffold.yaml",
            "    - *hello-client\n    - *hello-mirror\n    - *grpc-servidor\n",
        ),
        (
            "skaffold.yaml",
            "services.hello-mirror.tag: \"{{.IMAGE_TAG_malha_hello_mirror}}\"",
        ),
        (
            "skaffold.yaml",
            "resourceName: mirror, namespace: hello, port: 8090, localPort: 8190}",
        ),
        (
            "skaffold.yaml",
            "      - *hello-server-port\n      - *hello-mirror-port\n    verify:\n",
        ),
        (
            "tilt/Tiltfile",
            "\"images\": [\"hello-server\", \"hello-client\", \"hello-mirror\"],",
        ),
        (
            "tilt/Tiltfile",
            "\"hello-mirror\": [(8190, 8090, None, None)],",
        ),
        (
            "k8s/images.txt",
            "hello-client\nhello-mirror\ngrpc-servidor\n",
        ),
        ("k8s/kind.yaml", "{containerPort: 30190, hostPort: 8190,"),
        (
            "k8s/verify/hello.yaml",
            "{name: MIRROR_ADDRESS, value: mirror:8090}",
        ),
        (
            "charts/hello/values.yaml",
            "    MIRROR_ADDRESS: mirror:8090\n",
        ),
        (
            "charts/malha/kind.yaml",
            "    hello-mirror: {service: {type: NodePort, nodePort: 30190}} # localhost:8190\n",
        ),
        (
            "README.md",
            "| `hello-mirror` | `mirror:8090` in `hello` | `localhost:8190` | what the server answers |\n",
        ),
        (
            "README.pt-BR.md",
            "| `hello-mirror` | `mirror:8090` em `hello` | `localhost:8190` | o que o servidor responde |\n",
        ),
    ] {
        let current = text(&tree, path);
        assert!(current.contains(lines), "{path} has no\n{lines}\n{current}");
    }
    let Ok(helm) = Command::new("helm")
        .args([
            "template",
            "hello",
            "charts/hello",
            "--kube-version",
            "1.34.0",
        ])
        .current_dir(tree.path())
        .output()
    else {
        testing::skipped(&testing::this_test(), "its chart: helm is not on PATH");
        return;
    };
    let rendered = String::from_utf8(helm.stdout).unwrap();
    let said = String::from_utf8_lossy(&helm.stderr);
    assert!(helm.status.success(), "{said}");
    for part in [
        "kind: Deployment\nmetadata:\n  name: hello-mirror\n",
        "image: malha/hello-mirror:",
        "containerPort: 8090",
        "kind: Service\nmetadata:\n  name: mirror\n",
    ] {
        assert!(rendered.contains(part), "{part}\n{rendered}");
    }
}
