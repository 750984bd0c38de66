import Inspection
import Outbox

extension HealthMessage.Decisions {
  init(_ counters: Inspector.Counters, crossings: some Sequence<(String, UInt64)>) {
    self.init(
      events: counters.begun, passed: counters.passed, rejected: counters.rejected, unjudged: counters.unjudged,
      crossings: crossings.map { Crossings(line: $0, count: $1) })
    (unowned, overfull) = (counters.unowned, counters.overfull)
  }
}

extension HealthMessage.Gate {
  init(_ gate: AgentStatus.Gate) {
    let counters = gate.counters
    self.init(
      name: gate.name, pipeline: gate.pipeline, state: gate.link.word, reason: gate.link.trouble,
      counts: [
        Count("passes", gate.passes), Count("rejects", gate.rejects), Count("unplaced", gate.unplaced), Count("failed", gate.failed),
        Count("acknowledged", UInt64(counters.acknowledged)), Count("late", UInt64(counters.late)), Count("refused", UInt64(counters.refused)),
        Count("link_lost", UInt64(counters.linkLost)), Count("unjudged", UInt64(counters.unjudged)), Count("missed_events", UInt64(counters.missedEvents)),
        Count("sessions", UInt64(counters.sessions)),
      ])
  }
}
