/// Why sound can't be brought to another rate.
public struct SoundResamplingError: Error, Equatable {
  /// What was wrong, for a person.
  public let message: String

  init(_ message: String) { self.message = message }
}
