//! A service more, in a copy of this tree: what somebody does by hand, and what follows from it.
#![cfg(test)]

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

/// What no copy needs: the history, what was built, and what editors and desktops leave.
fn is_source(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with('.') && name != "target"
}

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
    // All of it: a list of what the builds read would go stale with the first file that is read besides.
    for entry in fs::read_dir(&root).unwrap() {
        let name = entry.unwrap().file_name();
        if is_source(&name) {
            copy(&root.join(&name), &tree.path().join(&name));
        }
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

/// Brings every list of the copy up to date.
fn generate(tree: &TempDir) {
    for output in outputs(tree.path()).unwrap() {
        output.write(tree.path()).unwrap();
    }
    assert!(
        outputs(tree.path())
            .unwrap()
            .iter()
            .all(catalogue::Output::is_current)
    );
}

#[test]
fn a_service_more_is_everywhere_after_one_command() {
    let tree = with_a_service_more();
    generate(&tree);
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
        "kind: Deployment\nmetadata:\n  name: \"hello-mirror\"\n",
        "image: \"malha/hello-mirror:",
        "containerPort: 8090",
        "kind: Service\nmetadata:\n  name: \"mirror\"\n",
    ] {
        assert!(rendered.contains(part), "{part}\n{rendered}");
    }
}

/// The lab of the copy, built on the libraries of others that this workspace's builds have compiled already.
fn build(tree: &TempDir) -> PathBuf {
    // Of another version they are other packages; else this workspace's builds would take theirs for fresh.
    let manifest = tree.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let ours = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    let other = text.replacen(&ours, "\nversion = \"0.0.0+added\"\n", 1);
    assert_ne!(text, other);
    fs::write(&manifest, other).unwrap();
    // TARGET/tmp, which cargo makes for tests.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let own = tree.path().join("target");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--package=lab", "--bin=malha"])
        .current_dir(tree.path())
        .env("CARGO_BUILD_BUILD_DIR", target)
        .env("CARGO_TARGET_DIR", &own)
        .status()
        .unwrap();
    assert!(
        built.success(),
        "the lab with one service more does not build"
    );
    own.join("debug/malha")
}

/// What the probe answers; nothing as long as nobody listens.
fn readiness(probe: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(probe).ok()?;
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[tokio::test]
#[ignore = "compiles every service anew: a step of .ci/run"]
async fn a_service_more_starts_in_the_lab_and_answers_its_probe() {
    let tree = with_a_service_more();
    generate(&tree);
    let malha = build(&tree);
    let probe = testing::address();
    let mut lab = Command::new(malha);
    lab.arg("hello")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env("HELLO_MIRROR_ADMIN_LISTEN", probe.to_string());
    for other in [
        "LAB_PAGE_LISTEN",
        "LAB_OTLP_LISTEN",
        "LAB_OTLP_GRPC_LISTEN",
        "LAB_TOXIPROXY_LISTEN",
        "ADMIN_LISTEN",
        "HELLO_SERVER_LISTEN",
        "HELLO_SERVER_ADMIN_LISTEN",
        "HELLO_CLIENT_ADMIN_LISTEN",
        "HELLO_MIRROR_LISTEN",
    ] {
        lab.env(other, testing::address().to_string());
    }
    let mut lab = Ended(lab.stdin(Stdio::null()).spawn().unwrap());
    testing::eventually("hello-mirror is ready", async || {
        let ended = lab.0.try_wait().unwrap();
        assert!(ended.is_none(), "the lab ended: {ended:?}");
        readiness(probe).filter(|answer| answer.starts_with("HTTP/1.1 200 "))
    })
    .await;
}

/// A lab that ends with the test, and its services with it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
