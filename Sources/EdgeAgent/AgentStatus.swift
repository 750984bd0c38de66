public import Capture
public import GateClient
import Outbox
public import SoundCapture

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
    /// By a command, of the fleet or spoken.
    public var isPaused: Bool
    /// Processed frames a second, over the last seconds.
    public var frameRate = 0.0
    /// Pictures that were wanted and not made; nil where none are ever wanted.
    public var missedSnapshots: Int?
    /// Whether its lighter model runs; nil where there is none.
    public var isLight: Bool?
    /// What runs its model.
    public var backend = BackendChoice()
    /// The last frames in which something was found, the newest first.
    var recent: [RecentDetections.Finding] = []
  }

  /// A pipeline that listens, and its microphone.
  public struct Speech: Sendable {
    public var description: SpeechDescription
    public var statistics: SpeechStatistics.Snapshot
    /// By a command, of the fleet or spoken.
    public var isPaused: Bool
    public var state: MicrophoneState
    public var counters: MicrophoneCounters
    /// Samples a second that the microphone's counters count.
    public var sampleRate: Int

    /// Sound that the device never gave, by the clock.
    public var lost: Duration { .seconds(counters.lost) / sampleRate }
    /// Sound that nobody had time for.
    public var dropped: Duration { .seconds(counters.dropped) / sampleRate + statistics.leftUnheard }
  }

  /// A reject gate, and the pipeline that it acts by.
  public struct Gate: Sendable {
    public var name: String
    public var pipeline: String
    public var link: GateLinkState
    /// Of the orders.
    public var counters: GateCounters
    /// Orders to pass and to reject that were given; verdicts without one; orders that ended otherwise than was ordered.
    public var passes: UInt64
    public var rejects: UInt64
    public var unplaced: UInt64
    public var failed: UInt64
  }

  public var uptime: Duration
  public var cameras: [Camera]
  public var pipelines: [Pipeline]
  public var speech: [Speech]
  /// Results that wait to be recorded.
  public var unrecorded: Int
  /// Messages in the outbox that the broker has not acknowledged.
  public var queued: Int
  /// Why no result can be kept at the moment; nil while they are.
  public var storageError: String?
  /// Results that couldn't be kept, since the start.
  public var unkept: UInt64
  /// Messages recorded, and acknowledged, since the start.
  public var recorded: UInt64
  public var acknowledged: UInt64
  /// A few words on the connection; nil without a broker.
  public var broker: String?
  public var isConnected: Bool
  public var gates: [Gate] = []
  /// Connections made to the broker since the start.
  var brokerConnections: UInt64 = 0
  var outbox = Outbox.Status()
  var machine = MachineWatch.Findings()
  /// Nil without updates.
  var models: ModelsMessage?
}

extension AgentStatus.Gate {
  init(_ desk: GateDesk) {
    let (link, counters) = (desk.link, desk.counters)
    self.init(
      name: desk.gate.name, pipeline: desk.pipeline, link: link.state, counters: link.counters, passes: counters.passes, rejects: counters.rejects,
      unplaced: counters.unplaced, failed: counters.failed)
  }
}

extension AgentStatus.Speech {
  init(_ worker: SpeechWorker) {
    self.init(
      description: worker.description, statistics: worker.statistics.snapshot, isPaused: worker.isPaused, state: worker.state, counters: worker.counters,
      sampleRate: worker.sampleRate)
  }
}

extension MicrophoneState {
  var word: String {
    switch self {
    case .starting: "starting"
    case .capturing: "listening"
    case .waiting: "waiting"
    case .ended: "ended"
    }
  }
}
