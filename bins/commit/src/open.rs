//! Where a lake is, from what a user types.

use std::path::Path;

use anyhow::{Context as _, Result};
use twinlake_lake::BlockingLake;

/// Opens the lake of a root folder (`<folder>/lake`) or of `s3://bucket/prefix`, and makes it when it is not there.
///
/// # Errors
///
/// A usage error for `s3://` in a binary without the feature `aws`, and for any other scheme; the lake's errors
/// otherwise.
pub fn open_lake(lake: &str) -> Result<BlockingLake> {
    if lake.starts_with("s3://") {
        return open_s3(lake);
    }
    if let Some((scheme, _)) = lake.split_once("://") {
        return Err(twinlake_task::UsageError::new(format!(
            "`{scheme}://` is no place for a lake: give a folder or `s3://bucket/prefix`"
        )));
    }
    let folder = Path::new(lake).join("lake");
    BlockingLake::open_local(&folder).with_context(|| format!("opening the lake in `{}`", folder.display()))
}

#[cfg(feature = "aws")]
fn open_s3(lake: &str) -> Result<BlockingLake> {
    let config = twinlake_lake_aws::Config::of_url(lake)?;
    let open = async { twinlake_lake_aws::open(&config).await.map_err(anyhow::Error::from) };
    BlockingLake::open(open).with_context(|| format!("opening the lake at `{lake}`"))
}

#[cfg(not(feature = "aws"))]
fn open_s3(lake: &str) -> Result<BlockingLake> {
    Err(twinlake_task::UsageError::new(format!(
        "this build knows no S3, so it cannot open `{lake}`: build it with `cargo build --release --features aws`"
    )))
}

/// The name of a generated cohort, for [`BlockingLake::claim_cohort`]: what decides who patient 1 is.
pub fn cohort(pack: &str, pack_hash: &str, semantics_version: impl std::fmt::Display, seed: u64) -> String {
    format!("pack {pack} {pack_hash}, semantics {semantics_version}, seed {seed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(feature = "aws"))]
    fn without_aws_s3_says_how_to_get_it() {
        let error = open_lake("s3://bucket/lake").unwrap_err();
        assert!(error.is::<twinlake_task::UsageError>());
        assert!(error.to_string().contains("cargo build --release --features aws"), "{error}");
    }

    #[test]
    fn an_unknown_scheme_is_a_usage_error() {
        let error = open_lake("gs://bucket/lake").unwrap_err();
        assert!(error.is::<twinlake_task::UsageError>(), "{error}");
    }
}
