//! TLS for the connections that this process opens: to a collector, to Redis.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Why TLS cannot be set up as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// A file without a certificate, or with one that is broken.
    #[error("the file holds no certificate in PEM")]
    NoCertificate,
    /// A file without a private key.
    #[error("the file holds no private key in PEM")]
    NoKey,
    /// A certificate and a key that do not belong together, or are of a kind that is not known.
    #[error("certificate and key cannot be used: {0}")]
    Identity(#[source] rustls::Error),
    /// A system without certificates of authorities.
    #[error("this system has no certificates of authorities")]
    NoAuthorities,
}

/// The certificates of a file.
#[derive(Clone)]
pub struct Certificates {
    pem: Vec<u8>,
    list: Vec<CertificateDer<'static>>,
}

impl Certificates {
    /// Reads a file, which must hold one at least.
    pub fn read(path: &Path) -> Result<Self, TlsError> {
        let pem = std::fs::read(path).map_err(TlsError::Unreadable)?;
        let list: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match list {
            Ok(list) if !list.is_empty() => Ok(Self { pem, list }),
            _ => Err(TlsError::NoCertificate),
        }
    }

    /// As the file has them.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }
}

/// What a client shows of itself, where a server asks for it.
#[derive(Clone)]
pub struct Identity {
    certificates: Certificates,
    key_pem: Vec<u8>,
    key: Arc<PrivateKeyDer<'static>>,
}

impl Identity {
    /// Reads the key of these certificates.
    pub fn read(certificates: Certificates, key: &Path) -> Result<Self, TlsError> {
        let key_pem = std::fs::read(key).map_err(TlsError::Unreadable)?;
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| TlsError::NoKey)?;
        Ok(Self {
            certificates,
            key_pem,
            key: Arc::new(key),
        })
    }

    /// The certificates.
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// The key as its file has it. Say why at the call.
    pub fn key_pem(&self) -> &[u8] {
        &self.key_pem
    }
}

/// What a client of TLS is told. Servers are believed whose certificate is signed by one of these
/// authorities; where there are none, by one of the system's.
pub fn client(
    authorities: Option<&Certificates>,
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(own) => roots.add_parsable_certificates(own.list.iter().cloned()),
        // What cannot be read of them is not needed as long as something can.
        None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    if roots.is_empty() {
        return Err(match authorities {
            Some(_) => TlsError::NoCertificate,
            None => TlsError::NoAuthorities,
        });
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Identity)?
        .with_root_certificates(roots);
    let config = match identity {
        None => Ok(config.with_no_client_auth()),
        Some(Identity {
            certificates, key, ..
        }) => config.with_client_auth_cert(certificates.list.clone(), key.clone_key()),
    };
    config.map(Arc::new).map_err(TlsError::Identity)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificates({})", self.list.len())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?}, ***)", self.certificates)
    }
}
