//! Record batches to Iceberg commits, for any catalog
