import ModelGraph

/// Why a model can't be compiled; one message for a person, naming file, node or key.
public struct CompilerError: Error, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    /// A file can't be read or written.
    case file
    /// The model or recipe breaks its format's rules.
    case invalid
    /// The model needs something that this version doesn't do; every such thing is named.
    case unsupported
  }

  public let code: Code
  public let message: String
  /// Inputs of the model whose values, were they known when it is compiled, could make it possible. Advice, no part of what
  /// the error is.
  public var openInputs: [String] = []

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }

  public static func == (a: CompilerError, b: CompilerError) -> Bool { a.code == b.code && a.message == b.message }
}

extension CompilerError {
  /// An operator's error as the compiler's, said of the node that it is about.
  init(_ error: OperatorError, at label: String) {
    self.init(error.code == .invalid ? .invalid : .unsupported, "\(label): \(error.message)")
  }

  /// The same error, said of the node that it is about.
  func inside(_ label: String) -> CompilerError {
    var error = CompilerError(code, "\(label): \(message)")
    error.openInputs = openInputs
    return error
  }
}
