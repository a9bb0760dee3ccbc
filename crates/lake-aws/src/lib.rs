//! Glue catalog and S3 behind the traits of lake
