//! `--geo-db`: opens the databases, and looks up what a question needs.

use std::net::IpAddr;

use firstseen::baseline::Baseline;
use firstseen::geo::{GeoDatabase, GeoDatabases, GeoError, Locations, first_address};
use firstseen::model::Dimension;
use firstseen::query::{Finding, FindingKind, Question};
use firstseen::source::is_s3;

use super::args::GeoArgs;
use super::exit::{Hint, UsageError};

/// Opens the databases for a question.
///
/// # Errors
/// If one cannot be used, or none has values of a derived dimension that the question is about (wrong usage).
pub(crate) fn geo_databases(args: &GeoArgs, question: &Question) -> anyhow::Result<GeoDatabases> {
    if let Some(bucket) = args.geo_db.iter().find(|path| is_s3(path)) {
        let what = format!("--geo-db takes local files, not '{}'", bucket.display());
        return Err(anyhow::Error::new(UsageError(what)).context(Hint("copy them first: aws s3 cp")));
    }
    let derived = || derived_dimensions(question);
    if let Some(dimension) = derived().next().filter(|_| args.geo_db.is_empty()) {
        let what = format!("the dimension {} needs a geolocation database", dimension.name());
        return Err(anyhow::Error::new(UsageError(what)).context(hint(dimension)));
    }
    let databases = GeoDatabases::open(&args.geo_db).map_err(failed)?;
    if let Some(dimension) = derived().find(|dimension| !databases.have(*dimension)) {
        let named: Vec<String> = databases.iter().map(described).collect();
        let what = format!("no --geo-db has the dimension {}: {}", dimension.name(), named.join("; "));
        return Err(anyhow::Error::new(UsageError(what)).context(hint(dimension)));
    }
    Ok(databases)
}

/// The derived dimensions that a question is about.
fn derived_dimensions(question: &Question) -> impl Iterator<Item = Dimension> {
    let asked = question.report.iter().filter_map(|kind: &FindingKind| kind.dimension());
    asked.filter(|dimension| dimension.origin().is_some())
}

/// Adds the values of the derived dimensions that the question is about to a baseline. Returns a warning for each that has
/// none, although there are networks.
pub(crate) fn derive_values(
    databases: &GeoDatabases,
    question: &Question,
    baseline: &mut Baseline,
) -> anyhow::Result<Vec<String>> {
    let mut warnings = Vec::new();
    for dimension in derived_dimensions(question) {
        let networks = baseline.values.iter().filter(|value| Some(value.dimension) == dimension.origin());
        let addresses: Vec<IpAddr> = networks.filter_map(|network| first_address(&network.value)).collect();
        let locations = databases.locate(addresses.iter().copied()).map_err(failed)?;
        baseline.derive_values(dimension, |network| {
            locations.of(first_address(network)?)?.value(dimension).cloned()
        });
        let has_values = baseline.values.iter().any(|value| value.dimension == dimension);
        if !has_values && !addresses.is_empty() {
            let name = dimension.name();
            warnings.push(format!("--geo-db: no network in the input has a value in the dimension {name}"));
        }
    }
    Ok(warnings)
}

/// Looks up the addresses of findings.
pub(crate) fn locate<'f, 'b: 'f>(
    databases: &GeoDatabases,
    findings: impl Iterator<Item = &'f Finding<'b>>,
) -> anyhow::Result<Locations> {
    let addresses = findings.filter_map(|finding| finding.source_ip()?.parse().ok());
    databases.locate(addresses).map_err(failed)
}

/// Notes in each finding where its address is.
pub(crate) fn set_locations<'f, 'l: 'f>(
    locations: &'l Locations,
    findings: impl Iterator<Item = &'f mut Finding<'l>>,
) {
    if locations.is_empty() {
        return;
    }
    for finding in findings {
        let address = finding.source_ip().and_then(|source| source.parse().ok());
        finding.location = address.and_then(|address| locations.of(address));
    }
}

/// The database in one line. The type is as in the file.
pub(crate) fn described(database: &GeoDatabase) -> String {
    let dimensions: Vec<&str> = database.dimensions().iter().map(|dimension| dimension.name()).collect();
    format!("{} of {} ({})", database.kind(), database.built(), dimensions.join(", "))
}

fn hint(dimension: Dimension) -> Hint {
    Hint(match dimension {
        Dimension::Country => {
            "name a database of countries with --geo-db, such as GeoLite2-Country.mmdb, dbip-country-lite.mmdb or ipinfo_lite.mmdb"
        }
        _ => {
            "name a database of autonomous systems with --geo-db, such as GeoLite2-ASN.mmdb, dbip-asn-lite.mmdb or ipinfo_lite.mmdb"
        }
    })
}

fn failed(error: GeoError) -> anyhow::Error {
    let hint = match &error {
        GeoError::Open { .. } | GeoError::TooLarge { .. } => "--geo-db takes a MaxMind DB file (.mmdb)",
        GeoError::Form { .. } => {
            "--geo-db takes a MaxMind DB file (.mmdb); unpack it if it is a .gz, .zip or .tar.gz"
        }
        GeoError::Damaged { .. } => "download it again",
        GeoError::Foreign { .. } => {
            "name a database of autonomous systems or countries, such as GeoLite2-ASN.mmdb or GeoLite2-Country.mmdb"
        }
    };
    anyhow::Error::new(error).context(Hint(hint))
}
