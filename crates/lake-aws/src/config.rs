//! Where on AWS a lake is.

use std::fmt;

use crate::AwsError;

/// Where on AWS a lake is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The bucket.
    pub bucket: String,
    /// The lake's place in the bucket, without slashes at its ends; empty for the whole bucket.
    pub prefix: String,
    /// The region; none for what the environment says.
    pub region: Option<String>,
    /// An emulator in place of AWS, for Glue and S3 alike.
    pub endpoint: Option<String>,
    /// A fixed access key, as emulators take any; none for what the environment says.
    pub access_key: Option<AccessKey>,
}

/// An access key. Its secret is not shown when it is printed.
#[derive(Clone, Eq, PartialEq)]
pub struct AccessKey {
    /// The key's id.
    pub id: String,
    /// The key's secret.
    pub secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads `s3://bucket/prefix`, with `?region=…` and `&endpoint=…` where they are needed.
    ///
    /// # Errors
    ///
    /// [`AwsError::Url`], which says what is wrong with it.
    pub fn of_url(url: &str) -> Result<Self, AwsError> {
        let refused = |expected| AwsError::Url { url: url.into(), expected };
        let place = url.strip_prefix("s3://").ok_or_else(|| refused("expected `s3://bucket/prefix`"))?;
        let (place, query) = place.split_once('?').unwrap_or((place, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        if bucket.len() < 3 || !bucket.chars().all(plain) {
            return Err(refused("a bucket has at least three lower-case letters, digits, `.` or `-`"));
        }
        let prefix = prefix.trim_matches('/');
        if prefix.split('/').any(|part| part.is_empty() || part == "..") && !prefix.is_empty() {
            return Err(refused("its prefix has an empty part or `..`"));
        }
        let mut config =
            Self { bucket: bucket.into(), prefix: prefix.into(), region: None, endpoint: None, access_key: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("region", region)) => config.region = Some(region.into()),
                Some(("endpoint", endpoint)) => config.endpoint = Some(endpoint.into()),
                _ => return Err(refused("after `?` there may be `region=` and `endpoint=`")),
            }
        }
        Ok(config)
    }

    /// The lake's root, `s3://bucket/prefix`.
    pub fn root(&self) -> String {
        let Self { bucket, prefix, .. } = self;
        if prefix.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{prefix}") }
    }

    /// Where the tables lie, as in a local lake: `<root>/lake/warehouse`.
    pub fn warehouse(&self) -> String {
        format!("{}/lake/warehouse", self.root())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let key = AccessKey { id: "id".into(), secret: "hidden".into() };
        assert_eq!(format!("{key:?}"), r#"AccessKey { id: "id", .. }"#);
    }

    #[test]
    fn a_url_is_bucket_and_prefix() {
        let config = Config::of_url("s3://my-bucket/twinlake/prod/?region=eu-west-1").unwrap();
        assert_eq!((config.bucket.as_str(), config.prefix.as_str()), ("my-bucket", "twinlake/prod"));
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        assert_eq!(config.warehouse(), "s3://my-bucket/twinlake/prod/lake/warehouse");
        assert_eq!(Config::of_url("s3://my-bucket/").unwrap().warehouse(), "s3://my-bucket/lake/warehouse");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for url in
            ["/tmp/lake", "s3://", "s3://My_Bucket/x", "s3://bucket/a//b", "s3://bucket/../x", "s3://bucket/x?key=1"]
        {
            assert!(matches!(Config::of_url(url), Err(AwsError::Url { .. })), "{url}");
        }
    }
}
