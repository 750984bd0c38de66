/// Ends a command with a status and one line that says what to do.
struct CommandFailure: Error {
  enum Status: Int32 {
    case failed = 1
    case wrongUse = 2
    /// The model needs something that this version doesn't have; the message names it.
    case unsupported = 3
  }

  let status: Status
  /// Empty where everything was said already.
  let message: String

  init(_ message: String, status: Status = .failed) {
    self.message = message
    self.status = status
  }
}
