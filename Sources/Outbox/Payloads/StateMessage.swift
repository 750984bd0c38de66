public import Pipelines

/// Whether the device is there: topic `state`, retained. `offline` is also the last will.
public struct StateMessage: Payload {
  public static let schema = "swiftlet/state/1"

  public enum State: String, Sendable {
    case online
    case offline
  }

  public var capturedAt: WallTime
  public var clock: ClockStatus
  public var state: State
  /// Swiftlet's version.
  public var version: String
  /// The kernel's, from `/proc/sys/kernel/random/boot_id`.
  public var bootID: String
  /// Of this process.
  public var uptime: Duration

  public init(capturedAt: WallTime, clock: ClockStatus, state: State, version: String, bootID: String, uptime: Duration) {
    self.capturedAt = capturedAt
    self.clock = clock
    self.state = state
    self.version = version
    self.bootID = bootID
    self.uptime = uptime
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("state", state.rawValue)
    json.member("version", version)
    json.member("boot_id", bootID)
    json.member("uptime_s", max(0, uptime.components.seconds))
  }
}
