import ModelFormat
import Tensors

extension Session where Engine: ~Copyable {
  /// Fills an input from elements of the port's declared type, dimensions and order: laid out and quantised in one pass,
  /// without allocating. Same values as `setInput`.
  /// - Precondition: `declared` holds exactly the declared elements, of floating point or of the type that the tensor carries.
  public func writeInput(_ index: Int, from declared: UnsafeRawBufferPointer) {
    let port = program.inputs[index]
    let tensor = program.tensors[Int(port.tensor)]
    let destination = unsafe inputBytes(index)
    precondition(declared.count == tensor.elementCount * port.declaredType.byteCount)
    let walk = inputWalks[index]
    switch port.declaredType {
    case tensor.elementType: unsafe copy(declared, to: destination, byteCount: tensor.elementType.byteCount, walk)
    case .float32: unsafe write(declared.bindMemory(to: Float.self), to: destination, tensor, walk) { $0 }
    case .float64: unsafe write(declared.bindMemory(to: Double.self), to: destination, tensor, walk) { Float($0) }
    case .float16: unsafe write(declared.bindMemory(to: UInt16.self), to: destination, tensor, walk) { Float(halfPattern: $0) }
    default: preconditionFailure("validation refuses whole numbers that another type carries")
    }
  }

  /// Fills an input from real numbers in the port's declared dimensions and order, whatever type the port declares and the tensor carries:
  /// quantised where the tensor is. Allocates nothing.
  /// - Throws: `.shapeMismatch` for another count of numbers, and for a tensor that carries no real numbers.
  public func writeReals(_ index: Int, from values: UnsafeBufferPointer<Float>) throws(InferenceError) {
    let port = program.inputs[index]
    let tensor = program.tensors[Int(port.tensor)]
    guard values.count == tensor.elementCount else {
      throw InferenceError(.shapeMismatch, "input '\(port.name)' wants \(tensor.elementCount) values, not \(values.count)")
    }
    guard tensor.elementType == .float32 || tensor.quantisation != nil && tensor.elementType.eightBitRange != nil else {
      throw InferenceError(.shapeMismatch, "input '\(port.name)' is carried as \(tensor.elementType) without a scale: no real numbers fit in")
    }
    unsafe write(values, to: inputBytes(index), tensor, inputWalks[index]) { $0 }
  }

  @inline(__always)
  private func write<Real>(
    _ declared: UnsafeBufferPointer<Real>, to destination: UnsafeMutableRawBufferPointer, _ tensor: TensorDescription, _ walk: PermutedWalk,
    _ float: (Real) -> Float
  ) {
    guard let quantisation = tensor.quantisation, let range = tensor.elementType.eightBitRange else {
      precondition(tensor.elementType == .float32)
      return unsafe walk.move(declared, to: destination.bindMemory(to: Float.self), float)
    }
    let linear = LinearBytes(quantisation, in: range)
    let bytes = unsafe destination.bindMemory(to: UInt8.self)
    if Real.self == Float.self {
      unsafe walk.quantise(UnsafeRawBufferPointer(declared).bindMemory(to: Float.self), to: bytes, linear)
    } else {
      unsafe walk.move(declared, to: bytes) { linear.stored(float($0)) }
    }
  }

  private func copy(_ declared: UnsafeRawBufferPointer, to destination: UnsafeMutableRawBufferPointer, byteCount: Int, _ walk: PermutedWalk) {
    switch byteCount {
    case 1: unsafe walk.move(declared.bindMemory(to: UInt8.self), to: destination.bindMemory(to: UInt8.self)) { $0 }
    case 2: unsafe walk.move(declared.bindMemory(to: UInt16.self), to: destination.bindMemory(to: UInt16.self)) { $0 }
    case 4: unsafe walk.move(declared.bindMemory(to: UInt32.self), to: destination.bindMemory(to: UInt32.self)) { $0 }
    default: unsafe walk.move(declared.bindMemory(to: UInt64.self), to: destination.bindMemory(to: UInt64.self)) { $0 }
    }
  }
}
