//! Routes, and the template of each.

use std::collections::BTreeSet;

use axum::Router;
use axum::routing::MethodRouter;

/// Routes that know their templates, as `/usuarios/{id}`, by which requests are named and counted.
///
/// axum tells a request's template within its route alone, where whoever wants to know it is a service
/// of its own: a second box for the route, for its future and for the body of its answer. Those who know
/// all templates find it before.
#[derive(Clone, Debug)]
pub struct Routes<S = ()> {
    router: Router<S>,
    templates: BTreeSet<String>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::of(Router::new(), [])
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// A router made elsewhere, and the templates of its routes.
    pub fn of(router: Router<S>, templates: impl IntoIterator<Item = String>) -> Self {
        let templates = templates.into_iter().collect();
        Self { router, templates }
    }

    /// One more route.
    #[must_use]
    pub fn route(mut self, template: &str, methods: MethodRouter<S>) -> Self {
        self.router = self.router.route(template, methods);
        self.templates.insert(template.to_owned());
        self
    }

    /// These and those.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        self.templates.extend(others.templates);
        self
    }

    /// What the routes share.
    pub fn with_state<S2>(self, state: S) -> Routes<S2> {
        self.map(|router| router.with_state(state))
    }

    /// Whatever else can be done with a router. Routes that it adds have no template.
    pub fn map<S2>(self, change: impl FnOnce(Router<S>) -> Router<S2>) -> Routes<S2> {
        Routes {
            router: change(self.router),
            templates: self.templates,
        }
    }
}

impl Routes {
    pub(super) fn into_parts(self) -> (Router, BTreeSet<String>) {
        (self.router, self.templates)
    }
}

impl From<Routes> for Router {
    fn from(routes: Routes) -> Self {
        routes.router
    }
}
