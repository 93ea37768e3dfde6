//! Sorting through the places of the items: one sort of the standard library serves all types, while `slice::sort_by` is built anew for
//! each, 3 KB of code a time (docs/decisions/0051). Both keep what is equal in its order.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts by a comparison.
pub(crate) fn by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let places = sorted(items.len(), &|a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    });
    bring(items, places);
}

/// Sorts by a key, which is made once for each item.
pub(crate) fn by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    let keys: Vec<K> = items.iter().map(key).collect();
    let places = sorted(items.len(), &|a, b| keys.get(a).cmp(&keys.get(b)));
    bring(items, places);
}

/// Collects into a map, of which the last of several equal keys counts. `collect` sorts the items first, by a sort of its own for each place.
pub(crate) fn map<K: Ord, V>(items: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(items);
    map
}

/// Collects into a set.
pub(crate) fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// Returns the places of the items in their new order.
fn sorted(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

/// Brings to each place the item that stood at `places[place]`, one ring of exchanges after the other.
fn bring<T>(items: &mut [T], mut places: Vec<usize>) {
    for first in 0..places.len() {
        let mut place = first;
        while let Some(from) = places.get_mut(place) {
            let from = std::mem::replace(from, place);
            if from == first || from == place {
                break;
            }
            items.swap(place, from);
            place = from;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_stand_as_the_standard_library_sorts_them(items: Vec<(u8, u16)>) {
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            let mut sorted = items.clone();
            super::by_key(&mut sorted, |(key, _)| *key);
            prop_assert_eq!(&sorted, &expected);
            let mut sorted = items;
            super::by(&mut sorted, |a, b| a.0.cmp(&b.0));
            prop_assert_eq!(&sorted, &expected);
        }
    }
}
