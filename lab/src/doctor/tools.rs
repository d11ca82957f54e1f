//! The programs that are looked for.

/// A program, and how it says its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// The compiler.
    Rustc,
    /// The linker's front, which the compiler calls.
    Cc,
    /// Docker's engine, by its client.
    Docker,
    /// `docker build` with caches.
    Buildx,
    /// Kubernetes in Docker.
    Kind,
    /// Kubernetes on one machine, in another way.
    Minikube,
    /// The client of Kubernetes, with the cluster of its current context.
    Kubectl,
    /// Installs charts.
    Helm,
    /// Builds and installs at every edit.
    Skaffold,
    /// The same, with a page.
    Tilt,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rustc,
        Self::Cc,
        Self::Docker,
        Self::Buildx,
        Self::Kind,
        Self::Minikube,
        Self::Kubectl,
        Self::Helm,
        Self::Skaffold,
        Self::Tilt,
    ];

    /// The command that says its version, its first word the program.
    pub fn command(self) -> &'static [&'static str] {
        match self {
            Self::Rustc => &["rustc", "--version"],
            Self::Cc => &["cc", "--version"],
            // The engine's version, which only an engine that answers says.
            Self::Docker => &["docker", "version", "--format", "{{.Server.Version}}"],
            Self::Buildx => &["docker", "buildx", "version"],
            Self::Kind => &["kind", "version"],
            Self::Minikube => &["minikube", "version", "--short"],
            // A cluster that does not answer is waited for no longer than this.
            Self::Kubectl => &["kubectl", "version", "-o", "json", "--request-timeout=4s"],
            Self::Helm => &["helm", "version", "--short"],
            Self::Skaffold => &["skaffold", "version"],
            Self::Tilt => &["tilt", "version"],
        }
    }

    /// What would bring it.
    pub fn source(self) -> &'static str {
        match self {
            Self::Rustc => "install rustup from https://rustup.rs",
            Self::Cc => "install a C compiler: apt install gcc, or xcode-select --install",
            Self::Docker => "install it from https://docs.docker.com/get-docker",
            Self::Buildx => "install it from https://docs.docker.com/build/buildx",
            Self::Kind | Self::Minikube => {
                "install kind (https://kind.sigs.k8s.io) or minikube (https://minikube.sigs.k8s.io)"
            }
            Self::Kubectl => "install it from https://kubernetes.io/docs/tasks/tools",
            Self::Helm => "install it from https://helm.sh/docs/intro/install",
            Self::Skaffold => "install it from https://skaffold.dev/docs/install",
            Self::Tilt => "install it from https://docs.tilt.dev/install.html",
        }
    }
}

/// What running a program showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It ended well and said this.
    Said(String),
    /// It ended with a failure; its standard output, and the first line of its complaint.
    Failed(String, String),
    /// There is no such program.
    Absent,
    /// It did not end in time.
    Slow,
}

/// Two numbers of a version, of which the second is 0 where it is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// The first version in a text: `v1.2`, `1.2.3` and `1.32+` alike.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .find_map(|word| {
                let mut numbers = word.split('.');
                let major = numbers.next()?.parse().ok()?;
                Some(Self(major, numbers.next()?.parse().ok()?))
            })
    }

    /// The third number of the first version in a text, 0 where there is none.
    pub fn patch(text: &str) -> u32 {
        let words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
        let mut versions = words.filter(|word| Self::find(word).is_some());
        let third = versions.next().and_then(|word| word.split('.').nth(2));
        third.and_then(|third| third.parse().ok()).unwrap_or(0)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_of_a_text_is_found() {
        for (text, version) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Version(1, 95)),
            ("v4.3", Version(4, 3)),
            ("v3.22.0+gabc", Version(3, 22)),
            ("v0.33.1, built 2024-01-19", Version(0, 33)),
            ("cc (Debian 12.2.0-14+deb12u1) 12.2.0", Version(12, 2)),
            ("kind v0.30.0 go1.24.6 linux/amd64", Version(0, 30)),
        ] {
            assert_eq!(Version::find(text), Some(version), "{text}");
        }
        assert_eq!(Version::find("unknown"), None);
        assert_eq!(Version::find("7"), None);
        assert_eq!(Version::patch("v4.1.4+g1a2b3c4"), 4);
        assert_eq!(Version::patch("v4.3"), 0);
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        assert!(Version(1, 100) > Version(1, 95) && Version(2, 0) > Version(1, 95));
    }
}
