//! One connection: a task that reads frames, hands out what there is, and writes. All state of its links is here, and
//! nobody else touches it.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use bytes::BytesMut;
use fe2o3_amqp::frames::amqp::{Frame, FrameBody};
use fe2o3_amqp_types::performatives::{Begin, Close, End, Open, Performative};
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tokio_util::codec::FramedRead;

use super::{
    frame::{self, Frames, LONGEST},
    handshake,
    session::Session,
};
use crate::{access::Access, broker::Broker};

/// As often as this somebody who has nothing to say says that he is there.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What the links of a connection share.
pub struct Shared {
    pub broker: Arc<Broker>,
    pub access: Access,
    pub out: BytesMut,
    /// The longest frame that the other side takes.
    pub longest: u32,
}

/// Serves one client until it goes.
pub async fn serve(mut stream: TcpStream, broker: Arc<Broker>, access: Access) -> io::Result<()> {
    let read = handshake::shake(&mut stream).await?;
    let mut changed = broker.watch();
    let shared = Shared { broker, access, out: BytesMut::new(), longest: 512 };
    let mut connection = Connection { shared, sessions: HashMap::new(), open: true };
    let (reader, mut writer) = stream.into_split();
    let mut frames = FramedRead::new(reader, Frames);
    *frames.read_buffer_mut() = read;
    // Of which session a frame came; what has changed for others, the broker tells.
    let mut touched = None;
    let outcome = loop {
        connection.hand_out(touched.take());
        let out = connection.shared.out.split();
        if !out.is_empty()
            && let Err(error) = writer.write_all(&out).await
        {
            break Err(error);
        }
        if !connection.open {
            break Ok(());
        }
        let wait = connection.due().map_or(HEARTBEAT, |due| until(due).min(HEARTBEAT));
        tokio::select! {
            frame = frames.next() => match frame {
                Some(Ok(frame)) => {
                    touched = Some(frame.channel);
                    if let Err(error) = connection.take(frame) {
                        break Err(error);
                    }
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            },
            _ = changed.changed() => {}
            () = tokio::time::sleep(wait) => {
                connection.shared.broker.pass();
                frame::write_empty(&mut connection.shared.out);
            }
        }
    };
    connection.end();
    outcome
}

fn until(due: Timestamp) -> Duration {
    // One more, as a timer that wakes too early would find nothing to do.
    let wait = due.duration_since(Timestamp::now()) + jiff::SignedDuration::from_millis(1);
    Duration::try_from(wait).unwrap_or_default()
}

struct Connection {
    shared: Shared,
    sessions: HashMap<u16, Session>,
    open: bool,
}

impl Connection {
    fn take(&mut self, frame: Frame) -> io::Result<()> {
        let channel = frame.channel;
        match frame.body {
            FrameBody::Open(open) => self.opened(&open),
            FrameBody::Begin(begin) => self.begun(channel, &begin),
            FrameBody::End(_) => {
                if let Some(mut session) = self.sessions.remove(&channel) {
                    session.end(&self.shared);
                }
                frame::write(&mut self.shared.out, channel, &Performative::End(End { error: None }));
            }
            FrameBody::Close(_) => {
                frame::write(&mut self.shared.out, 0, &Performative::Close(Close { error: None }));
                self.open = false;
            }
            FrameBody::Empty => {}
            body => {
                let session = self.sessions.get_mut(&channel);
                let session = session.ok_or_else(|| frame::malformed(format!("no session {channel}")))?;
                session.take(&mut self.shared, body)?;
            }
        }
        Ok(())
    }

    fn opened(&mut self, open: &Open) {
        self.shared.longest = open.max_frame_size.0.clamp(512, LONGEST);
        let answer = Open {
            container_id: "fake-servicebus".into(),
            hostname: None,
            max_frame_size: LONGEST.into(),
            channel_max: 4_999.into(),
            idle_time_out: None,
            outgoing_locales: None,
            incoming_locales: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        };
        frame::write(&mut self.shared.out, 0, &Performative::Open(answer));
    }

    fn begun(&mut self, channel: u16, begin: &Begin) {
        let session = Session::new(channel, begin);
        let answer = Performative::Begin(session.begin());
        frame::write(&mut self.shared.out, channel, &answer);
        self.sessions.insert(channel, session);
    }

    /// Sends what may be sent, on one session or on all.
    fn hand_out(&mut self, channel: Option<u16>) {
        for (_, session) in self.sessions.iter_mut().filter(|(it, _)| channel.is_none_or(|one| one == **it)) {
            session.hand_out(&mut self.shared);
        }
    }

    /// When something happens by itself.
    fn due(&self) -> Option<Timestamp> {
        let waiting = self.sessions.values().filter_map(Session::due);
        waiting.chain(self.shared.broker.due()).min()
    }

    fn end(&mut self) {
        for session in self.sessions.values_mut() {
            session.end(&self.shared);
        }
    }
}
