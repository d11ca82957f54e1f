//! Certificates for tests of TLS, and the authority that signs them.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority that nobody knows, with a directory for what it signs.
#[derive(Debug)]
pub struct Authority {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// The files of a certificate and of its key, in PEM.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

#[expect(
    clippy::expect_used,
    reason = "a test without certificates cannot go on"
)]
impl Authority {
    /// Makes one.
    ///
    /// # Panics
    /// If its files cannot be written.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut about = CertificateParams::default();
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        about
            .distinguished_name
            .push(DnType::CommonName, "an authority of a test");
        let key = KeyPair::generate().expect("a key");
        let certificate = about.self_signed(&key).expect("a certificate");
        std::fs::write(directory.path().join("ca.pem"), certificate.pem()).expect("a file");
        Self {
            directory,
            issuer: Issuer::new(about, key),
        }
    }

    /// The file of its own certificate, in PEM.
    pub fn certificate(&self) -> String {
        self.file("ca.pem")
    }

    /// Signs a certificate for this machine, in files of this name.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn sign(&self, name: &str) -> Signed {
        let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let about = CertificateParams::new(hosts).expect("names");
        let key = KeyPair::generate().expect("a key");
        let certificate = about.signed_by(&key, &self.issuer).expect("a certificate");
        let signed = Signed {
            certificate: self.file(&format!("{name}.pem")),
            key: self.file(&format!("{name}.key")),
        };
        std::fs::write(&signed.certificate, certificate.pem()).expect("a file");
        std::fs::write(&signed.key, key.serialize_pem()).expect("a file");
        signed
    }

    fn file(&self, name: &str) -> String {
        let path: PathBuf = self.directory.path().join(name);
        path.to_str().expect("a path that is text").to_owned()
    }
}
