import ModelFormat
import Tensors

extension Program {
  /// The same with a red zone behind each tensor of the arena: bytes that are given as further inputs and told as further outputs, so that what a
  /// kernel writes beyond its tensor is a difference.
  /// - Precondition: no two tensors of the arena share bytes, as `ProgramBuilder` makes them.
  var withRedZones: Program {
    var program = self
    program.arenaByteCount = 0
    for index in tensors.indices {
      guard case .arena = tensors[index].storage else { continue }
      program.tensors[index].storage = .arena(offset: program.arenaByteCount)
      // Right behind the last element, and on to the next boundary with some to spare.
      let end = program.arenaByteCount + tensors[index].byteCount
      program.arenaByteCount = (end + 63) / 64 * 64 + 64
      for isInput in [true, false] {
        program.tensors.append(
          TensorDescription(
            name: "red\(index)\(isInput ? "i" : "o")", elementType: .uint8, dimensions: [program.arenaByteCount - end], storage: .arena(offset: end)))
        let name = program.tensors[program.tensors.count - 1].name
        let port = Port(
          name: name, tensor: TensorIndex(program.tensors.count - 1), declaredType: .uint8, declaredDimensions: [program.arenaByteCount - end],
          permutation: [0])
        if isInput { program.inputs.append(port) } else { program.outputs.append(port) }
      }
    }
    return program
  }

  /// What fills the red zones, behind the first inputs.
  func redZones(behind count: Int) -> [HostTensor] {
    inputs.dropFirst(count).map { port in
      HostTensor(elementType: .uint8, dimensions: port.declaredDimensions, bytes: [UInt8](repeating: 0xA7, count: port.declaredDimensions[0]))
    }
  }
}
