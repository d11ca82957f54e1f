//! What was found, and what that means.

use serde::Serialize;

/// What a thing is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// For `cargo run`.
    Lab,
    /// For the charts in a cluster.
    Kubernetes,
    /// For nothing; it makes the work in a cluster quicker.
    Comfort,
}

impl Need {
    /// The heading under which its findings stand.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Lab => "On this machine (cargo run)",
            Self::Kubernetes => "In Kubernetes",
            Self::Comfort => "For the loop of edit and look",
        }
    }
}

/// What became of one thing that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked for.
    pub what: &'static str,
    /// What it is needed for.
    pub need: Need,
    /// What was found there, in a few words.
    pub found: String,
    /// What would mend it; none where nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    /// A thing that is as it should be.
    pub fn good(what: &'static str, need: Need, found: impl Into<String>) -> Self {
        let found = found.into();
        Self {
            what,
            need,
            found,
            mend: None,
        }
    }

    /// A thing that is not, and what would mend it.
    pub fn bad(
        what: &'static str,
        need: Need,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let (found, mend) = (found.into(), Some(mend.into()));
        Self {
            what,
            need,
            found,
            mend,
        }
    }

    /// Whether it is as it should be.
    pub fn is_good(&self) -> bool {
        self.mend.is_none()
    }
}
