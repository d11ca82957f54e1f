//! The scripts that run in Redis as one step each.

use runtime_redis::Script;

/// Every script.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) create: Script,
    pub(super) update: Script,
    pub(super) remove: Script,
    pub(super) list: Script,
    pub(super) prune: Script,
    pub(super) end: Script,
}

/// What each begins with.
const COMMON: &str = include_str!("common.lua");

impl Default for Scripts {
    fn default() -> Self {
        let script = |name, source| Script::new(name, &[COMMON, source]);
        Self {
            create: script("create", include_str!("create.lua")),
            update: script("update", include_str!("update.lua")),
            remove: script("remove", include_str!("remove.lua")),
            list: script("list", include_str!("list.lua")),
            prune: script("prune", include_str!("prune.lua")),
            end: script("end", include_str!("end.lua")),
        }
    }
}
