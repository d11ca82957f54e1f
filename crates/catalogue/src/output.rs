//! Every file that is generated, as it is and as it should be.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::regions::{Content, fill};
use crate::{Catalogue, Error, Packages, render};

/// A file of which at least a part is generated.
#[derive(Debug)]
pub struct Output {
    /// Its place below the root.
    pub path: String,
    /// Its text; none: it is not there.
    pub current: Option<String>,
    /// The text that it should have.
    pub wanted: String,
}

impl Output {
    /// Whether it is as it should be.
    pub fn is_current(&self) -> bool {
        self.current.as_deref() == Some(&self.wanted)
    }

    /// Writes it below this root as it should be.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, root: &Path) -> Result<(), Error> {
        let path = root.join(&self.path);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| fs::write(&path, &self.wanted));
        written.map_err(|source| Error::File { path, source })
    }
}

/// Every file that is generated below this root.
///
/// # Errors
/// If the catalogue is refused, or a file has no place for what it should have.
pub fn outputs(root: &Path) -> Result<Vec<Output>, Error> {
    let catalogue = Catalogue::read(root)?;
    let packages = Packages::read(root)?;
    packages.hold(&catalogue)?;
    let files = render::files(&catalogue, &packages);
    files
        .into_iter()
        .map(|(path, content)| output(root, path, content))
        .collect()
}

fn output(root: &Path, path: String, content: Content) -> Result<Output, Error> {
    let place = root.join(&path);
    let current = match fs::read_to_string(&place) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(source) => {
            return Err(Error::File {
                path: place,
                source,
            });
        }
    };
    let wanted = match (content, &current) {
        (Content::Whole(text), _) => text,
        (Content::Regions(regions), Some(text)) => fill(&path, text, &regions)?,
        (Content::Regions(_), None) => {
            let source = ErrorKind::NotFound.into();
            return Err(Error::File {
                path: place,
                source,
            });
        }
    };
    Ok(Output {
        path,
        current,
        wanted,
    })
}
