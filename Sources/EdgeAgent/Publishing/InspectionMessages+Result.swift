import GateClient
import Inspection
import Outbox
import Pipelines

extension RuleMessage {
  init(_ event: RuleEvent, in result: FrameResult, _ rule: RuleSettings) {
    let reason =
      switch event.kind {
      case .begin: rule.when.text
      case .end: rule.until?.text ?? "not (\(rule.when.text))"
      case .cutShort: "the pipeline ended"
      }
    self.init(
      capturedAt: result.capturedAt, clock: .current(), isBegin: event.kind == .begin, rule: rule.name, reason: reason,
      frame: result.isFrame ? result.frameNumber : nil)
    hasSnapshot = event.kind == .begin && result.snapshotRule == event.rule
    if result.detections.indices.contains(event.evidence) { detection = DetectionMessage(result).detections[event.evidence] }
  }
}

extension PartMessage {
  init(_ outcome: PartOutcome, in result: FrameResult, _ rules: [RuleSettings]) {
    let rule = rules.indices.contains(outcome.rule) ? rules[outcome.rule] : nil
    self.init(
      capturedAt: outcome.moment.map { MonotonicClock.wallTime(of: $0) } ?? result.capturedAt, clock: .current(), part: outcome.number,
      verdict: outcome.verdict.rawValue, rule: rule?.name, reason: rule?.when.text, obstacle: outcome.obstacle == .none ? nil : outcome.obstacle.rawValue,
      views: outcome.views, count: outcome.count)
  }
}

extension GateEventMessage {
  init(_ notice: GateNotice, of gate: String) {
    let (what, state) = notice.words
    self.init(capturedAt: MonotonicClock.wallTime(), clock: .current(), gate: gate, what: what, state: state)
    reason = notice.explanation
    switch notice {
    case .link: break
    case .failed(let number, let verdict, let ending):
      (part, self.verdict) = (number, verdict.rawValue)
      if case .acknowledged(let execution) = ending { position = execution.position.word }
    case .unplaced(let number, let verdict, _, _): (part, self.verdict) = (number, verdict.rawValue)
    case .unjudged(let execution), .belated(let execution): position = execution.position.word
    case .missedEvents(let missed): count = UInt64(missed)
    case .untold(let untold): count = untold
    case .fault, .restarted: break
    }
  }
}

extension ResultPublisher {
  /// Queues what rules decided about a frame, and about parts; urgently: people wait for it.
  func recordDecisions(_ result: FrameResult, _ settings: PipelineSettings) {
    guard !result.ruleEvents.isEmpty || !result.outcomes.isEmpty else { return }
    let rules = settings.inspection.rules
    for event in result.ruleEvents where rules[event.rule].tells { recordEvent(RuleMessage(event, in: result, rules[event.rule]), of: settings.name) }
    for outcome in result.outcomes { recordEvent(PartMessage(outcome, in: result, rules), of: settings.name) }
  }

  func record(_ notice: GateNotice, of gate: String, to pipeline: String) { recordEvent(GateEventMessage(notice, of: gate), of: pipeline) }
}
