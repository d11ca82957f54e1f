//! Metrics that are looked up once.

use std::sync::OnceLock;

/// Those that were asked for first, by their labels. They are most of what there will be, and a few
/// comparisons find them sooner than a table does.
#[derive(Debug)]
pub(crate) struct First<L, M>([OnceLock<(L, M)>; MOST]);

/// So many: a few methods, and how they end.
const MOST: usize = 8;

impl<L, M> Default for First<L, M> {
    fn default() -> Self {
        Self(Default::default())
    }
}

impl<L: Clone + PartialEq, M: Clone> First<L, M> {
    /// The metric with these labels, which is looked up by `find` where it is not among the first.
    pub(crate) fn get(&self, labels: &L, find: impl Fn() -> M) -> M {
        for slot in &self.0 {
            let (known, metric) = slot.get_or_init(|| (labels.clone(), find()));
            if known == labels {
                return metric.clone();
            }
        }
        find()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;

    use super::*;

    #[test]
    fn the_first_and_those_beyond_them_are_counted_under_their_own_labels() {
        let all = Family::<Vec<(String, String)>, Counter>::default();
        let labels = |number: usize| vec![("number".to_owned(), number.to_string())];
        let first = First::default();
        let rounds = (1..=2 * MOST).cycle().take(6 * MOST);
        for number in rounds {
            let labels = labels(number);
            let counter: Counter = first.get(&labels, || all.get_or_create_owned(&labels));
            counter.inc();
        }
        for number in 1..=2 * MOST {
            assert_eq!(all.get_or_create(&labels(number)).get(), 3, "{number}");
        }
    }
}
