//! A bounded memory of what passed a link.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use crate::tap::{ConnectionId, Direction, Ended, Tap};

/// One thing that happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Bytes of one side, as they came.
    Bytes(Direction, Bytes),
    /// One side has ended its sending.
    Finished(Direction),
}

/// What is remembered of one connection.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number.
    pub connection: ConnectionId,
    /// Who opened it.
    pub client: SocketAddr,
    /// When.
    pub opened: SystemTime,
    /// What passed, in order.
    pub passed: Vec<(SystemTime, Passed)>,
    /// How it ended, if it has.
    pub ended: Option<(SystemTime, Ended)>,
    /// Bytes that passed and are not remembered any more, or never were.
    pub forgotten: u64,
    weight: usize,
}

/// Remembers the newest connections of a link, within a number of bytes; the oldest go first.
///
/// A single connection keeps at most half of that: of a long one the beginning stays, which has the
/// handshake, and what came after is counted.
#[derive(Clone, Debug)]
pub struct Capture {
    limit: usize,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    exchanges: VecDeque<Exchange>,
    bytes: usize,
}

/// What a connection and each of its parts count beside their bytes.
const OVERHEAD: usize = 96;

impl Capture {
    /// A memory of at most this many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            memory: Arc::default(),
        }
    }

    /// What is remembered, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().exchanges.iter().cloned().collect()
    }

    /// One connection, if it is still remembered.
    pub fn exchange(&self, connection: ConnectionId) -> Option<Exchange> {
        let memory = self.lock();
        let found = memory
            .exchanges
            .iter()
            .find(|each| each.connection == connection);
        found.cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, connection: ConnectionId, passed: Passed) {
        let mut memory = self.lock();
        let limit = self.limit;
        let Some(exchange) = memory.exchange(connection) else {
            return; // older than all that is remembered
        };
        let bytes = match &passed {
            Passed::Bytes(_, bytes) => bytes.len(),
            Passed::Finished(_) => 0,
        };
        if exchange.weight + bytes + OVERHEAD > limit / 2 {
            exchange.forgotten += bytes as u64;
            return;
        }
        exchange.passed.push((SystemTime::now(), passed));
        exchange.weight += bytes + OVERHEAD;
        memory.bytes += bytes + OVERHEAD;
        memory.forget_beyond(limit);
    }
}

impl Memory {
    fn exchange(&mut self, connection: ConnectionId) -> Option<&mut Exchange> {
        // Those that still say something are the newest, as a rule.
        let mut newest_first = self.exchanges.iter_mut().rev();
        newest_first.find(|each| each.connection == connection)
    }

    fn forget_beyond(&mut self, limit: usize) {
        while self.bytes > limit && self.exchanges.len() > 1 {
            if let Some(oldest) = self.exchanges.pop_front() {
                self.bytes -= oldest.weight;
            }
        }
    }
}

impl Tap for Capture {
    fn opened(&self, connection: ConnectionId, client: SocketAddr) {
        let mut memory = self.lock();
        memory.exchanges.push_back(Exchange {
            connection,
            client,
            opened: SystemTime::now(),
            passed: Vec::new(),
            ended: None,
            forgotten: 0,
            weight: OVERHEAD,
        });
        memory.bytes += OVERHEAD;
        memory.forget_beyond(self.limit);
    }

    fn sent(&self, connection: ConnectionId, direction: Direction, bytes: &[u8]) {
        self.note(
            connection,
            Passed::Bytes(direction, Bytes::copy_from_slice(bytes)),
        );
    }

    fn finished(&self, connection: ConnectionId, direction: Direction) {
        self.note(connection, Passed::Finished(direction));
    }

