/// Why a program can't be run here, or a tensor doesn't fit a port.
public struct InferenceError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The program breaks a rule that the runtime relies on.
    case malformedProgram
    /// The program is well formed, but this backend can't execute it.
    case unsupported
    /// A sum could leave 32 bits.
    case sumOverflow
    /// No input or output has that index.
    case noSuchPort
    /// A tensor's dimensions differ from the port's.
    case shapeMismatch
    /// The system gave no memory or no thread.
    case noResources
    /// There is no device that the program could run on, or this program has no code for it: nothing is wrong with one.
    case deviceAbsent
    /// A device that the program runs on can't be used, or failed.
    case deviceFailed
    /// A device failed in a way that stays with this process: no new session will work there, but another process's may.
    case deviceLost
  }

  public let code: Code
  /// What was wrong, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
