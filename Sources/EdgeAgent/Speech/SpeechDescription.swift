/// What stays the same for all that a speech pipeline hears.
public struct SpeechDescription: Sendable, Equatable {
  public var name: String
  public var microphone: String
  public var modelName: String
  public var modelVersion: String
}
