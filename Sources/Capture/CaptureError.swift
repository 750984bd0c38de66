/// Why a camera can't be used as asked.
public struct CaptureError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The source's text is none that this build knows.
    case unknownSource
    /// A setting is out of its range, or means nothing to this source.
    case badSetting
    /// The device or folder isn't there.
    case notFound
    /// The device or file may not be opened by this user.
    case noPermission
    /// Someone else streams from the device.
    case busy
    /// The device is no camera, or offers nothing that can be used.
    case unsupported
    /// The device or file answered with an error.
    case inputOutput
  }

  public let code: Code
  /// What was wrong, for a person: names the device, file or setting and what to do.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
