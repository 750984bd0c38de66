public import Pipelines

/// How the device does: topic `health`, retained.
public struct HealthMessage: Payload {
  public static let schema = "swiftlet/health/1"

  public struct Temperature: Sendable, Equatable {
    /// The kernel's name of the zone.
    public var zone: String
    public var celsius: Double

    public init(zone: String, celsius: Double) {
      self.zone = zone
      self.celsius = celsius
    }
  }

  public struct Pipeline: Sendable, Equatable {
    public var name: String
    public var camera: String
    /// What it does or waits for, in a word: `running`, `waiting`, `paused`, `ended`.
    public var state: String
    /// Processed frames a second, lately.
    public var frameRate: Double
    /// Since the start.
    public var processed: UInt64
    public var dropped: UInt64
    /// Results left out on purpose while the broker was away.
    public var thinned: UInt64
    /// What rules decided since the start; nil where the pipeline has none, and gives no pictures.
    public var decisions: Decisions?
    /// Frames left out on purpose, as the machine was strained; not among the dropped ones.
    public var spared: UInt64 = 0
    /// Frames that were too old for the model, among the dropped ones; told again from an unchanged scene, among the processed ones.
    public var late: UInt64 = 0
    public var reused: UInt64 = 0
    /// Parts of frames that were to be looked at and weren't; frames in which there was nothing to look at.
    public var leftOut: UInt64 = 0
    public var unneeded: UInt64 = 0
    /// What runs the model (`cpu`, `cuda`), where the configuration asks for more than the processor; and what is wrong with the device, if anything is.
    public var runsOn: String?
    public var deviceTrouble: String?

    public init(name: String, camera: String, state: String, frameRate: Double, processed: UInt64, dropped: UInt64, thinned: UInt64 = 0) {
      self.name = name
      self.camera = camera
      self.state = state
      self.frameRate = frameRate
      self.processed = processed
      self.dropped = dropped
      self.thinned = thinned
    }
  }

  /// What a pipeline decided since the start.
  public struct Decisions: Sendable, Equatable {
    /// Begins of rules.
    public var events: UInt64
    public var passed: UInt64
    public var rejected: UInt64
    public var unjudged: UInt64
    /// Pictures that were wanted and not made: one was being made, or had been just before, or a command asked and no frame came in time.
    public var missedSnapshots: UInt64 = 0
    /// Detections that a rule means which rejects, and that were on no part.
    public var unowned: UInt64 = 0
    /// Frames that showed more than could be kept.
    public var overfull: UInt64 = 0
    /// Crossings of each line.
    public var crossings: [Crossings]

    public struct Crossings: Sendable, Equatable {
      public var line: String
      public var count: UInt64

      public init(line: String, count: UInt64) { (self.line, self.count) = (line, count) }
    }

    public init(events: UInt64, passed: UInt64, rejected: UInt64, unjudged: UInt64, crossings: [Crossings]) {
      (self.events, self.passed, self.rejected, self.unjudged, self.crossings) = (events, passed, rejected, unjudged, crossings)
    }
  }

  /// A reject gate.
  public struct Gate: Sendable, Equatable {
    public var name: String
    public var pipeline: String
    /// `armed`, `away`, `meeting`, `incompatible`, `misconfigured`.
    public var state: String
    /// Why it isn't armed.
    public var reason: String?
    /// Numbers since the start, by what they count.
    public var counts: [Count]

    public struct Count: Sendable, Equatable {
      public var what: String
      public var count: UInt64

      public init(_ what: String, _ count: UInt64) { (self.what, self.count) = (what, count) }
    }

    public init(name: String, pipeline: String, state: String, reason: String?, counts: [Count]) {
      (self.name, self.pipeline, self.state, self.reason, self.counts) = (name, pipeline, state, reason, counts)
    }
  }

  /// A pipeline that listens.
  public struct Speech: Sendable, Equatable {
    public var name: String
    public var microphone: String
    /// What it does or waits for, in a word, as a camera's pipeline.
    public var state: String
    /// Since the start: final texts, and commands in them.
    public var utterances: UInt64
    public var commands: UInt64
    /// Results or utterances that were given up: recording them fell behind, or the model failed.
    public var unrecorded: UInt64
    /// Sound that the device never gave, by the clock, and why.
    public var lost: Duration
    public var overruns: UInt64
    public var suspensions: UInt64
    public var failures: UInt64
    /// Sound that nobody had time for.
    public var dropped: Duration

    public init(
      name: String, microphone: String, state: String, utterances: UInt64, commands: UInt64, unrecorded: UInt64, lost: Duration, overruns: UInt64,
      suspensions: UInt64, failures: UInt64, dropped: Duration
    ) {
      (self.name, self.microphone, self.state) = (name, microphone, state)
      (self.utterances, self.commands, self.unrecorded) = (utterances, commands, unrecorded)
      (self.lost, self.overruns, self.suspensions, self.failures, self.dropped) = (lost, overruns, suspensions, failures, dropped)
    }
  }

  /// Frames that pipelines leave out for the machine's sake.
  public struct Degradation: Sendable, Equatable {
    /// 0 while none is, 3 at most: every 2^step-th frame is processed.
    public var step: Int
    /// For a person.
    public var reasons: [String]

