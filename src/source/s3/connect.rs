//! Turns settings into a configuration of the SDK: network, retries, credentials, roles.

use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_s3::config::{
    RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};

use super::failure::problem;
use crate::source::{S3Access, S3Problem, S3ProblemKind, S3Settings};

/// Attempts of the SDK for one request; after that, this program waits. The adaptive mode took 25 times as long at 2 % of
/// 503s.
const ATTEMPTS: u32 = 3;

/// The pause before the second attempt; the SDK doubles it for each after that, and takes a random part of it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The Region to sign for until S3 says where a bucket is.
const FIRST_REGION: &str = "us-east-1";

/// The configuration of all clients with this access.
pub(super) async fn connect(access: &S3Access, settings: &S3Settings) -> Result<SdkConfig, S3Problem> {
    let http = http_client()?;
    let region = match (&access.region, access.anonymous) {
        (Some(region), _) => checked_region(region)?,
        (None, true) => Region::new(FIRST_REGION),
        // From the environment or the profile.
        (None, false) => {
            let found = loader(access, settings, &http).load().await.region().cloned();
            found.unwrap_or_else(|| Region::new(FIRST_REGION))
        }
    };
    let mut loader = loader(access, settings, &http).region(region.clone());
    if access.anonymous {
        loader = loader.no_credentials();
    } else if let Some(profile) = &access.profile {
        // A named profile wins over keys in the environment, as in the AWS CLI.
        let config = ProviderConfig::without_region().with_http_client(http).with_region(Some(region));
        let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile);
        loader = loader.credentials_provider(provider.build());
    }
    Ok(with_roles(loader.load().await, access).await)
}

/// Network, retries and files; neither Region nor credentials.
fn loader(access: &S3Access, settings: &S3Settings, http: &SharedHttpClient) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .read_timeout(settings.patience * 3)
                .build(),
        )
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(settings.patience).build(),
        )
        // This program verifies checksums itself (expected_checksums.rs), where the store has some.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if let Ok(name) = AppName::new("firstseen") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &access.profile {
        loader = loader.profile_name(profile);
    }
    loader
}

fn checked_region(name: &str) -> Result<Region, S3Problem> {
    let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let detail = || format!("'{name}' is no AWS Region");
    fits.then(|| Region::new(name.to_owned()))
        .ok_or_else(|| S3Problem { kind: S3ProblemKind::Setting, detail: detail() })
}

/// Each role is assumed with the credentials of the previous one, and again before its session ends.
async fn with_roles(config: SdkConfig, access: &S3Access) -> SdkConfig {
    let mut config = config;
    for role in &access.roles {
        let mut assume =
            AssumeRoleProvider::builder(&role.arn).session_name(&access.role_session_name).configure(&config);
        if let Some(id) = &role.external_id {
            assume = assume.external_id(id);
        }
        // STS is called with the credentials configured so far.
        let provider = SharedCredentialsProvider::new(assume.build().await);
        config = config.into_builder().credentials_provider(provider).build();
    }
    config
}

/// A client that trusts the certificates of the system and those in `AWS_CA_BUNDLE`, and uses the proxy from the
/// environment.
fn http_client() -> Result<SharedHttpClient, S3Problem> {
    let mut trusted = TrustStore::default();
    if let Some(path) = std::env::var_os("AWS_CA_BUNDLE") {
        let bundle = crate::file::read_named(path.as_ref()).map_err(|error| S3Problem {
            kind: S3ProblemKind::Setting,
            detail: format!("AWS_CA_BUNDLE names {}: {error}", path.display()),
        })?;
        trusted = trusted.with_pem_certificate(bundle);
    }
    let tls = TlsContext::builder().with_trust_store(trusted).build();
    let tls = tls.map_err(|error| problem(S3ProblemKind::Setting, &error))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls.clone()).build()
    }))
}
