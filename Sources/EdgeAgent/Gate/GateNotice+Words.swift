import GateClient
import GateProtocol

extension GateNotice {
  /// What it is about, and what there is to say of that, for programs.
  var words: (what: String, state: String) {
    switch self {
    case .link(let link): ("link", link.word)
    case .failed(_, _, let ending): ("order", ending.word)
    case .unplaced(_, _, let obstacle, _): ("order", obstacle.rawValue)
    case .unjudged(let execution): ("unjudged", execution.cause.word)
    case .belated(let execution): ("belated", execution.cause.word)
    case .fault(let fault): ("fault", "\(fault)")
    case .missedEvents: ("missed_events", "parts may have passed unseen")
    case .restarted(let byWatchdog): ("restarted", byWatchdog ? "watchdog" : "power")
    case .untold: ("untold", "more happened than could be told")
    }
  }

  /// For a person; nil where all is well.
  var explanation: String? {
    switch self {
    case .link(let link): link.trouble
    case .failed(_, _, let ending): ending.explanation
    case .unplaced(_, _, let obstacle, let sensor): obstacle.explanation + (sensor.map { ": \($0.explanation)" } ?? "")
    case .unjudged(let execution): "a part reached the gate without an order and was \(execution.position.past): \(execution.cause.explanation)"
    case .belated(let execution): "an order that counted as lost was carried out, the part was \(execution.position.past): \(execution.cause.explanation)"
    case .fault(let fault): fault.explanation
    case .missedEvents(let count): "\(count) of the controller's events are lost; parts may have passed unseen"
    case .restarted(true): "its controller was stuck, and its watchdog restarted it: look at its program and its supply"
    case .restarted(false): "its controller had no power, or was reset: look at its supply"
    case .untold(let count): "\(count) more things happened at it than could be told"
    }
  }

  func log(_ gate: String, _ pipeline: String, _ log: AgentLog) {
    let parts = [AgentLog.Part.pipeline(pipeline)]
    let (what, state) = words
    switch self {
    case .link(let link):
      let text = link.trouble.map { "\($0); parts get its safe position" } ?? "armed"
      log.change(link == .armed ? .notice : .warning, of: "gate \(gate)", to: "gate \(gate): \(text)", about: parts)
    case .failed(let part, let verdict, _), .unplaced(let part, let verdict, _, _):
      let text = "gate \(gate): part \(part) should \(verdict == .pass ? "pass" : "be rejected"), but \(explanation ?? state)"
      log.log(.warning, text, subject: "gate order \(gate) \(state)", about: parts)
    default: log.log(.warning, "gate \(gate): \(explanation ?? state)", subject: "gate \(gate) \(what) \(state)", about: parts)
    }
  }
}

extension GateNotice.Obstacle {
  /// Behind “part 7 should be rejected, but”.
  fileprivate var explanation: String {
    switch self {
    case .noSuchPart: "no part of the gate's sensor is known to be this one"
    case .unknownMoment: "nobody knows when it was at the exit"
    case .queueFull: "too many parts wait for the gate"
    case .stopped: "the agent, or this configuration of it, ended before it passed the sensor"
    }
  }
}

extension GateNotice.SensorView {
  fileprivate var explanation: String {
    switch self {
    case .unknown: "the gate isn't armed"
    case .nothing: "the sensor has seen none, or its times aren't known yet; look at its cable and its alignment"
    case .several: "several passed it so near to the moment that fits that nobody can tell which; less tolerance, or more room between parts"
    case .closest(let early, let fitting):
      "the closest passed it \((early < .zero ? .zero - early : early).inMilliseconds) \(early < .zero ? "later" : "earlier") than fits; "
        + (fitting.map { "if it was that one, write \(Self.setting($0)) for this gate" } ?? "look at the sensor, its cable and its alignment")
    }
  }

  /// The camera's place as the configuration has it.
  private static func setting(_ offset: Duration) -> String {
    offset < .zero ? "camera_before: \((.zero - offset).inMilliseconds)" : "camera_after: \(offset.inMilliseconds)"
  }
}

extension Duration {
  fileprivate var inMilliseconds: String { "\(Int64((self / .milliseconds(1)).rounded())) ms" }
}

extension GatePosition {
  var word: String { self == .pass ? "pass" : "reject" }
  fileprivate var past: String { self == .pass ? "let pass" : "rejected" }
}

extension GateCause {
  var word: String { "\(self)" }

  fileprivate var explanation: String {
    switch self {
    case .ordered: "as was ordered"
    case .unjudged: "there was no verdict in time"
    case .silence: "the agent was silent for longer than the gate's silence"
    case .held: "the controller holds the gate in its safe position"
    case .overlap: "the gate was still busy with the part before it (pulse)"
    case .missed: "the controller came too late to it"
    }
  }
}

extension GateFault {
  fileprivate var explanation: String {
    switch self {
    case .agentSilent: "its controller didn't hear the agent for longer than its silence, and took the safe position"
    case .sensorBlocked: "its sensor sees a part for longer than blocked_after: something lies there, parts touch, or it is broken"
    case .tooManyParts: "more parts are between its sensor and the gate than its controller can follow; it takes the safe position until they are past"
    case .receiveOverrun: "its controller lost bytes of the line: it needs a receive buffer, or a lower baud"
    case .reconfigured: "its configuration changed while parts were on their way; it takes the safe position until they are past"
    case .sensorUnsteady: "its sensor bounces without an end: parts may have passed unseen; look at its mounting, its cable and debounce"
    case .rejectCutShort: "the agent began anew while a part was being rejected; the gate went to its safe position at once"
    case .encoderStill: "its encoder stood still while parts passed: it is broken or slips; it takes the safe position until the encoder has gone on by travel"
    case .travelTooShort: "a part was at the gate before its edge was certain: travel is too short for debounce at this speed"
    case .edgeUncertain: "its sensor bounced for so long that nobody can tell when a part came; that one gets the safe position"
    }
  }
}

extension OrderEnding {
  var word: String {
    switch self {
    case .acknowledged(let execution): execution.cause.word
    case .late: "late"
    case .refused(let refusal): "refused: \(refusal)"
    case .unsynchronised: "unsynchronised"
    case .linkLost: "link_lost"
    }
  }

  /// Behind “part 7 should be rejected, but”.
  fileprivate var explanation: String {
    switch self {
    case .acknowledged(let execution) where execution.cause == .ordered:
      "it was \(execution.position.past): another verdict found the same part of the sensor (tolerance)"
    case .acknowledged(let execution): "it was \(execution.position.past): \(execution.cause.explanation)"
    case .late: "the order came when it was past the gate: a longer travel, or a faster model"
    case .refused(let refusal): "its controller refused the order: \(refusal.explanation)"
    case .unsynchronised: "its controller's clock isn't known well enough yet"
    case .linkLost: "the line to its controller was closed, or broke, meanwhile; nobody knows what became of it"
    }
  }
}

extension GateProtocol.OrderRefusal {
  fileprivate var explanation: String {
    switch self {
    case .late: "the part had passed"
    case .duplicate: "it had another verdict on that part already"
    case .unknownPart: "it never saw that part"
    case .queueFull: "too many orders wait there"
    case .implausible: "its moment is further ahead than any belt is long"
    case .notArmed: "it isn't armed"
    }
  }
}
