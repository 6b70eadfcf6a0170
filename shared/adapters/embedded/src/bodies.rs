//! Bodies that rows share: stored once, compressed, counted apart, freed with their last reference.

use std::cell::RefCell;

use bytes::Bytes;
use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use pointsman_core::port::PortError;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::writer::Writer;

thread_local! {
    /// What compression works in, kept: making it anew costs as much as compressing a small body.
    static WORKSHOP: RefCell<(CompressTable, Vec<u8>)> = RefCell::default();
}

/// A workshop grown beyond this is given back.
const KEPT: usize = 1 << 20;

/// Bytes as they lie in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    /// Bytes before compression.
    pub size: u64,
    pub lz4: bool,
    pub data: Bytes,
}

impl Packed {
    /// Compresses, unless that saves nothing.
    pub fn pack(bytes: &Bytes) -> Self {
        let size = bytes.len() as u64;
        match WORKSHOP.with_borrow_mut(|(table, room)| compress(bytes, table, room)) {
            Some(data) => Self { size, lz4: true, data },
            None => Self { size, lz4: false, data: bytes.clone() },
        }
    }

    /// From three columns of a row, beginning with this one; nothing where they are null.
    pub fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Self>> {
        let Some(size) = row.get::<_, Option<u64>>(first)? else { return Ok(None) };
        let data: Vec<u8> = row.get(first + 2)?;
        Ok(Some(Self { size, lz4: row.get(first + 1)?, data: data.into() }))
    }

    /// The bytes as they were.
    pub fn unpack(&self) -> Result<Bytes, PortError> {
        if !self.lz4 {
            return Ok(self.data.clone());
        }
        let damaged = || PortError::internal("a stored body is damaged: it cannot be decompressed");
        let size = usize::try_from(self.size).map_err(|_| damaged())?;
        let bytes =
            lz4_flex::block::decompress(&self.data, size).map_err(|error| damaged().caused_by(error))?;
        Ok(bytes.into())
    }

    /// Whether both stand for the same bytes.
    pub fn same_bytes(&self, other: &Self) -> bool {
        self.size == other.size
            && (self == other || matches!((self.unpack(), other.unpack()), (Ok(one), Ok(two)) if one == two))
    }
}

/// The bytes compressed; nothing where that would save nothing.
fn compress(bytes: &[u8], table: &mut CompressTable, room: &mut Vec<u8>) -> Option<Bytes> {
    let most = get_maximum_output_size(bytes.len());
    if room.len() < most {
        room.resize(most, 0);
    }
    let written = compress_into_with_table(bytes, room, table).ok()?;
    let data = (written < bytes.len()).then(|| Bytes::copy_from_slice(&room[..written]));
    if room.len() > KEPT {
        *room = Vec::new();
    }
    data
}

/// The different bodies of one call: equal ones are one, found fast where they are the same memory.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    bytes: Vec<Bytes>,
    pub packed: Vec<Packed>,
}

impl Bodies {
    /// The place of these bytes among the bodies; nothing for no bytes.
    pub fn place(&mut self, bytes: &Bytes) -> Option<usize> {
        if bytes.is_empty() {
            return None;
        }
        let same = |other: &Bytes| std::ptr::eq(&raw const other[..], &raw const bytes[..]) || other == bytes;
        let known = self.bytes.iter().position(same);
        Some(known.unwrap_or_else(|| {
            self.bytes.push(bytes.clone());
            self.packed.push(Packed::pack(bytes));
            self.packed.len() - 1
        }))
    }
}

/// The bodies of one call on their way into the table: written when first referred to.
#[derive(Debug)]
pub(crate) struct Placing<'a> {
    bodies: &'a [Packed],
    /// Row and references of each.
    placed: Vec<Option<(i64, u32)>>,
}

impl<'a> Placing<'a> {
    pub fn new(bodies: &'a Bodies) -> Self {
        Self { bodies: &bodies.packed, placed: vec![None; bodies.packed.len()] }
    }

    /// This body's row was there before this call.
    pub fn is_at(&mut self, place: usize, row: i64) {
        self.placed[place] = Some((row, 0));
    }

    /// One more reference; the body's row.
    pub fn refer(&mut self, writer: &mut Writer<'_>, place: usize) -> rusqlite::Result<i64> {
        let (row, refs) = match self.placed[place] {
            Some(placed) => placed,
            None => (insert(writer, &self.bodies[place])?, 0),
        };
        self.placed[place] = Some((row, refs + 1));
        Ok(row)
    }

    /// Writes how many references there are.
    pub fn finish(self, writer: &Writer<'_>) -> rusqlite::Result<()> {
        for (row, refs) in self.placed.into_iter().flatten().filter(|(_, refs)| *refs > 0) {
            writer
                .conn
                .prepare_cached(
                    "INSERT INTO body_refs (body, refs) VALUES (?1, ?2)
                     ON CONFLICT (body) DO UPDATE SET refs = refs + excluded.refs",
                )?
                .execute([row, i64::from(refs)])?;
        }
        Ok(())
    }
}

fn insert(writer: &mut Writer<'_>, body: &Packed) -> rusqlite::Result<i64> {
    let id = writer.state.next_body;
    writer.state.next_body += 1;
    writer
        .conn
        .prepare_cached("INSERT INTO bodies (id, size, packed, data) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, body.size, body.lz4, &body.data[..]])?;
    Ok(id)
}

/// One reference less; the last one frees the body.
pub(crate) fn release(conn: &Connection, id: i64) -> rusqlite::Result<()> {
    let left: Option<i64> = conn
        .prepare_cached("UPDATE body_refs SET refs = refs - 1 WHERE body = ?1 RETURNING refs")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if left == Some(0) {
        conn.prepare_cached("DELETE FROM body_refs WHERE body = ?1")?.execute([id])?;
        conn.prepare_cached("DELETE FROM bodies WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}

/// The body as it lies there.
pub(crate) fn get(conn: &Connection, id: i64) -> rusqlite::Result<Option<Packed>> {
    conn.prepare_cached("SELECT size, packed, data FROM bodies WHERE id = ?1")?
        .query_row([id], |row| Packed::read(row, 0))
        .optional()
        .map(Option::flatten)
}
