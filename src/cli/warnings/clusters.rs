//! Clusters that may be taken for one: without a name, or of one name in several Regions.

use std::collections::{BTreeMap, BTreeSet};

use firstseen::coverage::{Coverage, UNNAMED_CLUSTER, is_folder_of_time};

/// That requests to clusters from several archives or folders name no cluster: their users cannot be told apart, and what one did hides the
/// first time of the other.
pub(crate) fn unnamed_clusters(coverage: &Coverage) -> Option<String> {
    let of_none = coverage.clusters.iter().filter(|one| &*one.cluster == UNNAMED_CLUSTER);
    let places: BTreeSet<(u32, &str)> =
        of_none.map(|one| (one.archive, one.folder.split('/').next().unwrap_or_default())).collect();
    let archives: BTreeSet<u32> = places.iter().map(|(archive, _)| *archive).collect();
    if archives.len() > 1 {
        return Some(format!(
            "Kubernetes audit events of {} archives name no cluster, so users of one name count as one: if the clusters differ, name each \
             (k8s-cluster of its [[archive]] table in --config FILE, or one run of index for each, with --k8s-cluster, and merge)",
            archives.len()
        ));
    }
    let folders: Vec<&str> =
        places.iter().map(|(_, folder)| *folder).filter(|folder| !is_folder_of_time(folder)).collect();
    (folders.len() > 1).then(|| {
        format!(
            "Kubernetes audit events in {} folders ({}) name no cluster, so users of one name count as one: if the folders are of different \
             clusters, name each (k8s-cluster of an [[archive]] table for each in --config FILE; firstseen doctor writes the tables), and if they \
             are of one, name that (--k8s-cluster NAME)",
            folders.len(),
            named_first(&folders)
        )
    })
}

/// That requests to clusters of one name come from folders of several Regions: the name is unique in one only, and nothing else tells them apart.
pub(crate) fn clusters_of_regions(coverage: &Coverage) -> Vec<String> {
    let mut regions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in coverage.clusters.iter().filter(|one| &*one.cluster != UNNAMED_CLUSTER) {
        let of_cluster = regions.entry(&one.cluster).or_default();
        of_cluster.extend(one.folder.split('/').filter(|folder| is_region(folder)));
    }
    let of_several = regions.into_iter().filter(|(_, regions)| regions.len() > 1);
    let warning = |(cluster, regions): (&str, BTreeSet<&str>)| {
        let regions: Vec<&str> = regions.into_iter().collect();
        format!(
            "audit events of the cluster '{cluster}' are in folders of {} Regions ({}): if these are several clusters of one name, their users count \
             as one, so ask of each Region by itself",
            regions.len(),
            named_first(&regions)
        )
    };
    of_several.map(warning).collect()
}

/// Whether a folder has the name of a Region of AWS: `eu-west-1`, `us-gov-east-1`.
fn is_region(folder: &str) -> bool {
    let parts: Vec<&str> = folder.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let [words @ .., number] = &parts[..] else { return false };
    (2..=3).contains(&words.len())
        && words.iter().all(is_word)
        && matches!(words[0].len(), 2..=4)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first few names, in quotes.
fn named_first(names: &[&str]) -> String {
    const NAMED: usize = 5;
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("'{name}'")).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
