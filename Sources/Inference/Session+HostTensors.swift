public import Tensors
import ModelFormat

// Off the hot path: tensors as the model's author declared them.
extension Session where Engine: ~Copyable {
  /// Sets an input from a tensor of the port's declared dimensions: converted to the declared type, brought into the
  /// tensor's layout, and quantised where the tensor is 8-bit and the port is not.
  public func setInput(_ index: Int, to tensor: HostTensor) throws(InferenceError) {
    guard program.inputs.indices.contains(index) else {
      throw InferenceError(.noSuchPort, "the model has \(program.inputs.count) inputs, there is no input \(index)")
    }
    let port = program.inputs[index]
    guard tensor.dimensions == port.declaredDimensions else {
      throw InferenceError(.shapeMismatch, "input '\(port.name)' wants dimensions \(port.declaredDimensions), the tensor has \(tensor.dimensions)")
    }
    let physical = program.tensors[Int(port.tensor)]
    let bytes = tensor.converted(to: port.declaredType).stored(as: physical).transposed(port.permutation).bytes
    let destination = unsafe inputBytes(index)
    for position in bytes.indices { unsafe destination[position] = bytes[position] }
  }

  /// An output after a run, in the declared type, dimensions and layout; real values where the port is floating point.
  public func output(_ index: Int) throws(InferenceError) -> HostTensor {
    let raw = try rawOutput(index)
    let port = program.outputs[index]
    return raw.realised(from: program.tensors[Int(port.tensor)], as: port.declaredType)
  }

  /// An output after a run as real numbers, in the declared dimensions and layout, whatever type the port declares.
  public func realOutput(_ index: Int) throws(InferenceError) -> [Float] {
    try rawOutput(index).realised(from: program.tensors[Int(program.outputs[index].tensor)], as: .float32).floats()
  }

  /// An output after a run, in the declared dimensions and layout but in the type that the program computed: still
  /// quantised where its tensor is.
  public func rawOutput(_ index: Int) throws(InferenceError) -> HostTensor {
    guard program.outputs.indices.contains(index) else {
      throw InferenceError(.noSuchPort, "the model has \(program.outputs.count) outputs, there is no output \(index)")
    }
    let port = program.outputs[index]
    let physical = program.tensors[Int(port.tensor)]
    let dimensions = port.permutation.map { port.declaredDimensions[$0] }
    let bytes = unsafe [UInt8](outputBytes(index))
    let tensor = HostTensor(elementType: physical.elementType, dimensions: dimensions, bytes: bytes)
    return tensor.transposed(port.permutation.inverse).reshaped(to: port.declaredDimensions)
  }
}

extension HostTensor {
  /// The elements in the type of the tensor that carries them.
  func stored(as physical: TensorDescription) -> HostTensor {
    guard elementType.isFloatingPoint, let quantisation = physical.quantisation, let range = physical.elementType.eightBitRange else {
      return converted(to: physical.elementType)
    }
    let bytes = floats().map { UInt8(truncatingIfNeeded: quantisation.quantised($0, in: range)) }
    return HostTensor(elementType: physical.elementType, dimensions: dimensions, bytes: bytes)
  }

  /// The elements in the declared type.
  func realised(from physical: TensorDescription, as declaredType: ElementType) -> HostTensor {
    guard declaredType.isFloatingPoint, let quantisation = physical.quantisation, elementType.isEightBitInteger else {
      return converted(to: declaredType)
    }
    let values = integers().map { quantisation.dequantised(Int32($0)) }
    return HostTensor(values, dimensions: dimensions).converted(to: declaredType)
  }
}

extension Array where Element == Int {
  /// Of a permutation.
  fileprivate var inverse: [Int] {
    var inverse = self
    for (position, axis) in enumerated() { inverse[axis] = position }
    return inverse
  }
}
