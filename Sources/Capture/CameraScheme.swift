/// One kind of source: how its text begins, and how a source is made from the rest. A new kind is one file and its line in
/// `CameraScheme.all`.
struct CameraScheme: Sendable {
  /// What stands before the first colon.
  let name: String
  /// The source's text as a person would write it, for messages.
  let example: String
  let open: @Sendable (_ rest: String, _ settings: CameraSettings) throws(CaptureError) -> any CameraSource

  static let all: [CameraScheme] = [.v4l2, .folder, .simulated]
}

/// Makes the source that `text` names: `v4l2:/dev/video0`, `folder:/path`, `simulated:conveyor`.
///
/// A device that isn't there now is no error; the source waits for it. Throws where the text or a setting is wrong, or a folder
/// can't be read.
public func openCamera(_ text: String, settings: CameraSettings = CameraSettings()) throws(CaptureError) -> any CameraSource {
  let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
  let scheme = parts.first.flatMap { first in CameraScheme.all.first { $0.name == first } }
  guard let scheme, parts.count == 2, !parts[1].isEmpty else {
    let examples = CameraScheme.all.map(\.example).joined(separator: ", ")
    throw CaptureError(.unknownSource, "‘\(text)’ names no camera; write one of \(examples)")
  }
  try settings.validate(for: text)
  return try scheme.open(String(parts[1]), settings)
}
