//! TLS to Redis, where `REDIS_URL` says `rediss://`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use redis::{ClientTlsConfig, ErrorKind, RedisResult, TlsCertificates};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use runtime::settings::{SettingsError, Source};
use runtime::tls::{self, Certificates, Identity, TlsError};

/// Whose certificates are believed, and what this side shows: for the connections that are made here,
/// and for those that the `redis` crate makes.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    certificates: TlsCertificates,
}

/// Where they are read from, as far as the settings say.
#[derive(Clone, Copy)]
pub(super) struct TlsFiles<'a> {
    pub(super) ca: Option<&'a Path>,
    pub(super) certificate: Option<&'a Path>,
    pub(super) key: Option<&'a Path>,
}

impl Tls {
    /// Reads the files that the settings name; none where the URLs are without TLS.
    pub(super) fn read(
        files: TlsFiles<'_>,
        has_tls: bool,
        source: &Source,
    ) -> Result<Option<Self>, SettingsError> {
        let TlsFiles {
            ca,
            certificate,
            key,
        } = files;
        if !has_tls {
            let files = [(CA, ca), (CERTIFICATE, certificate), (KEY, key)];
            let given = files.into_iter().find(|(_, file)| file.is_some());
            let expected = "a rediss:// URL in REDIS_URL, for TLS, or no such file";
            return given.map_or(Ok(None), |(name, _)| Err(source.refused(name, expected)));
        }
        let refused = |name, error: &TlsError| {
            source.refused(name, format!("a file in PEM that can be used: {error}"))
        };
        let read =
            |name, file: &Path| Certificates::read(file).map_err(|error| refused(name, &error));
        let ca = ca.map(|file| read(CA, file)).transpose()?;
        let identity = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                let certificates = read(CERTIFICATE, certificate)?;
                let identity = Identity::read(certificates, key);
                Some(identity.map_err(|error| refused(KEY, &error))?)
            }
            (Some(_), None) => return Err(source.refused(KEY, "a file with the certificate's key")),
            (None, Some(_)) => {
                return Err(source.refused(CERTIFICATE, "a file with the key's certificate"));
            }
        };
        let config = tls::client(ca.as_ref(), identity.as_ref()).map_err(|error| match error {
            TlsError::Identity(_) => refused(KEY, &error),
            _ => refused(CA, &error),
        })?;
        let client_tls = identity.map(|identity| ClientTlsConfig {
            client_cert: identity.certificates().pem().to_vec(),
            client_key: identity.key_pem().to_vec(), // to log in with
        });
        let root_cert = ca.map(|ca| ca.pem().to_vec());
        Ok(Some(Self {
            config,
            certificates: TlsCertificates {
                client_tls,
                root_cert,
            },
        }))
    }

    /// As the `redis` crate takes it.
    pub(super) fn certificates(&self) -> &TlsCertificates {
        &self.certificates
    }

    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> RedisResult<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            (
                ErrorKind::InvalidClientConfig,
                "a host that is no name for TLS",
            )
        })?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        Ok(connector.connect(name, stream).await?)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

const CA: &str = "REDIS_CA_FILE";
const CERTIFICATE: &str = "REDIS_CERT_FILE";
const KEY: &str = "REDIS_KEY_FILE";
