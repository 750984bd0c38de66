public import Pipelines

/// That from now on a pipeline leaves out more or fewer frames for the machine's sake: an event of that pipeline.
public struct DegradationMessage: Payload, Equatable {
  public static let schema = "swiftlet/degradation/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// The step that held, and the one that holds now; at step k at most every 2^k-th frame is processed, by a lighter model every 2^(k−1)-th.
  public var before: Int
  public var step: Int
  /// For a person.
  public var reasons: [String]
  /// Frames that the pipeline has left out since the last change.
  public var spared: UInt64
  /// Whether its lighter model runs from now on; nil where it has none.
  public var isLight: Bool?

  public init(capturedAt: WallTime, clock: ClockStatus, before: Int, step: Int, reasons: [String], spared: UInt64, isLight: Bool? = nil) {
    (self.capturedAt, self.clock, self.before, self.step) = (capturedAt, clock, before, step)
    (self.reasons, self.spared, self.isLight) = (reasons, spared, isLight)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", "degradation")
    json.member("before", before)
    json.member("step", step)
    json.member("reasons", array: { for reason in reasons { $0.string(reason) } })
    json.member("spared", spared)
    guard let isLight else { return }
    json.key("lighter")
    json.boolean(isLight)
  }
}
