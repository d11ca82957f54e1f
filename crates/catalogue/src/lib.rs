//! `catalogue.toml` as data, and what is generated from it.
//!
//! # Layout
//! - [`Catalogue`] (`model.rs`): what the file says; `rules` refuses what cannot work.
//! - [`Packages`] (`packages.rs`): what cargo knows: the programs of each package, and the folders they are built from.
//! - `regions`: the parts of a file that are generated, between their markers.
//! - `render`: a module for each kind of file, from data to text.
//! - [`Output`] (`output.rs`): every file, as it is and as it should be.

mod error;
mod model;
mod output;
mod packages;
mod regions;
mod render;
mod rules;

pub use error::Error;
pub use model::{Answers, Call, Catalogue, Exercise, Link, Protocol, Serves, Service, TestAddress};
pub use output::{Output, outputs};
pub use packages::Packages;
