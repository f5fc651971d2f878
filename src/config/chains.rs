//! Fixed orders of clusters, for an Envoy that cannot be told each call's order.
//!
//! Envoy 1.37 picks the cluster of a retry only within a *composite* cluster: attempt N
//! goes to its N-th member. So for each order that a plan may have, the bootstrap has
//! one, and a call names it. The renderer writes them and the filter looks them up:
//! both compute them here, from the same configuration, so that the names agree.
//!
//! A plan that is the beginning of a longer chain uses that one. A list of targets in
//! order needs the subsequences of its clusters that end with the last one; where the
//! strategy orders anew, all arrangements of as many clusters as there is room for. A
//! provider with several keys stands there with its spare keys and without. All bounds
//! are below; what has no chain is cut (`route::fixed`).
//!
//! <https://www.envoyproxy.io/docs/envoy/v1.37.0/intro/arch_overview/upstream/composite_cluster>

use super::compiled::{MAX_TARGETS, Model, Provider, Rule, Target};
use super::raw::Strategy;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// Most chains of a configuration.
pub const MAX_CHAINS: usize = 512;
/// Most arrangements of one list whose strategy orders anew.
const MAX_ARRANGEMENTS: usize = 360;

/// All chains there are.
#[derive(Debug, Default)]
pub struct Chains {
    all: Vec<Chain>,
    /// Hashes of all beginnings, to the first chain that begins so.
    beginnings: HashMap<u64, usize>,
}

/// One composite cluster.
#[derive(Debug)]
pub struct Chain {
    pub name: String,
    /// At least two different ones.
    pub clusters: Vec<String>,
}

/// One target in a list: its cluster, and how many attempts its keys are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Link<'a> {
    cluster: &'a str,
    keys: usize,
}

/// What needs chains: providers, targets, models, rules.
pub(super) type Needs<'a> = (&'a [Provider], &'a [Target], &'a [Model], &'a [Rule]);

/// The chains that these models and rules need.
pub(super) fn of(needs: Needs<'_>) -> Chains {
    let mut chains = Chains::default();
    let lists = lists(needs);
    // What most calls need, of every list, before what few need.
    for (list, _) in &lists {
        (0..list.len()).for_each(|from| chains.add(list.get(from..).unwrap_or_default()));
    }
    for (list, anew) in &lists {
        match anew {
            true => arrangements(list).iter().for_each(|order| chains.add(order)),
            false => subsequences(list).iter().for_each(|order| chains.add(order)),
        }
    }
    chains
}

/// Every list of targets that a call may have, once; and whether it is ordered anew.
fn lists<'a>((providers, targets, models, rules): Needs<'a>) -> BTreeSet<(Vec<Link<'a>>, bool)> {
    let links = |own: &Range<usize>| -> Vec<Link<'a>> {
        let own = targets.get(own.clone()).unwrap_or_default().iter();
        let of = |p: &'a Provider| Link { cluster: &p.cluster, keys: p.keys.len().max(1) };
        own.filter_map(|target| providers.get(target.provider).map(of)).collect()
    };
    let mut lists = BTreeSet::new();
    let mut add = |own: &Range<usize>, strategy: Strategy| {
        lists.insert((links(own), strategy != Strategy::Order));
    };
    let elsewhere = |rule: &&Rule| rule.targets.is_none();
    let strategies: BTreeSet<bool> = (rules.iter().filter(elsewhere))
        .filter_map(|rule| rule.strategy.map(|s| s != Strategy::Order))
        .collect();
    let either = |anew: bool| if anew { Strategy::Weighted } else { Strategy::Order };
    for model in models {
        add(&model.targets, model.strategy);
        strategies.iter().for_each(|anew| add(&model.targets, either(*anew)));
    }
    for rule in rules {
        let Some(own) = &rule.targets else { continue };
        match rule.strategy {
            Some(strategy) => add(own, strategy),
            None => models.iter().for_each(|model| add(own, model.strategy)),
        }
    }
    lists
}

/// Those that keep the order and end with the last one.
fn subsequences<'a>(list: &[Link<'a>]) -> Vec<Vec<Link<'a>>> {
    let Some((last, before)) = list.split_last() else { return Vec::new() };
    let before = before.get(..before.len().min(MAX_TARGETS - 1)).unwrap_or_default();
    // The fewer are left out, the earlier.
    let mut left_out: Vec<u32> = (0..1_u32 << before.len()).collect();
    left_out.sort_by_key(|out| out.count_ones());
    let stays = |out: u32, at: usize| (out >> at) & 1 == 0;
    let order = |out: u32| {
        let stay = before.iter().enumerate().filter(|(at, _)| stays(out, *at));
        stay.map(|(_, link)| *link).chain([*last]).collect()
    };
    left_out.into_iter().map(order).collect()
}

/// All orders of as many as there is room for.
fn arrangements<'a>(list: &[Link<'a>]) -> Vec<Vec<Link<'a>>> {
    let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in list {
        let longer: Vec<Vec<usize>> = (orders.iter())
            .flat_map(|order| {
                let rest = (0..list.len()).filter(|at| !order.contains(at));
                rest.map(|at| [order.as_slice(), &[at]].concat())
            })
            .collect();
        if longer.len() > MAX_ARRANGEMENTS {
            break;
        }
        orders = longer;
    }
    let links = |order: Vec<usize>| order.iter().filter_map(|at| list.get(*at)).copied().collect();
    orders.into_iter().map(links).collect()
}

