//! How an object lies in a cloud's store: small ones as they are; large ones packed, as gzip.
//!
//! A listing of S3 tells the stored size alone. A packed object is therefore padded to a multiple of [`STEP`], and tells
//! its size in a header: a listing looks at the few rows that can be packed, and at no other.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read, Write},
};

use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use crate::port::{Object, PortError};

/// The header of a packed object that tells its size unpacked.
pub const SIZE: &str = "pointsman-size";
/// The header of a plain object with all its metadata, as JSON in ASCII.
const METADATA: &str = "pointsman";

/// Below this, packing saves less than the look that each later listing of a packed object costs.
const PACK_FROM: usize = 32 << 10;
const STEP: usize = 512;
/// No object is larger: a header that says so was not written by us, and would cost the memory that it names.
const MOST: usize = 64 << 20;
/// The gzip header's "extra" field has a length of 16 bits, the name and length of its one part included.
const EXTRA: usize = u16::MAX as usize - 4 - STEP;
/// A gzip header without extra fields.
const GZIP_HEADER: usize = 10;

/// What is sent.
#[derive(Debug)]
pub struct Form {
    /// The stored bytes.
    pub bytes: Bytes,
    /// Headers with ASCII values.
    pub metadata: Vec<(&'static str, String)>,
    /// Whether the bytes are gzip.
    pub packed: bool,
}

impl Form {
    /// The form of an object where the store takes `headers` bytes of them; metadata of more is packed with the body.
    pub fn of(object: &Object, headers: usize) -> Result<Self, PortError> {
        let metadata = ascii_json(&object.metadata);
        if metadata.len() > EXTRA {
            return Err(PortError::invalid(format!(
                "metadata of {} bytes cannot be stored: {EXTRA} is the most",
                metadata.len()
            )));
        }
        if object.body.len() < PACK_FROM && metadata.len() <= headers {
            return Ok(Self {
                bytes: object.body.clone(),
                metadata: vec![(METADATA, metadata)],
                packed: false,
            });
        }
        let size = vec![(SIZE, object.body.len().to_string())];
        Ok(Self { bytes: pack(&object.body, metadata).into(), metadata: size, packed: true })
    }
}

/// Whether an object of this stored size can be a packed one.
pub fn may_be_packed(stored: u64) -> bool {
    stored > 0 && stored.is_multiple_of(STEP as u64)
}

/// An object from what S3 has of it, or why not.
pub fn object(headers: &HashMap<String, String>, bytes: Bytes) -> Result<Object, String> {
    let Some(size) = headers.get(SIZE) else {
        // Without ours, somebody else has put it there.
        let metadata = headers.get(METADATA).map_or("{}", String::as_str);
        return Ok(Object { body: bytes, metadata: read_json(metadata.as_bytes())? });
    };
    let told: Option<usize> = size.parse().ok();
    let size = told.filter(|size| *size <= MOST).ok_or_else(|| format!("`{size}` is no size"))?;
    let mut decoder = GzDecoder::new(&bytes[..]);
    let mut body = Vec::new();
    let most = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    decoder.by_ref().take(most).read_to_end(&mut body).map_err(|error| error.to_string())?;
    if body.len() != size {
        return Err(format!("it has not the {size} bytes that it should have"));
    }
    let extra = decoder.header().and_then(|header| header.extra()).unwrap_or_default();
    let metadata = read_json(extra.get(4..).unwrap_or_default())?;
    Ok(Object { body: body.into(), metadata })
}

fn read_json(text: &[u8]) -> Result<BTreeMap<String, String>, String> {
    serde_json::from_slice(text).map_err(|error| format!("its metadata is no JSON: {error}"))
}

/// As gzip, the metadata and what is missing to a multiple of [`STEP`] in its header.
fn pack(body: &[u8], mut metadata: String) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    let packed = encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory can be written to");
    let unpadded = packed.len() + 2 + 4 + metadata.len();
    metadata.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(STEP) - unpadded));
    let (header, rest) = packed.split_at(GZIP_HEADER);
    let length = |bytes: usize| u16::try_from(bytes).expect("metadata is checked to be short").to_le_bytes();
    let mut all = Vec::with_capacity(unpadded + STEP);
    all.extend_from_slice(header);
    all[3] |= 4; // the flag that there is an extra field
    all.extend_from_slice(&length(metadata.len() + 4));
    all.extend_from_slice(b"PM");
    all.extend_from_slice(&length(metadata.len()));
    all.extend_from_slice(metadata.as_bytes());
    all.extend_from_slice(rest);
    all
}

/// JSON that can be a header's value.
fn ascii_json(metadata: &BTreeMap<String, String>) -> String {
    let json = serde_json::to_string(metadata).expect("a map of texts is always JSON");
    let mut text = String::with_capacity(json.len());
    for sign in json.chars() {
        match sign {
            ' '..='~' => text.push(sign),
            _ => sign
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: usize = 1_800;

    fn through(object_in: &Object) -> (Form, Object) {
        let form = Form::of(object_in, HEADERS).expect("it can be stored");
        let headers = form.metadata.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let out = object(&headers, form.bytes.clone()).expect("it can be read");
        (form, out)
    }

    #[test]
    fn a_header_cannot_ask_for_more_memory_than_an_object_has() {
        let bomb = Form::of(&Object { body: vec![0; MOST + 1].into(), metadata: BTreeMap::new() }, HEADERS);
        let bomb = bomb.expect("it is only ever put there by others");
        let headers = |size: usize| HashMap::from([(SIZE.to_owned(), size.to_string())]);
        assert!(bomb.bytes.len() < MOST / 100, "a bomb is small");
        assert!(object(&headers(MOST + 1), bomb.bytes.clone()).unwrap_err().contains("is no size"));
        assert!(object(&headers(1_000), bomb.bytes).unwrap_err().contains("1000 bytes"));
    }

    #[test]
    fn large_objects_and_long_metadata_are_packed_to_whole_steps() {
        let long: BTreeMap<String, String> = [("long".to_owned(), "ż\u{7f}🚂".repeat(600))].into();
        let short: BTreeMap<String, String> = [("event".to_owned(), "push".to_owned())].into();
        let cases = [(10, &short, false), (PACK_FROM, &short, true), (10, &long, true), (0, &long, true)];
        for (length, metadata, packed) in cases {
            let object = Object { body: vec![b'a'; length].into(), metadata: metadata.clone() };
            let (form, out) = through(&object);
            assert_eq!(out, object);
            assert_eq!(form.packed, packed, "{length}");
            assert!(!packed || may_be_packed(form.bytes.len() as u64), "{}", form.bytes.len());
            assert!(form.metadata.iter().all(|(_, value)| value.is_ascii() && value.len() <= HEADERS));
        }
    }

    #[test]
    fn a_packed_object_that_lies_about_its_size_is_not_read() {
        let object_in = Object { body: vec![0; 1 << 20].into(), metadata: BTreeMap::new() };
        let (form, _) = through(&object_in);
        for size in ["10", "2000000", "much"] {
            let headers = [(SIZE.to_owned(), size.to_owned())].into();
            assert!(object(&headers, form.bytes.clone()).is_err(), "{size}");
        }
    }

    #[test]
    fn metadata_beyond_all_measure_is_refused() {
        let metadata = [("long".to_owned(), "x".repeat(70_000))].into();
        let error = Form::of(&Object { body: Bytes::new(), metadata }, HEADERS).expect_err("it is too long");
        assert_eq!(error.kind, crate::port::ErrorKind::Invalid);
    }
}
