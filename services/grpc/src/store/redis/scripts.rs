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
const COMMON: &str = include_str!("comum.lua");

impl Default for Scripts {
    fn default() -> Self {
        let script = |name, source| Script::new(name, &[COMMON, source]);
        Self {
            create: script("criar", include_str!("criar.lua")),
            update: script("atualizar", include_str!("atualizar.lua")),
            remove: script("remover", include_str!("remover.lua")),
            list: script("listar", include_str!("listar.lua")),
            prune: script("podar", include_str!("podar.lua")),
            end: script("inicio", include_str!("inicio.lua")),
        }
    }
}
