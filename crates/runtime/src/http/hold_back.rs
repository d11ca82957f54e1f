//! What makes a client wait that does not wait as it was told.

use std::time::Duration;

/// In the extensions of an answer: until so much time has passed, the connection's next request does not
/// begin.
///
/// For refusals with `Retry-After`. Who waits as it was told notices nothing. Of who asks again at once, each
/// connection is refused once in this time, which leaves the service time for those that it answers.
/// It is no answer for a connection on which others ask as well, as that of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldBack(pub Duration);
