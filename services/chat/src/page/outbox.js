// Own messages on their way to the service: one at a time, in order, again after a lost connection.

/** A service that answers pings but not this: the connection is made anew. */
const ANSWER_WAIT = 15_000;
/** What comes of the past is waited for, so that own messages stand where the log has them. */
const PAST_WAIT = 5_000;
const RATE_WAIT = 1_000;
/** Closes that say that the frame was at fault: sending it again would end alike. */
const FAULTS = [1003, 1007, 1009];
const POLICY = 1008;

export class Outbox {
  #conversation;
  #connection;
  /** The message that is on its way, if one is. */
  #sent = null;
  #answer = 0;
  /** Until when, in milliseconds, the past is waited for, and the rate. */
  #past = 0;
  #rate = 0;

  constructor(conversation, connection) {
    this.#conversation = conversation;
    this.#connection = connection;
  }

  /** A connection was made: everything without an answer is to be sent, the first one again. */
  begin() {
    this.#past = this.#until(this.#conversation.behind > 0 ? PAST_WAIT : 0);
    this.flush();
  }

  /** The connection is gone. */
  end(code, reason) {
    const fault = FAULTS.includes(code) || (code === POLICY && reason !== "rate");
    if (fault && this.#sent) this.#conversation.refuse(this.#sent, reason);
    this.#sent = null;
    clearTimeout(this.#answer);
  }

  /** A frame came, and the conversation has taken it. */
  take(frame) {
    if (this.#conversation.behind === 0) this.#past = 0;
    if (frame.type === "refused" && frame.reason === "rate") {
      this.#sent = null;
      clearTimeout(this.#answer);
      this.#rate = this.#until(frame.retry_after ?? RATE_WAIT);
    }
    this.flush();
  }

  /** Sends the first message without an answer, unless one is on its way. */
  flush() {
    if (this.#sent?.state === "pending") return;
    clearTimeout(this.#answer);
    this.#sent = null;
    if (Date.now() < Math.max(this.#past, this.#rate)) return;
    const [first] = this.#conversation.pending();
    if (!first || !this.#connection.send({ type: "send", id: first.id, text: first.text })) return;
    this.#sent = first;
    this.#answer = setTimeout(() => this.#connection.renew(), ANSWER_WAIT);
  }

  #until(time) {
    if (time === 0) return 0;
    setTimeout(() => this.flush(), time);
    return Date.now() + time;
  }
}
