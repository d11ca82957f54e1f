//! What was meant by a name that does not exist.

/// The names, at most three, that are nearest to one that does not exist, or that hold it.
pub fn nearest<'a>(unknown: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    /// Below this, two names have little in common.
    const ALIKE: f64 = 0.6;
    let unknown = unknown.to_lowercase();
    let alike = |name: &str| strsim::normalized_damerau_levenshtein(&unknown, name);
    let holds = |name: &str| unknown.len() > 2 && name.contains(&unknown);
    let mut near: Vec<_> = names
        .filter(|name| alike(name) >= ALIKE || holds(name))
        .collect();
    // Whoever writes a part of a name means that one rather than one that only looks alike.
    near.sort_by(|a, b| (holds(b).cmp(&holds(a))).then(alike(b).total_cmp(&alike(a))));
    near.truncate(3);
    near
}
