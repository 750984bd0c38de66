public import Capture

/// What a running configuration is doing, at one moment.
public struct AgentStatus: Sendable {
  public struct Camera: Sendable {
    public var name: String
    public var state: CameraState
    public var counters: CaptureCounters
  }

  public struct Pipeline: Sendable {
    public var description: PipelineDescription
    public var statistics: PipelineStatistics.Snapshot
    /// By a command of the fleet.
    public var isPaused: Bool
  }

  public var uptime: Duration
  public var cameras: [Camera]
  public var pipelines: [Pipeline]
  /// Results that wait to be recorded.
  public var unrecorded: Int
  /// Messages in the outbox that the broker has not acknowledged.
  public var queued: Int
  /// Why no result can be kept at the moment; nil while they are.
  public var storageError: String?
  /// Messages recorded, and acknowledged, since the start.
  public var recorded: UInt64
  public var acknowledged: UInt64
  /// A few words on the connection; nil without a broker.
  public var broker: String?
  public var isConnected: Bool
}