/// Each with its spare keys behind it, as far as there is room: as plans have them.
fn with_spares<'a>(order: &[Link<'a>]) -> Vec<&'a str> {
    let mut room = MAX_TARGETS.saturating_sub(order.len());
    let mut out = Vec::with_capacity(MAX_TARGETS);
    for link in order {
        let spares = room.min(link.keys.saturating_sub(1));
        room -= spares;
        out.extend(std::iter::repeat_n(link.cluster, spares + 1));
    }
    out
}

fn hash(clusters: &[&str]) -> u64 {
    xxh3_64(clusters.join("\0").as_bytes())
}

fn same(clusters: &[&str]) -> bool {
    clusters.windows(2).all(|pair| pair.first() == pair.last())
}

// === impl Chains ===

impl Chains {
    pub fn iter(&self) -> impl Iterator<Item = &Chain> {
        self.all.iter()
    }

    /// Where the router must be sent for these clusters in this order, and for how many
    /// of them that holds: one cluster alone is its own chain.
    pub fn find<'a>(&'a self, clusters: &[&'a str]) -> Option<(&'a str, usize)> {
        (1..=clusters.len()).rev().find_map(|length| {
            let begin = clusters.get(..length)?;
            if same(begin) {
                return Some((*begin.first()?, length));
            }
            let chain = self.all.get(*self.beginnings.get(&hash(begin))?)?;
            chain.clusters.iter().zip(begin).all(|(a, b)| a == b).then_some((&*chain.name, length))
        })
    }

    fn add(&mut self, order: &[Link<'_>]) {
        self.insert(&with_spares(order));
        let plain: Vec<&str> = order.iter().map(|link| link.cluster).collect();
        self.insert(plain.get(..plain.len().min(MAX_TARGETS)).unwrap_or_default());
    }

    fn insert(&mut self, clusters: &[&str]) {
        let known = self.beginnings.contains_key(&hash(clusters));
        if known || same(clusters) || self.all.len() >= MAX_CHAINS {
            return;
        }
        let at = self.all.len();
        let name = format!("sluice-chain-{:016x}", hash(clusters));
        self.all.push(Chain { name, clusters: clusters.iter().map(|c| (*c).to_owned()).collect() });
        for length in 2..=clusters.len() {
            let begin = clusters.get(..length).unwrap_or_default();
            self.beginnings.entry(hash(begin)).or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links<'a>(names: &[&'a str]) -> Vec<Link<'a>> {
        names.iter().map(|cluster| Link { cluster, keys: 1 }).collect()
    }

    fn chains(list: &[Link<'_>], anew: bool) -> Chains {
        let mut chains = Chains::default();
        let all = if anew { arrangements(list) } else { subsequences(list) };
        all.iter().for_each(|order| chains.add(order));
        chains
    }

    #[test]
    fn a_list_in_order_can_lose_any_of_its_targets() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let chains = chains(&links(&names), false);
        assert!(chains.all.len() < 128, "{}", chains.all.len());
        for out in 0..255_u32 {
            let left: Vec<&str> =
                (0..8).filter(|at| (out >> at) & 1 == 0).map(|at| names[at]).collect();
            let (to, length) = chains.find(&left).unwrap();
            assert_eq!(length, left.len(), "{left:?}");
            assert_eq!(left.len() == 1, to == left[0], "one cluster needs no chain");
        }
        // Never another way round.
        assert_eq!(chains.find(&["b", "a"]), Some(("b", 1)));
    }

    #[test]
    fn a_list_ordered_anew_has_every_order_as_far_as_there_is_room() {
        for (n, whole) in [(2, 2), (4, 4), (5, 5), (6, 4), (8, 3)] {
            let names = &["a", "b", "c", "d", "e", "f", "g", "h"][..n];
            let chains = chains(&links(names), true);
            assert!(chains.all.len() <= MAX_ARRANGEMENTS);
            let mut order = names.to_vec();
            order.reverse();
            assert_eq!(chains.find(&order).unwrap().1, whole, "{n}");
            order.swap(0, 1);
            assert_eq!(chains.find(&order).unwrap().1, whole, "{n}");
        }
    }

    #[test]
    fn spare_keys_stand_behind_their_target_or_are_left_out() {
        let list = [Link { cluster: "a", keys: 3 }, Link { cluster: "b", keys: 1 }];
        let chains = chains(&list, false);
        assert_eq!(chains.find(&["a", "a", "a", "b"]).unwrap().1, 4);
        assert_eq!(chains.find(&["a", "b"]).unwrap().1, 2);
        // Two of three keys: no such chain, but one cluster alone is one.
        assert_eq!(chains.find(&["a", "a", "b"]), Some(("a", 2)));
        assert_eq!(chains.find(&["b", "b", "b"]), Some(("b", 3)));
        assert_eq!(chains.find(&[]), None);
    }

    #[test]
    fn names_depend_on_the_members_alone() {
        let one = chains(&links(&["a", "b", "c"]), false);
        let other = chains(&links(&["a", "b", "c"]), true);
        let name = |chains: &Chains| chains.find(&["a", "b", "c"]).unwrap().0.to_owned();
        assert_eq!(name(&one), name(&other));
        assert_eq!(name(&one).len(), "sluice-chain-".len() + 16);
        let mut names: Vec<_> = other.iter().map(|c| &c.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 6);
    }

    #[test]
    fn there_is_an_end_to_them() {
        let names: Vec<String> = (0..2_000).map(|n| format!("c{n}")).collect();
        let mut chains = Chains::default();
        for pair in names.windows(2) {
            chains.add(&links(&[&pair[0], &pair[1]]));
        }
        assert_eq!(chains.all.len(), MAX_CHAINS);
    }
}
