import ModelGraph
import Tensors

extension QuantisedConstant {
  /// The integers behind an output of an operator whose first input the constant is; nil where the operator does more than move them, or
  /// where what shares a scale no longer lies along one axis.
  func moved(by operation: any Operator, _ inputs: [HostTensor?], output: Int) throws(OperatorError) -> QuantisedConstant? {
    let known = inputs.map { tensor in tensor.map { OperatorInput(type: TensorType($0.elementType, $0.dimensions), constant: $0) } }
    guard operation.elementOrigin(for: known) == .moved else { return nil }
    let move = { (tensor: HostTensor) throws(OperatorError) -> HostTensor in try operation.evaluate([tensor] + inputs.dropFirst())[output] }
    var result = self
    result.integers = try move(integers)
    guard scales.count > 1 else {
      result.axis = 0
      return result
    }
    // Each element's place along the axis goes where the element goes.
    let inner = integers.dimensions[(axis + 1)...].reduce(1, *)
    let places = (0..<integers.elementCount).map { Int32($0 / inner % scales.count) }
    guard let found = Self.axis(of: try move(HostTensor(places, dimensions: integers.dimensions))) else { return nil }
    result.axis = found.axis
    result.scales = found.places.map { scales[$0] }
    result.zeroPoints = found.places.map { zeroPoints[$0] }
    return result
  }

  /// An axis along which alone the places differ, with the place at each of its positions; nil where there is none.
  private static func axis(of places: HostTensor) -> (axis: Int, places: [Int])? {
    let values = places.values(as: Int32.self)
    guard !values.isEmpty else { return nil }
    for (axis, extent) in places.dimensions.enumerated() {
      let inner = places.dimensions[(axis + 1)...].reduce(1, *)
      let along = (0..<extent).map { values[$0 * inner] }
      if values.indices.allSatisfy({ values[$0] == along[$0 / inner % extent] }) { return (axis, along.map { Int($0) }) }
    }
    return nil
  }
}
