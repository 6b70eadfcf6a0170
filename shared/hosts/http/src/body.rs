//! Reads a body within bounds of size, time and memory; a body that came in one piece is not copied.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use crate::Limits;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Over the limit for one.
    TooLarge,
    /// All bodies together would be over theirs.
    Busy,
    /// The sender made no progress, or took too long in all.
    Slow,
    /// It ended early, or was no valid HTTP.
    Broken,
}

impl Unread {
    /// In the log.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::Slow => "slow",
            Self::Broken => "broken",
        }
    }
}

/// The bytes of bodies that may still be held, all requests together.
#[derive(Debug)]
pub(crate) struct Room(AtomicUsize);

impl Room {
    pub(crate) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(bytes)))
    }

    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { room: Arc::clone(self), taken: 0 }
    }
}

/// One request's part of the room; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Arc<Room>,
    taken: usize,
}

impl Share {
    /// What is charged is what arrived, not what a header announced: a length without a body costs nothing.
    fn take(&mut self, bytes: usize) -> Result<(), Unread> {
        let less = |free: usize| free.checked_sub(bytes);
        match self.room.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => {
                self.taken += bytes;
                Ok(())
            }
            Err(_) => Err(Unread::Busy),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.taken, Ordering::Relaxed);
    }
}

/// The whole body. `length` is what Content-Length says, if there is one.
pub(crate) async fn read<S, B, E>(
    body: S,
    length: Option<u64>,
    limits: &Limits,
    share: &mut Share,
) -> Result<Bytes, Unread>
where
    S: Stream<Item = Result<B, E>>,
    B: Buf,
{
    let length = length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if length.is_some_and(|length| length > limits.body) {
        return Err(Unread::TooLarge);
    }
    let mut pieces =
        Pieces { body: pin!(body), pause: limits.body_pause, end: Instant::now() + limits.body_time };
    let Some(first) = pieces.next().await? else { return Ok(Bytes::new()) };
    if first.len() > limits.body {
        return Err(Unread::TooLarge);
    }
    share.take(first.len())?;
    if length == Some(first.len()) {
        return Ok(first);
    }
    let Some(second) = pieces.next().await? else { return Ok(first) };
    let mut whole = Vec::new();
    append(&mut whole, &first, length, limits.body, share)?;
    append(&mut whole, &second, length, limits.body, share)?;
    drop((first, second));
    while let Some(piece) = pieces.next().await? {
        append(&mut whole, &piece, length, limits.body, share)?;
    }
    Ok(whole.into())
}

/// Grows by doubling, at most to the announced length (or the limit), and only for bytes that are there.
fn append(
    whole: &mut Vec<u8>,
    piece: &[u8],
    length: Option<usize>,
    limit: usize,
    share: &mut Share,
) -> Result<(), Unread> {
    let needed = whole.len() + piece.len();
    if needed > limit {
        return Err(Unread::TooLarge);
    }
    if needed > whole.capacity() {
        let doubled = whole.capacity().saturating_mul(2).min(length.unwrap_or(limit));
        let capacity = doubled.max(needed);
        share.take(capacity - whole.capacity())?;
        whole.reserve_exact(capacity - whole.len());
    }
    whole.extend_from_slice(piece);
    Ok(())
}

/// A body's pieces, each within the pause, all within the end.
struct Pieces<'a, S> {
    body: Pin<&'a mut S>,
    pause: Duration,
    end: Instant,
}

impl<S, B, E> Pieces<'_, S>
where
    S: Stream<Item = Result<B, E>>,
    B: Buf,
{
    async fn next(&mut self) -> Result<Option<Bytes>, Unread> {
        let by = (Instant::now() + self.pause).min(self.end);
        match timeout_at(by, self.body.next()).await {
            Ok(Some(Ok(mut piece))) => Ok(Some(piece.copy_to_bytes(piece.remaining()))),
            Ok(None) => Ok(None),
            Ok(Some(Err(_))) => Err(Unread::Broken),
            Err(_) => Err(Unread::Slow),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, iter::repeat_n};

    use futures::stream;

    use super::*;

    fn limits(body: usize) -> Limits {
        Limits { body, ..Limits::default() }
    }

    async fn read_all(
        pieces: Vec<Bytes>,
        length: Option<u64>,
        limit: usize,
        room: &Arc<Room>,
    ) -> Result<Bytes, Unread> {
        let body = stream::iter(pieces.into_iter().map(Ok::<_, Infallible>));
        read(body, length, &limits(limit), &mut room.share()).await
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let sent = Bytes::from(vec![7; 100]);
        for length in [Some(100), None] {
            let got = read_all(vec![sent.clone()], length, 100, &Room::new(100)).await.unwrap();
            assert_eq!(got.as_ptr(), sent.as_ptr(), "{length:?}");
        }
    }

    #[tokio::test]
    async fn the_limit_is_exact_with_and_without_a_length() {
        let room = Room::new(1 << 20);
        for pieces in [1, 2, 10] {
            let fits: Vec<_> = repeat_n(Bytes::from_static(&[1; 10]), pieces).collect();
            let size = 10 * pieces;
            for length in [Some(size as u64), None] {
                let got = read_all(fits.clone(), length, size, &room).await.unwrap();
                assert_eq!(got.len(), size);
                let over = read_all(fits.clone(), length, size - 1, &room).await;
                assert_eq!(over, Err(Unread::TooLarge), "{pieces} pieces, {length:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_announced_length_costs_nothing_until_bytes_come() {
        let room = Room::new(1000);
        let mut share = room.share();
        let body = stream::iter([
            Ok::<_, Infallible>(Bytes::from_static(&[1; 10])),
            Ok(Bytes::from_static(&[2; 10])),
        ]);
        read(body, Some(1 << 20), &limits(1 << 21), &mut share).await.unwrap();
        assert!(share.taken <= 40, "{} bytes were charged for 20", share.taken);
    }

    #[tokio::test]
    async fn room_is_bounded_and_comes_back() {
        let room = Room::new(50);
        let piece = Bytes::from_static(&[1; 30]);
        let mut first = room.share();
        first.take(30).unwrap();
        let refused = read_all(vec![piece.clone()], Some(30), 100, &room).await;
        assert_eq!(refused, Err(Unread::Busy));
        drop(first);
        assert!(read_all(vec![piece], Some(30), 100, &room).await.is_ok());
        assert_eq!(room.0.load(Ordering::Relaxed), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_progress_is_slow() {
        let started = Instant::now();
        let body = stream::pending::<Result<Bytes, Infallible>>();
        let got = read(body, Some(10), &limits(100), &mut Room::new(100).share()).await;
        assert_eq!(got, Err(Unread::Slow));
        assert_eq!(started.elapsed().as_secs(), Limits::default().body_pause.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_slow_in_the_end() {
        let started = Instant::now();
        let body = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let got = read(body, None, &limits(100), &mut Room::new(1000).share()).await;
        assert_eq!(got, Err(Unread::Slow));
        assert_eq!(started.elapsed().as_secs(), Limits::default().body_time.as_secs());
    }
}
