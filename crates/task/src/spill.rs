//! Grouping records by person without holding them in memory.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use lz4_flex::block::{compress_into, decompress, get_maximum_output_size};

/// Bytes of records that wait in memory to be compressed, in all partitions together.
const WAITING_BYTES: usize = 64 << 20;

/// Records written to disk in partitions by key, so that one partition at a time fits in memory.
///
/// All records of a key are in the same partition. The files are compressed, and removed when the spill or the partitions
/// that came from it are dropped. Memory is 64 MiB at most while it is written, and what one record takes that is larger than
/// its partition's part of that.
pub struct Spill {
    folder: Folder,
    partitions: Vec<Waiting>,
    /// Where a block is compressed to.
    frame: Vec<u8>,
    n_records: u64,
}

/// Records of a partition that are not on disk yet.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    is_on_disk: bool,
}

/// A partition to read.
pub struct Partition {
    path: PathBuf,
    is_empty: bool,
    // Keeps the folder until the last partition is gone.
    _folder: std::sync::Arc<Folder>,
}

/// The records of a [`Partition`], those of a key together.
pub struct Records {
    /// No record is in two of them.
    blocks: Vec<Vec<u8>>,
    /// In the order of their keys; of one key in the order they were written.
    entries: Vec<Entry>,
}

/// One record of a [`Partition`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Record<'a> {
    /// What groups the records, e.g. a person's key.
    pub key: i64,
    /// What the record is, as the writer numbered it.
    pub tag: u16,
    /// The content.
    pub payload: &'a [u8],
}

/// Where a record's content stands.
struct Entry {
    key: i64,
    tag: u16,
    block: u32,
    start: u32,
    length: u32,
}

/// Bytes before a record's content: its key, its tag, its length.
const HEADER_BYTES: usize = 14;

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
    /// How many partitions hold `bytes` when each may hold about `partition_bytes`: 1 to 4,096.
    pub fn partitions_for(bytes: u64, partition_bytes: u64) -> usize {
        usize::try_from(bytes.div_ceil(partition_bytes.max(1))).unwrap_or(usize::MAX).clamp(1, 4_096)
    }

    /// Begins a spill in a new folder below `work`.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made, naming it.
    pub fn create(work: &Path, n_partitions: usize) -> Result<Self> {
        let folder = Folder(work.join(format!("spill-{}", uuid::Uuid::new_v4().simple())));
        fs::create_dir_all(&folder.0).with_context(|| format!("making folder `{}`", folder.0.display()))?;
        let partitions = (0..n_partitions.max(1)).map(|_| Waiting::default()).collect();
        Ok(Self { folder, partitions, frame: Vec::new(), n_records: 0 })
    }

    /// Adds a record, whose content is given in parts.
    ///
    /// # Errors
    ///
    /// A write that fails (a full disk, say).
    pub fn write(&mut self, key: i64, tag: u16, payload: &[&[u8]]) -> Result<()> {
        let length: usize = payload.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).context("a record is larger than 4 GiB")?;
        let index = partition_of(key, self.partitions.len());
        let block = (WAITING_BYTES / self.partitions.len()).min(512 << 10);
        if self.partitions[index].bytes.len() + HEADER_BYTES + length as usize > block {
            self.flush(index)?;
            self.partitions[index].bytes.shrink_to(block);
        }
        let waiting = &mut self.partitions[index].bytes;
        waiting.reserve_exact(block.saturating_sub(waiting.len()));
        waiting.extend_from_slice(&key.to_le_bytes());
        waiting.extend_from_slice(&tag.to_le_bytes());
        waiting.extend_from_slice(&length.to_le_bytes());
        for part in payload {
            waiting.extend_from_slice(part);
        }
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
    pub fn finish(mut self) -> Result<Vec<Partition>> {
        (0..self.partitions.len()).try_for_each(|index| self.flush(index))?;
        let folder = std::sync::Arc::new(self.folder);
        let partitions = self.partitions.iter().enumerate().map(|(i, waiting)| Partition {
            path: folder.partition(i),
            is_empty: !waiting.is_on_disk,
            _folder: folder.clone(),
        });
        Ok(partitions.collect())
    }

    /// Writes what waits of a partition as a frame of its own.
    fn flush(&mut self, index: usize) -> Result<()> {
        let waiting = &mut self.partitions[index];
        if waiting.bytes.is_empty() {
            return Ok(());
        }
        let path = self.folder.partition(index);
        let context = || format!("writing `{}`", path.display());
        // It is read once, and soon, so that speed counts for more than size.
        self.frame.resize(get_maximum_output_size(waiting.bytes.len()).max(self.frame.len()), 0);
        let length = compress_into(&waiting.bytes, &mut self.frame).with_context(context)?;
        let frame = &self.frame[..length];
        // Opened anew each time: there may be more partitions than files that can be open.
        let mut file = File::options().append(true).create(true).open(&path).with_context(context)?;
        // Before each frame stands how long it is, and how long what it holds.
        let sizes = [frame.len(), waiting.bytes.len()].map(|size| (size as u64).to_le_bytes());
        file.write_all(sizes.as_flattened()).and_then(|()| file.write_all(frame)).with_context(context)?;
        waiting.bytes.clear();
        waiting.is_on_disk = true;
        Ok(())
    }
}