    public init(step: Int = 0, reasons: [String] = []) { (self.step, self.reasons) = (step, reasons) }
  }

  public var capturedAt: WallTime
  public var clock: ClockStatus
  public var uptime: Duration
  /// Of this process, in bytes.
  public var residentBytes: UInt64
  public var peakResidentBytes: UInt64
  public var temperatures: [Temperature]
  public var pipelines: [Pipeline]
  public var speech: [Speech] = []
  public var gates: [Gate] = []
  public var degradation = Degradation()
  public var outbox: Outbox.Status
  /// Connections made to the broker since the start.
  public var brokerConnections: UInt64

  public init(
    capturedAt: WallTime, clock: ClockStatus, uptime: Duration, residentBytes: UInt64, peakResidentBytes: UInt64, temperatures: [Temperature],
    pipelines: [Pipeline], outbox: Outbox.Status, brokerConnections: UInt64
  ) {
    self.capturedAt = capturedAt
    self.clock = clock
    self.uptime = uptime
    self.residentBytes = residentBytes
    self.peakResidentBytes = peakResidentBytes
    self.temperatures = temperatures
    self.pipelines = pipelines
    self.outbox = outbox
    self.brokerConnections = brokerConnections
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("uptime_s", max(0, uptime.components.seconds))
    json.member(
      "memory",
      object: {
        $0.member("resident_bytes", residentBytes)
        $0.member("peak_resident_bytes", peakResidentBytes)
      })
    json.member("temperatures", object: { for temperature in temperatures { $0.member(temperature.zone, temperature.celsius) } })
    json.member(
      "pipelines",
      object: {
        for pipeline in pipelines { $0.member(pipeline.name, object: { Self.write(pipeline, to: &$0) }) }
        for pipeline in speech { $0.member(pipeline.name, object: { Self.write(pipeline, to: &$0) }) }
      })
    json.member(
      "outbox",
      object: {
        $0.member("waiting", outbox.waiting)
        $0.member("bytes", outbox.bytes)
        $0.member("accepted", outbox.accepted)
        $0.member("refused", outbox.refused)
        $0.member("evicted", outbox.evicted)
        $0.member("delivered", outbox.delivered)
        $0.member("last_commit_ms", outbox.lastCommit / .milliseconds(1))
        $0.member("longest_commit_ms", outbox.longestCommit / .milliseconds(1))
        if let error = outbox.error { $0.member("error", error.message) }
      })
    json.member("broker", object: { $0.member("connections", brokerConnections) })
    json.member(
      "degradation",
      object: {
        $0.member("step", degradation.step)
        $0.member("reasons", array: { for reason in degradation.reasons { $0.string(reason) } })
      })
    guard !gates.isEmpty else { return }
    json.member("gates", object: { for gate in gates { $0.member(gate.name, object: { Self.write(gate, to: &$0) }) } })
  }

  private static func write(_ pipeline: Pipeline, to json: inout JSONWriter) {
    json.member("camera", pipeline.camera)
    json.member("state", pipeline.state)
    json.member("frame_rate", pipeline.frameRate)
    json.member("processed", pipeline.processed)
    json.member("dropped", pipeline.dropped)
    json.member("thinned", pipeline.thinned)
    json.member("spared", pipeline.spared)
    for (name, count) in [("late", pipeline.late), ("reused", pipeline.reused), ("left_out", pipeline.leftOut), ("unneeded", pipeline.unneeded)]
    where count > 0 { json.member(name, count) }
    if let place = pipeline.runsOn { json.member("runs_on", place) }
    if let trouble = pipeline.deviceTrouble { json.member("device_trouble", trouble) }
    guard let decisions = pipeline.decisions else { return }
    json.member(
      "decisions",
      object: {
        $0.member("events", decisions.events)
        $0.member("passed", decisions.passed)
        $0.member("rejected", decisions.rejected)
        $0.member("unjudged", decisions.unjudged)
        $0.member("unowned", decisions.unowned)
        $0.member("overfull", decisions.overfull)
        $0.member("snapshots_missed", decisions.missedSnapshots)
        $0.member("lines", object: { for crossings in decisions.crossings { $0.member(crossings.line, crossings.count) } })
      })
  }

  private static func write(_ gate: Gate, to json: inout JSONWriter) {
    json.member("pipeline", gate.pipeline)
    json.member("state", gate.state)
    if let reason = gate.reason { json.member("reason", reason) }
    for count in gate.counts { json.member(count.what, count.count) }
  }

  private static func write(_ pipeline: Speech, to json: inout JSONWriter) {
    json.member("microphone", pipeline.microphone)
    json.member("state", pipeline.state)
    json.member("utterances", pipeline.utterances)
    json.member("commands", pipeline.commands)
    json.member("unrecorded", pipeline.unrecorded)
    json.member("lost_ms", pipeline.lost.wholeNanoseconds / 1_000_000)
    json.member("overruns", pipeline.overruns)
    json.member("suspensions", pipeline.suspensions)
    json.member("failures", pipeline.failures)
    json.member("dropped_ms", pipeline.dropped.wholeNanoseconds / 1_000_000)
  }
}
