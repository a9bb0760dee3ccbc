//! Grouping records by person without holding them in memory.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// How hard a spill is compressed: it is read once, and soon, so that speed counts for more than size.
const SPILL_LEVEL: i32 = -4;

/// Records written to disk in partitions by key, so that one partition at a time fits in memory.
///
/// All records of a key are in the same partition. The files are compressed, and removed when the spill or the partitions
/// that came from it are dropped.
pub struct Spill {
    folder: Folder,
    partitions: Vec<zstd::Encoder<'static, BufWriter<File>>>,
    n_records: u64,
}

/// One record of a [`Partition`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// What groups the records, e.g. a person's key.
    pub key: i64,
    /// What the record is, as the writer numbered it.
    pub tag: u16,
    /// The content.
    pub payload: Vec<u8>,
}

/// A partition to read.
pub struct Partition {
    path: PathBuf,
    // Keeps the folder until the last partition is gone.
    _folder: std::sync::Arc<Folder>,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Work files: what stays behind is only litter.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// About how many bytes a file of records holds when it is read, by the compression that its name tells; none when it
/// is not there.
pub fn bytes_to_read(path: &Path) -> u64 {
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("zst" | "gz") => bytes * 20,
        Some("parquet") => bytes * 10,
        _ => bytes,
    }
}

impl Spill {
    /// How many partitions hold `bytes` when each may hold about `partition_bytes`: 1 to 128.
    pub fn partitions_for(bytes: u64, partition_bytes: u64) -> usize {
        usize::try_from(bytes.div_ceil(partition_bytes.max(1))).unwrap_or(usize::MAX).clamp(1, 128)
    }

    /// Begins a spill in a new folder below `work`.
    ///
    /// # Errors
    ///
    /// A folder or file that cannot be made, naming it.
    pub fn create(work: &Path, n_partitions: usize) -> Result<Self> {
        let folder = Folder(work.join(format!("spill-{}", uuid::Uuid::new_v4().simple())));
        fs::create_dir_all(&folder.0).with_context(|| format!("making folder `{}`", folder.0.display()))?;
        let partitions = (0..n_partitions)
            .map(|i| {
                let path = folder.partition(i);
                let file = File::create(&path).with_context(|| format!("writing `{}`", path.display()))?;
                Ok(zstd::Encoder::new(BufWriter::new(file), SPILL_LEVEL)?)
            })
            .collect::<Result<_>>()?;
        Ok(Self { folder, partitions, n_records: 0 })
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// A write that fails (a full disk, say).
    pub fn write(&mut self, key: i64, tag: u16, payload: &[u8]) -> Result<()> {
        let length = u32::try_from(payload.len()).context("a record is larger than 4 GiB")?;
        let index = partition_of(key, self.partitions.len());
        let out = &mut self.partitions[index];
        let mut header = [0; 14];
        header[..8].copy_from_slice(&key.to_le_bytes());
        header[8..10].copy_from_slice(&tag.to_le_bytes());
        header[10..].copy_from_slice(&length.to_le_bytes());
        out.write_all(&header)
            .and_then(|()| out.write_all(payload))
            .with_context(|| format!("writing below `{}`", self.folder.0.display()))?;
        self.n_records += 1;
        Ok(())
    }

    /// How many records were added.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Ends writing and gives the partitions, in a fixed order.
    ///
    /// # Errors
    ///
    /// A write that fails.
    pub fn finish(self) -> Result<Vec<Partition>> {
        let folder = std::sync::Arc::new(self.folder);
        for encoder in self.partitions {
            encoder
                .finish()
                .and_then(|mut file| file.flush())
                .with_context(|| format!("writing below `{}`", folder.0.display()))?;
        }
        let n = fs::read_dir(&folder.0)?.count();
        Ok((0..n).map(|i| Partition { path: folder.partition(i), _folder: folder.clone() }).collect())
    }
}

impl Folder {
    fn partition(&self, i: usize) -> PathBuf {
        self.0.join(format!("{i:03}.zst"))
    }
}

impl Partition {
    /// The partition's records, in the order they were written.
    ///
    /// # Errors
    ///
    /// A read that fails, or a file that ends early, naming it.
    pub fn read(&self) -> Result<Vec<Record>> {
        let context = || format!("reading `{}`", self.path.display());
        let file = File::open(&self.path).with_context(context)?;
        let mut input = BufReader::new(zstd::Decoder::new(file).with_context(context)?);
        let mut records = Vec::new();
        let mut header = [0; 14];
        loop {
            match input.read(&mut header[..1]).with_context(context)? {
                0 => return Ok(records),
                n => ensure!(n == 1, "{}", context()),
            }
            input.read_exact(&mut header[1..]).with_context(context)?;
            let (key, rest) = header.split_at(8);
            let length = u32::from_le_bytes(rest[2..].try_into().expect("four bytes"));
            let mut payload = vec![0; length as usize];
            input.read_exact(&mut payload).with_context(context)?;
            records.push(Record {
                key: i64::from_le_bytes(key.try_into().expect("eight bytes")),
                tag: u16::from_le_bytes(rest[..2].try_into().expect("two bytes")),
                payload,
            });
        }
    }
}

/// The partition of a key: a multiplicative hash, since neighbouring patients have neighbouring keys.
fn partition_of(key: i64, n: usize) -> usize {
    let mixed = key.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    usize::try_from(mixed).expect("32 bits") % n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_comes_back_once_and_a_key_stays_together() {
        let dir = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(dir.path(), 4).unwrap();
        for key in 0..100 {
            for tag in 0..3 {
                spill.write(key, tag, format!("{key}/{tag}").as_bytes()).unwrap();
            }
        }
        assert_eq!(spill.n_records(), 300);
        let partitions = spill.finish().unwrap();
        let mut seen = std::collections::BTreeMap::new();
        for (i, partition) in partitions.iter().enumerate() {
            for record in partition.read().unwrap() {
                assert_eq!(record.payload, format!("{}/{}", record.key, record.tag).as_bytes());
                let before = seen.insert((record.key, record.tag), i);
                assert_eq!(before, None);
                assert_eq!(seen[&(record.key, 0)], i);
            }
        }
        assert_eq!(seen.len(), 300);
        drop(partitions);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn partitions_follow_the_size() {
        assert_eq!(Spill::partitions_for(0, 1 << 26), 1);
        assert_eq!(Spill::partitions_for(1 << 30, 1 << 26), 16);
        assert_eq!(Spill::partitions_for(u64::MAX, 1), 128);
    }
}
