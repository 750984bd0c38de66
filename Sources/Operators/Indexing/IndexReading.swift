import ModelGraph
import Tensors

extension HostTensor {
  /// The elements as positions along an axis: negative ones count from the end.
  func positions(along length: Int, _ name: String = "indices") throws(OperatorError) -> [Int] {
    guard elementType == .int64 || elementType == .int32 else { throw OperatorError(.invalid, "input '\(name)' is \(elementType.name), not int64") }
    var positions: [Int] = []
    positions.reserveCapacity(elementCount)
    for index in integers() { positions.append(try position(Int(index), of: length)) }
    return positions
  }
}

/// One index into an axis, counted from the front.
func position(_ index: Int, of length: Int) throws(OperatorError) -> Int {
  guard index >= -length, index < length else { throw OperatorError(.invalid, "index \(index) is outside an axis of \(length)") }
  return index < 0 ? index + length : index
}

extension [OperatorInput?] {
  /// An input of indices, its type checked.
  func indices(_ position: Int, _ name: String = "indices") throws(OperatorError) -> OperatorInput {
    let input = try required(position, name)
    guard input.type.elementType == .int64 || input.type.elementType == .int32 else {
      throw OperatorError(.invalid, "input '\(name)' is \(input.type.elementType.name), not int64")
    }
    return input
  }
}

extension Operator {
  /// The error of an operator whose output has as many elements as its inputs' values say.
  var shapedByValues: OperatorError {
    OperatorError(.unsupported, "its output's size depends on values that only exist at run time")
  }
}