    fn ended(&self, connection: ConnectionId, how: Ended) {
        if let Some(exchange) = self.lock().exchange(connection) {
            exchange.ended = Some((SystemTime::now(), how));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> SocketAddr {
        ([127, 0, 0, 1], 4000).into()
    }

    #[test]
    fn what_passed_is_remembered_in_order_with_its_end() {
        let capture = Capture::new(10_000);
        capture.opened(1, client());
        capture.sent(1, Direction::Upstream, b"Ana\n");
        capture.finished(1, Direction::Upstream);
        capture.sent(1, Direction::Downstream, "Olá, Ana!".as_bytes());
        capture.ended(1, Ended::Closed);
        let exchange = capture.exchange(1).unwrap();
        let passed: Vec<_> = exchange.passed.into_iter().map(|(_, each)| each).collect();
        let expected = [
            Passed::Bytes(Direction::Upstream, Bytes::from_static(b"Ana\n")),
            Passed::Finished(Direction::Upstream),
            Passed::Bytes(
                Direction::Downstream,
                Bytes::from_static("Olá, Ana!".as_bytes()),
            ),
        ];
        assert_eq!(passed, expected);
        assert_eq!(exchange.ended.unwrap().1, Ended::Closed);
    }

    #[test]
    fn the_oldest_connections_go_where_there_is_no_room() {
        let capture = Capture::new(2000);
        for connection in 0..100 {
            capture.opened(connection, client());
            capture.sent(connection, Direction::Upstream, &[7; 100]);
        }
        let kept = capture.exchanges();
        assert_eq!(kept.last().unwrap().connection, 99);
        assert!((2..10).contains(&kept.len()), "{}", kept.len());
        assert!(capture.lock().bytes <= 2000);
    }

    #[test]
    fn of_a_long_connection_the_beginning_stays_and_the_rest_is_counted() {
        let capture = Capture::new(4000);
        capture.opened(1, client());
        for _ in 0..100 {
            capture.sent(1, Direction::Downstream, &[7; 100]);
        }
        let exchange = capture.exchange(1).unwrap();
        let kept: u64 = 100 * exchange.passed.len() as u64;
        assert!(kept > 0 && exchange.forgotten > 0);
        assert_eq!(kept + exchange.forgotten, 10_000);
    }

    /// What is counted for all of it is what is counted for each.
    fn is_counted(capture: &Capture) -> bool {
        let memory = capture.lock();
        let each = memory.exchanges.iter().map(|exchange| exchange.weight);
        memory.bytes == each.sum::<usize>()
    }

    #[test]
    fn a_connection_has_half_of_the_memory_and_each_part_of_it_counts() {
        // Room for the connection, for its first bytes, and for nothing else.
        let capture = Capture::new(2 * (OVERHEAD + 100 + OVERHEAD));
        capture.opened(1, client());
        capture.sent(1, Direction::Upstream, &[7; 100]);
        let exchange = capture.exchange(1).unwrap();
        assert_eq!((exchange.passed.len(), exchange.forgotten), (1, 0));
        assert_eq!(exchange.weight, OVERHEAD + 100 + OVERHEAD);
        capture.sent(1, Direction::Downstream, &[7; 2]);
        capture.finished(1, Direction::Upstream);
        capture.sent(1, Direction::Downstream, &[7; 3]);
        let exchange = capture.exchange(1).unwrap();
        assert_eq!((exchange.passed.len(), exchange.forgotten), (1, 5));
        assert!(is_counted(&capture));

        // One byte more does not fit, and an end takes room too.
        let capture = Capture::new(2 * (OVERHEAD + 100 + OVERHEAD));
        capture.opened(1, client());
        capture.sent(1, Direction::Upstream, &[7; 101]);
        assert_eq!(capture.exchange(1).unwrap().forgotten, 101);
        capture.finished(1, Direction::Upstream);
        let exchange = capture.exchange(1).unwrap();
        assert_eq!((exchange.passed.len(), exchange.weight), (1, 2 * OVERHEAD));
        assert!(is_counted(&capture));
    }

    #[test]
    fn as_many_connections_are_remembered_as_there_is_room_for_and_one_always_is() {
        let capture = Capture::new(3 * OVERHEAD);
        let remembered = || {
            let exchanges = capture.exchanges().into_iter();
            exchanges.map(|each| each.connection).collect::<Vec<_>>()
        };
        for connection in 1..=3 {
            capture.opened(connection, client());
        }
        assert_eq!(remembered(), [1, 2, 3]);
        for connection in 4..=5 {
            capture.opened(connection, client());
            assert!(is_counted(&capture));
        }
        assert_eq!(remembered(), [3, 4, 5]);
        assert_eq!(capture.exchange(4).unwrap().connection, 4);
        assert!(capture.exchange(1).is_none());

        let small = Capture::new(OVERHEAD - 1);
        small.opened(1, client());
        assert_eq!(small.exchanges().len(), 1);
        small.opened(2, client());
        assert_eq!(small.exchanges().len(), 1);
        assert_eq!(small.exchange(2).unwrap().connection, 2);
    }

    #[test]
    fn what_a_connection_says_drives_older_ones_out() {
        let capture = Capture::new(10 * OVERHEAD);
        for connection in 1..=3 {
            capture.opened(connection, client());
        }
        let all = &[7; 3 * OVERHEAD];
        capture.sent(3, Direction::Upstream, all);
        assert_eq!(capture.exchanges().len(), 3);
        capture.sent(2, Direction::Upstream, all);
        let kept = capture.exchanges();
        assert_eq!(kept.len(), 2);
        assert_eq!(kept.first().unwrap().connection, 2);
        assert!(is_counted(&capture));
        // Of one that is not remembered any more, nothing is.
        capture.sent(1, Direction::Upstream, b"late");
        capture.ended(1, Ended::Closed);
        assert_eq!(capture.exchanges().len(), 2);
    }
}
