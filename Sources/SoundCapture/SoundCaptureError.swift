/// Why a microphone can't be used as asked.
public struct SoundCaptureError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// A setting is out of its range.
    case badSetting
    /// There is no libasound on this machine.
    case noLibrary
    /// No such device.
    case notFound
    /// This user may not open it.
    case noPermission
    /// Another program captures from it.
    case busy
    /// It offers nothing that can be used.
    case unsupported
    /// It answered with an error.
    case inputOutput
    /// No descriptor, thread or memory.
    case noResources
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
