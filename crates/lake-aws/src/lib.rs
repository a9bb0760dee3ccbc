//! A lake on AWS: tables in S3, the Glue Data Catalog to find them, the same [`Lake`] in front.
//!
//! ```no_run
//! # async fn example() -> Result<(), twinlake_lake_aws::AwsError> {
//! let config = twinlake_lake_aws::Config::of_url("s3://bucket/prefix")?;
//! let lake = twinlake_lake_aws::open(&config).await?;
//! println!("{:?}", lake.tables().await?);
//! # Ok(())
//! # }
//! ```
//!
//! Credentials and, when the [`Config`] names none, the region come from where AWS tools look for them: environment,
//! profile, web identity, container and instance role.

mod config;

use std::sync::Arc;

use iceberg::CatalogBuilder;
use iceberg_catalog_glue::{GLUE_CATALOG_PROP_URI, GLUE_CATALOG_PROP_WAREHOUSE, GlueCatalogBuilder};
use iceberg_storage_opendal::OpenDalStorageFactory;
use twinlake_lake::{CATALOG_NAME, Lake, LakeError};

pub use config::{AccessKey, Config};

/// Why a lake on AWS could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AwsError {
    /// The URL names no place in S3.
    #[error("`{url}` is no place for a lake, {expected}")]
    Url {
        /// The URL as given.
        url: String,
        /// What it should look like.
        expected: &'static str,
    },
    /// The catalog could not be set up.
    #[error("cannot open the Glue catalog for `{warehouse}`")]
    Glue {
        /// Where the tables lie.
        warehouse: String,
        /// The library's answer.
        source: Box<iceberg::Error>,
    },
    /// The lake itself refused.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

/// Opens the lake: namespaces are Glue databases, tables lie below [`Config::warehouse`].
///
/// A commit asks Glue to swap the metadata only when the table's version is still the one it was built on; that is what
/// makes commits exact. An emulator that ignores `VersionId` (moto does) loses commits without a word.
///
/// # Errors
///
/// [`AwsError::Glue`] when the catalog cannot be set up. Nothing is asked of AWS yet.
pub async fn open(config: &Config) -> Result<Lake, AwsError> {
    let warehouse = config.warehouse();
    let catalog = GlueCatalogBuilder::default()
        .with_storage_factory(Arc::new(OpenDalStorageFactory::S3 { customized_credential_load: None }))
        .load(CATALOG_NAME, properties(config).into_iter().collect())
        .await
        .map_err(|source| AwsError::Glue { warehouse: warehouse.clone(), source: Box::new(source) })?;
    Ok(Lake::with_catalog(Arc::new(catalog), warehouse))
}

/// What the catalog and its storage are told.
fn properties(config: &Config) -> Vec<(String, String)> {
    let mut properties = vec![(GLUE_CATALOG_PROP_WAREHOUSE, config.warehouse())];
    if let Some(region) = &config.region {
        properties.push(("region_name", region.clone()));
        properties.push(("s3.region", region.clone()));
    }
    if let Some(endpoint) = &config.endpoint {
        properties.push((GLUE_CATALOG_PROP_URI, endpoint.clone()));
        properties.push(("s3.endpoint", endpoint.clone()));
        // An emulator has no host name per bucket, and no instance whose role could be asked for.
        properties.push(("s3.path-style-access", "true".into()));
        properties.push(("s3.disable-ec2-metadata", "true".into()));
    }
    if let Some(key) = &config.access_key {
        properties.push(("aws_access_key_id", key.id.clone()));
        properties.push(("aws_secret_access_key", key.secret.clone()));
    }
    properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_told_to_catalog_and_storage() {
        let url = "s3://bucket/lake?endpoint=http://127.0.0.1:4566&region=us-east-1";
        let properties = properties(&Config::of_url(url).unwrap());
        let value = |key: &str| properties.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        assert_eq!(value("warehouse"), Some("s3://bucket/lake/lake/warehouse"));
        assert_eq!(value("uri"), Some("http://127.0.0.1:4566"));
        assert_eq!(value("s3.endpoint"), value("uri"));
        assert_eq!(value("s3.path-style-access"), Some("true"));
        assert_eq!((value("region_name"), value("s3.region")), (Some("us-east-1"), Some("us-east-1")));
    }

    #[test]
    fn without_an_endpoint_the_libraries_find_aws_themselves() {
        let properties = properties(&Config::of_url("s3://bucket").unwrap());
        assert_eq!(properties, [("warehouse".to_owned(), "s3://bucket/lake/warehouse".to_owned())]);
    }
}
