import ModelFormat
import ModelGraph
import Tensors

/// A dequantisation moves behind the copy that follows it: a quarter of the bytes to bring into another order.
enum LateDequantise {
  /// - Parameter outputs: tensors that the program hands out.
  static func move(_ instructions: [Instruction], of lowering: inout Lowering, outputs: [TensorIndex]) -> [Instruction] {
    var instructions = instructions
    var readers: [LoweredTensor.Home: [Int]] = [:]
    for (position, instruction) in instructions.enumerated() {
      for tensor in instruction.reads { readers[lowering.tensors[Int(tensor)].home, default: []].append(position) }
    }
    let handedOut = Set(outputs.map { lowering.tensors[Int($0)].home })
    for (position, instruction) in instructions.enumerated() {
      guard case .dequantise(let conversion) = instruction else { continue }
      let real = lowering.tensors[Int(conversion.output)]
      guard !handedOut.contains(real.home), let reader = readers[real.home], reader.count == 1, case .copy(var copy) = instructions[reader[0]] else { continue }
      let moved = lowering.tensors[Int(copy.output)]
      let integers = lowering.tensors[Int(conversion.input)]
      // All elements of one go to all places of the other.
      let count = copy.extents.reduce(1) { $0 * Int($1) }
      guard count == moved.dimensions.elementCount, count == real.dimensions.elementCount, let quantisation = integers.quantisation else { continue }
      let target = copy.output
      copy.input = conversion.input
      copy.output = lowering.addTensor(name: moved.name, elementType: integers.elementType, dimensions: moved.dimensions, quantisation: quantisation)
      instructions[position] = .copy(copy)
      instructions[reader[0]] = .dequantise(Conversion(input: copy.output, output: target))
    }
    return instructions
  }
}
