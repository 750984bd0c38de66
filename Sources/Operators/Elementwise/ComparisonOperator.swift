public import ModelGraph
public import Tensors

/// An operator that gives a truth value for each pair of elements. Evaluated while compiling only: models use these to compute shapes.
public protocol ComparisonOperator: Operator {
  static func compare(_ a: Double, _ b: Double) -> Bool
  static func compare(_ a: Int64, _ b: Int64) -> Bool
}

extension ComparisonOperator {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(.bool, try broadcast([try inputs.required(0, "A").type.dimensions, try inputs.required(1, "B").type.dimensions]))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let a = try inputs.required(0, "A")
    let b = try inputs.required(1, "B")
    let dimensions = try broadcast([a.dimensions, b.dimensions])
    let flags: [Bool]
    if a.elementType.isFloatingPoint {
      flags = zip(a.broadcastFloats(to: dimensions), b.broadcastFloats(to: dimensions)).map { Self.compare(Double($0), Double($1)) }
    } else {
      flags = zip(a.broadcastIntegers(to: dimensions), b.broadcastIntegers(to: dimensions)).map { Self.compare($0, $1) }
    }
    return [HostTensor(elementType: .bool, dimensions: dimensions, bytes: flags.map { $0 ? 1 : 0 })]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}

extension Operator {
  /// The error of an operator that has no instruction.
  var evaluatedOnly: OperatorError {
    OperatorError(.unsupported, "depends on values that only exist at run time; \(Self.name) is supported only where its inputs are constants")
  }
}
