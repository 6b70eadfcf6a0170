//! Lines gathered for some milliseconds and written together: a line a webhook must not be a system call a webhook. None
//! is lost at the end; when nobody reads them for long, who writes more waits.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered.
const GATHERED: Duration = Duration::from_millis(10);
/// More bytes than these wait for nobody.
const MOST: usize = 4 << 20;

/// Takes lines. Clones share them.
#[derive(Clone)]
pub struct Buffer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is something, or it is over.
    filled: Condvar,
    /// There is room again.
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    over: bool,
}

/// Dropped, everything that was taken is written.
pub struct Emptied {
    shared: Arc<Shared>,
    writing: Option<JoinHandle<()>>,
}

impl Buffer {
    /// With a thread that writes what is gathered.
    pub fn start(to: impl Write + Send + 'static) -> (Self, Emptied) {
        let shared = Arc::<Shared>::default();
        let from = shared.clone();
        let writing = thread::spawn(move || from.write(to));
        (Self(shared.clone()), Emptied { shared, writing: Some(writing) })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut to: impl Write) {
        loop {
            let waits = |state: &mut State| state.lines.is_empty() && !state.over;
            let state = self.filled.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner);
            let state = match state.over {
                true => state,
                // The end is not waited for: what is gathered until then goes at once.
                false => {
                    let waited = self.filled.wait_timeout_while(state, GATHERED, |state| !state.over);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            let over = self.written(state, &mut to);
            if over {
                return;
            }
        }
    }

    /// Writes what there is, while others add more; whether that was the last.
    fn written(&self, mut state: MutexGuard<'_, State>, to: &mut impl Write) -> bool {
        let (lines, over) = (mem::take(&mut state.lines), state.over);
        drop(state);
        self.emptied.notify_all();
        // Nobody can be told that there is no log.
        drop(to.write_all(&lines).and_then(|()| to.flush()));
        over
    }
}

impl Drop for Emptied {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.filled.notify_all();
        drop(self.writing.take().map(JoinHandle::join));
    }
}

impl Write for &Buffer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let room = |state: &mut State| state.lines.len() >= MOST && !state.over;
        let state = self.0.emptied.wait_while(self.0.lock(), room);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.over {
            drop(state);
            // After the end: whoever still has something to say says it himself.
            return io::stderr().write(line);
        }
        let first = state.lines.is_empty();
        state.lines.extend_from_slice(line);
        drop(state);
        if first {
            self.0.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Buffer {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes its time, and notes how often it was called.
    #[derive(Clone, Default)]
    struct Slow(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut written = self.0.lock().unwrap();
            written.0.extend_from_slice(bytes);
            written.1 += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_line_is_lost_at_the_end_and_many_are_written_together() {
        let slow = Slow::default();
        let (buffer, emptied) = Buffer::start(slow.clone());
        thread::scope(|scope| {
            for writer in 0..4 {
                let buffer = &buffer;
                scope.spawn(move || {
                    for line in 0..25_000 {
                        let line = format!("{writer} {line} {}\n", "x".repeat(100));
                        buffer.make_writer().write_all(line.as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(emptied);
        let (written, calls) = slow.0.lock().unwrap().clone();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text.lines().count(), 100_000);
        let mut next = [0; 4];
        for line in text.lines() {
            let mut words = line.split(' ').map(|word| word.parse::<usize>());
            let (writer, number) = (words.next().unwrap().unwrap(), words.next().unwrap().unwrap());
            assert_eq!(number, std::mem::replace(&mut next[writer], number + 1), "in order");
        }
        assert!(calls < 5_000, "{calls}");
    }
}