impl Folder {
    fn partition(&self, i: usize) -> PathBuf {
        self.0.join(format!("{i:04}.lz4"))
    }
}

impl Partition {
    /// The partition's records.
    ///
    /// # Errors
    ///
    /// A read that fails, or a file that ends early, naming it.
    pub fn read(&self) -> Result<Records> {
        let mut records = Records { blocks: Vec::new(), entries: Vec::new() };
        if self.is_empty {
            return Ok(records);
        }
        let context = || format!("reading `{}`", self.path.display());
        let mut file = File::open(&self.path).with_context(context)?;
        let mut left = file.metadata().with_context(context)?.len();
        let (mut sizes, mut frame) = ([0; 16], Vec::new());
        while left > 0 {
            file.read_exact(&mut sizes).with_context(context)?;
            let [of_frame, of_block] = [&sizes[..8], &sizes[8..]].map(|size| size.try_into().map(u64::from_le_bytes));
            let (of_frame, of_block) = (of_frame?, usize::try_from(of_block?)?);
            frame.resize(usize::try_from(of_frame)?, 0);
            file.read_exact(&mut frame).with_context(context)?;
            records.add(decompress(&frame, of_block).with_context(context)?).with_context(context)?;
            left = left.saturating_sub(of_frame + 16);
        }
        records.entries.sort_by_key(|entry| entry.key);
        Ok(records)
    }
}

impl Records {
    /// All records, those of a key together.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        self.entries.iter().map(|entry| self.record(entry))
    }

    /// The records of key after key, each key's in the order they were written.
    pub fn by_key(&self) -> impl Iterator<Item = (i64, Vec<Record<'_>>)> {
        let keys = self.entries.chunk_by(|one, other| one.key == other.key);
        keys.map(|entries| (entries[0].key, entries.iter().map(|entry| self.record(entry)).collect()))
    }

    /// Finds the records of a block.
    fn add(&mut self, block: Vec<u8>) -> Result<()> {
        let number = u32::try_from(self.blocks.len())?;
        let mut at = 0;
        while let Some((header, rest)) = block[at..].split_first_chunk::<HEADER_BYTES>() {
            let (key, tag) = header.split_at(8);
            let (tag, length) = tag.split_at(2);
            let length = u32::from_le_bytes(length.try_into()?);
            ensure!(rest.len() >= length as usize, "it ends within a record");
            at += HEADER_BYTES;
            self.entries.push(Entry {
                key: i64::from_le_bytes(key.try_into()?),
                tag: u16::from_le_bytes(tag.try_into()?),
                block: number,
                start: u32::try_from(at)?,
                length,
            });
            at += length as usize;
        }
        ensure!(at == block.len(), "it ends within a record");
        self.blocks.push(block);
        Ok(())
    }

    fn record(&self, entry: &Entry) -> Record<'_> {
        let start = entry.start as usize;
        let payload = &self.blocks[entry.block as usize][start..start + entry.length as usize];
        Record { key: entry.key, tag: entry.tag, payload }
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
        for tag in 0..3 {
            for key in 0..100 {
                spill.write(key, tag, &[key.to_string().as_bytes(), format!("/{tag}").as_bytes()]).unwrap();
            }
        }
        assert_eq!(spill.n_records(), 300);
        let partitions = spill.finish().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for partition in &partitions {
            let records = partition.read().unwrap();
            for (key, records) in records.by_key() {
                assert!(seen.insert(key), "{key} is in two places");
                assert_eq!(records.iter().map(|record| record.tag).collect::<Vec<_>>(), [0, 1, 2]);
                assert!(records.iter().all(|record| record.key == key));
                assert_eq!(records[1].payload, format!("{key}/1").as_bytes());
            }
            assert_eq!(records.iter().count() % 3, 0);
        }
        assert_eq!(seen.len(), 100);
        drop(partitions);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn records_larger_than_what_may_wait_come_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut spill = Spill::create(dir.path(), 300).unwrap();
        for n in 0..5_u8 {
            spill.write(7, 0, &[&vec![n; 300 << 10]]).unwrap();
        }
        let partitions = spill.finish().unwrap();
        let full: Vec<Records> =
            partitions.iter().map(|one| one.read().unwrap()).filter(|one| one.iter().count() > 0).collect();
        let [records] = &full[..] else { panic!("one key is in {} partitions", full.len()) };
        let firsts: Vec<u8> = records.iter().map(|record| record.payload[0]).collect();
        assert_eq!(firsts, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn partitions_follow_the_size() {
        assert_eq!(Spill::partitions_for(0, 1 << 26), 1);
        assert_eq!(Spill::partitions_for(1 << 30, 1 << 26), 16);
        assert_eq!(Spill::partitions_for(u64::MAX, 1), 4_096);
    }
}
