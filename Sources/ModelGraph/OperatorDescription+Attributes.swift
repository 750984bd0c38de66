public import Tensors

/// Typed reading of attributes with their defaults; a wrong kind is an error that names the attribute.
extension OperatorDescription {
  public func integer(_ name: String, default fallback: Int64) throws(OperatorError) -> Int64 {
    switch attributes[name] {
    case nil: return fallback
    case .integer(let value): return value
    case .some: throw wrongKind(name, "an integer")
    }
  }

  public func float(_ name: String, default fallback: Float) throws(OperatorError) -> Float {
    switch attributes[name] {
    case nil: return fallback
    case .float(let value): return value
    case .some: throw wrongKind(name, "a float")
    }
  }

  public func string(_ name: String, default fallback: String) throws(OperatorError) -> String {
    switch attributes[name] {
    case nil: return fallback
    case .string(let value): return value
    case .some: throw wrongKind(name, "a string")
    }
  }

  /// nil where the attribute is absent.
  public func integers(_ name: String) throws(OperatorError) -> [Int]? {
    switch attributes[name] {
    case nil: return nil
    case .integers(let values): return values.map { Int($0) }
    case .some: throw wrongKind(name, "a list of integers")
    }
  }

  /// nil where the attribute is absent.
  public func floats(_ name: String) throws(OperatorError) -> [Float]? {
    switch attributes[name] {
    case nil: return nil
    case .floats(let values): return values
    case .some: throw wrongKind(name, "a list of floats")
    }
  }

  /// nil where the attribute is absent.
  public func tensor(_ name: String) throws(OperatorError) -> HostTensor? {
    switch attributes[name] {
    case nil: return nil
    case .tensor(let value): return value
    case .some: throw wrongKind(name, "a tensor")
    }
  }

  private func wrongKind(_ name: String, _ expected: String) -> OperatorError {
    OperatorError(.invalid, "attribute '\(name)' of \(opType) is not \(expected)")
  }
}
