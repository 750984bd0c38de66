public import Pipelines

/// What was said: topic `PIPELINE/transcript`. Its time is when the utterance began.
public struct TranscriptMessage: Payload, Equatable {
  public static let schema = "swiftlet/transcript/1"

  public struct Word: Sendable, Equatable {
    public var text: String
    /// Since the utterance began.
    public var start: Duration
    public var end: Duration
    /// 0…1; nil where the model doesn't tell.
    public var confidence: Float?

    public init(text: String, start: Duration, end: Duration, confidence: Float?) {
      (self.text, self.start, self.end, self.confidence) = (text, start, end, confidence)
    }
  }

  /// Which utterance: partial and final texts of one have the same.
  public struct Utterance: Sendable, Equatable {
    /// 16 hexadecimal digits, of this start of the pipeline.
    public var session: String
    /// Counted within it, from 0.
    public var number: Int

    public init(session: String, number: Int) { (self.session, self.number) = (session, number) }
  }

  public var capturedAt: WallTime
  public var clock: ClockStatus
  public var endedAt: WallTime
  public var utterance: Utterance
  public var isFinal: Bool
  /// Whether a final text doesn't begin with what partial ones told.
  public var isRevised: Bool
  /// Whether the model was stopped while it wrote: the end may be missing, or invented.
  public var isCut: Bool
  public var text: String
  /// nil where the model tells no times.
  public var words: [Word]?
  /// Of the whole text, 0…1; nil where the model doesn't tell.
  public var confidence: Float?
  /// The mean probability that somebody spoke; nil where nobody asked.
  public var speechProbability: Float?
  public var microphone: String
  public var model: String
  public var modelVersion: String
  /// From the end of what is told until that end was known and there was time for it, and then until its text was.
  public var latencies: [DetectionMessage.StageLatency]

  public init(
    capturedAt: WallTime, clock: ClockStatus, endedAt: WallTime, utterance: Utterance, isFinal: Bool, isRevised: Bool, isCut: Bool = false, text: String,
    words: [Word]?, confidence: Float?, speechProbability: Float?, microphone: String, model: String, modelVersion: String,
    latencies: [DetectionMessage.StageLatency]
  ) {
    (self.capturedAt, self.clock, self.endedAt, self.utterance) = (capturedAt, clock, endedAt, utterance)
    (self.isFinal, self.isRevised, self.isCut, self.text, self.words) = (isFinal, isRevised, isCut, text, words)
    (self.confidence, self.speechProbability) = (confidence, speechProbability)
    (self.microphone, self.model, self.modelVersion, self.latencies) = (microphone, model, modelVersion, latencies)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("ended_at", endedAt.rfc3339)
    json.member("session", utterance.session)
    json.member("utterance", utterance.number)
    json.key("final")
    json.boolean(isFinal)
    if isRevised {
      json.key("revised")
      json.boolean(true)
    }
    if isCut {
      json.key("cut")
      json.boolean(true)
    }
    json.member("text", text)
    if let confidence { json.member("confidence", confidence.asShare) }
    if let speechProbability { json.member("speech", speechProbability.asShare) }
    if let words {
      json.member(
        "words",
        array: {
          for word in words {
            $0.object {
              $0.member("word", word.text)
              $0.member("start_ms", word.start.microsecondsAsMilliseconds)
              $0.member("end_ms", word.end.microsecondsAsMilliseconds)
              if let confidence = word.confidence { $0.member("confidence", confidence.asShare) }
            }
          }
        })
    }
    json.member("microphone", microphone)
    json.member(
      "model",
      object: {
        $0.member("name", model)
        $0.member("version", modelVersion)
      })
    json.member("latency_ms", object: { for latency in latencies { $0.member(latency.stage, latency.duration.microsecondsAsMilliseconds) } })
  }
}

/// That a command was spoken: an event of the pipeline that heard it. Its time is when its first word began.
public struct SpokenCommandMessage: Payload, Equatable {
  public static let schema = "swiftlet/spoken-command/1"

  public var capturedAt: WallTime
  public var clock: ClockStatus
  public var endedAt: WallTime
  public var utterance: TranscriptMessage.Utterance
  /// As the configuration says it, the first of its wordings.
  public var command: String
  /// The words that were heard.
  public var heard: String
  /// 0…1; nil where the model doesn't tell.
  public var confidence: Float?
  public var microphone: String

  public init(
    capturedAt: WallTime, clock: ClockStatus, endedAt: WallTime, utterance: TranscriptMessage.Utterance, command: String, heard: String, confidence: Float?,
    microphone: String
  ) {
    (self.capturedAt, self.clock, self.endedAt, self.utterance) = (capturedAt, clock, endedAt, utterance)
    (self.command, self.heard, self.confidence, self.microphone) = (command, heard, confidence, microphone)
  }

  public func writeMembers(to json: inout JSONWriter) {
    json.member("event", "command")
    json.member("command", command)
    json.member("heard", heard)
    if let confidence { json.member("confidence", confidence.asShare) }
    json.member("ended_at", endedAt.rfc3339)
    json.member("session", utterance.session)
    json.member("utterance", utterance.number)
    json.member("microphone", microphone)
  }
}

extension Float {
  /// Held to 0…1, in four decimals; what is no number is 0.
  fileprivate var asShare: Double { self > 0 ? (Double(min(self, 1)) * 1e4).rounded() / 1e4 : 0 }
}
