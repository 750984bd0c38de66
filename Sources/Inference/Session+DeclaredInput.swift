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
    let walk = PermutedWalk(dimensions: port.declaredDimensions, permutation: port.permutation)
    switch port.declaredType {
    case tensor.elementType: unsafe copy(declared, to: destination, byteCount: tensor.elementType.byteCount, walk)
    case .float32: unsafe write(declared.bindMemory(to: Float.self), to: destination, tensor, walk) { $0 }
    case .float64: unsafe write(declared.bindMemory(to: Double.self), to: destination, tensor, walk) { Float($0) }
    case .float16: unsafe write(declared.bindMemory(to: UInt16.self), to: destination, tensor, walk) { Float(halfPattern: $0) }
    default: preconditionFailure("validation refuses whole numbers that another type carries")
    }
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
    let scale = quantisation.scale
    let zeroPoint = quantisation.zeroPoint
    let lower = Float(range.lowerBound - zeroPoint)
    let upper = Float(range.upperBound - zeroPoint)
    unsafe walk.move(declared, to: destination.bindMemory(to: UInt8.self)) { value in
      let scaled = float(value) / scale
      // NaN fails the comparison and becomes 0, which stands for the zero point.
      let bounded = scaled == scaled ? min(max(scaled, lower), upper) : 0
      // Adding and taking away 1.5 × 2²³ rounds to the nearest whole number, ties to even, for magnitudes below 2²².
      let rounded = Int32((bounded + 12_582_912) - 12_582_912)
      return UInt8(truncatingIfNeeded: rounded + zeroPoint)
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

/// Visits a dense tensor in the order of another layout.
private struct PermutedWalk {
  /// Extents of the three innermost axes of the destination and the source's steps along them; `outer` repeats them.
  private let extents: (Int, Int, Int)
  private let steps: (Int, Int, Int)
  private let outerExtents: [Int]
  private let outerSteps: [Int]

  init(dimensions: [Int], permutation: [Int]) {
    let strides = dimensions.rowMajorStrides
    var extents = permutation.map { dimensions[$0] }
    var steps = permutation.map { strides[$0] }
    while extents.count < 3 {
      extents.insert(1, at: 0)
      steps.insert(0, at: 0)
    }
    let split = extents.count - 3
    self.extents = (extents[split], extents[split + 1], extents[split + 2])
    self.steps = (steps[split], steps[split + 1], steps[split + 2])
    outerExtents = Array(extents[..<split])
    outerSteps = Array(steps[..<split])
  }

  @inline(__always)
  func move<From, To>(_ source: UnsafeBufferPointer<From>, to destination: UnsafeMutableBufferPointer<To>, _ convert: (From) -> To) {
    var written = 0
    for block in 0..<outerExtents.reduce(1, *) {
      var offset = 0
      var rest = block
      for axis in outerExtents.indices.reversed() {
        offset += rest % outerExtents[axis] * outerSteps[axis]
        rest /= outerExtents[axis]
      }
      for i in 0..<extents.0 {
        for j in 0..<extents.1 {
          var from = offset + i * steps.0 + j * steps.1
          for _ in 0..<extents.2 {
            unsafe destination[written] = convert(source[from])
            written += 1
            from += steps.2
          }
        }
      }
    }
  }
}
