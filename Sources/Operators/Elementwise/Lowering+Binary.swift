import ModelFormat
import ModelGraph
import Tensors

extension Lowering {
  /// Emits `y = inputs[0] ∘ inputs[1] ∘ …`: in 8 bits where both operands and the result are stored so, else in float. Constants take part
  /// in 8 bits only where they are integers already, or where calibration may round them and moves the result by a step at most.
  mutating func lower(_ operation: Binary.Operation, of inputs: [ValueID], to y: ValueID) throws(OperatorError) {
    guard inputs.count > 1 else { return passThrough(inputs[0], to: y) }
    if graph.type(of: inputs[0]).elementType.isInteger { return try lower(operation.onWholeNumbers, of: inputs, to: y) }
    let layout = broadcastLayout(inputs, to: y)
    if inputs.count == 2, let to = graph[y].stored {
      if lowerTable(operation, inputs, layout, to: y, as: to) { return }
    }
    if inputs.count == 2, let to = graph[y].stored, let a = eightBitForm(of: inputs[0], in: operation, with: inputs[1], to: to),
      let b = eightBitForm(of: inputs[1], in: operation, with: inputs[0], to: to)
    {
      let left = broadcastOperand(inputs[0], to: y, layout, as: .stored(a))
      let right = broadcastOperand(inputs[1], to: y, layout, as: .stored(b))
      emit(.binary(Binary(operation: operation, left: left, right: right, output: result(y, layout: layout, as: .stored(to)))))
      return
    }
    for input in inputs { try requireFloat(input) }
    var left = broadcastOperand(inputs[0], to: y, layout, as: .plain)
    for position in 1..<inputs.count {
      let right = broadcastOperand(inputs[position], to: y, layout, as: .plain)
      let isLast = position == inputs.count - 1
      let output =
        isLast
        ? result(y, layout: layout, as: .plain)
        : addTensor(name: graph[y].name, elementType: .float32, dimensions: layout.physical(dimensions(of: y)))
      emit(.binary(Binary(operation: operation, left: left, right: right, output: output)))
      left = output
    }
  }

  /// A single constant on one side makes the operation a function of the other: a table.
  private mutating func lowerTable(
    _ operation: Binary.Operation, _ inputs: [ValueID], _ layout: Layout, to y: ValueID, as to: StoredQuantisation
  ) -> Bool {
    for (variable, constant, isLeft) in [(inputs[0], inputs[1], false), (inputs[1], inputs[0], true)] {
      guard let value = graph[constant].constant, value.elementCount == 1, value.elementType == .float32, let from = stored(of: variable),
        dimensions(of: variable).elementCount == dimensions(of: y).elementCount
      else { continue }
      let other = value.floats()[0]
      guard other.isFinite else { continue }
      let input = broadcastOperand(variable, to: y, layout, as: .stored(from))
      let table = addTable(from: from, to: to) { isLeft ? operation(other, $0) : operation($0, other) }
      emit(.lookup(Lookup(input: input, table: table, output: result(y, layout: layout, as: .stored(to)))))
      return true
    }
    return false
  }

  /// The layout of the operand that fills the result, else identity.
  func broadcastLayout(_ inputs: [ValueID], to y: ValueID) -> Layout {
    let target = dimensions(of: y)
    let variables = inputs.filter { !isConstant($0) }
    let match = variables.first { dimensions(of: $0) == target } ?? variables.first { dimensions(of: $0).count == target.count }
    return match.map { layout(of: $0) } ?? .identity(rank: target.count)
  }

  /// An operand under the result's layout and rank; axes of one element stand where it is to be repeated.
  mutating func broadcastOperand(_ value: ValueID, to y: ValueID, _ layout: Layout, as representation: Representation) -> TensorIndex {
    let own = dimensions(of: value)
    let missing = layout.rank - own.count
    let ownLayout = Layout(layout.order.filter { $0 >= missing }.map { $0 - missing })
    let padded = [Int](repeating: 1, count: missing) + own
    return addView(of: operand(value, layout: ownLayout, as: representation), dimensions: layout.physical(padded))
  }

  /// The 8-bit form in which an operand is at hand; of a constant the model's own, or one that calibration may round it to. nil where it is
  /// float.
  private func eightBitForm(of value: ValueID, in operation: Binary.Operation, with other: ValueID, to: StoredQuantisation) -> StoredQuantisation? {
    guard let constant = graph[value].constant else { return stored(of: value) }
    guard constant.elementType == .float32 else { return nil }
    if let stored = graph[value].stored { return stored }
    if let own = graph[value].quantisedConstant, own.scales.count == 1, let range = own.integers.elementType.eightBitRange,
      own.zeroPoints.allSatisfy(range.contains), own.scales[0].isFinite, own.scales[0] > 0
    {
      return StoredQuantisation(own.integers.elementType, Quantisation(scale: own.scales[0], zeroPoint: own.zeroPoints[0]))
    }
    guard graph.isCalibrated, let factor = largestFactor(operation, of: other) else { return nil }
    let values = constant.floats()
    guard let lowest = values.min(), let highest = values.max(), lowest.isFinite, highest.isFinite else { return nil }
    let form = StoredQuantisation.covering(lowest...highest, as: to.elementType)
    return form.quantisation.scale / 2 * factor <= to.quantisation.scale ? form : nil
  }

  /// The most that an error in one operand grows to in the result, given the other; nil where there is no such bound.
  private func largestFactor(_ operation: Binary.Operation, of other: ValueID) -> Float? {
    switch operation {
    case .add, .subtract, .minimum, .maximum: return 1
    case .multiply:
      guard let form = stored(of: other), let range = form.elementType.eightBitRange else { return nil }
      return max(form.quantisation.dequantised(range.lowerBound).magnitude, form.quantisation.dequantised(range.upperBound).magnitude)
    case .divide, .power: return nil
    }
  }
}
