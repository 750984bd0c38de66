public import ModelGraph
public import Tensors

/// The determinants of square matrices `[…,n,n]` → `[…]`, by elimination with pivots. Evaluated while compiling only.
public struct Det: Operator {
  public static let names = ["Det"]

  public init(_ description: OperatorDescription) {}

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    guard x.dimensions.count >= 2, x.dimensions[x.dimensions.count - 1] == x.dimensions[x.dimensions.count - 2], x.elementType.isFloatingPoint else {
      throw OperatorError(.invalid, "x \(x.dimensions) holds no square matrices of floating point")
    }
    return [TensorType(x.elementType, Array(x.dimensions.dropLast(2)))]
  }

  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    let x = inputs.dimensions(0) ?? []
    return EvaluationCost(stepsOf: x + x.suffix(1))
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "X")
    let type = try outputTypes(for: inputs.asInputs)[0]
    let n = x.dimensions[x.dimensions.count - 1]
    let values = x.doubles()
    let determinants = (0..<type.elementCount).map { Self.determinant(Array(values[$0 * n * n..<($0 + 1) * n * n]), n) }
    return [HostTensor(doubles: determinants, as: x.elementType, dimensions: type.dimensions)]
  }

  private static func determinant(_ matrix: [Double], _ n: Int) -> Double {
    var rows = matrix
    var result = 1.0
    for column in 0..<n {
      let pivot = (column..<n).max { rows[$0 * n + column].magnitude < rows[$1 * n + column].magnitude }!
      if pivot != column {
        for k in 0..<n { rows.swapAt(pivot * n + k, column * n + k) }
        result = -result
      }
      let diagonal = rows[column * n + column]
      result *= diagonal
      guard diagonal != 0 else { return 0 }
      for row in column + 1..<n {
        let factor = rows[row * n + column] / diagonal
        for k in column..<n { rows[row * n + k] -= factor * rows[column * n + k] }
      }
    }
    return result
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
