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
    let bytes = tensor.converted(to: port.declaredType).stored(as: physical).permuted(by: port.permutation).bytes
    let destination = unsafe inputBytes(index)
    for position in bytes.indices { unsafe destination[position] = bytes[position] }
  }

  /// An output after a run, in the declared type, dimensions and layout; real values where the port is floating point.
  public func output(_ index: Int) throws(InferenceError) -> HostTensor {
    let raw = try rawOutput(index)
    let port = program.outputs[index]
    return raw.realised(from: program.tensors[Int(port.tensor)], as: port.declaredType)
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
    return tensor.permuted(by: port.permutation.inverse).reshaped(to: port.declaredDimensions)
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

  /// The tensor whose axis `i` is this one's axis `permutation[i]`.
  func permuted(by permutation: [Int]) -> HostTensor {
    guard permutation != Array(permutation.indices) else { return self }
    let size = elementType.byteCount
    let sourceStrides = dimensions.rowMajorStrides
    let extents = permutation.map { dimensions[$0] }
    let strides = permutation.map { sourceStrides[$0] }
    var moved = [UInt8]()
    moved.reserveCapacity(bytes.count)
    var position = [Int](repeating: 0, count: extents.count)
    for _ in 0..<elementCount {
      var source = 0
      for axis in extents.indices { source += position[axis] * strides[axis] }
      for byte in 0..<size { moved.append(bytes[source * size + byte]) }
      var axis = extents.count - 1
      while axis >= 0 {
        position[axis] += 1
        if position[axis] < extents[axis] { break }
        position[axis] = 0
        axis -= 1
      }
    }
    return HostTensor(elementType: elementType, dimensions: extents, bytes: moved)
  }
}

extension ElementType {
  fileprivate var isFloatingPoint: Bool { self == .float32 || self == .float16 || self == .float64 }
}

extension Array where Element == Int {
  /// Of a permutation.
  fileprivate var inverse: [Int] {
    var inverse = self
    for (position, axis) in enumerated() { inverse[axis] = position }
    return inverse
  }
}
