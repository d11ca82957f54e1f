use std::io;
use std::path::PathBuf;

/// Why nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `catalogue.toml` is not of its shape.
    #[error("catalogue.toml: {0}")]
    Shape(#[from] toml::de::Error),
    /// `catalogue.toml` says what cannot work.
    #[error("catalogue.toml: {0}")]
    Refused(String),
    /// A file whose markers are not as they should be.
    #[error("{path}: {what}")]
    Markers {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// Cargo does not say what the packages are.
    #[error("cargo metadata: {0}")]
    Metadata(String),
}
