import Pipelines

/// What a speech pipeline has done since it started; written by its thread, read by any.
public final class SpeechStatistics: @unchecked Sendable {
  public struct Snapshot: Sendable, Equatable {
    /// Final texts.
    public var utterances: UInt64 = 0
    /// Utterances, or pieces of sound, in which nothing was understood.
    public var withoutText: UInt64 = 0
    public var partialResults: UInt64 = 0
    public var commands: UInt64 = 0
    /// Utterances that the model failed on.
    public var failures: UInt64 = 0
    /// Results given up because recording them fell behind.
    public var unrecorded: UInt64 = 0
    /// Sound that went by while the pipeline was told to pause.
    public var passedOver = Duration.zero
    /// Sound that was left when the pipeline had to end.
    public var leftUnheard = Duration.zero

    public init() {}
  }

  private let mutex = PthreadMutex()
  private var current = Snapshot()

  init() {}

  public var snapshot: Snapshot { mutex.withLock { current } }

  func note(_ change: (inout Snapshot) -> Void) { mutex.withLock { change(&current) } }
}
