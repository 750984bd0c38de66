/// Something that lives as long as the process: it runs until its task is cancelled, and throws when it can't go on.
public protocol Service: Sendable {
  /// For messages.
  var name: String { get }

  /// Returns when the work is done for good or its task was cancelled; a service that throws is run again, within a limit.
  func run() async throws
}
