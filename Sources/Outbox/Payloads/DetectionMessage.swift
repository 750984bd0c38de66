public import Pipelines

/// What one processed frame showed: topic `PIPELINE/detections`.
public struct DetectionMessage: Payload {
  public static let schema = "swiftlet/detections/1"

  public struct Detection: Sendable, Equatable {
    public var label: String
    /// 0…1.
    public var score: Float
    /// Left, top, width, height as shares of the frame, 0…1; nil for a classification.
    public var box: (x: Float, y: Float, width: Float, height: Float)?
    /// The same thing keeps its number from frame to frame; nil without tracking.
    public var track: UInt64?

    public init(label: String, score: Float, box: (x: Float, y: Float, width: Float, height: Float)?, track: UInt64? = nil) {
      self.label = label
      self.score = score
      self.box = box
      self.track = track
    }

    public static func == (left: Self, right: Self) -> Bool {
      left.label == right.label && left.score == right.score && left.track == right.track && left.box?.x == right.box?.x
        && left.box?.y == right.box?.y && left.box?.width == right.box?.width && left.box?.height == right.box?.height
    }
  }

  /// How long one stage took.
  public struct StageLatency: Sendable, Equatable {
    public var stage: String
    public var duration: Duration

    public init(_ stage: String, _ duration: Duration) {
      self.stage = stage
      self.duration = duration
    }
  }

  public var capturedAt: WallTime
  public var clock: ClockStatus
  /// The camera's or the replay's own count.
  public var frame: UInt64
  public var model: String
  public var modelVersion: String
  /// In the order of processing.
  public var latencies: [StageLatency]
  public var detections: [Detection]
  /// Whether the scene was unchanged, and the detections are those of a frame before.
  public var isReused = false
  /// What was to be looked at in the frame and wasn't: parts beyond a limit, too small or too late.
  public var leftOut = 0

  public init(
    capturedAt: WallTime, clock: ClockStatus, frame: UInt64, model: String, modelVersion: String, latencies: [StageLatency], detections: [Detection]
  ) {
    self.capturedAt = capturedAt
    self.clock = clock
    self.frame = frame
    self.model = model
    self.modelVersion = modelVersion
    self.latencies = latencies
    self.detections = detections
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("frame", frame)
    json.member(
      "model",
      object: {
        $0.member("name", model)
        $0.member("version", modelVersion)
      })
    json.member("latency_ms", object: { for latency in latencies { $0.member(latency.stage, latency.duration.microsecondsAsMilliseconds) } })
    if isReused {
      json.key("reused")
      json.boolean(true)
    }
    if leftOut > 0 { json.member("left_out", leftOut) }
    json.member("detections", array: { for detection in detections { Self.write(detection, to: &$0) } })
  }

  static func write(_ detection: Detection, to json: inout JSONWriter) {
    json.object {
      $0.member("label", detection.label)
      $0.member("score", share(detection.score))
      if let box = detection.box {
        // Held to the frame, so that what subscribers read keeps its promise whatever a model gives.
        let (x, y) = (share(box.x), share(box.y))
        $0.member("box", array: { for value in [x, y, min(share(box.width), 1 - x), min(share(box.height), 1 - y)] { $0.number(value) } })
      }
      if let track = detection.track { $0.member("track", track) }
    }
  }

  private static func share(_ value: Float) -> Float {
    // NaN compares false and so becomes 0.
    value > 0 ? min(value, 1) : 0
  }
}

extension Duration {
  /// Milliseconds with three decimals.
  var microsecondsAsMilliseconds: Double {
    Double(wholeNanoseconds / 1000) / 1000
  }
}
