//! The clusters of Kubernetes audit events that do not name one: as a baseline knows them from the run that made it.

use std::collections::BTreeSet;

use firstseen::baseline::Baseline;
use firstseen::coverage::UNNAMED_CLUSTER;
use firstseen::model::cluster_of_key;
use firstseen::source::{GivenArchive, ObjectKey};

use super::exit::UsageError;

/// Refuses the name of a cluster that a baseline does not have.
pub(crate) fn check_cluster(baseline: &Baseline, asked: Option<&str>) -> anyhow::Result<()> {
    let keys = baseline.principals.iter().map(|who| &*who.key);
    let known: BTreeSet<&str> = keys.filter_map(cluster_of_key).collect();
    match asked.filter(|name| !known.is_empty() && !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let what = format!(
                "--k8s-cluster {name}: the baseline has no principal of that cluster, but of {known}"
            );
            Err(UsageError(what).into())
        }
    }
}

/// Gives archives of a baseline the cluster that they have in it, if it is one: its logs need not name it. `names` are those of the baseline's
/// archives, in the order of their numbers.
pub(crate) fn add_clusters(given: &mut [GivenArchive], baseline: &Baseline, names: &[String]) {
    let clusters = clusters_of_archives(baseline, names.len());
    for archive in given.iter_mut().filter(|archive| archive.cluster.is_none()) {
        let name = archive.name();
        let Some(number) = names.iter().position(|known| *known == name) else { continue };
        let only =
            clusters[number].first().filter(|name| clusters[number].len() == 1 && **name != UNNAMED_CLUSTER);
        archive.cluster = only.map(|name| (*name).to_owned());
    }
}

/// Warns if some events of an archive have a cluster with a name and others have one without: they may be of one cluster, whose name
/// was given to some runs only.
pub(crate) fn partly_named(baseline: &Baseline, names: &[String]) -> Option<String> {
    let clusters = clusters_of_archives(baseline, names.len());
    let (name, clusters) = names
        .iter()
        .zip(&clusters)
        .find(|(_, clusters)| clusters.len() > 1 && clusters.contains(UNNAMED_CLUSTER))?;
    let named = clusters.iter().find(|cluster| **cluster != UNNAMED_CLUSTER)?;
    Some(format!(
        "requests of '{name}' are of the cluster '{named}', and of one without a name: if these are one cluster, its users are two each, \
         and what is new may be missing; make all baselines with the same --k8s-cluster"
    ))
}

/// The clusters of each archive of a baseline, as far as the paths of its objects do not name them: those say nothing of the others.
fn clusters_of_archives(baseline: &Baseline, archives: usize) -> Vec<BTreeSet<&str>> {
    let mut clusters: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); archives];
    let is_unnamed = |object: &str| ObjectKey::parse(object).cluster.is_none();
    for behaviour in baseline.behaviours.iter().filter(|one| is_unnamed(&one.first.object)) {
        let key = &baseline.principals[behaviour.principal as usize].key;
        let of_archive = clusters.get_mut((behaviour.first.archive as usize).wrapping_sub(1));
        if let (Some(cluster), Some(of_archive)) = (cluster_of_key(key), of_archive) {
            of_archive.insert(cluster);
        }
    }
    clusters
}
