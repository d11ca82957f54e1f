//! Who comes into the room and leaves it.

use std::sync::Arc;

use runtime::Lifecycle;

use super::room::{Admitted, Gone, Member, join_request, leave_request};
use super::{ClientConnection, Eviction, Hub, Join, MemberId, Room, retry};
use crate::domain::TraceContext;
use crate::domain::log::{AppendOutcome, AppendRequest, Refusal};
use crate::metrics::RecoveredLabel;
use crate::store::{Backend, JournalQueue};

impl Hub {
    /// Lets a client in. Everybody is told, itself included, unless its session was here already.
    ///
    /// Fails where the store does not take that it joined.
    pub async fn join(
        &self,
        join: Join,
        connection: Arc<ClientConnection>,
        trace: TraceContext,
        lifecycle: &Lifecycle,
    ) -> Result<MemberId, AppendOutcome> {
        let (member, is_new) = self.admit(&join, &connection);
        if is_new {
            let gone = self.lock().give_up_replaced(&join);
            self.have_left(gone, lifecycle);
            match self.append(join_request(&join, trace)).await {
                outcome @ (AppendOutcome::Refused(_) | AppendOutcome::Unknown) => {
                    if self.remove(member).is_some() {
                        self.left(&mut self.lock());
                    }
                    return Err(outcome);
                }
                outcome => self.lock().note_announced(member, &outcome),
            }
        }
        Ok(member)
    }

    /// Gives a client its place. Says whether its session is new.
    fn admit(&self, join: &Join, connection: &Arc<ClientConnection>) -> (MemberId, bool) {
        let mut room = self.lock();
        let welcome = &self.0.settings.welcome;
        let Admitted {
            member,
            replaced,
            is_new,
            recovered,
            first,
        } = room.admit(join, Arc::clone(connection), welcome);
        connection.send_first(first);
        let metrics = &self.0.metrics;
        metrics.clients.get_or_create(&join.protocol.label()).inc();
        if let Some(recovered) = recovered {
            let recovered = if recovered { "true" } else { "false" };
            metrics
                .resumed
                .get_or_create(&RecoveredLabel { recovered })
                .inc();
        }
        if let Some(replaced) = &replaced {
            replaced.handle.evict(Eviction::Replaced);
            metrics
                .clients
                .get_or_create(&replaced.protocol.label())
                .dec();
        }
        self.0.members.send_replace(room.occupancy());
        (member, is_new)
    }

    /// A client is gone. The others are told, unless its session has another connection.
    pub fn leave(&self, member: MemberId, trace: TraceContext, lifecycle: &Lifecycle) {
        let Some(member) = self.remove(member) else {
            return; // replaced
        };
        // With Redis the script knows whether the join was relayed.
        let announced = member.announced || matches!(self.0.backend, Backend::Shared(_));
        let request = leave_request(member.client, member.session, announced, trace);
        match &self.0.backend {
            Backend::Memory => {
                let mut room = self.lock();
                self.append_now(&mut room, request);
                self.left(&mut room);
            }
            Backend::Disk(journal) => self.leave_on_disk(journal, request, lifecycle),
            Backend::Shared(_) => self.leave_in_time(request, lifecycle),
        }
    }

    fn leave_on_disk(&self, journal: &JournalQueue, request: AppendRequest, lifecycle: &Lifecycle) {
        let (hub, lifecycle) = (self.clone(), lifecycle.clone());
        journal.submit(move |journal| {
            match hub.append_to(journal, request.clone()) {
                // The disk is full, or the like.
                AppendOutcome::Refused(Refusal::Unavailable) => {
                    hub.leave_in_time(request, &lifecycle);
                }
                _ => hub.left(&mut hub.lock()),
            }
        });
    }

    /// Has the log say that a client is gone as soon as it takes it: else it would be shown for ever.
    fn leave_in_time(&self, request: AppendRequest, lifecycle: &Lifecycle) {
        let (hub, stopping) = (self.clone(), lifecycle.clone());
        lifecycle.spawn(async move {
            let append = || {
                let (hub, request) = (hub.clone(), request.clone());
                async move { hub.append(request).await }
            };
            retry::until_taken(append, &stopping).await;
            hub.left(&mut hub.lock());
        });
    }

    fn remove(&self, member: MemberId) -> Option<Member<Arc<ClientConnection>>> {
        let member = self.lock().remove(member)?;
        let label = member.protocol.label();
        self.0.metrics.clients.get_or_create(&label).dec();
        Some(member)
    }

    /// A client that was removed is known to have left. Who relays ends when nobody is left and the
    /// log holds nothing, so the log must say so before this.
    fn left(&self, room: &mut Room) {
        room.left();
        self.0.members.send_replace(room.occupancy());
    }

    /// Sessions of a process that was killed have left, unless they come back in time.
    pub(super) fn await_sessions(&self, lifecycle: &Lifecycle) {
        let (hub, stopping) = (self.clone(), lifecycle.clone());
        lifecycle.spawn_without_span(async move {
            tokio::select! {
                biased;
                () = stopping.stopping() => {}
                () = tokio::time::sleep(hub.0.settings.return_time) => {}
            }
            let gone = hub.lock().give_up_awaited();
            hub.have_left(gone, &stopping);
        });
    }

    /// Tells the others of awaited sessions that are given up.
    fn have_left(&self, gone: Gone, lifecycle: &Lifecycle) {
        let Backend::Disk(journal) = &self.0.backend else {
            return; // no other log knows sessions of an earlier process
        };
        for (session, of) in gone {
            let trace = TraceContext::default();
            let request = leave_request(of.client, session, of.announced, trace);
            self.leave_on_disk(journal, request, lifecycle);
        }
    }
}
