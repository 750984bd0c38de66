public import Pipelines

/// That from now on a pipeline leaves out more or fewer frames for the machine's sake: an event of that pipeline.
public struct DegradationMessage: Payload, Equatable {
  public static let schema = "swiftlet/degradation/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// The step that held, and the one that holds now; at step k at most every 2^k-th frame is processed.
  public var before: Int
  public var step: Int
  /// For a person.
  public var reasons: [String]
  /// Frames that the pipeline has left out since the last change.
  public var spared: UInt64

  public init(capturedAt: WallTime, clock: ClockStatus, before: Int, step: Int, reasons: [String], spared: UInt64) {
    (self.capturedAt, self.clock, self.before, self.step) = (capturedAt, clock, before, step)
    (self.reasons, self.spared) = (reasons, spared)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", "degradation")
    json.member("before", before)
    json.member("step", step)
    json.member("reasons", array: { for reason in reasons { $0.string(reason) } })
    json.member("spared", spared)
  }
}
