import ModelFormat
import ModelGraph
import Tensors

/// The families that work on whole numbers, truth values and any type.
extension Lowering {
  /// Emits `y = inputs[0] ∘ inputs[1] ∘ …` on whole numbers and bool; comparisons and remainders of floats, too.
  mutating func lower(_ operation: Arithmetic.Operation, of inputs: [ValueID], to y: ValueID) throws(OperatorError) {
    guard inputs.count > 1 else { return passThrough(inputs[0], to: y) }
    let type = graph.type(of: inputs[0]).elementType
    for input in inputs where graph.type(of: input).elementType != type {
      throw OperatorError(.invalid, "takes \(type.name) and \(graph.type(of: input).elementType.name), which must be one type")
    }
    guard operation.accepts(type) else {
      throw OperatorError(.unsupported, "computes with \(type.name) at run time, for which this operator has no instruction")
    }
    let layout = broadcastLayout(inputs, to: y)
    var left = broadcastOperand(inputs[0], to: y, layout, as: .plain)
    for position in 1..<inputs.count {
      let right = broadcastOperand(inputs[position], to: y, layout, as: .plain)
      let output =
        position == inputs.count - 1
        ? result(y, layout: layout, as: .plain) : addTensor(name: graph[y].name, elementType: type, dimensions: layout.physical(dimensions(of: y)))
      emit(.arithmetic(Arithmetic(operation: operation, left: left, right: right, output: output)))
      left = output
    }
  }

  /// Emits `y = function(x)` on whole numbers and bool, or from float32 to bool.
  mutating func lower(_ function: Mapping.Function, of x: ValueID, to y: ValueID) throws(OperatorError) {
    let type = graph.type(of: x).elementType
    guard function.accepts(type) else {
      throw OperatorError(.unsupported, "computes with \(type.name) at run time, for which this operator has no instruction")
    }
    let layout = layout(of: x)
    let input = operand(x, layout: layout, as: .plain)
    emit(.mapping(Mapping(function: function, input: input, output: result(y, layout: layout, as: .plain))))
  }

  /// Emits `y = x` in y's own element type.
  mutating func lowerCast(of x: ValueID, to y: ValueID) {
    guard graph.type(of: x).elementType != graph.type(of: y).elementType else { return passThrough(x, to: y) }
    let layout = layout(of: x)
    let input = operand(x, layout: layout, as: .plain)
    emit(.cast(Conversion(input: input, output: result(y, layout: layout, as: .plain))))
  }

  /// The elements of a tensor in another type, for an instruction that wants them so.
  mutating func cast(_ tensor: TensorIndex, to type: ElementType) -> TensorIndex {
    let description = tensors[Int(tensor)]
    guard description.elementType != type else { return tensor }
    let output = addTensor(name: description.name, elementType: type, dimensions: description.dimensions)
    emit(.cast(Conversion(input: tensor, output: output)))
    return output
  }

  /// Emits `y = condition ? x : otherwise`.
  mutating func lowerSelect(_ condition: ValueID, _ x: ValueID, _ otherwise: ValueID, to y: ValueID) {
    let layout = broadcastLayout([x, otherwise, condition], to: y)
    let choice = broadcastOperand(condition, to: y, layout, as: .plain)
    let onTrue = broadcastOperand(x, to: y, layout, as: .plain)
    let onFalse = broadcastOperand(otherwise, to: y, layout, as: .plain)
    emit(.select(Select(condition: choice, onTrue: onTrue, onFalse: onFalse, output: result(y, layout: layout, as: .plain))))
  }
}
